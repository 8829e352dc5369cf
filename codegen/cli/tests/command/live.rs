//! `check --database-url` as a process: exit codes, formats, and what it never prints.

use crate::binary::Folder;
use crate::common::DEPLOY;
use crate::migrations::TABLE;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqliteConnection};

/// A folder with the deploy table and its schema, and a database next to it.
fn deployed(sql: &str) -> Folder {
    let table = DEPLOY.replace("#:schema ./generated/machine.schema.json\n", "");
    let folder = Folder::with("deploy.toml", &table);
    folder.run(&["generate"]);
    let schema = folder.read("generated/sql/sqlite.sql");
    let url = format!("sqlite:{}?mode=rwc", folder.path("live.db").display());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        connection.execute(AssertSqlSafe(schema + sql)).await.unwrap();
        connection.close().await.unwrap();
    });
    folder
}

#[test]
fn says_in_a_line_what_is_deployed_where_all_is_well() {
    let folder = deployed("INSERT INTO deploys (id) VALUES ('a'), ('b');");
    let ran = folder.run(&["check", "--database-url", "sqlite:live.db"]);
    let said = "deploy.toml on sqlite:live.db: language 775a73dba2dc4ce4, 2 rows (2 queued): all as \
                the table gives it\n";
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), said, ""));
    let ran = folder.run(&["check", "--database-url", "sqlite:live.db", "--format", "json"]);
    let expected = serde_json::json!({ "findings": [], "databases": [{
        "table": "deploy.toml", "database": "sqlite:live.db", "language": "775a73dba2dc4ce4",
        "at": "deploy.toml", "rows": { "queued": 2 }, "removed": false,
    }] });
    assert_eq!((ran.code, ran.json()), (Some(0), expected));
}

#[test]
fn looks_at_every_table_of_the_folder_whose_rows_such_a_database_has() {
    let folder = deployed("");
    let other = |name: &str| TABLE.replace("\"job\"", &format!("\"{name}\""));
    folder.write("script.toml", other("script").replace("[target.sql]\n", ""));
    folder.write("away.toml", other("away") + "dialects = [\"postgres\"]\n");
    let ran = folder.run(&["check", "--database-url", "sqlite:live.db"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.starts_with("deploy.toml on sqlite:live.db") && ran.out.lines().count() == 1,
        "{ran:?}"
    );
    folder.write("job.toml", TABLE);
    let ran = folder.run(&["check", "--database-url", "sqlite:live.db"]);
    assert!(ran.out.contains("job.toml on sqlite:live.db"), "{ran:?}");
    assert_eq!(ran.code, Some(1), "nothing of its is there: {ran:?}");
    for table in ["deploy.toml", "job.toml"] {
        folder.remove(table);
    }
    let ran = folder.run(&["check", "--database-url", "sqlite:live.db"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("has a [target.sql] with \"sqlite\" among its `dialects`"), "{ran:?}");
}

#[test]
fn exits_with_1_where_something_is_found_in_every_format() {
    let folder = deployed("DROP TRIGGER \"000_deploy_guard_update\";");
    let ran = |format: &str| {
        folder.run(&["check", "--database-url", "sqlite:live.db", "--format", format])
    };
    let text = ran("text");
    assert_eq!(text.code, Some(1));
    assert!(text.out.contains("error[missing-trigger]: the trigger `000_deploy_guard_update`"));
    assert!(text.out.ends_with(": 1 finding\n"), "{}", text.out);
    let json = ran("json");
    assert_eq!(
        (json.code, json.json()["findings"][0]["rule"].as_str()),
        (Some(1), Some("missing-trigger"))
    );
    assert_eq!(json.json()["findings"][0]["path"], "deploy.toml");
    let github = ran("github");
    assert_eq!(github.code, Some(1));
    assert!(
        github.out.starts_with("::error file=deploy.toml,title=missing-trigger::"),
        "{github:?}"
    );
}

#[test]
fn exits_with_2_where_it_cannot_look_and_prints_no_password() {
    let folder = deployed("");
    for url in [
        "sqlite:nowhere.db",
        "postgres://u:s3cret@127.0.0.1:1/x",
        "postgres://u:s3cret@:x/x",
        "mysql://u:s3cret@h/x",
        "u:s3cret@h/x",
        "",
    ] {
        let ran = folder.run(&["check", "--database-url", url]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{url}: {ran:?}");
        assert!(ran.err.starts_with("phasegate: ") && !ran.err.contains("s3cret"), "{ran:?}");
    }
    assert!(!folder.path("nowhere.db").exists(), "no database is made");
    folder.write(
        "text.db",
        "this is no database, and long enough to be seen to be none of them at all",
    );
    let ran = folder.run(&["check", "--database-url", "sqlite:text.db"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    folder.write("deploy.toml", "format = 1\n");
    let ran = folder.run(&[
        "check",
        "deploy.toml",
        "--database-url",
        "sqlite:live.db",
        "--format",
        "json",
    ]);
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.json()["findings"][0]["rule"], "missing-key");
}

#[test]
fn counts_the_rows_of_a_table_that_nothing_guards_yet() {
    let folder = Folder::with(
        "deploy.toml",
        &DEPLOY.replace("#:schema ./generated/machine.schema.json\n", ""),
    );
    let url = format!("sqlite:{}?mode=rwc", folder.path("live.db").display());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        let own = "CREATE TABLE deploys (id text PRIMARY KEY, status text); \
                   INSERT INTO deploys VALUES ('a', 'queued'), ('b', 'queued')";
        connection.execute(own).await.unwrap();
        connection.close().await.unwrap();
    });
    let ran = folder.run(&["check", "--database-url", "sqlite:live.db"]);
    assert!(ran.out.contains("error[not-installed]"), "{ran:?}");
    assert!(ran.out.ends_with("language none, 2 rows (2 queued): 1 finding\n"), "{ran:?}");
}

#[test]
fn says_that_the_last_migration_took_everything_out() {
    let folder = Folder::with("job.toml", &format!("{TABLE}dialects = [\"sqlite\"]\n"));
    for words in [&["migrate"][..], &["migrate", "--remove"]] {
        assert_eq!(folder.run(words).code, Some(0));
    }
    let database = ["--database-url", "sqlite:live.db?mode=rwc"];
    let ran = folder.run(&[&["migrate", "--apply"], &database[..]].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = folder.run(&["check", "--database-url", "sqlite:live.db"]);
    let said = "job.toml on sqlite:live.db: language none, 0 rows: taken out again by the last migration\n";
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), said), "{ran:?}");
}
