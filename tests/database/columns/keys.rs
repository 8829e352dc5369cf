//! A key of several columns: the history and the reports have a column for each, and where one text is
//! wanted its parts are percent-encoded, with `:` between them.

use super::{migrate, refused, rows};
use crate::common::backend::world::{Database, World, machine};
use crate::common::live::{holds, loaded, look};
use crate::common::sql;
use phasegate::store::{Start, TokenCheck};
use phasegate::{Answer, Report, Schema};
use phasegate_cli::draft::{Ask, draft};

on_each_database! {
    judges_rows_by_all_columns_of_their_key
    takes_keys_that_an_application_has
    a_key_stays_whole_and_is_used_once
    observes_by_all_columns
    forces_and_prunes_by_all_columns
    the_store_takes_and_gives_one_text
    finds_what_differs
    drafts_the_primary_key
    is_migrated_and_removed
}

/// A job of several tenants.
fn job(more: &str) -> String {
    format!(
        "format = 1\nmachine = {{ name = \"job\", initial = \"queued\" }}\n\
         state = [{{ name = \"queued\" }}, {{ name = \"running\", expect = \"5m\" }}, {{ name = \"done\", outcome = \"success\" }}]\n\
         transition = [{{ path = [\"queued\", \"running\", \"done\"] }}, {{ from = \"running\", to = \"running\" }}]\n\
         [target.sql]\nkey = [\"tenant\", \"id\"]\nkey_type = [\"text\", \"bigint\"]\nstorage = \"text\"\n{more}"
    )
}

const OWN: &str = "CREATE TABLE jobs (tenant varchar(20), id integer, status text NOT NULL DEFAULT 'queued', note text, PRIMARY KEY (tenant, id))";

fn schema() -> Schema {
    Schema::named("job").key(["tenant", "id"])
}

fn world(database: Database, more: &str) -> World {
    let table = job(more);
    let world = World::empty(database, machine(&table), schema());
    if more.contains("owns = false") {
        world.sql(OWN);
    }
    migrate(&world, database, &[&table]);
    world
}

const OTHERS: &str = "owns = false\n";

fn history(world: &World) -> Vec<String> {
    rows(
        world,
        "SELECT job_tenant, CAST(job_id AS text), CAST(seq AS text), coalesce(from_state, '') || '>' || to_state \
         || coalesce(' ' || observed, '') || CASE WHEN forced IS NULL THEN '' ELSE ' forced' END \
         FROM job_events ORDER BY 1, 2, seq",
    )
}

fn judges_rows_by_all_columns_of_their_key(database: Database) {
    for more in ["", OTHERS] {
        let world = world(database, more);
        world.sql("INSERT INTO jobs (tenant, id) VALUES ('a', 1), ('a', 2), ('b', 1)");
        world.sql("UPDATE jobs SET status = 'running' WHERE tenant = 'a'");
        world.sql("UPDATE jobs SET status = 'running' WHERE tenant = 'a' AND id = 1; UPDATE jobs SET status = 'done' WHERE tenant = 'a' AND id = 1");
        assert_eq!(
            history(&world),
            [
                "a|1|1|>queued",
                "a|1|2|queued>running",
                "a|1|3|running>running",
                "a|1|4|running>done",
                "a|2|1|>queued",
                "a|2|2|queued>running",
                "b|1|1|>queued"
            ]
        );
        let said = refused(&world, "UPDATE jobs SET status = 'done' WHERE tenant = 'b'");
        assert!(said.starts_with("illegal transition of job"), "{said}");
        assert_eq!(
            rows(&world, "SELECT job_tenant, CAST(job_id AS text) FROM job_overdue"),
            [] as [&str; 0]
        );
    }
}

fn takes_keys_that_an_application_has(database: Database) {
    let table = job(OTHERS);
    let world = World::empty(database, machine(&table), schema());
    world.sql("CREATE TABLE jobs (tenant text, id integer, status text)");
    world.sql("INSERT INTO jobs VALUES ('a', 1, 'queued'), ('a', 1, 'queued'), ('a', 2, 'queued')");
    let file = super::migrations(database, &[&table]).unwrap().remove(0);
    let error = world.try_sql(&format!("BEGIN; {file}; COMMIT")).unwrap_err().to_string();
    assert!(error.contains("1 key stands in several rows"), "{error}");
    let other = job("owns = false\n").replace("[\"tenant\", \"id\"]", "[\"tenant\", \"no\"]");
    let file = super::migrations(database, &[&other]).unwrap().remove(0);
    let error = world.try_sql(&format!("BEGIN; {file}; COMMIT")).unwrap_err().to_string();
    assert!(error.contains("it has no column no"), "{error}");
    if database == Database::Postgres {
        let other = job("owns = false\n").replace("[\"text\", \"bigint\"]", "[\"text\", \"uuid\"]");
        let file = super::migrations(database, &[&other]).unwrap().remove(0);
        let error = world.try_sql(&format!("BEGIN; {file}; COMMIT")).unwrap_err().to_string();
        assert!(
            error.contains("its key id is of the type integer, where `key_type = \"uuid\"`"),
            "{error}"
        );
    }
}

