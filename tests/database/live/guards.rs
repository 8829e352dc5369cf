//! The guards of a live database: triggers, functions, tables, and whether they only observe.

use super::*;

on_each_database! {
    finds_a_guard_that_was_dropped
    finds_a_guard_that_was_edited
    finds_a_history_that_can_be_changed
    counts_what_a_guard_that_observes_let_through_with_the_row_that_would_make_it_legal
    finds_a_guard_in_the_other_mode
    a_mode_that_was_set_is_an_error_and_what_was_pruned_is_no_gap
    finds_a_table_or_a_column_that_is_gone
}

#[test]
fn on_sqlite_a_table_that_was_made_anew_is_found_and_one_file_guards_it_again() {
    let world = with_rows(Database::Sqlite);
    world.sql(
        "CREATE TABLE new__deploys (id TEXT NOT NULL PRIMARY KEY, status TEXT NOT NULL DEFAULT 'queued', \
         ref TEXT, requested_by TEXT, reason TEXT, token_hash BLOB, \
         created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))) STRICT; \
         INSERT INTO new__deploys SELECT * FROM deploys; DROP TABLE deploys; \
         ALTER TABLE new__deploys RENAME TO deploys; \
         CREATE INDEX deploys_created ON deploys (created_at, id)",
    );
    let missing = ("missing-trigger", "run generated/sql/sqlite-guards.sql: ");
    let looked = look(&world, &deploy());
    let found: Vec<_> = looked.findings.iter().filter(|f| f.rule.id == missing.0).collect();
    assert_eq!(found.len(), 5, "{looked:?}");
    assert!(found.iter().all(|f| f.help.starts_with(missing.1)), "{looked:?}");
    world.sql(include_str!("../../../generated/sql/sqlite-guards.sql"));
    let looked = look(&world, &deploy());
    assert!(!looked.findings.iter().any(|f| f.rule.id == missing.0), "{looked:?}");
}

fn a_mode_that_was_set_is_an_error_and_what_was_pruned_is_no_gap(database: Database) {
    for mode in ["test", "load"] {
        let (set, said) = match database {
            Database::Sqlite => (
                format!("INSERT INTO deploy_set_mode (mode) VALUES ('{mode}')"),
                format!("`deploy_mode` says `{mode}`"),
            ),
            Database::Postgres => (
                format!("SELECT deploy_set_mode('{mode}')"),
                format!("`deploy_mode` says `SELECT '{mode}'::pg_catalog.text`"),
            ),
        };
        after(database, &set, &set, &[("other-mode", &said)]);
    }
    let prune = match database {
        Database::Sqlite => "INSERT INTO deploy_prune (before) VALUES ('2100-01-01T00:00:00.000Z')",
        Database::Postgres => "SELECT deploy_prune('2100-01-01')",
    };
    let prune = format!("UPDATE deploys SET status = 'failed'; {prune}");
    after(database, &prune, &prune, &[]);
}

fn finds_a_guard_that_was_dropped(database: Database) {
    after(
        database,
        r#"DROP TRIGGER "000_deploy_guard_update""#,
        r#"DROP TRIGGER "000_deploy_guard" ON deploys"#,
        &[("missing-trigger", "`000_deploy_guard")],
    );
    after(
        database,
        r#"DROP TRIGGER "000_deploy_guard_delete""#,
        r#"DROP TRIGGER "000_deploy_guard_again" ON deploys"#,
        &[("missing-trigger", "not recorded")],
    );
    if database == Database::Postgres {
        let start = r#"DROP TRIGGER "000_deploy_guard_start" ON deploys"#;
        after(database, "", start, &[("missing-trigger", "changes of the status are not judged")]);
        let off = r#"ALTER TABLE deploys DISABLE TRIGGER "000_deploy_guard""#;
        let on = r#"ALTER TABLE "public"."deploys" ENABLE TRIGGER "000_deploy_guard""#;
        after(database, "", off, &[("disabled-trigger", on)]);
        let replica = r#"ALTER TABLE deploys ENABLE REPLICA TRIGGER "000_deploy_guard""#;
        after(database, "", replica, &[("disabled-trigger", on)]);
        let always = r#"ALTER TABLE deploys ENABLE ALWAYS TRIGGER "000_deploy_guard""#;
        after(database, "", always, &[]);
        after(
            database,
            "",
            "ALTER TABLE deploy_events DISABLE TRIGGER ALL",
            &[
                ("disabled-trigger", "the history can be changed"),
                ("disabled-trigger", "the history can be changed"),
            ],
        );
        let world = with_rows(database);
        let set = format!("IN DATABASE {} SET session_replication_role = replica", name(&world));
        world.sql(&format!("CREATE ROLE lax; ALTER ROLE lax {set}"));
        let looked = look(&world, &deploy());
        world.sql("DROP ROLE lax");
        holds(&looked, &[("replica-sessions", "the role lax in the database")]);
        assert!(!looked.findings[0].is_error());
        world.sql(&format!(
            "ALTER DATABASE {} SET session_replication_role = replica",
            name(&world)
        ));
        let looked = look(&world, &deploy());
        holds(&looked, &[("replica-sessions", "the database test_")]);
        assert!(looked.findings[0].is_error());
    }
}

