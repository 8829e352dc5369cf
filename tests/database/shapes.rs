//! Status columns in the shapes that public schemas have: each is drafted, adopted, observed, enforced,
//! dumped, restored, pruned and let go again, on a real server.

use phasegate_cli::draft::{self, draft};
use phasegate_codegen::artifact::WriteMode;
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::migrate::{Ask, migrate};

use crate::common::cluster::database;
use crate::common::sql::{self, Db as _, ok};
use crate::folders::Project;
use crate::postgres::lives::{dump, program};

/// A table of an application's, and what it does with it.
struct Shape {
    /// What the application made, with a row in a state that it started in.
    own: &'static str,
    /// `[SCHEMA.]TABLE.COLUMN`, and what its numbers stand for.
    column: &'static str,
    values: &'static [&'static str],
    /// A log of several kinds that the draft reads its steps from, and which rows of it are this one's.
    log: Option<(&'static str, &'static str)>,
    /// The value that a draft has rows start in: the column's default.
    initial: &'static str,
    /// The transition table, from its states on.
    table: &'static str,
    /// Takes the row that was there through a step that no transition allows, and to where it was.
    astray: &'static str,
    /// A new row, and its legal steps.
    legal: &'static str,
    /// A step of that row that no transition allows.
    illegal: &'static str,
}

fn table(shape: &Shape, mode: &str) -> String {
    format!(
        "format = 1\n{}\nowns = false\nmode = \"{mode}\"\ndialects = [\"postgres\"]\n\
         migrations = {{ postgres = \"sql\" }}\n",
        shape.table
    )
}

/// Writes a step and runs its files, each as one.
async fn run(project: &Project, ask: Ask) {
    let loaded = phasegate_codegen::load(&project.path("table.toml")).unwrap();
    let migrated = migrate(&loaded, ask, WriteMode::Write).unwrap();
    assert!(migrated.is_possible() && !migrated.files.is_empty(), "{migrated:?}");
    for file in migrated.files.iter().filter(|file| file.ends_with(".sql")) {
        project.ok(&std::fs::read_to_string(project.path(file)).unwrap()).await;
    }
}

/// That a database judges: the illegal step is refused, in the words and the fields of the guard.
async fn judges(url: &str, shape: &Shape) {
    let said = sql::connect(url).await.run(shape.illegal).await.expect_err(shape.illegal);
    assert!(said.starts_with("phasegate: illegal transition"), "{said}");
}

/// The whole history, as one text.
async fn history(url: &str, events: &str) -> String {
    let all = format!("SELECT string_agg(e::text, E'\\n' ORDER BY e::text) FROM {events} e");
    sql::connect(url).await.rows(&all).await[0][0].clone().unwrap()
}