fn a_key_stays_whole_and_is_used_once(database: Database) {
    for more in ["", OTHERS, "owns = false\nevents = false"] {
        let world = world(database, more);
        world.sql("INSERT INTO jobs (tenant, id) VALUES ('a', 1)");
        for set in ["tenant = 'b'", "id = 2", "tenant = 'b', id = 2, status = 'running'"] {
            let said = refused(&world, &format!("UPDATE jobs SET {set}"));
            assert!(said.starts_with("the key of jobs cannot change"), "{said}");
        }
        if !more.contains("events") {
            world.sql("DELETE FROM jobs");
            let said = refused(&world, "INSERT INTO jobs (tenant, id) VALUES ('a', 1)");
            assert!(said.starts_with("the key of jobs cannot be used again"), "{said}");
            world.sql("INSERT INTO jobs (tenant, id) VALUES ('b', 1)");
        }
        if database == Database::Sqlite && more == OTHERS {
            let said = refused(&world, "INSERT INTO jobs (tenant, id) VALUES ('c', NULL)");
            assert!(said.starts_with("the key of jobs cannot be null"), "{said}");
        }
    }
}

fn observes_by_all_columns(database: Database) {
    let world = world(database, "owns = false\nmode = 'observe'");
    world.sql("INSERT INTO jobs (tenant, id) VALUES ('a', 1); UPDATE jobs SET status = 'done'");
    world.sql("UPDATE jobs SET id = 2, status = 'queued'; DELETE FROM jobs");
    assert_eq!(
        history(&world),
        ["a|1|1|>queued", "a|1|2|queued>done illegal-transition", "a|2|1|>queued key-changed"]
    );
    assert_eq!(
        rows(
            &world,
            "SELECT from_state, to_state, CAST(count AS text) FROM job_observed WHERE observed = 'illegal-transition'"
        ),
        ["queued|done|1"]
    );
}

fn forces_and_prunes_by_all_columns(database: Database) {
    for more in ["", OTHERS] {
        let world = world(database, more);
        world.sql("INSERT INTO jobs (tenant, id) VALUES ('a', 1), ('b', 1), ('a', 2)");
        let column = if more.is_empty() { "ref" } else { "note" };
        match database {
            Database::Postgres => {
                world.sql(&format!("SELECT job_force('a', 1, 'done', 'by hand', '{{\"{column}\": \"n\"}}')"));
                let error = world.try_sql("SELECT job_force('a', 9, 'done', 'by hand')").unwrap_err();
                assert!(error.to_string().contains("no row of jobs has the key a:9"), "{error}");
                let error = world
                    .try_sql("SELECT job_force('b', 1, 'done', 'by hand', '{\"id\": 7}')")
                    .unwrap_err();
                assert!(error.to_string().contains("no column of jobs that can be set: id"), "{error}");
            }
            Database::Sqlite => world.sql(&format!(
                "INSERT INTO job_force (key_1, key_2, to_state, reason) VALUES ('a', 1, 'done', 'by hand');
                 UPDATE jobs SET status = 'done', {column} = 'n' WHERE tenant = 'a' AND id = 1"
            )),
        }
        assert_eq!(
            history(&world),
            ["a|1|1|>queued", "a|1|2|queued>done forced", "a|2|1|>queued", "b|1|1|>queued"]
        );
        world.sql("DELETE FROM jobs WHERE tenant = 'a' AND id = 2");
        world.sql(match database {
            Database::Postgres => "SELECT job_prune(now() + interval '1 day')",
            Database::Sqlite => {
                "INSERT INTO job_prune (before) VALUES ('2999-01-01T00:00:00.000Z')"
            }
        });
        assert_eq!(history(&world), ["a|1|2|queued>done forced", "b|1|1|>queued"]);
        assert_eq!(
            rows(
                &world,
                "SELECT job_tenant, CAST(job_id AS text), CAST(events AS text) FROM job_pruned ORDER BY 2"
            ),
            ["a|1|1", "a|2|1"]
        );
        let said = refused(&world, "INSERT INTO jobs (tenant, id) VALUES ('a', 2)");
        assert!(said.starts_with("the key of jobs cannot be used again"), "{said}");
    }
}

