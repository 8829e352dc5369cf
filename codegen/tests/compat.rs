//! Versions of the deploy table, and of others, side by side: which mixes are safe, which orders, and
//! what is told of it.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod proofs;

use phasegate_codegen::compat::{
    Before, Class, Comparison, Layer, Lesser, Mix, Order, Orders, Tried, Verdict, Version, compare,
    window,
};
use phasegate_codegen::finding::Severity;

fn versions(old: &str, new: &str) -> Vec<Version> {
    let of = |label, path, text: &str| match Version::new(label, path, text.as_bytes()) {
        Ok(version) => version,
        Err(error) => panic!("{error}\nin: {text}"),
    };
    vec![of("old", "old.toml", old), of("new", "deploy.toml", new)]
}

fn deploys() -> Vec<Version> {
    versions(&proofs::table("migrations/tables/0001.toml"), &proofs::table("deploy.toml"))
}

const SMOKE_PASSED: &str =
    "completes = true\noptional  = true\n\n[[state]]\nname     = \"freeze_checking\"";

/// The deploy table with the smoke gate's success as a report that is part of its job; what went
/// without the gate still does.
fn untolerated() -> Vec<Version> {
    let new = proofs::table("deploy.toml");
    assert_eq!(new.matches(SMOKE_PASSED).count(), 1);
    let new = new.replace(SMOKE_PASSED, &SMOKE_PASSED.replacen("optional  = true\n", "", 1));
    let new = new.replace(
        "[[transition]]\nfrom = \"*\"",
        "[[transition]]\nfrom = [\"queued\", \"smoke_running\"]\nto = [\"freeze_checking\", \"building\"]\n\n\
         [[transition]]\nfrom = \"*\"",
    );
    versions(&proofs::table("migrations/tables/0001.toml"), &new)
}

fn verdict<'c>(comparison: &'c Comparison<'_>, mix: [usize; 4]) -> &'c Verdict {
    let [workflow, backend, database, page] = mix;
    let mix = Mix { workflow, backend, database, page };
    &comparison.mixes.iter().find(|judged| judged.mix == mix).unwrap().verdict
}

