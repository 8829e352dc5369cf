//! Versions of the deploy table, and of others, side by side: which mixes are safe, which orders, and
//! what is told of it.

use crate::common::proofs;
use crate::sides::{SHIP, best, classes, verdict, versions, words};
use phasegate_codegen::accepted::Accepted;
use phasegate_codegen::compat::{
    self, Before, Class, Comparison, Degradation, Layer, Mix, MixSafety, Tried, Version, compare,
    window,
};
use phasegate_codegen::finding::Severity;

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

#[test]
fn the_deploy_table_is_additive_and_safe_during_a_rollback_with_the_gates_unconfirmed() {
    let versions = deploys();
    let comparison = compare(&versions, 0, 1);
    assert!(!comparison.fails());
    assert_eq!(words(&comparison).iter().filter(|word| **word == "broken").count(), 2);
    // A newer workflow over a backend that was rolled back: a true end, the gates unconfirmed.
    let MixSafety::Degraded(degradations) = verdict(&comparison, [1, 0, 1, 1]) else { panic!() };
    let of = |phase: &str| Degradation::Unconfirmed { phase: phase.to_owned() };
    for phase in ["smoke_gate", "freeze_check", "health_check"] {
        assert!(degradations.contains(&of(phase)), "{phase}: {degradations:?}");
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
        situations: 25216,
        ends: 10127,
        applied: 18176,
        refused: 4456,
        switches: 20751,
        views: 237_105,
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
    let MixSafety::Broken(bad) = verdict(&comparison, [1, 0, 1, 1]) else { panic!() };
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
    // No one is asked about a state that a rolled back backend lacks: it refuses what follows.
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
    assert!(comparison.fails() && comparison.is_compatible().is_none());
    assert!(comparison.verdict().contains("toml: unknown: "), "{}", comparison.verdict());
    assert!(words(&comparison).iter().all(|word| *word == "unknown"), "{:?}", words(&comparison));
    assert!(comparison.beside.iter().any(|finding| finding.rule.id == "not-exhausted"));
    for orders in [&comparison.rollout, &comparison.rollback] {
        assert!(!orders.has_safe() && !orders.has_sound() && orders.best().is_none());
    }
    assert!(comparison.text(None, false).contains("nothing is claimed of any order"));
    // It can be accepted; then it fails nothing, and is as unknown as before.
    let mut comparison = comparison;
    let mut accept_with = |text: &str| {
        let mut rows = Accepted::parse("wide.accepted.toml", text).unwrap();
        compat::accept(&mut rows, std::iter::once(&mut comparison));
        let untried = comparison.beside.iter().find(|one| one.rule.id == "not-exhausted").unwrap();
        (comparison.fails(), comparison.is_compatible(), untried.fingerprint.clone().unwrap())
    };
    let (fails, _, fingerprint) = accept_with("");
    assert!(fails);
    let entry = format!(
        "[[accepted]]\nrule = 'not-exhausted'\nfingerprint = '{fingerprint}'\nreason = 'wide'\n"
    );
    let (fails, compatible, _) = accept_with(&entry);
    assert_eq!((fails, compatible), (false, None));
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
    let way = "make `smoke_passed` `optional`, so that its reports are tolerated, or release `smoke_passed` \
               with its transitions first, and what reports it in a later release";
    assert_eq!(lines, [format!("  {advised}{way}")]);
    // Nor next to the finding, for whose sake none is.
    let error = said.find("error[state-added]").unwrap();
    let help = said[error..].lines().find(|line| line.contains("= help: ")).unwrap();
    let accept = "; or accept this where no run is under way during a rollout or a rollback";
    assert!(help.ends_with(&format!("= help: {way}{accept}")), "{help}");
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