async fn goes_all_the_way(shape: Shape) {
    let project = Project::new(Dialect::Postgres, "sql", &[]).await;
    project.ok(shape.own).await;
    let values: Vec<String> = shape.values.iter().map(|value| (*value).to_owned()).collect();
    let ask = draft::Ask {
        url: &project.url,
        column: shape.column,
        key: &[],
        history: shape.log.map(|(log, _)| log),
        history_where: shape.log.map(|(_, of)| of),
        noise: 0.01,
        values: &values,
        machine: None,
    };
    let text = draft(&ask).await.unwrap().text;
    let drafted = sql::machine(&text);
    assert_eq!(drafted.state(drafted.initial[0]).value, shape.initial, "{text}");
    let meant = sql::machine(&table(&shape, "observe"));
    let strange = |value: &str| meant.find_value(value).is_none();
    assert!(!drafted.states.iter().any(|state| strange(&state.value)), "{text}");

    std::fs::write(project.path("table.toml"), table(&shape, "observe")).unwrap();
    run(&project, Ask::Changes).await;
    let machine = sql::machine(&table(&shape, "observe"));
    let sql_target = machine.targets.sql().unwrap();
    let schema = sql_target.schema.as_deref().unwrap_or("public");
    let at = |name: &str| format!("\"{schema}\".\"{}_{name}\"", machine.name);
    let events = at("events");
    project.ok(shape.astray).await;
    let observed = project.rows(&format!("SELECT sum(count)::text FROM {}", at("observed"))).await;
    assert_ne!(observed[0][0].as_deref().unwrap_or("0"), "0", "it was counted");

    std::fs::write(project.path("table.toml"), table(&shape, "enforce")).unwrap();
    run(&project, Ask::Changes).await;
    project.is_current().await;
    project.ok(shape.legal).await;
    judges(&project.url, &shape).await;
    let kept = history(&project.url, &events).await;

    // The schema judges at once, and takes the rows and the history afterwards.
    let bare = database().await;
    ok(&mut sql::connect(&bare).await, &dump(&project.url, &["--schema-only"])).await;
    ok(&mut sql::connect(&bare).await, shape.legal).await;
    judges(&bare, &shape).await;
    let later = database().await;
    ok(&mut sql::connect(&later).await, &dump(&project.url, &["--schema-only"])).await;
    let data = ["--data-only", "--disable-triggers", "--inserts"];
    ok(&mut sql::connect(&later).await, &dump(&project.url, &data)).await;
    judges(&later, &shape).await;
    assert_eq!(history(&later, &events).await, kept);

    // All of it, dumped by a role that may read and no more, restored by two workers in whatever order.
    let role = format!("reads_{}", project.url.rsplit('/').next().unwrap());
    project.ok(&format!("CREATE ROLE {role} LOGIN IN ROLE pg_read_all_data")).await;
    let reader = project.url.replace("postgres@", &format!("{role}@"));
    let file = project.path("all.dump");
    let file = file.to_str().unwrap();
    let dumped = program("pg_dump", &reader, &["--format=custom", "--file", file]);
    assert!(dumped.status.success(), "{dumped:?}");
    project.ok(&format!("DROP ROLE {role}")).await;
    let whole = database().await;
    // Its last argument is the file; the address goes before it.
    // Of a partitioned table pg_restore may make the triggers before its workers have loaded the partitions,
    // where it is not told to load first: the parent itself has no rows that they would wait for.
    let sections: &[&[&str]] = match shape.own.contains("PARTITION BY") {
        true => &[&["--section=pre-data"], &["--section=data"], &["--section=post-data"]],
        false => &[&[]],
    };
    for section in sections {
        let all = [&["--exit-on-error", "-j", "2", "-d", &whole], *section].concat();
        let restored = program("pg_restore", file, &all);
        assert!(restored.status.success(), "{restored:?}");
    }
    judges(&whole, &shape).await;
    assert_eq!(history(&whole, &events).await, kept);

    let prune = format!("SELECT {}(now() + interval '1 day')::text", at("prune"));
    let pruned = project.rows(&prune).await[0][0].clone().unwrap();
    assert_ne!(pruned, "0", "a row that ended has steps that may go");
    judges(&project.url, &shape).await;
    run(&project, Ask::Remove).await;
    project.ok(shape.illegal).await;
    let left = format!(
        "SELECT proname::text FROM pg_proc WHERE pronamespace = '{schema}'::regnamespace AND starts_with(proname, '{}_')",
        machine.name
    );
    assert!(project.rows(&left).await.is_empty(), "something is left");
}