fn words(comparison: &Comparison<'_>) -> Vec<&'static str> {
    comparison.mixes.iter().map(|judged| judged.verdict.as_str()).collect()
}

fn classes(verdict: &Verdict) -> Vec<Class> {
    match verdict {
        Verdict::Broken(bad) => bad.iter().map(|(class, _)| *class).collect(),
        Verdict::Safe | Verdict::Degraded(_) | Verdict::Bounded => Vec::new(),
    }
}

fn best(orders: &Orders) -> (Vec<Layer>, Vec<usize>) {
    let best = orders.best().unwrap();
    (best.layers.clone(), best.sound_waits.clone().unwrap())
}

#[test]
fn the_deploy_table_is_additive_and_safe_during_a_rollback_with_the_gates_unconfirmed() {
    let versions = deploys();
    let comparison = compare(&versions, 0, 1);
    assert!(!comparison.fails());
    assert_eq!(words(&comparison).iter().filter(|word| **word == "broken").count(), 2);
    // A newer workflow over a backend that was rolled back: a true end, the gates unconfirmed.
    let Verdict::Degraded(lesser) = verdict(&comparison, [1, 0, 1, 1]) else { panic!() };
    let of = |phase: &str| Lesser::Unconfirmed { phase: phase.to_owned() };
    for phase in ["smoke_gate", "freeze_check", "health_check"] {
        assert!(lesser.contains(&of(phase)), "{phase}: {lesser:?}");
    }
    assert!(comparison.refused.iter().all(|refused| refused.tolerated));
    assert_eq!(comparison.refused.len(), 5);
    assert_eq!(comparison.rollback.safe(), 6);
    assert_eq!(comparison.rollback.constraints, [[]]);
}

#[test]
fn the_deploy_tables_database_goes_before_its_backend_or_before_its_workflow() {
    let versions = deploys();
    let comparison = compare(&versions, 0, 1);
    for page in [0, 1] {
        assert_eq!(classes(verdict(&comparison, [1, 1, 0, page])), [Class::DatabaseRefuses]);
    }
    assert_eq!((comparison.rollout.safe(), comparison.rollout.orders.len()), (16, 24));
    assert_eq!(
        comparison.rollout.constraints,
        [[Before(Layer::Database, Layer::Backend)], [Before(Layer::Database, Layer::Workflow)]]
    );
    let all = [Layer::Database, Layer::Backend, Layer::Page, Layer::Workflow];
    assert_eq!(best(&comparison.rollout), (all.to_vec(), vec![]));
}

#[test]
fn so_much_of_the_deploy_pair_is_explored() {
    let versions = deploys();
    let comparison = compare(&versions, 0, 1);
    assert!(comparison.exhausted);
    let tried = Tried {
        situations: 157_890,
        ends: 92160,
        applied: 65861,
        refused: 5255,
        switches: 135_450,
        views: 315_780,
    };
    assert_eq!(comparison.tried, tried);
}

#[test]
fn without_toleration_a_rollback_under_a_run_fails_its_job() {
    let versions = untolerated();
    let comparison = compare(&versions, 0, 1);
    assert!(comparison.fails());
    assert!(comparison.rollout.has_safe());
    assert!(!comparison.rollback.has_safe());
    let Verdict::Broken(bad) = verdict(&comparison, [1, 0, 1, 1]) else { panic!() };
    let (class, witness) = &bad[0];
    assert_eq!(*class, Class::FailsJob);
    assert_eq!(
        witness.path.0,
        [
            "the row starts in queued",
            "smoke starts: its report of smoke_running is refused by the old backend, which lacks \
             that state (422 unknown-status)",
            "smoke succeeds: its report of smoke_passed is refused by the old backend, which lacks \
             that state (422 unknown-status); the job fails",
            "skipped: freeze-check, deploy",
        ]
    );
    // The workflow goes back first, and its runs come to their end before the backend does.
    let (layers, waits) = best(&comparison.rollback);
    assert_eq!(layers[0], Layer::Workflow);
    assert_eq!(waits.len(), 1);
    let told = comparison.rollback.orders.iter().find_map(|order| order.bad.as_ref()).unwrap();
    assert!(told.2.path.0.join("\n").contains("meanwhile the old backend takes over"), "{told:?}");
    let errors = comparison.changes.iter().filter(|one| one.severity == Severity::Error);
    let errors: Vec<&str> = errors.map(|weighed| weighed.change.subject.as_str()).collect();
    assert_eq!(errors, ["state smoke_passed"]);
}

#[test]
fn what_is_told_of_the_deploy_pair() {
    let versions = deploys();
    insta::assert_snapshot!(compare(&versions, 0, 1).text(None, false));
}

#[test]
fn what_is_told_without_toleration() {
    let versions = untolerated();
    insta::assert_snapshot!(compare(&versions, 0, 1).text(None, false));
}

#[test]
fn a_table_follows_itself() {
    let deploy = proofs::table("deploy.toml");
    let versions = versions(&deploy, &deploy);
    let comparison = compare(&versions, 0, 1);
    assert!(words(&comparison).iter().all(|word| *word == "safe"), "{:?}", words(&comparison));
    assert!(comparison.changes.is_empty() && comparison.beside.is_empty());
    assert!(comparison.verdict().ends_with("compatible: nothing has changed"));
}

#[test]
fn each_table_of_the_tests_follows_itself_and_layers_that_are_not_there_say_so() {
    let mut lacking = 0;
    for entry in
        std::fs::read_dir(format!("{}/../tests/tables", env!("CARGO_MANIFEST_DIR"))).unwrap()
    {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let versions = versions(&text, &text);
        let comparison = compare(&versions, 0, 1);
        assert!(comparison.exhausted && !comparison.fails());
        assert!(
            words(&comparison).iter().all(|word| *word == "safe"),
            "{}",
            comparison.text(None, false)
        );
        assert_eq!(comparison.mixes.len(), 1 << comparison.layers.len());
        let said = comparison.text(None, false);
        let word = "the workflow does not apply: no version's table has jobs";
        assert_eq!(said.contains(word), !comparison.layers.contains(&Layer::Workflow));
        lacking += usize::from(said.contains(word));
    }
    assert!(lacking > 0);
}

#[test]
fn without_a_database_or_a_page_those_layers_do_not_apply() {
    let plain = |text: &str| text[..text.find("[target.").unwrap()].to_owned();
    let old = plain(&proofs::table("migrations/tables/0001.toml"));
    let new = plain(&proofs::table("deploy.toml"));
    let versions = versions(&old, &new);
    let comparison = compare(&versions, 0, 1);
    assert_eq!(comparison.layers, [Layer::Backend, Layer::Workflow]);
    assert_eq!(comparison.mixes.len(), 4);
    let said = comparison.text(None, false);
    assert!(said.contains("the database does not apply: no version's table has a [target.sql]"));
    assert!(said.contains("the page does not apply"));
    // Nobody is asked about a state that a rolled back backend lacks: it refuses what follows.
    assert!(!comparison.rollback.has_safe(), "{said}");
    assert!(said.contains("has no guard to ask"), "{said}");
}

#[test]
fn an_application_without_jobs_is_walked_through_its_rows() {
    let old = proofs::table("tests/tables/order.toml");
    assert!(!old.contains("[[job]]"));
    let new = old.replace("\"wc-processing\"", "\"wc-paid\"");
    assert_ne!(old, new);
    let versions = versions(&old, &new);
    let comparison = compare(&versions, 0, 1);
    assert!(!comparison.layers.contains(&Layer::Workflow));
    assert!(comparison.fails(), "{}", comparison.text(None, false));
    let found = comparison.changes.iter().find(|one| one.severity == Severity::Error).unwrap();
    assert_eq!(found.change.rule.id, "value-changed");
}

#[test]
fn what_was_not_all_tried_is_never_called_safe() {
    let mut table = "format = 1\n[machine]\nname = \"wide\"\ninitial = \"queued\"\n[[state]]\nname = \"queued\"\n".to_owned();
    let mut jobs = String::new();
    for job in 0..9 {
        table += &format!("[[state]]\nname = \"s{job}\"\noptional = true\n");
        jobs += &format!("[[job]]\nname = \"j{job}\"\nstart = \"s{job}\"\n");
    }
    table += "[[state]]\nname = \"done\"\noutcome = \"success\"\n";
    let all: Vec<String> = (0..9).map(|job| format!("\"s{job}\"")).collect();
    let all = all.join(", ");
    table += &format!("[[transition]]\nfrom = [\"queued\", {all}]\nto = [{all}, \"done\"]\n");
    table += &jobs;
    let versions = versions(&table, &table.replace("name = \"j0\"", "name = \"k0\""));
    let comparison = compare(&versions, 0, 1);
    assert!(!comparison.exhausted);
    assert!(comparison.fails());
    assert!(
        words(&comparison).iter().all(|word| *word == "not exhausted"),
        "{:?}",
        words(&comparison)
    );
    assert!(comparison.beside.iter().any(|finding| finding.rule == "not-exhausted"));
    for orders in [&comparison.rollout, &comparison.rollback] {
        assert!(!orders.has_safe() && !orders.has_sound() && orders.best().is_none());
    }
    assert!(comparison.text(None, false).contains("nothing is claimed of any order"));
}

#[test]
fn a_window_tries_every_mix_of_all_its_versions() {
    let between = proofs::table("deploy.toml");
    let health = "[[state]]\nname     = \"health_checking\"\nphase    = \"health_check\"\noptional = true\n\n";
    let milestone = "  { name = \"Health check\", state = \"health_checking\" },\n";
    let between =
        [health, milestone, "  \"health_checking\",\n"].iter().fold(between, |text, part| {
            assert!(text.contains(part), "{part}");
            text.replace(part, "")
        });
    let mut versions = deploys();
    versions.insert(1, Version::new("middle", "middle.toml", between.as_bytes()).unwrap());
    let window = window(&versions);
    assert_eq!(window.pairs.len(), 3);
    assert_eq!(window.mixes.as_ref().unwrap().len(), 81);
    assert!(!window.fails());
    let said = window.text();
    assert!(said.contains("3 versions at once, 81 mixes: "), "{said}");
    assert!(said.contains("old.toml -> middle.toml: compatible"), "{said}");
    assert!(said.contains("database-refuses: the old database refuses"), "{said}");
}

#[test]
fn of_more_versions_every_pair_is_tried_and_the_bound_told() {
    let order = proofs::table("tests/tables/order.toml");
    let versions: Vec<Version> = (0..5)
        .map(|number| Version::new(&format!("v{number}"), "order.toml", order.as_bytes()).unwrap())
        .collect();
    let window = window(&versions);
    assert!(window.mixes.is_none());
    assert_eq!(window.pairs.len(), 10);
    assert!(window.text().contains("their 625 mixes are not tried (at most 4 versions at once)"));
}

#[test]
fn what_is_wrong_in_the_newer_version_alone_is_never_called_safe() {
    // Two jobs side by side report one row: in each version a report that its job relies on is
    // refused where the other came first.
    let gates = proofs::table("deploy.toml")
        .replace("needs   = [\"smoke\"]\n", "")
        .replace("needs      = [\"freeze-check\"]", "needs      = [\"smoke\", \"freeze-check\"]")
        .replace("optional = true", "# required")
        .replace("optional  = true", "# required");
    let alone = phasegate_codegen::verify::verify(&proofs::machine(&gates));
    let refuted = alone
        .iter()
        .any(|proved| proved.name == "workflow-accepted" && proved.verdict.as_str() == "refuted");
    assert!(refuted, "its own reports are refused");
    let versions = versions(&gates, &gates.replace("name = \"Deploy\"", "name = \"Ship\""));
    let comparison = compare(&versions, 0, 1);
    // What is in use is no mix's doing; what is to be rolled out is never called safe.
    for judged in &comparison.mixes {
        let word = if judged.mix.workflow == 0 { "safe" } else { "broken" };
        assert_eq!(judged.verdict.as_str(), word, "{}", comparison.text(None, false));
    }
    assert!(comparison.fails() && !comparison.rollout.has_sound());
}

/// Two jobs, of which the first's last report is the one that its phase's page goes by.
const SHIP: &str = r#"format = 1
[machine]
name = "ship"
initial = "q"
[[phase]]
name = "build"
[[phase]]
name = "ship"
[[state]]
name = "q"
[[state]]
name = "building"
phase = "build"
[[state]]
name = "built"
phase = "build"
completes = true
[[state]]
name = "shipped"
phase = "ship"
completes = true
outcome = "success"
[[state]]
name = "failed"
outcome = "failure"
[[transition]]
path = ["q", "building", "built", "shipped"]
[[transition]]
from = "*"
to = "failed"
[[job]]
name = "build"
start = "building"
success = "built"
failure = "failed"
[[job]]
name = "ship"
needs = ["build"]
success = "shipped"
failure = "failed"
[[job]]
name = "conclude"
needs = ["build", "ship"]
always = true
success = "shipped"
failure = "failed"
[target.sql]
[target.js]
[target.workflow]
"#;

/// A phase that a page shows as failed for want of a renamed state's value is the rename's doing.
#[test]
fn what_a_page_makes_of_a_value_that_it_lacks_is_traced_to_the_rename() {
    let renamed = SHIP.replace("\"built\"", "\"compiled\"");
    let renamed =
        renamed.replace("\"compiled\"\nphase", "\"compiled\"\nrenamed_from = \"built\"\nphase");
    let valued = SHIP.replace("\"built\"\nphase", "\"built\"\nvalue = \"compiled\"\nphase");
    for (new, rule) in [(renamed, "state-renamed"), (valued, "value-changed")] {
        let versions = versions(SHIP, &new);
        let comparison = compare(&versions, 0, 1);
        assert!(comparison.beside.is_empty(), "{rule}: {:?}", comparison.beside);
        let page = verdict(&comparison, [0, 0, 0, 1]);
        assert_eq!(classes(page), [Class::PageFalse], "{rule}");
        let change = comparison.changes.iter().find(|one| one.change.rule.id == rule).unwrap();
        let mix = Mix { page: 1, ..Mix::all(0) };
        assert!(change.breaks.contains(&mix), "{rule}: {:?}", change.breaks);
        assert!(comparison.fails());
    }
}

#[test]
fn a_state_that_is_retired_is_not_said_to_be_needed() {
    let old = SHIP.replace("\"building\"\nphase", "\"building\"\noptional = true\nphase");
    let new = SHIP
        .replace("\"building\"\nphase", "\"building\"\nretired = true\nphase")
        .replace("\"q\", \"building\"", "\"q\"")
        .replace("start = \"building\"\n", "");
    let new = new.replace(
        "[[job]]\nname = \"build\"",
        "[[transition]]\nfrom = \"building\"\nto = \"built\"\n[[job]]\nname = \"build\"",
    );
    let rules = |comparison: &Comparison<'_>| -> Vec<&str> {
        comparison.changes.iter().map(|one| one.change.rule.id).collect()
    };
    let (retired, required) = (versions(&old, &new), versions(&old, SHIP));
    let (retired, required) = (compare(&retired, 0, 1), compare(&required, 0, 1));
    assert!(rules(&retired).contains(&"state-retired"), "{:?}", rules(&retired));
    assert!(!rules(&retired).contains(&"state-required"), "{:?}", rules(&retired));
    assert!(rules(&required).contains(&"state-required"), "{:?}", rules(&required));
}

