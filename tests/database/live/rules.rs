//! The rules that a live database judges by: labels, states, transitions, their fingerprint.

use super::*;

on_each_database! {
    finds_a_state_that_was_added_or_removed_by_hand
    finds_a_transition_that_was_added_or_removed_by_hand
    finds_a_fingerprint_that_was_changed
    says_of_a_view_that_was_dropped_no_more_than_that
}

/// What is found after an edit of the rules.
#[track_caller]
fn edit(database: Database, edit: &str, expected: &[(&str, &str)]) {
    let edit = edited(database, "deploy", edit);
    after(database, &edit, &edit, expected);
}

fn finds_a_state_that_was_added_or_removed_by_hand(database: Database) {
    let add = "INSERT INTO deploy_states VALUES ('paused', 99, FALSE)";
    edit(database, add, &[("extra-state", "`paused`")]);
    let remove = "DELETE FROM deploy_states WHERE state = 'health_checking'";
    edit(database, remove, &[("missing-state", "`health_checking`")]);
    let start = "UPDATE deploy_states SET initial = TRUE WHERE state = 'building'";
    edit(database, start, &[("altered-state", "`building`")]);
    if database == Database::Postgres {
        let label = "ALTER TYPE deploy_status ADD VALUE 'paused' AFTER 'queued'";
        after(database, "", label, &[("extra-label", "`paused`")]);
        let label = "ALTER TYPE deploy_status RENAME VALUE 'smoke_passed' TO 'smoke_done'";
        after(
            database,
            "",
            label,
            &[
                (
                    "missing-label",
                    "ALTER TYPE public.deploy_status RENAME VALUE 'smoke_done' TO 'smoke_passed'",
                ),
                ("extra-label", "RENAME VALUE 'smoke_done' TO 'smoke_passed'"),
            ],
        );
    }
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn the_order_of_labels_is_a_note() {
    let world = World::empty(Database::Postgres, machine(DEPLOY), Schema::named("deploy"));
    let text = schema(DEPLOY, Database::Postgres);
    let (queued, failed) = ("  'queued',\n", "  'failed'\n);");
    assert!(text.contains(queued) && text.contains(failed));
    world.sql(&text.replacen(queued, "", 1).replacen(failed, "  'failed',\n  'queued'\n);", 1));
    let looked = look(&world, &deploy());
    holds(&looked, &[("label-order", "order the [[state]] rows as the labels stand: ")]);
    assert!(!looked.findings[0].is_error());
}

fn finds_a_transition_that_was_added_or_removed_by_hand(database: Database) {
    let add = "INSERT INTO deploy_transitions VALUES ('failed', 'queued', 'declared'), ('queued', 'deploying', 'skip')";
    edit(database, add, &[("extra-transition", "`failed -> queued`, `queued -> deploying`")]);
    let remove = "DELETE FROM deploy_transitions WHERE to_state = 'succeeded'";
    edit(
        database,
        remove,
        &[("missing-transition", "`deploying -> succeeded`, `health_checking -> succeeded`")],
    );
    let kind = "UPDATE deploy_transitions SET kind = 'declared' WHERE kind = 'skip' AND from_state = 'deploying'";
    edit(database, kind, &[("altered-transition", "`deploying -> succeeded`")]);
}

/// What the view would have shown is not missing: the guards judge on.
fn says_of_a_view_that_was_dropped_no_more_than_that(database: Database) {
    for view in ["states", "transitions", "language"] {
        let drop = format!("DROP VIEW deploy_{view}");
        after(database, &drop, &drop, &[("missing-view", "run its CREATE VIEW of")]);
    }
}

fn finds_a_fingerprint_that_was_changed(database: Database) {
    let wrong = "UPDATE deploy_language SET fingerprint = '0123456789abcdef'";
    edit(database, wrong, &[("altered-language", "says 0123456789abcdef")]);
    let gone = "DELETE FROM deploy_language";
    edit(database, gone, &[("altered-language", "has no row")]);
    // That of the version before: the rows say that it is not so.
    let old = "UPDATE deploy_language SET fingerprint = '192ff50c3453856c'";
    let world = with_rows(database);
    world.sql(&edited(database, "deploy", old));
    holds(&look(&world, &deploy()), &[("altered-language", "again")]);
}
