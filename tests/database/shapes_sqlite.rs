//! A scheduler's status column in SQLite, made anew again and again by the application's own tool: drafted,
//! adopted, observed, enforced, dumped, restored, pruned and let go again.

use std::process::Command;

use phasegate_cli::draft::{self, draft};
use phasegate_codegen::artifact::WriteMode;
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::migrate::{Ask, migrate};

use crate::common::sql;
use crate::folders::Project;

const LEGAL: &str = "INSERT INTO task_instance (id) VALUES (7); UPDATE task_instance SET state = 'running' WHERE id = 7;
    UPDATE task_instance SET state = 'done' WHERE id = 7";
const ILLEGAL: &str = "UPDATE task_instance SET state = 'running' WHERE id = 7";
const HISTORY: &str = "SELECT group_concat(task_id || from_state || to_state, ' ') FROM (SELECT task_id, coalesce(from_state, '') || '>' AS from_state, to_state FROM task_events ORDER BY task_id, seq)";

fn table(mode: &str) -> String {
    format!(
        "format = 1\nmachine = {{ name = \"task\", initial = \"queued\" }}\n\
         state = [{{ name = \"queued\" }}, {{ name = \"running\" }}, {{ name = \"done\", outcome = \"success\" }}]\n\
         transition = [{{ path = [\"queued\", \"running\", \"done\"] }}]\n\
         [target.sql]\nowns = false\ntable = \"task_instance\"\ncolumn = \"state\"\nstorage = \"text\"\n\
         key_type = \"bigint\"\nmode = \"{mode}\"\ndialects = [\"sqlite\"]\nmigrations = {{ sqlite = \"sql\" }}\n"
    )
}

/// Writes a step and runs its files, each as one.
async fn run(project: &Project, ask: Ask) {
    let loaded = phasegate_codegen::load(&project.path("table.toml")).unwrap();
    let migrated = migrate(&loaded, ask, WriteMode::Write).unwrap();
    assert!(migrated.is_possible() && !migrated.files.is_empty(), "{migrated:?}");
    for file in migrated.files.iter().filter(|file| file.ends_with(".sql")) {
        let text = std::fs::read_to_string(project.path(file)).unwrap();
        project.ok(&format!("BEGIN;\n{text}\nCOMMIT")).await;
    }
}

/// The table made anew with one more column, as Alembic's batch mode and Django do it, and its guards put
/// back by the generated file.
async fn rebuilt(project: &Project, column: &str) {
    let columns =
        "id INTEGER PRIMARY KEY AUTOINCREMENT, state VARCHAR(20) NOT NULL DEFAULT 'queued'";
    project
        .ok(&format!(
            "PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE _alembic_tmp_task_instance ({columns}, {column} TEXT);
             INSERT INTO _alembic_tmp_task_instance (id, state) SELECT id, state FROM task_instance; DROP TABLE task_instance;
             ALTER TABLE _alembic_tmp_task_instance RENAME TO task_instance; COMMIT"
        ))
        .await;
    let loaded = phasegate_codegen::load(&project.path("table.toml")).unwrap();
    let artifacts = phasegate_codegen::render(&loaded, &[&phasegate_codegen::emit::sql::Sql]);
    let guards =
        artifacts.into_iter().find(|file| file.path.ends_with("sqlite-guards.sql")).unwrap();
    project.ok(&guards.text).await;
}

async fn judges(project: &Project) {
    let said = project.run(ILLEGAL).await.expect_err(ILLEGAL);
    assert!(said.contains("phasegate: illegal transition of task from done"), "{said}");
}

async fn history(project: &Project) -> String {
    project.rows(HISTORY).await[0][0].clone().unwrap()
}

/// The shell's output.
fn shell(file: &str, input: &str) -> String {
    let ran = Command::new("sqlite3").args([file, input]).output().expect("there is sqlite3");
    assert!(ran.status.success(), "{ran:?}");
    String::from_utf8(ran.stdout).unwrap()
}

#[tokio::test]
#[ignore = "needs sqlite3: run by tests/run"]
async fn a_table_that_its_own_tool_makes_anew_goes_all_the_way() {
    let project = Project::new(Dialect::Sqlite, "sql", &[]).await;
    project
        .ok("CREATE TABLE task_instance (id INTEGER PRIMARY KEY AUTOINCREMENT, state VARCHAR(20) NOT NULL DEFAULT 'queued');
             INSERT INTO task_instance (state) VALUES ('running')")
        .await;
    let ask = draft::Ask {
        url: &project.url,
        column: "task_instance.state",
        key: &[],
        history: None,
        history_where: None,
        noise: 0.01,
        values: &[],
        machine: None,
    };
    let text = draft(&ask).await.unwrap().text;
    let drafted = sql::machine(&text);
    assert_eq!(drafted.state(drafted.initial[0]).value, "queued", "{text}");

    std::fs::write(project.path("table.toml"), table("observe")).unwrap();
    run(&project, Ask::Changes).await;
    rebuilt(&project, "pool").await;
    project
        .ok("UPDATE task_instance SET state = 'queued'; UPDATE task_instance SET state = 'running'")
        .await;
    let observed = project.rows("SELECT CAST(sum(\"count\") AS text) FROM task_observed").await;
    assert_eq!(observed[0][0].as_deref(), Some("1"), "it was counted");

    std::fs::write(project.path("table.toml"), table("enforce")).unwrap();
    run(&project, Ask::Changes).await;
    project.is_current().await;
    project.ok(LEGAL).await;
    judges(&project).await;
    rebuilt(&project, "queue").await;
    project.is_current().await;
    judges(&project).await;
    let kept = history(&project).await;
    assert_eq!(
        kept,
        "1>running 1running>queued 1queued>running 7>queued 7queued>running 7running>done"
    );

    // A dump of the schema judges at once; one of everything has the history, too.
    let file = project.url.trim_start_matches("sqlite://").to_owned();
    let bare = Project::new(Dialect::Sqlite, "sql", &[]).await;
    bare.ok(&shell(&file, ".schema --nosys")).await;
    bare.ok(LEGAL).await;
    judges(&bare).await;
    let whole = Project::new(Dialect::Sqlite, "sql", &[]).await;
    let to = whole.url.trim_start_matches("sqlite://").to_owned();
    whole.ok(&shell(&file, ".dump")).await;
    assert!(to != file && history(&whole).await == kept);
    judges(&whole).await;

    project.ok("INSERT INTO task_prune (\"before\") VALUES ('2999-01-01T00:00:00.000Z')").await;
    assert_eq!(history(&project).await, "1>running 1running>queued 1queued>running 7running>done");
    judges(&project).await;
    project.ok("DELETE FROM task_instance WHERE id = 7").await;
    assert!(
        project.run("INSERT INTO task_instance (id) VALUES (7)").await.is_err(),
        "the key is used"
    );
    run(&project, Ask::Remove).await;
    let left = "SELECT name FROM sqlite_master WHERE name LIKE 'task\\_%' ESCAPE '\\' AND name <> 'task_instance' OR name LIKE '000%'";
    assert!(project.rows(left).await.is_empty(), "something is left");
    project.ok("UPDATE task_instance SET state = 'queued' WHERE id = 1").await;
}
