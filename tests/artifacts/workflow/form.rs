//! The form that a generated workflow must have, a check each.

use serde_json::{Value, json};

use super::generated::{Generated, reports};

fn steps(workflow: &Value) -> Vec<&Value> {
    let jobs = workflow["jobs"].as_object().unwrap();
    jobs.values().flat_map(|job| job["steps"].as_array().unwrap()).collect()
}

/// Every string in a document, with the keys that lead to it.
fn strings(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((path.to_owned(), text.clone())),
        Value::Array(values) => values.iter().for_each(|value| strings(value, path, found)),
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| strings(value, &format!("{path}/{key}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

pub(crate) fn exactly_the_tolerated_reports_may_be_lost(generated: &Generated) {
    let workflow = generated.workflow();
    let action = &generated.machine.targets.workflow().unwrap().action;
    for id in generated.machine.job_ids() {
        let job = &workflow["jobs"][&generated.machine.job(id).name];
        let expected: Vec<bool> =
            generated.machine.reports(id).iter().map(|report| report.tolerated).collect();
        let found: Vec<bool> = reports(job, action)
            .iter()
            .map(|step| step.get("continue-on-error").is_some_and(|value| value == true))
            .collect();
        let warned: Vec<bool> = reports(job, action)
            .iter()
            .map(|step| step["with"].get("tolerated").is_some_and(|value| value == true))
            .collect();
        assert_eq!(found, expected);
        assert_eq!(warned, expected);
    }
    let action = generated.text("action.yml");
    assert!(!action.contains("continue-on-error"), "the action itself tolerates nothing");
}

pub(crate) fn every_report_is_guarded_and_every_outcome_is_reported_always(generated: &Generated) {
    let workflow = generated.workflow();
    let target = generated.machine.targets.workflow().unwrap();
    let given = format!("inputs.{} != ''", target.id_input);
    for step in steps(&workflow).iter().filter(|step| step["uses"] == target.action.as_str()) {
        let condition = step["if"].as_str().unwrap();
        assert!(condition.contains(&given), "{condition}");
        let outcome = step["with"].get("outcome").is_some();
        assert_eq!(condition.starts_with("always() && "), outcome, "{condition}");
        assert_eq!(step["with"]["url"], "${{ vars.CONSOLE_URL }}");
    }
    for job in &generated.machine.jobs {
        let condition = workflow["jobs"][&job.name].get("if").map(|text| text.as_str().unwrap());
        assert_eq!(condition, job.always.then(|| format!("always() && {given}")).as_deref());
    }
    assert_eq!(generated.yaml("action.yml")["runs"]["steps"][0]["if"], "inputs.id != ''");
}

pub(crate) fn a_snippet_is_the_job_of_the_whole_workflow(generated: &Generated) {
    let workflow = generated.workflow();
    for job in &generated.machine.jobs {
        let snippet = generated.yaml(&format!("jobs/{}.yml", job.name));
        assert_eq!(snippet[&job.name], workflow["jobs"][&job.name]);
    }
    assert_eq!(workflow["jobs"].as_object().unwrap().len(), generated.machine.jobs.len());
}

pub(crate) fn nothing_of_the_table_is_evaluated(generated: &Generated) {
    for artifact in generated.artifacts.iter().filter(|a| a.path.ends_with(".yml")) {
        let mut found = Vec::new();
        strings(&serde_saphyr::from_str(&artifact.text).unwrap(), "", &mut found);
        for (path, text) in found {
            let last = path.rsplit('/').next().unwrap();
            let may_evaluate = ["with", "env"].iter().any(|key| path.contains(&format!("/{key}/")))
                || path == "/concurrency/group"
                || path == "/run-name";
            assert!(may_evaluate || !text.contains("${{"), "{path}: {text}");
            assert!(last != "run" || !text.contains("${{"), "{path}: {text}");
            for foreign in ["secrets", "github.token", "github.event", "inputs.x"] {
                assert!(
                    !may_evaluate || !text.contains(foreign),
                    "{path} evaluates what stands in the table: {text}"
                );
            }
            // The token is read by the script: whatever is passed on, the log prints.
            assert!(!text.contains("inputs.callback_token"), "{path}: {text}");
        }
    }
}

pub(crate) fn others_actions_are_pinned_and_permissions_are_as_few_as_can_be(
    generated: &Generated,
) {
    let workflow = generated.workflow();
    assert_eq!(workflow["permissions"], json!({}));
    assert_eq!(workflow["concurrency"]["cancel-in-progress"], false);
    for step in steps(&workflow) {
        let Some(uses) = step.get("uses").map(|uses| uses.as_str().unwrap()) else { continue };
        let pinned = uses.split_once('@').is_some_and(|(_, reference)| {
            reference.len() == 40 && reference.chars().all(|c| c.is_ascii_hexdigit())
        });
        assert!(pinned || uses.starts_with("./") || uses.starts_with("$/"), "{uses}");
    }
}

pub(crate) fn a_local_action_is_checked_out_in_every_job_that_uses_it(generated: &Generated) {
    let action = &generated.machine.targets.workflow().unwrap().action;
    for job in generated.workflow()["jobs"].as_object().unwrap().values() {
        let uses = !reports(job, action).is_empty() && action.starts_with("./");
        let first = job["steps"][0].get("uses").map_or("", |uses| uses.as_str().unwrap());
        assert_eq!(first.starts_with("actions/checkout@"), uses);
    }
}

/// The jobs that each needs; who reports, what, and what had been attempted before, where that does
/// not depend on the run.
pub(crate) fn every_report_says_what_the_table_says(generated: &Generated) {
    let machine = &generated.machine;
    let workflow = generated.workflow();
    let name = |id: &phasegate_codegen::machine::StateId| json!(machine.state(*id).name);
    for id in machine.job_ids() {
        let job = machine.job(id);
        let yaml = &workflow["jobs"][&job.name];
        let needs: Vec<&str> =
            job.needs.iter().map(|&need| machine.job(need).name.as_str()).collect();
        assert_eq!(yaml.get("needs").cloned().unwrap_or(json!([])), json!(needs), "{}", job.name);
        let steps = reports(yaml, generated.action_name());
        let expected = machine.reports(id);
        assert_eq!(steps.len(), expected.len(), "{}", job.name);
        for (step, report) in steps.iter().zip(expected) {
            let with = &step["with"];
            assert_eq!(with["job"], job.name.as_str());
            match report.state() {
                Some(state) => {
                    assert_eq!(with["state"], name(&state));
                    assert_eq!(with.get("attempted").cloned(), report.before.last().map(name));
                }
                None => assert_eq!(with.get("state"), None),
            }
        }
    }
}
