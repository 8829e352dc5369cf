//! `init --from-database` as a process: where the draft goes, and what is said where there is none.

use crate::binary::{Folder, Ran};
use sqlx::{Connection as _, Executor as _, SqliteConnection};

/// A folder with a database of orders.
fn shop() -> Folder {
    let folder = Folder::new();
    let url = format!("sqlite:{}?mode=rwc", folder.path("app.db").display());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        let orders = "CREATE TABLE orders (id text PRIMARY KEY, status text);
                      INSERT INTO orders VALUES ('a', 'cart'), ('b', 'sent')";
        connection.execute(orders).await.unwrap();
        connection.close().await.unwrap();
    });
    folder
}

fn draft(folder: &Folder, url: &str, column: &str, more: &[&str]) -> Ran {
    let asked = ["init", "--from-database", url, "--column", column];
    folder.run(&[&asked[..], more].concat())
}

#[track_caller]
fn refused(ran: &Ran, said: &str) {
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.err.starts_with("phasegate: ") && ran.err.contains(said), "{said}: {ran:?}");
    assert!(!ran.err.contains("s3cret"), "{ran:?}");
}

#[test]
fn writes_a_draft_that_check_takes_for_a_table() {
    let folder = shop();
    let ran = draft(&folder, "sqlite:app.db", "orders.status", &[]);
    let said = "wrote order.toml; look through it, then: `phasegate check order.toml`\n";
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "", said));
    assert!(folder.read("order.toml").contains("\"cart\""));
    assert_eq!(folder.run(&["transitions", "order.toml"]).code, Some(0));
}

#[test]
fn the_starter_names_its_machine_after_its_file() {
    for (file, name) in [
        ("loan.toml", "loan"),
        ("Loan-Book.v2.toml", "loan_book_v2"),
        ("2nd.toml", "order"),
        ("größe.toml", "gr__e"),
        ("order.toml", "order"),
    ] {
        let folder = Folder::new();
        assert_eq!(folder.run(&["init", file]).code, Some(0));
        let ran = folder.run(&["transitions", file]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(folder.read(file).contains(&format!("\nname    = \"{name}\"")), "{file}");
    }
}

#[test]
fn makes_no_second_table_of_a_machine() {
    let folder = shop();
    assert_eq!(folder.run(&["init"]).code, Some(0));
    let said = "order.toml describes the machine order already";
    refused(&folder.run(&["init", "Order-.toml"]), said);
    refused(&draft(&folder, "sqlite:app.db", "orders.status", &["other.toml"]), said);
    let named = draft(&folder, "sqlite:app.db", "orders.status", &["--machine", "sale"]);
    assert_eq!(named.code, Some(0), "{named:?}");
}

#[test]
fn a_second_table_in_a_folder_has_schemas_of_its_own() {
    let folder = shop();
    assert_eq!(folder.run(&["init", "payment.toml"]).code, Some(0));
    assert_eq!(draft(&folder, "sqlite:app.db", "orders.status", &[]).code, Some(0));
    assert_eq!(folder.run(&["init", "loan.toml"]).code, Some(0));
    assert!(!folder.read("payment.toml").contains("-sql\""), "the first has the common folder");
    for table in ["payment.toml", "order.toml", "loan.toml"] {
        let ran = folder.run(&["generate", table]);
        assert_eq!(ran.code, Some(0), "{table}: {ran:?}");
        let ran = folder.run(&["migrate", table]);
        assert_eq!(ran.code, Some(0), "{table}: {ran:?}");
    }
    for schema in ["sql", "order-sql", "loan-sql"] {
        assert!(folder.path(&format!("generated/{schema}/sqlite.sql")).exists(), "{schema}");
    }
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn a_file_that_exists_is_left_as_it_is() {
    let folder = shop();
    folder.write("order.toml", "mine\n");
    folder.write("other.toml", "mine, too\n");
    let ran = draft(&folder, "sqlite:app.db", "orders.status", &[]);
    refused(&ran, "order.toml exists; it is left as it is");
    // That is said before any database is asked.
    let ran = draft(&folder, "sqlite:nowhere.db", "orders.status", &["other.toml"]);
    refused(&ran, "other.toml exists; it is left as it is");
    assert_eq!(
        (folder.read("order.toml"), folder.read("other.toml")),
        ("mine\n".into(), "mine, too\n".into())
    );
}

#[test]
fn a_database_that_cannot_be_reached_is_said_to_be_that_without_a_password() {
    let folder = shop();
    for (url, said) in [
        ("sqlite:nowhere.db", "there is no such file"),
        ("postgres://u:s3cret@127.0.0.1:1/x", "postgres://127.0.0.1:1/x: "),
        ("mysql://u:s3cret@h/x", "no database of the kind `mysql:` is known"),
    ] {
        refused(&draft(&folder, url, "orders.status", &[]), said);
    }
    assert_eq!(folder.files(), ["app.db"]);
}

#[test]
fn a_table_or_a_column_that_is_not_there_is_said_to_be_that() {
    let folder = shop();
    for (column, said) in [
        ("order.status", "has no table `order`: did you mean `orders`?"),
        ("orders.state", "`orders` has no column `state`"),
        ("status", "`status` is no column: say TABLE.COLUMN"),
        ("", "`` is no column: say TABLE.COLUMN"),
    ] {
        refused(&draft(&folder, "sqlite:app.db", column, &[]), said);
    }
    refused(&draft(&folder, "sqlite:app.db", "orders.status", &["--key", "no"]), "no column `no`");
    assert_eq!(folder.files(), ["app.db"]);
}

#[test]
fn what_belongs_together_is_asked_for_together() {
    let folder = shop();
    for arguments in [
        &["init", "--from-database", "sqlite:app.db"][..],
        &["init", "--column", "orders.status"],
        &["init", "--key", "id"],
    ] {
        let ran = folder.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
        assert!(ran.err.contains("--from-database") || ran.err.contains("--column"), "{ran:?}");
    }
    assert_eq!(folder.files(), ["app.db"]);
}

const STARTER: &str = include_str!("../../src/command/starter.toml");

#[test]
fn the_starters_workflow_is_proven_once_it_is_no_comment_any_more() {
    let from = STARTER.find("# [[state]]").unwrap();
    let to = STARTER.find("# Only the targets").unwrap();
    let jobs: Vec<&str> = STARTER[from..to]
        .lines()
        .map(|line| line.strip_prefix("# ").or(line.strip_prefix('#')).unwrap_or(line))
        .collect();
    let folder = Folder::new();
    let jobs = jobs.join("\n");
    assert!(jobs.contains("[[job]]\n"), "{jobs}");
    folder.write("order.toml", [&STARTER[..from], &jobs, "\n", &STARTER[to..]].concat());
    assert_eq!(folder.run(&["generate"]).code, Some(0));
    let ran = folder.run(&["check"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("3 jobs") && !ran.out.contains("error"), "{ran:?}");
}