#[test]
fn where_no_order_is_safe_none_is_advised() {
    let versions = untolerated();
    let said = compare(&versions, 0, 1).text(None, false);
    let advised = "What would make one (state-added): ";
    let lines: Vec<&str> = said.lines().filter(|line| line.contains(advised)).collect();
    assert_eq!(lines, [format!("  {advised}make it optional, so that its reports are tolerated")]);
    // Nor beside the finding, for whose sake none is.
    let error = said.find("error[state-added]").unwrap();
    let help = said[error..].lines().find(|line| line.contains("= help: ")).unwrap();
    assert!(
        help.ends_with("= help: make it optional, so that its reports are tolerated"),
        "{help}"
    );
}

/// What a version's own table does wrong, and the older one's doesn't.
#[test]
fn a_version_that_is_refuted_alone_is_broken_in_its_mixes_and_ends_no_safe_order() {
    let conclude = "[[job]]\nname = \"conclude\"\nneeds = [\"build\", \"ship\"]\nalways = true\nsuccess = \"shipped\"\nfailure = \"failed\"\n";
    assert!(SHIP.contains(conclude));
    let stuck = "from = \"*\"\nexcept = [\"built\"]\nto = \"failed\"";
    let draft = SHIP
        .replace("initial = \"q\"", "initial = [\"draft\", \"q\"]")
        .replace("[[state]]\nname = \"q\"", "[[state]]\nname = \"draft\"\n[[state]]\nname = \"q\"")
        .replace("[\"q\", ", "[\"draft\", \"q\", ");
    for (new, class) in [
        (SHIP.replace(conclude, ""), Class::LeftOpen),
        (SHIP.replace("needs = [\"build\"]\n", ""), Class::FailsJob),
        (SHIP.replace("from = \"*\"\nto = \"failed\"", stuck), Class::LeftOpen),
        (draft, Class::FailsJob),
    ] {
        let versions = versions(SHIP, &new);
        let comparison = compare(&versions, 0, 1);
        let said = comparison.text(None, false);
        for page in [0, 1] {
            assert!(classes(verdict(&comparison, [1, 1, 1, page])).contains(&class), "{said}");
        }
        assert!(matches!(verdict(&comparison, [0, 0, 0, 0]), Verdict::Safe), "{said}");
        assert!(comparison.fails(), "{said}");
        assert!(!comparison.rollout.has_safe() && !comparison.rollout.has_sound(), "{said}");
        assert!(comparison.rollout.best().is_none(), "{said}");
        assert!(!comparison.rollback.has_safe(), "{said}");
        let found: Vec<_> =
            comparison.changes.iter().filter(|one| one.change.rule.id == "refuted-alone").collect();
        assert_eq!(found.len(), 1, "{said}");
        assert_eq!(found[0].severity, Severity::Error, "{said}");
        assert!(said.contains("error[refuted-alone]: this table alone refutes "), "{said}");
        assert!(said.contains("by deploy.toml's own table, too: phasegate verify deploy.toml"));
        assert!(comparison.beside.is_empty(), "{said}");
    }
}

