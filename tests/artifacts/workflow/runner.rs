//! Runs a generated workflow as GitHub's runner would, with work and reports that do as they are
//! told: which steps run, what becomes of steps and jobs, what each report says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::expression::{evaluate, interpolate, text_of, truthy};

/// What becomes of one piece of work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Work {
    Succeeds,
    Fails,
    /// The run is cancelled while it runs.
    IsCancelled,
    /// The runner is gone: nothing more of the job runs.
    IsLost,
}

/// A report as the action gets it: its inputs.
pub(crate) type With = BTreeMap<String, String>;

/// What happened.
pub(crate) enum Event<'a> {
    /// The place of work in the job came up, by its number from 1: what becomes of it?
    Work { job: &'a str, number: usize },
    /// A report: was it accepted?
    Report { job: &'a str, with: With },
}

/// What becomes of an event.
pub(crate) enum Fate {
    Work(Work),
    Report(bool),
}

/// Runs the workflow; gives the result of each job.
pub(crate) fn run(
    workflow: &Value,
    inputs: &Value,
    decide: &mut dyn FnMut(Event<'_>) -> Fate,
) -> BTreeMap<String, String> {
    let jobs = workflow["jobs"].as_object().unwrap();
    let mut results: BTreeMap<String, String> = BTreeMap::new();
    let mut cancelled = false;
    while results.len() < jobs.len() {
        let (name, job) = jobs
            .iter()
            .find(|(name, job)| {
                !results.contains_key(*name)
                    && needs(job).iter().all(|need| results.contains_key(need))
            })
            .expect("the jobs have no cycle");
        let needed: Map<String, Value> = needs(job)
            .into_iter()
            .map(|need| (need.clone(), json!({ "result": results[&need] })))
            .collect();
        let context = json!({ "inputs": inputs, "needs": needed, "vars": { "CONSOLE_URL": "https://console.example" } });
        let starts = match job.get("if") {
            Some(condition) => truthy(&evaluate(condition.as_str().unwrap(), &context)),
            None => {
                !cancelled
                    && ancestors(jobs, name).iter().all(|before| results[before] == "success")
            }
        };
        let result =
            if starts { run_job(name, job, context, &mut cancelled, decide) } else { "skipped" };
        results.insert(name.clone(), result.to_owned());
    }
    results
}

fn needs(job: &Value) -> Vec<String> {
    job["needs"].as_array().into_iter().flatten().map(text_of).collect()
}

fn ancestors(jobs: &Map<String, Value>, name: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for need in needs(&jobs[name]) {
        all.extend(ancestors(jobs, &need));
        all.insert(need);
    }
    all
}

fn run_job(
    name: &str,
    job: &Value,
    mut context: Value,
    cancelled: &mut bool,
    decide: &mut dyn FnMut(Event<'_>) -> Fate,
) -> &'static str {
    let mut status = "success";
    let mut work = 0;
    let env: Map<String, Value> = job["env"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), interpolate(value.as_str().unwrap(), &context).into()))
        .collect();
    context["env"] = env.into();
    context["steps"] = json!({});
    for step in job["steps"].as_array().unwrap() {
        context["job"] = json!({ "status": status });
        let runs = match step.get("if").map(text_of) {
            None => status == "success",
            Some(condition) => {
                let asks = ["always()", "success()", "failure()", "cancelled()"]
                    .iter()
                    .any(|f| condition.contains(f));
                (asks || status == "success") && truthy(&evaluate(&condition, &context))
            }
        };
        let outcome = if !runs {
            "skipped"
        } else if step.get("run").is_some() {
            work += 1;
            match decide(Event::Work { job: name, number: work }) {
                Fate::Work(Work::Succeeds) => "success",
                Fate::Work(Work::Fails) => "failure",
                Fate::Work(Work::IsCancelled) => {
                    *cancelled = true;
                    "cancelled"
                }
                Fate::Work(Work::IsLost) => return "failure",
                Fate::Report(_) => unreachable!("work was asked for"),
            }
        } else if text_of(&step["uses"]).starts_with("actions/checkout@") {
            "success"
        } else {
            let with = step["with"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(key, value)| (key.clone(), interpolate(&text_of(value), &context)))
                .collect();
            match decide(Event::Report { job: name, with }) {
                Fate::Report(true) => "success",
                Fate::Report(false) => "failure",
                Fate::Work(_) => unreachable!("a report was asked for"),
            }
        };
        if let Some(id) = step.get("id") {
            context["steps"][text_of(id)] = json!({ "outcome": outcome });
        }
        let tolerated = step["continue-on-error"] == true;
        match outcome {
            "cancelled" => status = "cancelled",
            "failure" if !tolerated && status == "success" => status = "failure",
            _ => {}
        }
    }
    status
}
