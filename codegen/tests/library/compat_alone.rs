//! What a version does wrong by its own table, whatever it runs alongside: where that is marked, and what is
//! told of the way there and back.

use crate::common::proofs;
use crate::sides::{SHIP, best, classes, verdict, versions};
use phasegate_codegen::compat::{Class, Layer, MixSafety, Order, Version, compare, window};
use phasegate_codegen::finding::Severity;

#[test]
fn what_both_versions_do_wrong_alone_is_told_of_each_mix() {
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
    // What is in use comes of no mix and of no change: it is reported as such, and is never just safe.
    let said = comparison.text(None, false);
    let is_safe = |judged: &phasegate_codegen::compat::Judged| judged.verdict.as_str() == "safe";
    assert!(comparison.mixes.iter().all(is_safe), "{said}");
    let marks = said
        .matches("safe      except for workflow-accepted, workflow-views: the table's own fault");
    assert!(marks.count() >= comparison.mixes.len(), "{said}");
    assert!(!comparison.fails(), "{said}");
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
        assert!(matches!(verdict(&comparison, [0, 0, 0, 0]), MixSafety::Safe), "{said}");
        assert!(comparison.fails(), "{said}");
        assert!(!comparison.rollout.has_safe() && !comparison.rollout.has_sound(), "{said}");
        assert!(comparison.rollout.best().is_none(), "{said}");
        assert!(!comparison.rollback.has_safe(), "{said}");
        let found: Vec<_> =
            comparison.changes.iter().filter(|one| one.change.rule.id == "refuted-alone").collect();
        assert_eq!(found.len(), 1, "{said}");
        assert_eq!(found[0].severity, Severity::Error, "{said}");
        assert!(said.contains("error[refuted-alone]: this table refutes "), "{said}");
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
    assert!(matches!(verdict(&comparison, [1, 0, 0, 0]), MixSafety::Safe));
    // The other way the newer version mends what the older one does wrong.
    let back: Vec<Version> = versions.iter().rev().cloned().collect();
    let back = compare(&back, 0, 1);
    let found: Vec<_> =
        back.changes.iter().filter(|one| one.change.rule.id == "refuted-alone").collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(back.text(None, false).contains("it is so today and comes of no mix"));
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
        assert!(said.contains(&format!("this table refutes {claim} ")), "{said}");
        for judged in comparison.mixes.iter().filter(|judged| judged.mix.workflow == 1) {
            // What the older page makes of the same reports is no lie.
            let shows = class != Class::PageFalse || judged.mix.page == 1;
            assert_eq!(classes(&judged.verdict).contains(&class), shows, "{:?} {said}", judged.mix);
        }
        assert!(comparison.beside.is_empty(), "{said}");
    }
}

#[test]
fn a_phase_that_a_declared_path_leaves_unfinished_refutes_no_table() {
    let new = "format = 1\nmachine = { name = 'a', initial = 'new' }\nphase = [{ name = 'p' }]\n\
         state = [{ name = 'new' }, { name = 'on', phase = 'p' },\n\
         { name = 'off', phase = 'p', completes = true }, { name = 'end', outcome = 'success' }]\n\
         transition = [{ path = ['new', 'on', 'off', 'end'] }, { path = ['on', 'end'] }]\n\
         target = { js = {} }";
    let old = new.replace(", { path = ['on', 'end'] }", "");
    let versions = versions(&old, new);
    let comparison = compare(&versions, 0, 1);
    let said = comparison.text(None, false);
    assert!(!comparison.fails() && comparison.rollout.has_safe(), "{said}");
    for judged in &comparison.mixes {
        assert_eq!(judged.verdict.as_str(), "safe", "{said}");
    }
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

/// Who rolled out what is wrong by itself has to know how to get back.
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
    let told = "goes back): apart from what deploy.toml's own table does wrong until its last run has ended, any order is safe, whatever runs meanwhile.\n  1. old workflow";
    assert!(said.contains(told), "{said}");
    assert!(
        said.ends_with("rollout in no order, rollback in any order, apart from its own faults\n"),
        "{said}"
    );
    let json = comparison.json();
    assert_eq!(json["rollback"]["safe"], serde_json::json!([]));
    assert_eq!(json["rollback"]["safe_beside_own_faults"].as_array().unwrap().len(), 6);
    assert!(json["rollout"]["safe_beside_own_faults"].is_null());
    assert!(comparison.rollout.best().is_none(), "no one is sent there: {said}");
}

/// A row that failed is left again where its run is started again: then `jb`'s start has no report that
/// takes it out of its end, and a late failure keeps the row there.
const REOPENS: &str = r#"format = 1
[machine]
name = "m"
initial = "queued"
[[phase]]
name = "a"
[[phase]]
name = "b"
[[state]]
name = "queued"
[[state]]
name = "a1"
phase = "a"
optional = true
[[state]]
name = "a2"
phase = "a"
completes = true
[[state]]
name = "b1"
phase = "b"
optional = true
[[state]]
name = "done"
phase = "b"
completes = true
outcome = "success"
[[state]]
name = "failed"
outcome = "failure"
reopens = true
[[transition]]
path = ["queued", "a1", "a2", "b1", "done"]
[[transition]]
from = "*"
to = "failed"
[[transition]]
from = "failed"
to = ["b1"]
[[transition]]
from = "a1"
to = "b1"
[[job]]
name = "ja"
start = "a1"
success = "a2"
failure = "failed"
[[job]]
name = "jb"
needs = ["ja"]
success = "done"
[[job]]
name = "end"
needs = ["ja", "jb"]
always = true
success = "done"
failure = "failed"
"#;

#[test]
fn what_only_a_run_that_is_started_again_breaks_is_the_tables_own_fault() {
    let new = REOPENS.replace(
        "needs = [\"ja\"]\nsuccess = \"done\"",
        "needs = [\"ja\"]\nsuccess = \"done\"\nfailure = \"failed\"",
    );
    let versions = versions(REOPENS, &new);
    let comparison = compare(&versions, 0, 1);
    let said = comparison.text(None, false);
    assert!(comparison.fails(), "{said}");
    assert!(said.contains("error[refuted-alone]: this table refutes workflow-again "), "{said}");
    // Next to itself it is as wrong as today.
    let versions = self::versions(&new, &new);
    assert!(!compare(&versions, 0, 1).fails());
}