/// Where a mix's other layers let the newer workflow end well, its table's fault is not theirs.
#[test]
fn what_other_layers_mend_is_no_fault_of_a_mix() {
    let stuck = "from = \"*\"\nexcept = [\"built\"]\nto = \"failed\"";
    let versions = versions(SHIP, &SHIP.replace("from = \"*\"\nto = \"failed\"", stuck));
    let comparison = compare(&versions, 0, 1);
    assert!(matches!(verdict(&comparison, [1, 0, 0, 0]), Verdict::Safe));
    // The other way the newer version mends what the older one does wrong.
    let back: Vec<Version> = versions.iter().rev().cloned().collect();
    let back = compare(&back, 0, 1);
    let found: Vec<_> =
        back.changes.iter().filter(|one| one.change.rule.id == "refuted-alone").collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(back.text(None, false).contains("it is so today and no mix's doing"));
}

/// Rows start in two states, and from the second the older workflow's first report is legal no more.
#[test]
fn rows_are_started_in_every_initial_state_and_a_fault_from_the_second_alone_is_found() {
    let old = SHIP
        .replace("initial = \"q\"", "initial = [\"q\", \"hot\"]")
        .replace(
            "[[state]]\nname = \"building\"",
            "[[state]]\nname = \"hot\"\n[[state]]\nname = \"building\"",
        )
        .replace(
            "[[job]]\nname = \"build\"",
            "[[transition]]\nfrom = \"hot\"\nto = \"building\"\n[[job]]\nname = \"build\"",
        );
    let new = old
        .replace("[[state]]\nname = \"building\"", "[[state]]\nname = \"warming\"\n[[state]]\nname = \"building\"")
        .replace("from = \"hot\"\nto = \"building\"", "from = [\"q\", \"hot\"]\nto = \"warming\"\n[[transition]]\nfrom = \"warming\"\nto = \"building\"")
        .replace("start = \"building\"", "start = \"warming\"\nmilestones = [{ name = \"Build\", state = \"building\" }]");
    let versions = versions(&old, &new);
    let comparison = compare(&versions, 0, 1);
    let said = comparison.text(None, false);
    for mix in [[0, 0, 0, 0], [1, 1, 1, 1]] {
        assert!(matches!(verdict(&comparison, mix), Verdict::Safe), "{said}");
    }
    let Verdict::Broken(bad) = verdict(&comparison, [0, 1, 1, 0]) else { panic!("{said}") };
    let (_, witness) = bad.iter().find(|(class, _)| *class == Class::FailsJob).unwrap();
    assert_eq!(witness.path.0[0], "the row starts in hot");
    let of = comparison.changes.iter().find(|one| one.change.subject == "hot -> building").unwrap();
    assert_eq!(of.change.rule.id, "transition-removed");
    assert!(of.breaks.contains(&Mix { workflow: 0, page: 0, ..Mix::all(1) }), "{:?}", of.breaks);
    assert!(!said.contains("initial states"), "nothing is left out: {said}");
}