fn the_store_takes_and_gives_one_text(database: Database) {
    for more in ["", OTHERS] {
        let world = world(database, more);
        let store = &world.store;
        let start = Start::new().id("a%3Ab%20%25:7");
        let started = world.run(store.start(&*world.machine, &start)).unwrap();
        assert_eq!(started.id, "a%3Ab%20%25:7");
        assert_eq!(rows(&world, "SELECT tenant, CAST(id AS text) FROM jobs"), ["a:b %|7"]);
        let again = world.run(store.start(&*world.machine, &start)).unwrap_err().to_string();
        assert!(again.contains("`a%3Ab%20%25:7` exists already"), "{again}");
        let other = Start::new().id("a:8");
        let other = world.run(store.start(&*world.machine, &other)).unwrap();
        let mut report = Report::new("running");
        (report.run_id, report.run_attempt, report.job) =
            (Some("1".into()), Some(1), Some("j".into()));
        let apply = |id: &str, report: &Report| {
            world.run(store.apply_callback(&*world.machine, id, report)).unwrap()
        };
        assert!(matches!(apply(&started.id, &report), Answer::Applied { seq: 2, .. }));
        assert!(matches!(apply(&started.id, &report), Answer::Duplicate { .. }));
        for id in ["a:9", "a%3Ab%20%25", "a%3Ab%20%25:7:1", "a%3Ab%20%25:x", "a%zz:7"] {
            assert_eq!(apply(id, &Report::new("running")), Answer::NotFound, "{id}");
        }
        let snapshot = world.run(store.snapshot(&*world.machine, &started.id)).unwrap().unwrap();
        assert_eq!((snapshot.id.as_str(), snapshot.seq), ("a%3Ab%20%25:7", 2));
        let recorded = world.run(store.reports(&started.id)).unwrap();
        let event_id = recorded.last().unwrap().event_id.as_deref();
        assert_eq!(event_id, Some("a%3Ab%20%25:7/1/1/j/running"));
        let page = world.run(store.list(&*world.machine, 1, None)).unwrap().unwrap();
        let next = page.next.unwrap();
        let rest = world.run(store.list(&*world.machine, 1, Some(&next))).unwrap().unwrap();
        let mut ids = [page.items[0].id.clone(), rest.items[0].id.clone()];
        ids.sort();
        assert_eq!(ids, ["a%3Ab%20%25:7", "a:8"]);
        if let (Some(token), Some(others)) = (&started.token, &other.token) {
            let check = |token: &str| world.run(store.check_token(&started.id, token)).unwrap();
            assert_eq!(check(token), TokenCheck::Valid);
            assert_ne!(check(others), TokenCheck::Valid);
        }
        assert!(world.run(store.fit()).unwrap().missing.is_empty());
    }
}

fn finds_what_differs(database: Database) {
    for more in ["", OTHERS] {
        let world = world(database, more);
        world.sql("INSERT INTO jobs (tenant, id) VALUES ('a', 1), ('a:1', 1), ('a', 2); UPDATE jobs SET status = 'running' WHERE id = 1");
        let (_folder, loaded) = loaded(&job(more));
        holds(&look(&world, &loaded), &[]);
        let past = crate::common::live::past(
            database,
            &job(more),
            "000_job_guard_update",
            "UPDATE jobs SET status = 'done' WHERE tenant = 'a:1'",
        );
        world.sql(&past);
        holds(&look(&world, &loaded), &[("row-past-history", "a%3A1:1")]);
    }
}

fn drafts_the_primary_key(database: Database) {
    let world = World::empty(database, machine(&job("")), schema());
    world.sql(&format!("{OWN}; INSERT INTO jobs VALUES ('a', 1, 'queued', NULL)"));
    let ask = Ask {
        url: &world.database_url,
        column: "jobs.status",
        key: &[],
        history: None,
        history_where: None,
        noise: 0.01,
        values: &[],
        machine: None,
    };
    let text = world.run(draft(&ask)).unwrap().text;
    assert!(
        text.contains("key      = [\"tenant\", \"id\"]\nkey_type = [\"text\", \"bigint\"]"),
        "{text}"
    );
    let drafted = sql::machine(&text);
    let dialect = drafted.targets.sql().unwrap().dialects[0];
    world.sql(&sql::schema(&drafted, dialect));
    world.sql("INSERT INTO jobs (tenant, id) VALUES ('b', 1)");
}

