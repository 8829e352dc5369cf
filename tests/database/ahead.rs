//! `migrate --database-url`: what a migration would be refused for is said before a file is written. And the
//! ways out of a key that SQLite gives again.

use phasegate_cli::draft::{Ask as Draft, draft};
use phasegate_cli::live;
use phasegate_codegen::Finding;
use phasegate_codegen::artifact::WriteMode;
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::migrate::{Ask, migrate};

use crate::common::live::looked;
use crate::folders::Project;

fn table(dialect: Dialect, more: &str) -> String {
    format!(
        "format = 1\nmachine = {{ name = \"order\", initial = \"new\" }}\n\
         state = [{{ name = \"new\" }}, {{ name = \"paid\" }}]\ntransition = [{{ path = [\"new\", \"paid\"] }}]\n\
         [target.sql]\nowns = false\nstorage = \"text\"\nkey_type = \"bigint\"\ndialects = [\"{0}\"]\n\
         migrations = {{ {0} = \"sql\" }}\n{more}\n",
        dialect.as_str()
    )
}

/// What is found before the next migration to the table.
async fn ahead(project: &Project, more: &str) -> Vec<Finding> {
    std::fs::write(project.path("table.toml"), table(project.dialect, more)).unwrap();
    let loaded = phasegate_codegen::load(&project.path("table.toml")).unwrap();
    live::ahead(&loaded, &project.url, false).await.unwrap()
}

/// Holds findings to rows of a rule and a part of the message.
#[track_caller]
fn holds(found: &[Finding], expected: &[(&str, &str)]) {
    let rules: Vec<&str> = found.iter().map(|finding| finding.rule.id).collect();
    let wanted: Vec<&str> = expected.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(rules, wanted, "{found:#?}");
    for (finding, (_, part)) in found.iter().zip(expected) {
        assert!(finding.message.contains(part), "{part:?}: {finding:#?}");
    }
}

/// Writes the next migration, and runs it where that is asked.
async fn step(project: &Project, more: &str, runs: bool) {
    std::fs::write(project.path("table.toml"), table(project.dialect, more)).unwrap();
    let loaded = phasegate_codegen::load(&project.path("table.toml")).unwrap();
    let migrated = migrate(&loaded, Ask::Changes, WriteMode::Write).unwrap();
    for file in migrated.files.iter().filter(|file| runs && file.ends_with(".sql")) {
        project.ok(&std::fs::read_to_string(project.path(file)).unwrap()).await;
    }
}

async fn what_would_be_refused_is_said(dialect: Dialect) {
    let project = Project::new(dialect, "sql", &[]).await;
    holds(&ahead(&project, "").await, &[("missing-table", "no table `orders`")]);
    project.ok("CREATE TABLE orders (id bigint, state text)").await;
    holds(&ahead(&project, "").await, &[("missing-column", "lacks the columns `status`")]);
    project.ok("ALTER TABLE orders ADD COLUMN status text; CREATE INDEX k ON orders (id)").await;
    project.ok("INSERT INTO orders (id, status) VALUES (1, 'new'), (1, 'lost'), (2, 'paid'), (NULL, NULL), (NULL, NULL)").await;
    let shared = ("key-shared", "1 key of `orders` (id) stands in several rows");
    let lost =
        ("rows-in-unknown-states", "`orders` are in states that the table lacks: `lost (1)`");
    let found = ahead(&project, "").await;
    holds(&found, &[shared, lost]);
    assert!(found.iter().all(Finding::is_error));
    holds(&ahead(&project, "mode = \"observe\"").await, &[shared]);
    // The migration refuses the same.
    step(&project, "", false).await;
    let loaded = phasegate_codegen::load(&project.path("table.toml")).unwrap();
    let file = migrate(&loaded, Ask::Changes, WriteMode::Check).unwrap().since.unwrap();
    let file = format!(
        "sql/{}_create_order.sql",
        file.trim_start_matches("sql/tables/").trim_end_matches(".toml")
    );
    let refused = project.run(&std::fs::read_to_string(project.path(&file)).unwrap()).await;
    assert!(refused.unwrap_err().contains("stands in several rows"));
}

/// What only the migration itself asks, it is asked for before it is written.
async fn what_cannot_be_guarded_is_said(dialect: Dialect) {
    let project = Project::new(dialect, "sql", &[]).await;
    let (own, why) = match dialect {
        Dialect::Postgres => (
            "CREATE TABLE orders (id timestamptz PRIMARY KEY, status text)",
            "its key id is of the type timestamp with time zone",
        ),
        Dialect::Sqlite => (
            "CREATE TABLE orders (id bigint PRIMARY KEY, status text); INSERT INTO orders VALUES (x'01', 'new')",
            "its key id is a BLOB",
        ),
    };
    project.ok(own).await;
    let found = ahead(&project, "mode = \"observe\"").await;
    holds(&found, &[("cannot-be-guarded", why)]);
    assert!(found[0].is_error());
}