/// Nobody moves these rows but the application: what its database refuses is the second start alone.
#[test]
fn a_second_start_that_the_database_refuses_is_told_of_an_application_too() {
    let old = SHIP[..SHIP.find("[[job]]").unwrap()].to_owned() + "[target.sql]\n";
    let new = old.replace("initial = \"q\"", "initial = [\"q\", \"building\"]");
    for (old, new, mix) in [(&old, &new, [1, 1, 0, 1]), (&new, &old, [0, 0, 1, 0])] {
        let versions = versions(old, new);
        let comparison = compare(&versions, 0, 1);
        let Verdict::Broken(bad) = verdict(&comparison, mix) else { panic!("{mix:?}") };
        assert_eq!(bad[0].0, Class::DatabaseRefuses);
        let told = &bad[0].1.summary;
        assert!(told.starts_with("no row can be started in building: the "), "{told}");
        assert!(comparison.beside.is_empty(), "{:?}", comparison.beside);
        let of: Vec<&str> = comparison.changes.iter().map(|one| one.change.rule.id).collect();
        assert_eq!(of, ["initial-changed"]);
    }
}

/// Without a guard to ask, a backend can't go on from what one that is rolled out beside it started.
#[test]
fn while_a_backend_is_replaced_either_version_may_answer_a_report() {
    let old = SHIP[..SHIP.find("[target.sql]").unwrap()].to_owned();
    let new = old
        .replace("initial = \"q\"", "initial = \"asked\"")
        .replace("[[state]]\nname = \"q\"", "[[state]]\nname = \"asked\"\n[[state]]\nname = \"q\"")
        .replace("path = [\"q\",", "path = [\"asked\", \"q\"]\n[[transition]]\nfrom = \"asked\"\nto = \"building\"\n[[transition]]\npath = [\"q\",");
    let versions = versions(&old, &new);
    let comparison = compare(&versions, 0, 1);
    let said = comparison.text(None, false);
    assert_eq!(comparison.layers, [Layer::Backend, Layer::Workflow]);
    assert!(words(&comparison).iter().all(|word| *word == "safe"), "each version alone: {said}");
    // What one backend starts, one that is not yet replaced gets the reports of.
    for orders in [&comparison.rollout, &comparison.rollback] {
        assert!(!orders.has_sound(), "{said}");
        let (layers, waits) = best(orders);
        assert_eq!(waits.len(), 1);
        assert_eq!(layers[waits[0]], Layer::Backend);
    }
    let (_, class, witness) = comparison.rollout.orders[0].bad.as_ref().unwrap();
    assert_eq!(*class, Class::FailsJob);
    assert_eq!(
        witness.path.0[..2],
        [
            "the new backend starts the row in asked, while the old one still answers, too",
            "the old backend answers next: one is being replaced by the other",
        ]
    );
    assert!(said.contains("and start none until it is done: new backend"), "{said}");
    assert!(comparison.fails() && comparison.beside.is_empty(), "{said}");
}

