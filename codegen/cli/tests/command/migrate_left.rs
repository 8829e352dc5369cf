//! What was migrated before and a table no longer says: renames that are done, machines under another
//! name, the tables of past migrations; and the newest step, which can be written anew.

use crate::binary::Folder;
use crate::migrations::{TABLE, migrated, renamed, rules};

#[test]
fn compat_follows_the_renames_that_migrations_made() {
    let folder = migrated(TABLE);
    folder.write("job.toml", renamed());
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    // As `rename-done` asks for.
    folder.write("job.toml", renamed().replace("renamed_from = \"new\"\n", ""));
    let ran =
        folder.run(&["compat", "migrations/tables/0001.toml", "job.toml", "--format", "json"]);
    assert_eq!(rules(&ran), ["initial-changed", "state-renamed"], "{ran:?}");
    // Another step on: the oldest name is still known.
    let again = renamed()
        .replace("fresh", "brand_new")
        .replace("renamed_from = \"new\"", "renamed_from = \"fresh\"");
    folder.write("job.toml", &again);
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    for table in [again.clone(), again.replace("renamed_from = \"fresh\"\n", "")] {
        folder.write("job.toml", table);
        let ran =
            folder.run(&["compat", "migrations/tables/0001.toml", "job.toml", "--format", "json"]);
        assert_eq!(rules(&ran), ["initial-changed", "state-renamed"], "{ran:?}");
    }
    // What no migration renamed is gone.
    folder.write("job.toml", TABLE.replace("\"new\"", "\"other\""));
    let ran =
        folder.run(&["compat", "migrations/tables/0001.toml", "job.toml", "--format", "json"]);
    assert!(rules(&ran).contains(&"migration-refused".to_owned()), "{ran:?}");
}

#[test]
fn a_machine_under_another_name_is_told_of() {
    let folder = migrated(TABLE);
    folder.write("job.toml", TABLE.replace("name = \"job\"", "name = \"work\""));
    let warns = |folder: &Folder, arguments: &[&str]| {
        let ran = folder.run(arguments);
        let json = ran.json();
        let of =
            json["findings"].as_array().unwrap().iter().find(|one| one["rule"] == "machine-left");
        of.cloned()
    };
    for command in ["check", "migrate", "check", "migrate"] {
        let finding = warns(&folder, &[command, "--format", "json"]);
        let finding = finding.unwrap_or_else(|| panic!("{command}"));
        assert_eq!(finding["severity"], "warning");
        assert!(finding["message"].as_str().unwrap().contains("machine job,"), "{finding}");
        assert!(finding["help"].as_str().unwrap().contains("`name = \"job\"`"), "{finding}");
    }
    // It has a table again, wherever that is.
    folder.write("other/job.toml", TABLE);
    assert_eq!(warns(&folder, &["check", "--format", "json"]), None);
    // And it is taken out.
    let folder = migrated(TABLE);
    assert_eq!(folder.run(&["migrate", "--remove"]).code, Some(0));
    folder.write("job.toml", TABLE.replace("name = \"job\"", "name = \"work\""));
    assert_eq!(warns(&folder, &["check", "--format", "json"]), None);
}

#[test]
fn the_table_of_a_migration_is_no_table_to_write_for() {
    let folder = migrated(TABLE);
    let before = folder.files();
    for command in ["generate", "migrate"] {
        let ran = folder.run_in("migrations/tables", &[command], b"");
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains("the table itself is ../../job.toml"), "{ran:?}");
        let ran = folder.run(&[command, "migrations/tables/0001.toml"]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(
            ran.err.contains("the table itself is migrations/tables/../../job.toml"),
            "{ran:?}"
        );
    }
    assert_eq!(folder.files(), before);
    // A copy without its header is a table.
    let text = folder.read("migrations/tables/0001.toml");
    folder.write("job.toml", text.split_once("\n\n").unwrap().1);
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
}

#[test]
fn the_newest_step_is_written_anew_as_its_finding_says() {
    type Change = fn(&Folder);
    let changes: [(&str, Change); 3] = [
        ("migration-edited", |folder| {
            folder.write("migrations/sqlite/0002_change_job.sql", "SELECT 1;")
        }),
        ("migration-missing", |folder| {
            std::fs::remove_file(folder.path("migrations/sqlite/0002_change_job.sql")).unwrap();
        }),
        ("migration-edited", |folder| folder.write("migrations/tables/0002.toml", "x = 1")),
    ];
    for (rule, change) in changes {
        let folder = migrated(TABLE);
        folder.write("job.toml", crate::migrations::grown());
        assert_eq!(folder.run(&["migrate"]).code, Some(0));
        let before = folder.files();
        change(&folder);
        let ran = folder.run(&["migrate", "--format", "json"]);
        let finding = &ran.json()["findings"][0];
        assert_eq!(finding["rule"], rule, "{ran:?}");
        let help = finding["help"].as_str().unwrap();
        assert!(help.contains("where no database has run"), "{help}");
        for file in before.iter().filter(|file| file.contains("/0002")) {
            let _ = std::fs::remove_file(folder.path(file));
        }
        assert_eq!(folder.run(&["migrate"]).code, Some(0));
        assert_eq!(folder.files(), before);
    }
    // Of an older one that leads nowhere.
    let folder = migrated(TABLE);
    folder.write("job.toml", crate::migrations::grown());
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    folder.write("migrations/sqlite/0001_create_job.sql", "SELECT 1;");
    let ran = folder.run(&["migrate", "--format", "json"]);
    assert!(!ran.out.contains("where no database has run"), "{ran:?}");
}