fn is_migrated_and_removed(database: Database) {
    for more in ["", OTHERS] {
        let table = job(more);
        let world = world(database, more);
        world.sql("INSERT INTO jobs (tenant, id) VALUES ('a', 1)");
        let later = table
            .replace("{ name = \"queued\" }", "{ name = \"waiting\", renamed_from = \"queued\" }")
            .replace("\"queued\"", "\"waiting\"")
            .replace("renamed_from = \"waiting\"", "renamed_from = \"queued\"");
        migrate(&world, database, &[&table, &later]);
        world.sql("UPDATE jobs SET status = 'running'");
        assert_eq!(history(&world), ["a|1|1|>queued", "a|1|2|waiting>running"]);
        let n = super::migrations(database, &[&table, &table.replace("\"id\"]", "\"no\"]")]);
        assert_eq!(
            n.unwrap_err(),
            ["[target.sql] says otherwise what is in the database already: key"]
        );
    }
}

/// The queue of a public project: `PRIMARY KEY (name, id)`, partitioned by name.
#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn a_queue_that_is_partitioned_by_a_part_of_its_key() {
    let table = "format = 1\nmachine = { name = \"job\", initial = \"created\" }\n\
         state = [{ name = \"created\" }, { name = \"active\" }, { name = \"completed\", outcome = \"success\" }]\n\
         transition = [{ path = [\"created\", \"active\", \"completed\"] }]\n\
         [target.sql]\nowns = false\nschema = \"queue\"\ntable = \"job\"\ncolumn = \"state\"\nkey = [\"name\", \"id\"]\nkey_type = [\"text\", \"uuid\"]\nstorage = \"enum\"\n";
    let schema = Schema::of(&*machine(table));
    let world = World::empty(Database::Postgres, machine(table), schema);
    world.sql(
        "CREATE SCHEMA queue; CREATE TYPE queue.job_state AS ENUM ('created', 'active', 'completed');
         CREATE TABLE queue.job (id uuid NOT NULL DEFAULT gen_random_uuid(), name text NOT NULL, state queue.job_state NOT NULL DEFAULT 'created', PRIMARY KEY (name, id)) PARTITION BY LIST (name);
         CREATE TABLE queue.mail PARTITION OF queue.job FOR VALUES IN ('mail');
         CREATE TABLE queue.others PARTITION OF queue.job DEFAULT;",
    );
    migrate(&world, Database::Postgres, &[table]);
    world.sql("INSERT INTO queue.job (name) SELECT CASE n % 2 WHEN 0 THEN 'mail' ELSE 'sms' END FROM generate_series(1, 3000) n");
    let begun = std::time::Instant::now();
    world.sql("UPDATE queue.job SET state = 'active'; UPDATE queue.mail SET state = 'completed'");
    assert!(begun.elapsed().as_secs() < 20, "a scan per row: {:?}", begun.elapsed());
    assert_eq!(
        rows(
            &world,
            "SELECT job_name, to_state, count(*)::text FROM queue.job_events GROUP BY 1, 2 ORDER BY 1, 2"
        ),
        [
            "mail|active|1500",
            "mail|completed|1500",
            "mail|created|1500",
            "sms|active|1500",
            "sms|created|1500"
        ]
    );
    // To triggers a row that goes to another partition by its key is a new one.
    let moves = "UPDATE queue.job SET name = 'mail', state = 'completed' WHERE name = 'sms'";
    let said = refused(&world, moves);
    assert!(said.starts_with("illegal start of job in completed"), "{said}");
    let error = world.try_sql(moves).unwrap_err();
    let error = error.as_database_error().unwrap();
    let hint = error.downcast_ref::<sqlx::postgres::PgDatabaseError>().hint().unwrap();
    assert!(hint.contains("moves a row to another partition, its key has to stay"), "{hint}");
    let ids = rows(&world, "SELECT id::text FROM queue.job WHERE name = 'sms' LIMIT 1");
    let id = format!("sms:{}", ids[0]);
    let answer =
        world.run(world.store.apply_callback(&*world.machine, &id, &Report::new("completed")));
    assert!(matches!(answer.unwrap(), Answer::Applied { seq: 3, .. }));
    let (_folder, loaded) = loaded(table);
    holds(&look(&world, &loaded), &[]);
}
