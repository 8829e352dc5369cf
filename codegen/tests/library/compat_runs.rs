//! Runs that only go wrong where they start in another state, meet two backends side by side, are
//! started again, or lose a job after its end.

use crate::sides::{SHIP, best, verdict, versions, words};
use phasegate_codegen::compat::{Class, Layer, Mix, MixSafety, Version, compare};

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
        assert!(matches!(verdict(&comparison, mix), MixSafety::Safe), "{said}");
    }
    let MixSafety::Broken(bad) = verdict(&comparison, [0, 1, 1, 0]) else { panic!("{said}") };
    let (_, witness) = bad.iter().find(|(class, _)| *class == Class::FailsJob).unwrap();
    assert_eq!(witness.path.0[0], "the row starts in hot");
    let of = comparison.changes.iter().find(|one| one.change.subject == "hot -> building").unwrap();
    assert_eq!(of.change.rule.id, "transition-removed");
    assert!(of.breaks.contains(&Mix { workflow: 0, page: 0, ..Mix::all(1) }), "{:?}", of.breaks);
    assert!(!said.contains("initial states"), "nothing is left out: {said}");
}

/// No one moves these rows but the application: what its database refuses is only the second start.
#[test]
fn a_second_start_that_the_database_refuses_is_told_of_an_application_too() {
    let old = SHIP[..SHIP.find("[[job]]").unwrap()].to_owned() + "[target.sql]\n";
    let new = old.replace("initial = \"q\"", "initial = [\"q\", \"building\"]");
    for (old, new, mix) in [(&old, &new, [1, 1, 0, 1]), (&new, &old, [0, 0, 1, 0])] {
        let versions = versions(old, new);
        let comparison = compare(&versions, 0, 1);
        let MixSafety::Broken(bad) = verdict(&comparison, mix) else { panic!("{mix:?}") };
        assert_eq!(bad[0].0, Class::DatabaseRefuses);
        let told = &bad[0].1.summary;
        assert!(told.starts_with("no row can be started in building: the "), "{told}");
        assert!(comparison.beside.is_empty(), "{:?}", comparison.beside);
        let of: Vec<&str> = comparison.changes.iter().map(|one| one.change.rule.id).collect();
        assert_eq!(of, ["initial-changed"]);
    }
}

/// Without a guard to ask, a backend can't go on from what one that is rolled out next to it started.
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
    assert!(
        words(&comparison).iter().all(|word| *word == "safe"),
        "each version by itself: {said}"
    );
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
    assert!(matches!(verdict(&comparison, [0, 0, 1, 0]), MixSafety::Safe), "{said}");
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
    let MixSafety::Broken(bad) = verdict(&comparison, [0, 1, 1, 1]) else { panic!("{said}") };
    let (_, witness) = bad.iter().find(|(class, _)| *class == Class::FailsJob).unwrap();
    let path = witness.path.0.join("\n");
    assert!(path.contains("the run is started again: all jobs\nbuild starts: its report of building is refused by the new backend: the row has ended in failed"), "{path}");
    let of = comparison.changes.iter().find(|one| one.change.rule.id == "transition-removed");
    assert!(of.unwrap().breaks.contains(&Mix { workflow: 0, ..Mix::all(1) }));
    assert!(comparison.beside.is_empty(), "{said}");
    // The other way the row comes to a truer end than the older version would have let it.
    let back: Vec<Version> = versions.iter().rev().cloned().collect();
    let back = compare(&back, 0, 1);
    assert!(matches!(verdict(&back, [0, 1, 1, 1]), MixSafety::Safe), "{}", back.text(None, false));
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
    assert!(matches!(verdict(&comparison, [1, 1, 1, 1]), MixSafety::Safe), "{said}");
    let MixSafety::Broken(bad) = verdict(&comparison, [0, 1, 1, 1]) else { panic!("{said}") };
    let (_, witness) = bad.iter().find(|(class, _)| *class == Class::FailsJob).unwrap();
    let path = witness.path.0.join("\n");
    assert!(path.contains("build succeeds: building -> built; then its runner is lost"), "{path}");
    assert!(path.contains("its report of failed is refused by the new backend in built"), "{path}");
    assert!(comparison.beside.is_empty(), "{said}");
}