/// The same of rows that the application moves: from a retired state that a newer backend enters
/// again an older one leaves by a step that the database has no more.
#[test]
fn while_a_backend_is_replaced_either_version_may_move_a_row() {
    let old = SHIP[..SHIP.find("[[job]]").unwrap()].to_owned() + "[target.sql]\n";
    let held = "[[state]]\nname = \"held\"\n";
    let new = old
        .replace("[[state]]\nname = \"shipped\"", &format!("{held}[[state]]\nname = \"shipped\""));
    let leaves = |path: &str| {
        format!(
            "[[transition]]\npath = [{path}]\n[[transition]]\nfrom = \"*\"\nexcept = [\"held\"]"
        )
    };
    let retired = held.to_owned() + "retired = true\n";
    let old = new
        .replace(held, &retired)
        .replace("[[transition]]\nfrom = \"*\"", &leaves("\"held\", \"shipped\""));
    let new =
        new.replace("[[transition]]\nfrom = \"*\"", &leaves("\"built\", \"held\", \"failed\""));
    let versions = versions(&old, &new);
    let comparison = compare(&versions, 0, 1);
    let said = comparison.text(None, false);
    assert!(matches!(verdict(&comparison, [0, 0, 1, 0]), Verdict::Safe), "{said}");
    let first = &comparison.rollout.orders[0];
    assert_eq!(first.layers, [Layer::Database, Layer::Backend]);
    let (_, class, witness) = first.bad.as_ref().unwrap();
    assert_eq!(*class, Class::DatabaseRefuses);
    let path = witness.path.0.join("\n");
    assert!(path.contains("the old backend answers next"), "{path}");
    assert!(!comparison.rollout.has_sound() && comparison.beside.is_empty(), "{said}");
}

