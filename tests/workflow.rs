//! The generated workflow has the form that the table and GitHub's traps ask for: which reports may
//! be lost, what guards them, and that nothing of the table is ever evaluated.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "workflow/generated.rs"]
mod generated;

use generated::{Generated, reports};
use serde_json::{Value, json};

const TABLES: [&str; 3] =
    ["deploy.toml", "tests/workflow/small.toml", "tests/workflow/hostile.toml"];

fn each(check: impl Fn(&Generated)) {
    for table in TABLES {
        println!("{table}");
        check(&Generated::from(table));
    }
}

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

#[test]
fn exactly_the_tolerated_reports_may_be_lost() {
    each(|generated| {
        let workflow = generated.workflow();
        let action = &generated.machine.targets.workflow.as_ref().unwrap().action;
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
    });
}

#[test]
fn the_deploy_table_tolerates_what_rule_8_says() {
    let generated = Generated::from("deploy.toml");
    let tolerated = |name: &str| -> Vec<bool> {
        generated.machine.reports(generated.job(name)).iter().map(|r| r.tolerated).collect()
    };
    assert_eq!(tolerated("smoke"), [true, true]);
    assert_eq!(tolerated("freeze-check"), [true, true]);
    assert_eq!(tolerated("deploy"), [false, false, true, true]);
    assert_eq!(tolerated("conclude"), [false]);
}

#[test]
fn every_report_is_guarded_and_every_outcome_is_reported_always() {
    each(|generated| {
        let workflow = generated.workflow();
        let target = generated.machine.targets.workflow.as_ref().unwrap();
        let given = format!("inputs.{} != ''", target.id_input);
        for step in steps(&workflow).iter().filter(|step| step["uses"] == target.action.as_str()) {
            let condition = step["if"].as_str().unwrap();
            assert!(condition.contains(&given), "{condition}");
            let outcome = step["with"].get("outcome").is_some();
            assert_eq!(condition.starts_with("always() && "), outcome, "{condition}");
            assert_eq!(step["with"]["url"], "${{ vars.CONSOLE_URL }}");
        }
        for job in &generated.machine.jobs {
            let condition =
                workflow["jobs"][&job.name].get("if").map(|text| text.as_str().unwrap());
            assert_eq!(condition, job.always.then(|| format!("always() && {given}")).as_deref());
        }
        assert_eq!(generated.yaml("action.yml")["runs"]["steps"][0]["if"], "inputs.id != ''");
    });
}

#[test]
fn a_job_without_reports_is_its_placeholder_alone() {
    let generated = Generated::from("tests/workflow/hostile.toml");
    let job = &generated.workflow()["jobs"]["plain"];
    assert_eq!(job["steps"].as_array().unwrap().len(), 1);
    assert_eq!(job["steps"][0]["run"], "echo \"Here stands the work of plain.\"");
}

#[test]
fn a_snippet_is_the_job_of_the_whole_workflow() {
    each(|generated| {
        let workflow = generated.workflow();
        for job in &generated.machine.jobs {
            let snippet = generated.yaml(&format!("jobs/{}.yml", job.name));
            assert_eq!(snippet[&job.name], workflow["jobs"][&job.name]);
        }
        assert_eq!(workflow["jobs"].as_object().unwrap().len(), generated.machine.jobs.len());
    });
}

#[test]
fn nothing_of_the_table_is_evaluated() {
    each(|generated| {
        for artifact in generated.artifacts.iter().filter(|a| a.path.ends_with(".yml")) {
            let mut found = Vec::new();
            strings(&serde_saphyr::from_str(&artifact.text).unwrap(), "", &mut found);
            for (path, text) in found {
                let last = path.rsplit('/').next().unwrap();
                let may_evaluate =
                    ["with", "env"].iter().any(|key| path.contains(&format!("/{key}/")))
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
    });
}

#[test]
fn values_stay_out_of_yaml() {
    let generated = Generated::from("tests/workflow/hostile.toml");
    let packed = &generated.machine.states[0].value;
    assert!(packed.contains("${{ secrets.X }}"));
    for artifact in generated.artifacts.iter().filter(|artifact| artifact.path.ends_with(".yml")) {
        assert!(!artifact.text.contains("touch"), "{}", artifact.path);
    }
    assert!(generated.text("notify.sh").contains("$(touch"));
}

#[test]
fn others_actions_are_pinned_and_permissions_are_as_few_as_can_be() {
    each(|generated| {
        let workflow = generated.workflow();
        assert_eq!(workflow["permissions"], json!({}));
        assert_eq!(workflow["concurrency"]["cancel-in-progress"], false);
        for step in steps(&workflow) {
            let Some(uses) = step.get("uses").map(|uses| uses.as_str().unwrap()) else { continue };
            let pinned = uses.split_once('@').is_some_and(|(_, reference)| {
                reference.len() == 40 && reference.chars().all(|c| c.is_ascii_hexdigit())
            });
            assert!(pinned || uses.starts_with("./"), "{uses}");
        }
    });
}

#[test]
fn a_local_action_is_checked_out_in_every_job_that_uses_it() {
    each(|generated| {
        let action = &generated.machine.targets.workflow.as_ref().unwrap().action;
        for job in generated.workflow()["jobs"].as_object().unwrap().values() {
            let uses = !reports(job, action).is_empty() && action.starts_with("./");
            let first = job["steps"][0].get("uses").map_or("", |uses| uses.as_str().unwrap());
            assert_eq!(first.starts_with("actions/checkout@"), uses);
        }
    });
}

#[test]
fn the_artifacts_of_a_small_table_are_pinned() {
    let generated = Generated::from("tests/workflow/small.toml");
    insta::assert_snapshot!("console.yml", generated.text("order-console.yml"));
    insta::assert_snapshot!("action.yml", generated.text("action.yml"));
    insta::assert_snapshot!("notify.sh", generated.text("notify.sh"));
    insta::assert_snapshot!("pay.yml", generated.text("jobs/pay.yml"));
}