fn finds_a_guard_that_was_edited(database: Database) {
    if database == Database::Sqlite {
        let edited = r#"DROP TRIGGER "000_deploy_guard_update";
            CREATE TRIGGER "000_deploy_guard_update" AFTER UPDATE ON "deploys" WHEN 0 BEGIN SELECT 1; END"#;
        after(
            database,
            edited,
            "",
            &[("altered-trigger", "`000_deploy_guard_update` of `deploys`")],
        );
        // However it is spelled: to run only its CREATE TRIGGER would fail.
        for name in ["000_deploy_guard_update", "000_DEPLOY_guard_update"] {
            let spelled = format!(
                "drop trigger \"000_deploy_guard_update\"; \
                 create trigger \"{name}\"after update on deploys begin select 1; end"
            );
            after(database, &spelled, "", &[("altered-trigger", "drop it, and run its CREATE")]);
        }
        return;
    }
    let body = "CREATE OR REPLACE FUNCTION deploy_guard() RETURNS trigger LANGUAGE plpgsql SECURITY \
                DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN NULL; END $$";
    after(database, "", body, &[("altered-function", "`deploy_guard`")]);
    after(
        database,
        "",
        "ALTER FUNCTION deploy_guard() SECURITY INVOKER",
        &[("altered-function", "not `plpgsql SECURITY DEFINER`")],
    );
    after(
        database,
        "",
        "ALTER FUNCTION deploy_guard() SET search_path = public",
        &[("altered-function", "search_path = public")],
    );
    for trigger in [
        r#"CREATE TRIGGER "000_deploy_guard" AFTER UPDATE OF status ON deploys
           FOR EACH ROW WHEN (deploy_differs(OLD, NEW)) EXECUTE FUNCTION deploy_guard()"#,
        r#"CREATE TRIGGER "000_deploy_guard" AFTER UPDATE ON deploys
           FOR EACH ROW EXECUTE FUNCTION deploy_guard()"#,
        r#"CREATE TRIGGER "000_deploy_guard" AFTER UPDATE ON deploys
           FOR EACH ROW WHEN (NEW.reason IS NULL) EXECUTE FUNCTION deploy_guard()"#,
        r#"CREATE TRIGGER "000_deploy_guard" AFTER UPDATE ON deploys
           FOR EACH ROW WHEN (deploy_differs(NEW, NEW)) EXECUTE FUNCTION deploy_guard()"#,
        r#"CREATE TRIGGER "000_deploy_guard" AFTER UPDATE ON deploys
           FOR EACH ROW WHEN (deploy_differs(OLD, NEW)) EXECUTE FUNCTION deploy_again()"#,
    ] {
        let sql = format!(r#"DROP TRIGGER "000_deploy_guard" ON deploys; {trigger}"#);
        after(database, "", &sql, &[("altered-trigger", "and should be")]);
    }
    let gone = r#"DROP FUNCTION deploy_guard() CASCADE"#;
    after(database, "", gone, &[("missing-trigger", ""), ("missing-function", "`deploy_guard`")]);
}

fn finds_a_history_that_can_be_changed(database: Database) {
    after(
        database,
        "DROP TRIGGER deploy_event_delete",
        "DROP TRIGGER deploy_append_only ON deploy_events",
        &[("missing-trigger", "the history can be changed")],
    );
    after(
        database,
        "DROP TRIGGER deploy_event",
        "DROP TRIGGER deploy_event ON deploy_events",
        &[("missing-trigger", "`deploy_event` of `deploy_events`")],
    );
    after(
        database,
        "DROP TRIGGER deploy_report_update",
        "DROP TRIGGER deploy_append_only ON deploy_reports",
        &[("missing-trigger", "of `deploy_reports`")],
    );
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn says_of_a_guard_that_it_only_observes() {
    let world = with_rows(Database::Postgres);
    world.sql(
        "CREATE OR REPLACE FUNCTION deploy_mode() RETURNS text LANGUAGE plpgsql STABLE
         SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN 'observe'; END $$",
    );
    // What it lets through is marked in the history, which is no fault of the history's.
    world.sql("UPDATE deploys SET status = 'succeeded' WHERE id = 'c'");
    world.sql("INSERT INTO deploys (id, status) VALUES ('d', 'deploying')");
    holds(&look(&world, &deploy()), &[("other-mode", "RETURN 'observe'")]);
}

/// A table of the application's own, its guard in this mode.
fn in_mode(mode: &str) -> String {
    order(&format!("owns = false\nstorage = \"text\"\nmode = \"{mode}\""))
}

/// What a database holds that was installed with one of these.
fn orders(database: Database, table: &str) -> World {
    let world = World::empty(database, machine(table), Schema::named("order"));
    world.sql("CREATE TABLE orders (id text PRIMARY KEY, status text)");
    world.sql(&schema(table, database));
    world.sql("INSERT INTO orders VALUES ('a', 'placed'), ('b', 'placed'), ('c', 'placed')");
    world
}

fn counts_what_a_guard_that_observes_let_through_with_the_row_that_would_make_it_legal(
    database: Database,
) {
    let table = in_mode("observe");
    let (_folder, loaded) = self::loaded(&table);
    let world = orders(database, &table);
    holds(&look(&world, &loaded), &[]);
    world.sql("UPDATE orders SET status = 'It''s \"paid\" €' WHERE id = 'c'");
    holds(&look(&world, &loaded), &[]);
    world.sql("UPDATE orders SET status = 'shipped' WHERE id <> 'c'");
    world.sql("UPDATE orders SET status = 'It''s \"paid\" €' WHERE id = 'a'");
    world.sql("INSERT INTO orders VALUES ('d', 'shipped')");
    let looked = look(&world, &loaded);
    let found: Vec<(&str, &str, &str)> = looked
        .findings
        .iter()
        .map(|f| (f.rule.id, f.message.split(", last at").next().unwrap(), f.help.as_str()))
        .collect();
    let said = |count: &str, why: &str, pair: &str| {
        format!("let through {count} times, and refused once the guard enforces ({why}): `{pair}`")
    };
    let twice = said("2", "illegal-transition", "placed -> shipped");
    let start = said("1", "illegal-start", "nothing -> shipped");
    let back = said("1", "illegal-transition", "shipped -> It's \"paid\" €");
    let mut expected = [
        ("observed", &*twice, "[[transition]]\nfrom = \"placed\"\nto = \"shipped\""),
        ("observed", &*start, "# no row of the table makes this legal: no row starts in an end"),
        (
            "observed",
            &*back,
            "# first say `reopens = true` at the state `shipped`\n[[transition]]\nfrom = \"shipped\"\nto = \"paid\"",
        ),
    ];
    // Those of one count come as the database sorts a missing state.
    let mut found_sorted = found.clone();
    found_sorted[1..].sort_unstable();
    expected[1..].sort_unstable();
    assert_eq!(found_sorted, expected);
    assert!(looked.findings.iter().all(|f| !f.is_error() && f.message.contains(", last at 20")));
}

fn finds_a_guard_in_the_other_mode(database: Database) {
    for (is, asked) in [("observe", "enforce"), ("enforce", "observe")] {
        let (_folder, loaded) = self::loaded(&in_mode(asked));
        let world = orders(database, &in_mode(is));
        let looked = look(&world, &loaded);
        let (said, help) = match database {
            Database::Sqlite => (
                format!(
                    "as with `mode = \"{is}\"` are `order_set_mode_insert`, `order_event`, \
                     `000_order_guard_insert`, `000_order_guard_update`"
                ),
                "apply the migration that switches it",
            ),
            Database::Postgres => (
                format!("`order_mode` says `SELECT '{is}'::pg_catalog.text`"),
                "SELECT \"public\".\"order_set_mode\"(NULL), or run its CREATE OR REPLACE",
            ),
        };
        let said = format!("the guard's mode is not the table's: {said}");
        // What only enforcing has is missing then, too.
        let logged = [("missing-trigger", "_logged`"); 2];
        let lacks = if database == Database::Sqlite && is == "observe" { &logged[..] } else { &[] };
        holds(&looked, &[lacks, &[("other-mode", &said)]].concat());
        let mode = looked.findings.last().unwrap();
        assert!(mode.is_error() && mode.help.contains(help));
        // One that is in neither mode is not taken for a switch.
        if database == Database::Sqlite {
            world.sql(
                "DROP TRIGGER \"000_order_guard_insert\"; CREATE TRIGGER \"000_order_guard_insert\" \
                 AFTER INSERT ON orders BEGIN SELECT 1; END",
            );
            let altered = ("altered-trigger", "`000_order_guard_insert`");
            let other = ("other-mode", "`order_event`");
            holds(&look(&world, &loaded), &[lacks, &[altered, other]].concat());
        }
    }
}

fn finds_a_table_or_a_column_that_is_gone(database: Database) {
    after(
        database,
        "DROP TABLE deploy_reports",
        "DROP TABLE deploy_reports",
        &match database {
            Database::Sqlite => vec![("missing-table", "`deploy_reports`"); 6]
                .into_iter()
                .enumerate()
                .map(|(at, row)| if at == 0 { row } else { ("missing-trigger", "deploy_reports") })
                .collect::<Vec<_>>(),
            Database::Postgres => vec![
                ("missing-table", "`deploy_reports`"),
                ("missing-trigger", "deploy_reports"),
                ("missing-trigger", "deploy_reports"),
            ],
        },
    );
    let column = "ALTER TABLE deploys DROP COLUMN reason";
    after(database, column, column, &[("missing-column", "`reason`")]);
}