async fn what_the_switch_to_enforce_would_be_refused_for_is_said(dialect: Dialect) {
    let project = Project::new(dialect, "sql", &[]).await;
    project.ok("CREATE TABLE orders (id bigint PRIMARY KEY, status text)").await;
    step(&project, "mode = \"observe\"", true).await;
    project.ok("INSERT INTO orders VALUES (1, 'new'), (2, 'lost')").await;
    let enforce = "mode = \"enforce\"";
    holds(&ahead(&project, enforce).await, &[("rows-in-unknown-states", "lost (1)")]);
    project.ok("UPDATE orders SET status = 'paid' WHERE id = 2").await;
    holds(&ahead(&project, enforce).await, &[]);
    // A row that the migration moves to its state's new name is in no unknown one.
    let text = table(dialect, enforce);
    let renamed = "{ name = \"settled\", renamed_from = \"paid\" }";
    let renamed =
        text.replacen("{ name = \"paid\" }", renamed, 1).replace("\"paid\"]", "\"settled\"]");
    std::fs::write(project.path("table.toml"), renamed).unwrap();
    let loaded = phasegate_codegen::load(&project.path("table.toml")).unwrap();
    holds(&live::ahead(&loaded, &project.url, false).await.unwrap(), &[]);
    // Where the guard enforces already, the next migration counts none of them.
    step(&project, enforce, true).await;
    let off = match dialect {
        Dialect::Postgres => "ALTER TABLE orders DISABLE TRIGGER ALL",
        Dialect::Sqlite => {
            "DROP TRIGGER \"000_order_guard_insert\"; DROP TRIGGER \"000_order_guard_insert_logged\""
        }
    };
    project.ok(&format!("{off}; INSERT INTO orders VALUES (3, 'lost')")).await;
    holds(&ahead(&project, enforce).await, &[]);
}

async fn keys_that_rows_share_are_no_matter_once_it_is_installed(dialect: Dialect) {
    let project = Project::new(dialect, "sql", &[]).await;
    project.ok("CREATE TABLE orders (id bigint, status text); CREATE INDEX k ON orders (id)").await;
    step(&project, "mode = \"observe\"", true).await;
    project.ok("INSERT INTO orders VALUES (1, 'new'), (1, 'new')").await;
    holds(&ahead(&project, "mode = \"enforce\"").await, &[]);
}

on_each_database! {
    [super::Dialect::Sqlite, super::Dialect::Postgres]
    what_would_be_refused_is_said
    what_cannot_be_guarded_is_said
    what_the_switch_to_enforce_would_be_refused_for_is_said
    keys_that_rows_share_are_no_matter_once_it_is_installed
}

#[tokio::test]
async fn a_key_that_sqlite_gives_again_is_found_and_the_ways_out_lead_on() {
    let project = Project::new(Dialect::Sqlite, "sql", &[]).await;
    project
        .ok("CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT NOT NULL DEFAULT 'new')")
        .await;
    let again = ("key-given-again", "`orders.id` is an INTEGER PRIMARY KEY without AUTOINCREMENT");
    holds(&ahead(&project, "").await, &[again]);
    let ask = Draft {
        url: &project.url,
        column: "orders.status",
        key: &[],
        history: None,
        history_where: None,
        noise: 0.01,
        values: &[],
        machine: None,
    };
    let drafted = draft(&ask).await.unwrap().text;
    assert!(
        drafted.contains(
            "# make the table anew with this key as INTEGER PRIMARY KEY AUTOINCREMENT.\n"
        )
    );
    step(&project, "", true).await;
    let loaded = phasegate_codegen::load(&project.path("table.toml")).unwrap();
    let found = looked(live::look(&loaded, &project.url).await).findings;
    holds(&found, &[again]);
    assert!(!found[0].is_error());
    // The newest row is deleted, and its number given again.
    let insert = "INSERT INTO orders DEFAULT VALUES";
    project.ok(&format!("{insert}; {insert}; DELETE FROM orders WHERE id = 2")).await;
    for _ in 0..2 {
        let refused = project.run(insert).await.unwrap_err();
        assert!(refused.contains("the key of orders cannot be used again"), "{refused}");
    }
    // A number above those of the history, as the help gives it.
    let number = found[0].help.split_once("(SELECT max").unwrap().1;
    project.ok(&format!("INSERT INTO orders (id) VALUES ((SELECT max{number})")).await;
    project.ok(insert).await;
    project.ok("DELETE FROM orders WHERE id = 4").await;
    assert!(project.run(insert).await.is_err());
    // The table made anew, as the page on databases has it.
    let page = include_str!("../../docs/databases.md");
    let (_, block) = page.split_once("```sql\nCREATE TABLE new_orders").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let block = block.replace(", sent_at TEXT", "");
    let artifacts = phasegate_codegen::render(&loaded, &[&phasegate_codegen::emit::sql::Sql]);
    let guards = artifacts.into_iter().find(|file| file.path.ends_with("/sqlite-guards.sql"));
    project
        .ok(&format!("BEGIN; CREATE TABLE new_orders{block} {}; COMMIT", guards.unwrap().text))
        .await;
    project.ok(insert).await;
    assert_eq!(
        project.rows("SELECT CAST(max(id) AS text) FROM orders").await,
        [[Some("5".to_owned())]]
    );
    holds(&looked(live::look(&loaded, &project.url).await).findings, &[]);
}