/// Each shape is a test.
macro_rules! shapes {
    ($($(#[$why:meta])* $name:ident $shape:expr;)*) => {
        $($(#[$why])*
        #[tokio::test]
        #[ignore = "needs PostgreSQL 15: run by tests/run"]
        async fn $name() {
            goes_all_the_way($shape).await;
        })*
    };
}

shapes! {
    /// A job queue's table.
    an_enum_with_a_check_that_ties_a_time_to_it Shape {
        own: "CREATE TYPE job_state AS ENUM ('available', 'running', 'completed', 'cancelled', 'discarded');
              CREATE TABLE river_job (id bigserial PRIMARY KEY, state job_state NOT NULL DEFAULT 'available', finalized_at timestamptz,
                CHECK ((finalized_at IS NOT NULL) = (state IN ('completed', 'cancelled', 'discarded'))));
              INSERT INTO river_job (state) VALUES ('running')",
        column: "river_job.state",
        values: &[],
        log: None,
        initial: "available",
        table: r#"machine = { name = "job", initial = "available" }
state = [{ name = "available" }, { name = "running" }, { name = "completed", outcome = "success" }, { name = "cancelled", outcome = "cancelled" }, { name = "discarded", outcome = "failure" }]
transition = [{ path = ["available", "running", "completed"] }, { from = ["available", "running"], to = ["cancelled", "discarded"] }]
[target.sql]
table = "river_job"
column = "state"
key_type = "bigint""#,
        astray: "UPDATE river_job SET state = 'available'; UPDATE river_job SET state = 'running'",
        legal: "INSERT INTO river_job (id) VALUES (7); UPDATE river_job SET state = 'running' WHERE id = 7;
                SELECT job_force(7, 'discarded', 'stuck', '{\"finalized_at\": \"2026-01-01T00:00:00Z\"}')",
        illegal: "UPDATE river_job SET state = 'available', finalized_at = NULL WHERE id = 7",
    };
    /// A job queue on PostgreSQL.
    a_queue_that_is_partitioned_by_its_name Shape {
        own: "CREATE SCHEMA queue; CREATE TYPE queue.job_state AS ENUM ('created', 'active', 'completed');
              CREATE TABLE queue.job (id uuid NOT NULL, name text NOT NULL, state queue.job_state NOT NULL DEFAULT 'created', PRIMARY KEY (name, id)) PARTITION BY LIST (name);
              CREATE TABLE queue.mail PARTITION OF queue.job FOR VALUES IN ('mail'); CREATE TABLE queue.others PARTITION OF queue.job DEFAULT;
              INSERT INTO queue.job VALUES ('00000000-0000-4000-8000-000000000001', 'mail', 'active')",
        column: "queue.job.state",
        values: &[],
        log: None,
        initial: "created",
        table: r#"machine = { name = "task", initial = "created" }
state = [{ name = "created" }, { name = "active" }, { name = "completed", outcome = "success" }]
transition = [{ path = ["created", "active", "completed"] }]
[target.sql]
schema = "queue"
table = "job"
column = "state"
key = ["name", "id"]
key_type = ["text", "uuid"]"#,
        astray: "UPDATE queue.job SET state = 'created'; UPDATE queue.job SET state = 'active'",
        legal: "INSERT INTO queue.job VALUES ('00000000-0000-4000-8000-000000000002', 'sms');
                UPDATE queue.others SET state = 'active'; UPDATE queue.job SET state = 'completed' WHERE name = 'sms'",
        illegal: "UPDATE queue.job SET state = 'created' WHERE name = 'sms'",
    };
    /// An orchestrator's read model.
    a_table_that_is_partitioned_by_its_status Shape {
        own: "CREATE TABLE runs (id text, status text NOT NULL DEFAULT 'new', PRIMARY KEY (id, status)) PARTITION BY LIST (status);
              CREATE TABLE runs_open PARTITION OF runs FOR VALUES IN ('new', 'busy'); CREATE TABLE runs_done PARTITION OF runs FOR VALUES IN ('done');
              INSERT INTO runs VALUES ('old', 'busy')",
        column: "runs.status",
        values: &[],
        log: None,
        initial: "new",
        table: r#"machine = { name = "run", initial = "new" }
state = [{ name = "new" }, { name = "busy" }, { name = "done", outcome = "success" }]
transition = [{ path = ["new", "busy", "done"] }]
[target.sql]
table = "runs"
storage = "text""#,
        astray: "UPDATE runs SET status = 'new'; UPDATE runs SET status = 'busy'",
        legal: "INSERT INTO runs (id) VALUES ('a'); UPDATE runs SET status = 'busy' WHERE id = 'a'; UPDATE runs SET status = 'done' WHERE id = 'a'",
        illegal: "UPDATE runs SET status = 'busy' WHERE id = 'a'",
    };
    /// A builder's jobs, whose rows go with those of another table.
    a_table_in_partitions_whose_rows_follow_another_s Shape {
        own: "CREATE TABLE pipelines (id bigint, partition_id bigint, PRIMARY KEY (partition_id, id)) PARTITION BY LIST (partition_id);
              CREATE TABLE pipelines_100 PARTITION OF pipelines FOR VALUES IN (100, 101);
              CREATE TABLE builds (status varchar, id bigserial, partition_id bigint NOT NULL, commit_id bigint, lock_version integer DEFAULT 0 CHECK (lock_version IS NOT NULL),
                PRIMARY KEY (id, partition_id), FOREIGN KEY (partition_id, commit_id) REFERENCES pipelines (partition_id, id) ON UPDATE CASCADE ON DELETE CASCADE) PARTITION BY LIST (partition_id);
              CREATE TABLE builds_100 PARTITION OF builds FOR VALUES IN (100); CREATE TABLE builds_101 PARTITION OF builds FOR VALUES IN (101);
              CREATE INDEX ON builds (status) WHERE status IN ('running', 'pending');
              INSERT INTO pipelines VALUES (1, 100), (2, 101); INSERT INTO builds (status, partition_id, commit_id) VALUES ('created', 100, 1)",
        column: "builds.status",
        values: &[],
        log: None,
        initial: "created",
        table: r#"machine = { name = "build", initial = ["created", "manual"] }
state = [{ name = "created" }, { name = "manual" }, { name = "pending" }, { name = "running" }, { name = "success", outcome = "success" }, { name = "canceled", outcome = "cancelled" }]
transition = [{ path = ["created", "pending", "running", "success"] }, { from = "manual", to = "pending" }, { from = ["created", "pending", "running"], to = "canceled" }]
[target.sql]
key = ["id", "partition_id"]
key_type = ["bigint", "bigint"]
storage = "text""#,
        astray: "UPDATE builds SET status = 'running'; UPDATE builds SET status = 'created'",
        legal: "INSERT INTO pipelines VALUES (2, 101) ON CONFLICT DO NOTHING;
                INSERT INTO builds (id, status, partition_id, commit_id) VALUES (7, 'manual', 101, 2), (8, 'created', 101, 2);
                UPDATE builds SET status = 'pending', lock_version = lock_version + 1 WHERE id = 7 AND lock_version = 0;
                UPDATE builds b SET status = 'running' FROM (SELECT id, partition_id FROM builds WHERE status = 'pending' FOR UPDATE SKIP LOCKED) s
                  WHERE (b.id, b.partition_id) = (s.id, s.partition_id);
                UPDATE builds SET status = 'success' WHERE id = 7; UPDATE builds SET status = 'canceled' WHERE id = 8",
        illegal: "UPDATE builds SET status = 'pending' WHERE id = 7",
    };
    /// A shop's payment table.
    a_text_with_a_check_and_a_default_in_the_middle Shape {
        own: "CREATE TABLE payments (id serial PRIMARY KEY, status varchar(20) NOT NULL DEFAULT 'pending'
                CHECK (status IN ('captured', 'pending', 'refunded', 'void')));
              INSERT INTO payments (status) VALUES ('captured')",
        column: "payments.status",
        values: &[],
        log: None,
        initial: "pending",
        table: r#"machine = { name = "payment", initial = "pending" }
state = [{ name = "pending" }, { name = "captured" }, { name = "refunded", outcome = "neutral" }, { name = "void", outcome = "cancelled" }]
transition = [{ path = ["pending", "captured", "refunded"] }, { from = "pending", to = "void" }]
[target.sql]
key_type = "integer"
storage = "text""#,
        astray: "UPDATE payments SET status = 'pending'; UPDATE payments SET status = 'captured'",
        legal: "INSERT INTO payments (id) VALUES (7); UPDATE payments SET status = 'captured' WHERE id = 7; UPDATE payments SET status = 'refunded' WHERE id = 7",
        illegal: "UPDATE payments SET status = 'pending' WHERE id = 7",
    };
    /// Billing and a support desk, both on Rails.
    integers_from_0_on Shape {
        own: "CREATE TABLE conversations (id bigserial PRIMARY KEY, status integer NOT NULL DEFAULT 0 CHECK (status IN (0, 1, 2)));
              INSERT INTO conversations (status) VALUES (1)",
        column: "conversations.status",
        values: &["open=0", "pending=1", "resolved=2"],
        log: None,
        initial: "open",
        table: r#"machine = { name = "conversation", initial = "open" }
state = [{ name = "open", number = 0 }, { name = "pending", number = 1 }, { name = "resolved", number = 2, outcome = "success" }]
transition = [{ path = ["open", "pending", "resolved"] }]
[target.sql]
key_type = "bigint"
storage = "integer""#,
        astray: "UPDATE conversations SET status = 0; UPDATE conversations SET status = 1",
        legal: "INSERT INTO conversations (id) VALUES (7); UPDATE conversations SET status = 1 WHERE id = 7; UPDATE conversations SET status = 2 WHERE id = 7",
        illegal: "UPDATE conversations SET status = 0 WHERE id = 7",
    };
    /// An orchestrator.
    labels_of_mixed_case_that_two_tables_share Shape {
        own: "CREATE TYPE \"RunState\" AS ENUM ('NotStarted', 'InProgress', 'Finished');
              CREATE TABLE \"FlowRuns\" (\"Id\" uuid PRIMARY KEY, \"State\" \"RunState\" NOT NULL DEFAULT 'NotStarted');
              CREATE TABLE \"TaskRuns\" (\"Id\" uuid PRIMARY KEY, \"State\" \"RunState\");
              INSERT INTO \"FlowRuns\" VALUES ('00000000-0000-4000-8000-000000000001', 'InProgress')",
        column: "FlowRuns.State",
        values: &[],
        log: None,
        initial: "NotStarted",
        table: r#"machine = { name = "flow_run", initial = "not_started" }
state = [{ name = "not_started", value = "NotStarted" }, { name = "in_progress", value = "InProgress" }, { name = "finished", value = "Finished", outcome = "success" }]
transition = [{ path = ["not_started", "in_progress", "finished"] }]
[target.sql]
table = "FlowRuns"
column = "State"
key = "Id"
key_type = "uuid""#,
        astray: "UPDATE \"FlowRuns\" SET \"State\" = 'NotStarted'; UPDATE \"FlowRuns\" SET \"State\" = 'InProgress'",
        legal: "INSERT INTO \"FlowRuns\" VALUES ('00000000-0000-4000-8000-000000000002');
                UPDATE \"FlowRuns\" SET \"State\" = 'InProgress' WHERE \"Id\" = '00000000-0000-4000-8000-000000000002';
                UPDATE \"FlowRuns\" SET \"State\" = 'Finished' WHERE \"Id\" = '00000000-0000-4000-8000-000000000002'",
        illegal: "UPDATE \"FlowRuns\" SET \"State\" = 'InProgress' WHERE \"Id\" = '00000000-0000-4000-8000-000000000002'",
    };
    /// Billing.
    null_that_stands_for_not_started Shape {
        own: "CREATE TABLE invoices (id bigint PRIMARY KEY, status text DEFAULT 'pending'); INSERT INTO invoices VALUES (1, 'sent')",
        column: "invoices.status",
        values: &[],
        log: None,
        initial: "pending",
        table: r#"machine = { name = "invoice", initial = "pending" }
state = [{ name = "pending" }, { name = "sent" }, { name = "paid", outcome = "success" }]
transition = [{ path = ["pending", "sent", "paid"] }]
[target.sql]
key_type = "bigint"
storage = "text"
null = "pending""#,
        astray: "UPDATE invoices SET status = NULL; UPDATE invoices SET status = 'sent'",
        legal: "INSERT INTO invoices VALUES (7, NULL); UPDATE invoices SET status = 'sent' WHERE id = 7; UPDATE invoices SET status = 'paid' WHERE id = 7",
        illegal: "UPDATE invoices SET status = NULL WHERE id = 7",
    };
    /// A provisioner's jobs.
    a_status_that_is_generated_and_stored Shape {
        own: "CREATE TABLE builds (id bigint PRIMARY KEY, started_at timestamptz, completed_at timestamptz, status text GENERATED ALWAYS AS (
                CASE WHEN completed_at IS NOT NULL THEN 'done' WHEN started_at IS NOT NULL THEN 'running' ELSE 'pending' END) STORED);
              INSERT INTO builds (id, started_at) VALUES (1, '2026-01-01')",
        column: "builds.status",
        values: &[],
        log: None,
        initial: "running",
        table: r#"machine = { name = "build", initial = "pending" }
state = [{ name = "pending" }, { name = "running" }, { name = "done", outcome = "success" }]
transition = [{ path = ["pending", "running", "done"] }]
[target.sql]
key_type = "bigint"
storage = "text""#,
        astray: "UPDATE builds SET started_at = NULL; UPDATE builds SET started_at = '2026-01-01'",
        legal: "INSERT INTO builds (id) VALUES (7); SELECT build_force(7, 'done', 'done by hand', '{\"started_at\": \"2026-01-01\", \"completed_at\": \"2026-01-01\"}')",
        illegal: "UPDATE builds SET completed_at = NULL WHERE id = 7",
    };
    /// Names as long as PostgreSQL takes them, and labels that need quotes.
    a_table_of_63_bytes_with_labels_of_all_kinds Shape {
        own: "CREATE TABLE a_table_whose_name_has_as_many_bytes_as_a_name_of_this_may_have (id bigint PRIMARY KEY, status text DEFAULT 'not yet');
              INSERT INTO a_table_whose_name_has_as_many_bytes_as_a_name_of_this_may_have VALUES (1, 'it''s on-going')",
        column: "a_table_whose_name_has_as_many_bytes_as_a_name_of_this_may_have.status",
        values: &[],
        log: None,
        initial: "not yet",
        table: r#"machine = { name = "thing", initial = "not_yet" }
state = [{ name = "not_yet", value = "not yet" }, { name = "going", value = "it's on-going" }, { name = "over", value = "vorüber", outcome = "success" }]
transition = [{ path = ["not_yet", "going", "over"] }]
[target.sql]
table = "a_table_whose_name_has_as_many_bytes_as_a_name_of_this_may_have"
key_type = "bigint"
storage = "text""#,
        astray: "UPDATE a_table_whose_name_has_as_many_bytes_as_a_name_of_this_may_have SET status = 'not yet';
                 UPDATE a_table_whose_name_has_as_many_bytes_as_a_name_of_this_may_have SET status = 'it''s on-going'",
        legal: "INSERT INTO a_table_whose_name_has_as_many_bytes_as_a_name_of_this_may_have (id) VALUES (7);
                UPDATE a_table_whose_name_has_as_many_bytes_as_a_name_of_this_may_have SET status = 'it''s on-going' WHERE id = 7;
                UPDATE a_table_whose_name_has_as_many_bytes_as_a_name_of_this_may_have SET status = 'vorüber' WHERE id = 7",
        illegal: "UPDATE a_table_whose_name_has_as_many_bytes_as_a_name_of_this_may_have SET status = 'it''s on-going' WHERE id = 7",
    };
    /// A shop, whose orders and shipments have one log.
    a_history_in_one_log_for_several_kinds Shape {
        own: "CREATE TABLE orders (id bigserial PRIMARY KEY, state text NOT NULL DEFAULT 'cart');
              CREATE TABLE shipments (id bigserial PRIMARY KEY, state text NOT NULL DEFAULT 'pending');
              CREATE TABLE state_changes (id bigserial PRIMARY KEY, stateful_type text, stateful_id bigint, previous_state text, next_state text,
                created_at timestamptz NOT NULL DEFAULT clock_timestamp());
              INSERT INTO orders (state) VALUES ('address'); INSERT INTO shipments (state) VALUES ('shipped');
              INSERT INTO state_changes (stateful_type, stateful_id, next_state) VALUES ('Order', 1, 'cart'), ('Shipment', 1, 'pending');
              INSERT INTO state_changes (stateful_type, stateful_id, previous_state, next_state) VALUES ('Shipment', 1, 'pending', 'shipped'), ('Order', 1, 'cart', 'address')",
        column: "orders.state",
        values: &[],
        log: Some(("state_changes.stateful_id,next_state,created_at", "stateful_type = 'Order'")),
        initial: "cart",
        table: r#"machine = { name = "order", initial = "cart" }
state = [{ name = "cart" }, { name = "address" }, { name = "complete", outcome = "success" }]
transition = [{ path = ["cart", "address", "complete"] }]
[target.sql]
column = "state"
key_type = "bigint"
storage = "text""#,
        astray: "UPDATE orders SET state = 'cart'; UPDATE orders SET state = 'address'",
        legal: "INSERT INTO orders (id) VALUES (7); UPDATE orders SET state = 'address' WHERE id = 7; UPDATE orders SET state = 'complete' WHERE id = 7",
        illegal: "UPDATE orders SET state = 'cart' WHERE id = 7",
    };
}