/// An end that can be left again is what a run that is started again counts on.
#[test]
fn a_run_that_is_started_again_is_followed_across_versions() {
    let reopens =
        SHIP.replace("outcome = \"failure\"", "outcome = \"failure\"\nreopens = true").replace(
            "[[job]]\nname = \"build\"",
            "[[transition]]\nfrom = \"failed\"\nto = \"building\"\n[[job]]\nname = \"build\"",
        );
    let versions = versions(&reopens, SHIP);
    let comparison = compare(&versions, 0, 1);
    let said = comparison.text(None, false);
    let Verdict::Broken(bad) = verdict(&comparison, [0, 1, 1, 1]) else { panic!("{said}") };
    let (_, witness) = bad.iter().find(|(class, _)| *class == Class::FailsJob).unwrap();
    let path = witness.path.0.join("\n");
    assert!(path.contains("the run is started again: all jobs\nbuild starts: its report of building is refused by the new backend: the row has ended in failed"), "{path}");
    let of = comparison.changes.iter().find(|one| one.change.rule.id == "transition-removed");
    assert!(of.unwrap().breaks.contains(&Mix { workflow: 0, ..Mix::all(1) }));
    assert!(comparison.beside.is_empty(), "{said}");
    // The other way the row comes to a truer end than the older version would have let it.
    let back: Vec<Version> = versions.iter().rev().cloned().collect();
    let back = compare(&back, 0, 1);
    assert!(matches!(verdict(&back, [0, 1, 1, 1]), Verdict::Safe), "{}", back.text(None, false));
    assert!(back.rollout.has_safe());
}

/// Only a job that is lost after it reported its success lets its conclusion say otherwise.
#[test]
fn a_job_that_is_lost_after_it_reported_its_end_is_followed_across_versions() {
    let ship = "[[job]]\nname = \"ship\"\nneeds = [\"build\"]\nsuccess = \"shipped\"\nfailure = \"failed\"\n";
    assert!(SHIP.contains(ship));
    let old =
        SHIP.replace(ship, "").replace("needs = [\"build\", \"ship\"]", "needs = [\"build\"]");
    let new = old.replace("from = \"*\"\nto", "from = \"*\"\nexcept = [\"built\"]\nto");
    let versions = versions(&old, &new);
    let comparison = compare(&versions, 0, 1);
    let said = comparison.text(None, false);
    assert!(matches!(verdict(&comparison, [1, 1, 1, 1]), Verdict::Safe), "{said}");
    let Verdict::Broken(bad) = verdict(&comparison, [0, 1, 1, 1]) else { panic!("{said}") };
    let (_, witness) = bad.iter().find(|(class, _)| *class == Class::FailsJob).unwrap();
    let path = witness.path.0.join("\n");
    assert!(path.contains("build succeeds: building -> built; then its runner is lost"), "{path}");
    assert!(path.contains("its report of failed is refused by the new backend in built"), "{path}");
    assert!(comparison.beside.is_empty(), "{said}");
}

/// An end that a page lacks for another value is passed over, and what it ended shown as done.
#[test]
fn what_a_page_makes_of_an_end_that_it_lacks_is_traced_to_that_end() {
    let old = SHIP
        .replace(
            "[[state]]\nname = \"shipped\"\nphase = \"ship\"\ncompletes = true\n",
            "[[state]]\nname = \"packing\"\nphase = \"build\"\n[[state]]\nname = \"shipped\"\n",
        )
        .replace("\"built\", \"shipped\"]", "\"built\", \"packing\", \"shipped\"]")
        .replace("needs = [\"build\"]\n", "needs = [\"build\"]\nstart = \"packing\"\n");
    let new = old.replace("name = \"failed\"", "name = \"failed\"\nvalue = \"gone\"");
    let versions = versions(&old, &new);
    let comparison = compare(&versions, 0, 1);
    assert!(comparison.beside.is_empty(), "{:?}", comparison.beside);
    assert_eq!(classes(verdict(&comparison, [0, 0, 0, 1])), [Class::PageFalse]);
    let of = comparison.changes.iter().find(|one| one.change.rule.id == "value-changed").unwrap();
    assert!(of.breaks.contains(&Mix { page: 1, ..Mix::all(0) }), "{:?}", of.breaks);
}

