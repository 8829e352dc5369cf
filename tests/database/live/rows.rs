//! The rows of a live database, and their history.

use super::*;

on_each_database! {
    finds_a_row_that_was_set_past_the_guard
    finds_rows_in_states_that_nobody_knows_and_in_retired_ones
    finds_a_history_that_was_written_by_hand
    finds_nothing_in_what_was_forced
}

fn finds_a_row_that_was_set_past_the_guard(database: Database) {
    for (trigger, sql, rule, key) in [
        (
            "000_deploy_guard_update",
            "UPDATE deploys SET status = 'succeeded' WHERE id = 'c'",
            "row-past-history",
            "`c`",
        ),
        (
            "000_deploy_guard_insert",
            "INSERT INTO deploys (id, status) VALUES ('d', 'queued')",
            "row-without-history",
            "`d`",
        ),
    ] {
        let sql = past(database, DEPLOY, trigger, sql);
        after(database, &sql, &sql, &[(rule, key)]);
    }
}

/// A table that has one state more, which is retired.
fn retired() -> String {
    format!(
        "{}\n[[state]]\nname = \"parked\"\nretired = true\n[[transition]]\nfrom = \"parked\"\nto = \"failed\"\n",
        DEPLOY.replace("#:schema ./generated/machine.schema.json\n", "")
    )
}

fn finds_rows_in_states_that_nobody_knows_and_in_retired_ones(database: Database) {
    let table = retired();
    let (_folder, loaded) = loaded(&table);
    // A row of a former version, for which the state was in use.
    let former = table.replace("retired = true\n", "")
        + "[[transition]]\nfrom = \"queued\"\nto = \"parked\"\n";
    let world = World::empty(database, machine(&table), Schema::named("deploy"));
    world.sql(&schema(&former, database));
    world.sql("INSERT INTO deploys (id) VALUES ('a'), ('b'); UPDATE deploys SET status = 'parked'");
    world.sql(&edited(
        database,
        "deploy",
        "DELETE FROM deploy_transitions WHERE to_state = 'parked'",
    ));
    let language = loaded.machine.fingerprints.language.clone();
    let edit = format!("UPDATE deploy_language SET fingerprint = '{language}'");
    world.sql(&edited(database, "deploy", &edit));
    let looked = look(&world, &loaded);
    let retired = looked.findings.iter().find(|f| f.rule.id == "rows-in-retired-states").unwrap();
    assert!(retired.message.contains("`parked (2)`") && !retired.is_error(), "{looked:?}");

    let (_folder, order) = self::loaded(&order("storage = \"text\""));
    let world = World::empty(database, machine(&order.source.text), Schema::named("order"));
    world.sql(&schema(&order.source.text, database));
    let lost = "INSERT INTO orders (id, status) VALUES ('x', 'Lost'), ('y', 'Lost')";
    world.sql(&past(database, &order.source.text, "000_order_guard_insert", lost));
    let looked = look(&world, &order);
    let unknown = looked.findings.iter().find(|f| f.rule.id == "rows-in-unknown-states").unwrap();
    assert!(unknown.message.contains("`Lost (2)`") && unknown.is_error(), "{looked:?}");
}

fn finds_a_history_that_was_written_by_hand(database: Database) {
    let off = |sql: &str| match database {
        Database::Postgres => past(database, DEPLOY, "", sql),
        Database::Sqlite => format!(
            "DROP TRIGGER deploy_event; DROP TRIGGER deploy_event_update; DROP TRIGGER deploy_event_delete; {sql}"
        ),
    };
    let found = |sql: &str| {
        let world = with_rows(database);
        world.sql(&off(sql));
        let mut looked = look(&world, &deploy());
        // On SQLite the triggers had to go.
        looked.findings.retain(|finding| finding.rule.id != "missing-trigger");
        looked
    };
    holds(
        &found("DELETE FROM deploy_events WHERE deploy_id = 'a' AND seq = 2"),
        &[("history-gap", "`a`"), ("history-break", "`a`")],
    );
    holds(
        &found("DELETE FROM deploy_events WHERE deploy_id = 'a' AND seq = 4"),
        &[("row-past-history", "`a`")],
    );
    holds(
        &found("UPDATE deploy_events SET from_state = 'queued' WHERE deploy_id = 'b' AND seq = 3"),
        &[("history-break", "`b`")],
    );
    holds(
        &found("UPDATE deploy_events SET to_state = 'deploying' WHERE deploy_id = 'a' AND seq = 2"),
        &[("history-break", "`a`"), ("history-illegal", "`queued -> deploying (1, such as a)`")],
    );
    holds(
        &found(
            "UPDATE deploy_events SET to_state = 'building' WHERE deploy_id = 'c' AND seq = 1;
                  UPDATE deploys SET reason = 'x' WHERE id = 'c'",
        ),
        &[("row-past-history", "`c`"), ("history-illegal", "`nothing -> building (1, such as c)`")],
    );
    holds(
        &found("UPDATE deploy_events SET forced = 'x' WHERE deploy_id = 'b' AND seq = 2"),
        &[("forced-without-report", "`b`")],
    );
    let ghost = |language: &str, state: &str| {
        found(&format!(
            "INSERT INTO deploy_events VALUES \
             ('ghost', 1, NULL, '{state}', '2026-01-01T00:00:00.000Z', '{language}', NULL, NULL)"
        ))
    };
    let none = "by 0123456789abcdef: nothing -> queued (1, such as ghost)";
    holds(&ghost("0123456789abcdef", "queued"), &[("history-unknown", none)]);
    let start = ("history-illegal", "`nothing -> succeeded (1, such as ghost)`");
    holds(&ghost(&deploy().machine.fingerprints.language, "succeeded"), &[start]);
    // Steps of another time are judged by the rules of that time: it had no gates.
    holds(
        &found("UPDATE deploy_events SET language = '192ff50c3453856c' WHERE deploy_id = 'a'"),
        &[("history-illegal", "`queued -> smoke_running (1, such as a)`")],
    );
    holds(
        &found("UPDATE deploy_events SET language = '192ff50c3453856c' WHERE deploy_id = 'b'"),
        &[],
    );
}

fn finds_nothing_in_what_was_forced(database: Database) {
    let (sqlite, postgres) = (
        "INSERT INTO deploy_force (\"key\", to_state, reason) VALUES ('c', 'succeeded', 'by hand'); \
         UPDATE deploys SET status = 'succeeded' WHERE id = 'c'",
        "SELECT deploy_force('c', 'succeeded', 'by hand')",
    );
    after(database, sqlite, postgres, &[]);
}
