//! The tables of past migrations follow each other: what was taken out of their middle is missed, and
//! the newest are taken back by removing them whole.

use crate::binary::Folder;
use crate::migrations::{TABLE, grown, migrated, refuses, rules, texts};

/// A third table: one state more again.
fn grown_again() -> String {
    grown().replace(
        "[[state]]\nname = \"done\"",
        "[[state]]\nname = \"checked\"\n[[state]]\nname = \"done\"",
    ) + "[[transition]]\npath = [\"held\", \"checked\", \"done\"]\n"
}

/// Three steps of the machine `job`.
fn three() -> Folder {
    let folder = migrated(TABLE);
    for table in [grown(), grown_again().replace("[target.sql]\n", "") + "[target.sql]\n"] {
        folder.write("job.toml", table);
        let ran = folder.run(&["migrate"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    assert!(folder.path("migrations/tables/0003.toml").exists());
    folder
}

/// Removes a step whole: both dialects' files and the table.
fn remove(folder: &Folder, number: &str) -> Vec<(String, Vec<u8>)> {
    let step = |path: &str| path.contains(&format!("/{number}"));
    let removed: Vec<_> = texts(folder).into_iter().filter(|(path, _)| step(path)).collect();
    assert_eq!(removed.len(), 3, "{removed:?}");
    for (path, _) in &removed {
        std::fs::remove_file(folder.path(path)).expect("it was there");
    }
    removed
}

#[test]
fn each_table_says_which_one_it_follows() {
    let folder = three();
    let after = |number: &str| {
        let text = folder.read(&format!("migrations/tables/{number}.toml"));
        let line = text.lines().find(|line| line.starts_with("#   after    ")).map(str::to_owned);
        line.map(|line| line.rsplit(' ').next().expect("it has words").to_owned())
    };
    assert_eq!(after("0001"), None);
    assert_eq!(after("0002").as_deref(), Some("0001.toml"));
    assert_eq!(after("0003").as_deref(), Some("0002.toml"));
    assert!(folder.run(&["migrate"]).out.contains("nothing has changed"));
}

#[test]
fn a_step_that_was_taken_out_of_the_middle_is_missed_and_what_brings_it_back_is_said() {
    for number in ["0001", "0002"] {
        let folder = three();
        let removed = remove(&folder, number);
        let findings = refuses(&folder, &["migration-missing"]);
        assert_eq!(findings[0]["path"], format!("migrations/tables/{number}.toml"));
        let message = findings[0]["message"].as_str().expect("it says");
        let next = if number == "0001" { "0002" } else { "0003" };
        assert!(message.contains(&format!("migrations/tables/{next}.toml follows")), "{message}");
        let help = findings[0]["help"].as_str().expect("it helps");
        assert!(help.contains("from version control"), "{help}");
        // The way that the help gives.
        for (path, text) in removed {
            folder.write(&path, text);
        }
        assert!(folder.run(&["migrate"]).out.contains("nothing has changed"));
    }
    // Only the table: its files, which nothing knows any more, are reported with it.
    let folder = three();
    std::fs::remove_file(folder.path("migrations/tables/0002.toml")).expect("it was there");
    let findings = refuses(&folder, &["migration-missing"]);
    assert_eq!(findings[0]["path"], "migrations/tables/0002.toml");
}

#[test]
fn the_newest_step_is_taken_back_by_removing_it_whole() {
    let folder = three();
    let before = texts(&folder);
    remove(&folder, "0003");
    let ran = folder.run(&["migrate"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(texts(&folder), before, "it is written anew as it was");
    // Two of them, to another table.
    remove(&folder, "0003");
    remove(&folder, "0002");
    folder.write("job.toml", grown());
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    assert!(folder.run(&["migrate"]).out.contains("nothing has changed"));
}

#[test]
fn machines_that_share_a_folder_have_a_chain_each() {
    let folder = migrated(TABLE);
    let pay = |table: &str| table.replace("\"job\"", "\"pay\"");
    folder.write("pay.toml", pay(TABLE));
    assert_eq!(folder.run(&["migrate", "pay.toml"]).code, Some(0));
    for (file, table) in [("job.toml", grown()), ("pay.toml", pay(&grown()))] {
        folder.write(file, table);
        assert_eq!(folder.run(&["migrate", file]).code, Some(0));
    }
    let after = |number: &str, before: &str| {
        let text = folder.read(&format!("migrations/tables/{number}.toml"));
        assert!(text.contains(&format!(" {before}.toml\n")), "{text}");
    };
    after("0003", "0001");
    after("0004", "0002");
    // What one of them lacks keeps none of the other's.
    remove(&folder, "0001");
    let ran = folder.run(&["migrate", "job.toml"]);
    assert!(ran.code == Some(1) && ran.out.contains("migration-missing"), "{ran:?}");
    assert_eq!(folder.run(&["migrate", "pay.toml"]).code, Some(0));
}

#[test]
fn a_baseline_is_a_link_of_the_chain() {
    let folder = migrated(TABLE);
    folder.write("migrations/postgres/0002_move.sql", "SELECT 1;\n");
    folder.write("job.toml", format!("{TABLE}column = \"state\"\n"));
    assert_eq!(folder.run(&["migrate", "--baseline"]).code, Some(0));
    // Another's migration came since, and the table is the same.
    folder.write("migrations/postgres/0003_users.sql", "SELECT 1;\n");
    let before = texts(&folder);
    let ran = folder.run(&["migrate", "--baseline", "--format", "json"]);
    assert_eq!((ran.code, rules(&ran)), (Some(1), vec!["nothing-new".to_owned()]), "{ran:?}");
    assert_eq!(texts(&folder), before);
    std::fs::remove_file(folder.path("migrations/postgres/0003_users.sql")).expect("it was there");
    folder.write("job.toml", format!("{}column = \"state\"\n", grown()));
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    std::fs::remove_file(folder.path("migrations/tables/0002.toml")).expect("it was there");
    refuses(&folder, &["migration-missing"]);
}

#[test]
fn two_branches_that_both_went_on_from_one_table_are_told_apart_and_brought_in_a_row() {
    // One of them has a migration of its own, so that their numbers differ.
    let folder = migrated(TABLE);
    let (ours, theirs) = (Folder::new(), Folder::new());
    for branch in [&ours, &theirs] {
        for (path, text) in texts(&folder) {
            branch.write(&path, text);
        }
    }
    ours.write("job.toml", grown());
    assert_eq!(ours.run(&["migrate"]).code, Some(0));
    let renamed =
        TABLE.replace("[target.sql]", "[[transition]]\npath = [\"done\", \"new\"]\n[target.sql]");
    theirs.write("job.toml", &renamed);
    theirs.write("migrations/postgres/0002_mine.sql", "SELECT 1;\n");
    assert_eq!(theirs.run(&["migrate"]).code, Some(0));
    for (path, text) in texts(&theirs).into_iter().filter(|(path, _)| path != "job.toml") {
        ours.write(&path, text);
    }
    std::fs::remove_file(ours.path("migrations/postgres/0002_mine.sql")).expect("it was there");
    ours.write("migrations/postgres/0004_mine.sql", "SELECT 1;\n");
    let both =
        grown().replace("[target.sql]", "[[transition]]\npath = [\"done\", \"new\"]\n[target.sql]");
    ours.write("job.toml", both);
    let findings = refuses(&ours, &["migration-forked"]);
    assert_eq!(findings[0]["path"], "migrations/tables/0003.toml");
    let help = findings[0]["help"].as_str().expect("it helps");
    assert!(help.contains("remove it with those files"), "{help}");
    // The way that the help gives.
    remove(&ours, "0003");
    let ran = ours.run(&["migrate"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ours.path("migrations/postgres/0005_change_job.sql").exists(), "{:?}", ours.files());
    assert!(ours.run(&["migrate"]).out.contains("nothing has changed"));
    // Both began it: the second is no beginning.
    let folder = migrated(TABLE);
    let other = Folder::with("job.toml", TABLE);
    other.write("migrations/postgres/0001_mine.sql", "");
    assert_eq!(other.run(&["migrate"]).code, Some(0));
    for (path, text) in texts(&other).into_iter().filter(|(path, _)| path.contains("/0002")) {
        folder.write(&path, text);
    }
    refuses(&folder, &["migration-forked"]);
}