/// A job that reports nothing may fail while the row succeeds, whatever answers its reports.
#[test]
fn each_mix_in_which_a_version_lies_by_its_own_table_is_marked() {
    let lying = SHIP.replace("[target.sql]", "[[job]]\nname = \"more\"\n[target.sql]");
    // The first phase is done with its first report, while the job still works at it.
    let early = SHIP
        .replace("\"building\"\nphase = \"build\"", "\"building\"\nphase = \"build\"\ncompletes = true")
        .replace("start = \"building\"\n", "start = \"building\"\nmilestones = [{ name = \"Build\", state = \"warm\" }]\n")
        .replace("[\"q\", \"building\", ", "[\"q\", \"building\", \"warm\", ")
        .replace("[[state]]\nname = \"built\"", "[[state]]\nname = \"warm\"\nphase = \"build\"\noptional = true\n[[state]]\nname = \"built\"");
    let calm = early.replace(
        "phase = \"build\"\ncompletes = true\n[[state]]\nname = \"warm\"",
        "phase = \"build\"\n[[state]]\nname = \"warm\"",
    );
    assert_ne!(calm, early);
    for (old, new, claim, class) in [
        (SHIP, &lying, "workflow-truth", Class::EndsOtherwise),
        (calm.as_str(), &early, "workflow-views", Class::PageFalse),
    ] {
        let versions = versions(old, new);
        let comparison = compare(&versions, 0, 1);
        let said = comparison.text(None, false);
        assert!(said.contains(&format!("this table alone refutes {claim} ")), "{said}");
        for judged in comparison.mixes.iter().filter(|judged| judged.mix.workflow == 1) {
            // What the older page makes of the same reports is no lie.
            let shows = class != Class::PageFalse || judged.mix.page == 1;
            assert_eq!(classes(&judged.verdict).contains(&class), shows, "{:?} {said}", judged.mix);
        }
        assert!(comparison.beside.is_empty(), "{said}");
    }
}

#[test]
fn a_table_without_jobs_is_refuted_alone_too() {
    let new = "format = 1\nmachine = { name = 'a', initial = 'new' }\nphase = [{ name = 'p' }]\n\
         state = [{ name = 'new' }, { name = 'on', phase = 'p' },\n\
         { name = 'off', phase = 'p', completes = true }, { name = 'end', outcome = 'success' }]\n\
         transition = [{ path = ['new', 'on', 'off', 'end'] }, { path = ['on', 'end'] }]\n\
         target = { js = {} }";
    let old = new.replace(", { path = ['on', 'end'] }", "");
    let versions = versions(&old, new);
    let comparison = compare(&versions, 0, 1);
    let said = comparison.text(None, false);
    assert!(said.contains("this table alone refutes phases-unconfirmed "), "{said}");
    assert!(comparison.fails() && !comparison.rollout.has_safe(), "{said}");
    for judged in &comparison.mixes {
        let word = if judged.mix.page == 1 { "broken" } else { "safe" };
        assert_eq!(judged.verdict.as_str(), word, "{said}");
    }
    assert!(comparison.beside.is_empty(), "{said}");
}

#[test]
fn a_window_marks_what_each_of_its_versions_does_wrong_alone() {
    let conclude = "[[job]]\nname = \"conclude\"\nneeds = [\"build\", \"ship\"]\nalways = true\nsuccess = \"shipped\"\nfailure = \"failed\"\n";
    let versions = versions(&SHIP.replace(conclude, ""), SHIP);
    let window = window(&versions);
    assert!(!window.fails(), "{}", window.text());
    for (mix, verdict) in window.mixes.iter().flatten() {
        let marked = classes(verdict).contains(&Class::LeftOpen);
        assert_eq!(marked, mix.workflow == 0, "{mix:?} {}", window.text());
    }
    assert!(window.text().contains(", by old.toml's own table, too: phasegate verify old.toml"));
}

/// Whoever rolled out what is wrong by itself has to know how to get back.
#[test]
fn the_way_back_from_a_version_that_is_wrong_alone_is_told_beside_its_own_faults() {
    let conclude = "[[job]]\nname = \"conclude\"\nneeds = [\"build\", \"ship\"]\nalways = true\nsuccess = \"shipped\"\nfailure = \"failed\"\n";
    let versions = versions(SHIP, &SHIP.replace(conclude, ""));
    let comparison = compare(&versions, 0, 1);
    let said = comparison.text(None, false);
    assert!(!comparison.rollback.has_safe(), "as such none is: {said}");
    assert!(comparison.rollback.orders.iter().all(Order::is_safe_beside), "{said}");
    let (layers, waits) = best(&comparison.rollback);
    assert_eq!((layers[0], waits.len()), (Layer::Workflow, 0));
    let told = "goes back): beside what deploy.toml's own table does wrong until its last run has ended, any order is safe, whatever runs meanwhile.\n  1. old workflow";
    assert!(said.contains(told), "{said}");
    assert!(
        said.ends_with("rollout in no order, rollback in any order, beside its own faults\n"),
        "{said}"
    );
    let json = comparison.json();
    assert_eq!(json["rollback"]["safe"], serde_json::json!([]));
    assert_eq!(json["rollback"]["safe_beside_own_faults"].as_array().unwrap().len(), 6);
    assert!(json["rollout"]["safe_beside_own_faults"].is_null());
    assert!(comparison.rollout.best().is_none(), "nobody is told to go there: {said}");
}
