//! What `phasegate migrate` refuses and warns of: folders that were changed by hand, and changes of
//! the table that no migration makes.

use crate::binary::Folder;
use crate::migrations::{TABLE, grown, migrated, refuses, renamed, rules, texts};
use serde_json::json;

#[test]
fn refuses_where_something_was_changed_by_hand_and_says_what() {
    let sql = "migrations/postgres/0001_create_job.sql";
    let snapshot = "migrations/tables/0001.toml";
    type Edit = fn(&str) -> String;
    let edits: [(&str, Edit, &str); 9] = [
        (sql, |text| format!("{text}\n"), "migration-edited"),
        (sql, |text| text.replace('\n', "\r\n"), "line-ends"),
        (sql, |text| format!("\u{feff}{text}"), "byte-order-mark"),
        (snapshot, |text| text.replace("\"new\"", "\"young\""), "migration-edited"),
        (snapshot, |text| text.replace("#   table    ", "#   table    0"), "migration-edited"),
        (snapshot, |text| text.replace('\n', "\r\n"), "line-ends"),
        (snapshot, |text| format!("\u{feff}{text}"), "byte-order-mark"),
        (snapshot, |text| text.lines().skip(1).collect::<Vec<_>>().join("\n"), "migration-edited"),
        (snapshot, |_| String::new(), "migration-edited"),
    ];
    for (path, edit, rule) in edits {
        let folder = migrated(TABLE);
        folder.write("job.toml", grown());
        folder.write(path, edit(&folder.read(path)));
        let findings = refuses(&folder, &[rule]);
        assert_eq!(findings[0]["path"], path);
        let help = findings[0]["help"].as_str().expect("it helps");
        assert!(help.contains("version control") || help.contains("eol=lf"), "{help}");
    }
    let folder = migrated(TABLE);
    folder.write(sql, b"\xff\xfe");
    refuses(&folder, &["migration-edited"]);
}

#[test]
fn refuses_where_a_file_is_gone_or_came_from_nowhere() {
    let remove = |folder: &Folder, path: &str| {
        std::fs::remove_file(folder.path(path)).expect("it was there");
    };
    let folder = migrated(TABLE);
    remove(&folder, "migrations/sqlite/0001_create_job.sql");
    let findings = refuses(&folder, &["migration-missing"]);
    assert_eq!(findings[0]["path"], "migrations/sqlite/0001_create_job.sql");

    let folder = migrated(TABLE);
    remove(&folder, "migrations/tables/0001.toml");
    refuses(&folder, &["migration-unrecorded", "migration-unrecorded"]);

    // Of two tables the last one is gone: the migrations that led there are still here.
    let folder = migrated(TABLE);
    folder.write("job.toml", grown());
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    remove(&folder, "migrations/tables/0002.toml");
    refuses(&folder, &["migration-unrecorded", "migration-unrecorded"]);

    let folder = migrated(TABLE);
    folder.write("migrations/postgres/0001_mine.sql", "SELECT 1;\n");
    let findings = refuses(&folder, &["number-taken"]);
    assert_eq!(findings[0]["path"], "migrations/postgres/0001_mine.sql");
    assert!(findings[0]["message"].as_str().expect("it says").contains("`0001_create_job.sql`"));
}

#[test]
fn refuses_what_no_migration_does_where_the_table_says_it() {
    let folder = migrated(&grown());
    folder.write("job.toml", TABLE);
    let findings = refuses(&folder, &["state-removed"]);
    assert!(findings[0]["help"].as_str().expect("it helps").contains("`retired = true`"));

    let folder = migrated(TABLE);
    folder.write("job.toml", format!("{TABLE}storage = \"text\"\nevents = false\n"));
    let findings = refuses(&folder, &["target-changed"]);
    assert!(findings[0]["message"].as_str().expect("it says").ends_with(": storage, events"));

    let values = |a: &str, b: &str| {
        TABLE
            .replace("name = \"new\"\n", &format!("name = \"new\"\nvalue = \"{a}\"\n"))
            .replace("name = \"done\"\n", &format!("name = \"done\"\nvalue = \"{b}\"\n"))
    };
    let folder = migrated(&values("x", "y"));
    folder.write("job.toml", values("y", "x"));
    let findings = refuses(&folder, &["value-taken", "value-taken"]);
    assert_eq!((&findings[0]["line"], &findings[0]["column"]), (&json!(6), &json!(8)));
    // The way that the help gives.
    for table in [values("x", "z"), values("y", "z"), values("y", "x")] {
        folder.write("job.toml", table);
        assert_eq!(folder.run(&["migrate"]).code, Some(0));
    }
}

#[test]
fn says_what_a_rename_means_and_when_it_is_done() {
    let folder = migrated(TABLE);
    folder.write("job.toml", renamed());
    let ran = folder.run(&["migrate", "--format", "json"]);
    assert_eq!((ran.code, &rules(&ran)[..]), (Some(0), &["value-renamed".to_owned()][..]));
    let help = ran.json()["findings"][0]["help"].clone();
    assert!(help.as_str().expect("it helps").contains("keep `value = \"new\"`"), "{help}");
    let names: Vec<String> = folder.files().into_iter().skip(1).collect();
    assert_eq!(
        names,
        [
            "migrations/postgres/0001_create_job.sql",
            "migrations/postgres/0002_rename_job_begin.sql",
            "migrations/postgres/0003_rename_job.sql",
            "migrations/postgres/0004_rename_job_end.sql",
            "migrations/sqlite/0001_create_job.sql",
            "migrations/sqlite/0002_rename_job.sql",
            "migrations/tables/0001.toml",
            "migrations/tables/0004.toml",
        ]
    );
    // It is left in the table, and passed over.
    let ran = folder.run(&["migrate", "--format", "json"]);
    assert_eq!((ran.code, &rules(&ran)[..]), (Some(0), &["rename-done".to_owned()][..]));
    assert_eq!(
        (&ran.json()["findings"][0]["line"], &ran.json()["findings"][0]["severity"]),
        (&json!(7), &json!("warning"))
    );
    assert_eq!(ran.json()["tables"][0]["files"], json!([]));
    assert_eq!(folder.run(&["generate"]).code, Some(0));
    assert_eq!(folder.run(&["check"]).code, Some(0), "a warning fails nothing");

    folder.write("job.toml", renamed().replace("renamed_from = \"new\"", "renamed_from = \"nwe\""));
    let ran = folder.run(&["migrate", "--format", "json"]);
    assert_eq!((ran.code, &rules(&ran)[..]), (Some(0), &["rename-of-nothing".to_owned()][..]));
    let other = grown().replace("name = \"held\"", "name = \"held\"\nrenamed_from = \"hled\"");
    let folder = migrated(TABLE);
    folder.write("job.toml", other);
    let ran = folder.run(&["migrate", "--format", "json"]);
    assert_eq!((ran.code, &rules(&ran)[..]), (Some(0), &["rename-of-nothing".to_owned()][..]));
}

#[test]
fn writes_nothing_for_any_table_where_one_is_refused() {
    let folder = migrated(TABLE);
    folder.write("pay.toml", TABLE.replace("\"job\"", "\"pay\""));
    folder.write("job.toml", TABLE.replace("\"done\"", "\"over\""));
    let before = texts(&folder);
    let ran = folder.run(&["migrate", "pay.toml", "job.toml", "--format", "json"]);
    assert_eq!((ran.code, rules(&ran)), (Some(1), vec!["state-removed".to_owned()]));
    folder.write("bad.toml", "format = 1\n[machine]\n");
    let ran = folder.run(&["migrate", "pay.toml", "bad.toml"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    std::fs::remove_file(folder.path("bad.toml")).expect("it is there");
    assert_eq!(texts(&folder), before);
}

#[test]
fn two_tables_of_one_machine_are_refused_together() {
    let folder = Folder::with("m.toml", TABLE);
    folder.write("n.toml", format!("{TABLE}path = \"other/sql\"\n"));
    let says = "m.toml describes the machine `job` already, and both write its migrations";
    for command in ["check", "migrate"] {
        let both = folder.run(&[command, "m.toml", "n.toml"]);
        assert_eq!(both.code, Some(1), "{both:?}");
        assert!(both.out.contains(says), "{both:?}");
        let json = folder.run(&[command, "m.toml", "./n.toml", "--format", "json"]).json();
        let shared = json["findings"].as_array().unwrap().iter();
        let shared: Vec<_> = shared.filter(|finding| finding["rule"] == "shared-path").collect();
        assert_eq!(shared.len(), 1, "{json:#}");
    }
    assert!(!folder.path("migrations").exists());
    // One table that is named twice is one.
    let twice = folder.run(&["check", "m.toml", "./m.toml"]);
    assert!(!twice.out.contains("already, and both"), "{twice:?}");
    // One of them without a database, as an older version is kept for `compat`.
    let without = TABLE.split("[target.sql]").next().unwrap();
    folder.write("n.toml", without);
    assert_eq!(folder.run(&["migrate", "m.toml", "n.toml"]).code, Some(0));
}

#[test]
fn before_the_first_database_the_newest_migration_is_taken_back_as_the_help_says() {
    let folder = migrated(&grown());
    folder.write("job.toml", TABLE);
    let findings = refuses(&folder, &["state-removed"]);
    let help = findings[0]["help"].as_str().unwrap();
    assert!(help.ends_with(
        "where no database has run the newest migrations yet, remove their files and their \
         tables/NNNN.toml, and run `phasegate migrate` again"
    ));
    for path in folder.files().into_iter().filter(|path| path.contains("/0001")) {
        std::fs::remove_file(folder.path(&path)).unwrap();
    }
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    assert!(!folder.read("migrations/postgres/0001_create_job.sql").contains("held"));
}

#[test]
fn a_machine_keeps_its_name() {
    let folder = migrated(&format!("{TABLE}table = \"jobs\"\n"));
    folder.write("job.toml", format!("{TABLE}table = \"jobs\"\n").replace("\"job\"", "\"task\""));
    let ran = folder.run(&["migrate", "--format", "json"]);
    assert_eq!((ran.code, rules(&ran)), (Some(1), vec!["target-changed".to_owned()]));
    let help = ran.json()["findings"][0]["help"].clone();
    assert!(help.as_str().expect("it helps").starts_with("keep `name = \"job\"`"), "{help}");
}

#[test]
fn a_change_by_hand_is_taken_as_done_where_it_is_said_to_be() {
    let folder = migrated(TABLE);
    let moved = format!("{TABLE}column = \"state\"\n");
    folder.write("job.toml", &moved);
    let findings = refuses(&folder, &["target-changed"]);
    assert!(findings[0]["help"].as_str().expect("it helps").contains("--baseline"));
    // Not before there is a migration that does it.
    let ran = folder.run(&["migrate", "--baseline", "--format", "json"]);
    assert_eq!((ran.code, rules(&ran)), (Some(1), vec!["nothing-new".to_owned()]));
    folder.write(
        "migrations/postgres/0002_move.sql",
        "ALTER TABLE jobs RENAME COLUMN status TO state;\n",
    );
    let ran = folder.run(&["migrate", "--baseline"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.starts_with("wrote migrations/tables/0002.toml\n"), "{ran:?}");
    assert!(folder.run(&["migrate"]).out.contains("nothing has changed"));
    // On from there.
    folder.write("job.toml", format!("{}column = \"state\"\n", grown()));
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    assert!(folder.path("migrations/postgres/0003_change_job.sql").exists());
}

#[test]
fn does_not_start_over_where_the_folder_of_migrations_is_another_one() {
    let at = |migrations: &str| format!("{TABLE}migrations = {migrations}\n");
    let own = "{ postgres = \"a/pg\", sqlite = \"b/lite\" }";
    let lite = "{ postgres = \"migrations/postgres\", sqlite = \"lite\" }";
    let moves = [
        (TABLE.to_owned(), at("\"db\""), 1),
        (at("\"db\""), TABLE.to_owned(), 1),
        (at("\"a/b/c\""), TABLE.to_owned(), 1),
        (TABLE.to_owned(), at(own), 2),
        (TABLE.to_owned(), at(lite), 1),
        (at(own), TABLE.to_owned(), 1),
    ];
    for (before, after, lines) in moves {
        let folder = migrated(&before);
        folder.write("job.toml", &after);
        let findings = refuses(&folder, &["migrations-moved", "migrations-moved"][..lines]);
        let help = findings[0]["help"].as_str().expect("it helps");
        assert!(help.contains("`--baseline`"), "{help}");
        // One that stays where it was has nothing to take as done, and keeps none from it.
        let ran = folder.run(&["migrate", "--baseline"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(folder.run(&["migrate"]).out.contains("nothing has changed"));
        let ran = folder.run(&["migrate", "--baseline", "--format", "json"]);
        assert_eq!((ran.code, rules(&ran)), (Some(1), vec!["nothing-new".to_owned()]));
    }
    // The way that the help gives.
    let folder = migrated(TABLE);
    std::fs::rename(folder.path("migrations"), folder.path("db")).expect("it can be moved");
    folder.write("job.toml", format!("{}migrations = \"db\"\n", grown()));
    assert_eq!(folder.run(&["migrate"]).code, Some(0));
    assert!(folder.path("db/postgres/0002_change_job.sql").exists());
}

#[test]
fn a_first_migration_is_written_beside_those_of_other_machines_and_other_projects() {
    let folder = Folder::with("job.toml", TABLE);
    // A project within: what is there was written for its own root.
    folder.write("within/job.toml", TABLE);
    assert_eq!(folder.run(&["migrate", "within/job.toml"]).code, Some(0));
    folder.write(
        "pay.toml",
        format!("{}migrations = \"pay\"\n", TABLE.replace("\"job\"", "\"pay\"")),
    );
    assert_eq!(folder.run(&["migrate", "pay.toml"]).code, Some(0));
    assert!(folder.path("within/migrations/tables/0001.toml").exists());
    let ran = folder.run(&["migrate", "job.toml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(folder.path("migrations/tables/0001.toml").exists());
    // A dialect that comes later, in a folder of its own, is no move.
    let one = "dialects = [\"postgres\"]\nmigrations = { postgres = \"pg\" }\n";
    let folder = migrated(&format!("{TABLE}{one}"));
    let two = "migrations = { postgres = \"pg\", sqlite = \"lite\" }\n";
    folder.write("job.toml", format!("{TABLE}{two}"));
    let ran = folder.run(&["migrate"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(folder.path("lite/0001_create_job.sql").exists());
}

#[test]
fn a_copy_of_a_table_of_past_migrations_is_none() {
    let folder = migrated(TABLE);
    folder.write("migrations/tables/0002.toml", folder.read("migrations/tables/0001.toml"));
    let findings = refuses(&folder, &["migration-edited"]);
    assert_eq!(findings[0]["path"], "migrations/tables/0002.toml");
    assert!(findings[0]["message"].as_str().expect("it says").contains("`0001_create_job.sql`"));
}

#[test]
fn a_file_in_the_place_of_a_folder_is_told_of_with_the_way_out() {
    let folder = Folder::with("job.toml", TABLE);
    folder.write("migrations/postgres", "");
    let ran = folder.run(&["migrate"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("move the file away"), "{ran:?}");
}

/// The table, two states under each other's names.
fn swapped(first: &str, was_first: &str, second: &str, was_second: &str) -> String {
    let from = |was: &str| match was {
        "" => String::new(),
        was => format!("renamed_from = \"{was}\"\n"),
    };
    format!(
        "format = 1\n[machine]\nname = \"job\"\ninitial = \"{first}\"\n\
         [[state]]\nname = \"{first}\"\n{}[[state]]\nname = \"{second}\"\n{}\
         [[transition]]\npath = [\"{first}\", \"{second}\"]\n[target.sql]\n",
        from(was_first),
        from(was_second)
    )
}

#[test]
fn two_names_are_swapped_through_a_third_one() {
    let folder = migrated(TABLE);
    folder.write("job.toml", swapped("done", "new", "new", "done"));
    let ran = folder.run(&["migrate", "--format", "json"]);
    assert_eq!((ran.code, rules(&ran)), (Some(2), vec!["renamed-from-exists".to_owned(); 2]));
    let help = ran.json()["findings"][0]["help"].as_str().expect("it helps").to_owned();
    assert!(help.starts_with("names are swapped through a third one"), "{help}");
    // The way that the help gives.
    for table in [
        swapped("third", "new", "done", ""),
        swapped("third", "", "new", "done"),
        swapped("done", "third", "new", ""),
    ] {
        folder.write("job.toml", table);
        let ran = folder.run(&["migrate"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    let last = folder.read("migrations/tables/0010.toml");
    assert!(last.ends_with(&swapped("done", "third", "new", "")), "{last}");
}

#[test]
fn rules_that_meant_another_state_come_back_by_the_ways_that_the_help_gives() {
    let states = |a: &str, b: &str, more: &str, steps: &str| {
        format!(
            "format = 1\n[machine]\nname = \"job\"\ninitial = [\"one\", \"two\"]\n\
             [[state]]\nname = \"one\"\nvalue = \"{a}\"\n[[state]]\nname = \"two\"\nvalue = \"{b}\"\n\
             [[state]]\nname = \"done\"\noutcome = \"success\"\n{more}\
             [[transition]]\nfrom = [\"one\", \"two\"]\nto = \"done\"\n\
             [[transition]]\npath = [{steps}]\n[target.sql]\n"
        )
    };
    let both = "\"one\", \"two\", \"two\", \"one\"";
    let (there, back) = ("\"one\", \"two\"", "\"two\", \"one\"");
    let folder = migrated(&states("x", "y", "", there));
    for table in [
        states("x", "y", "", both),
        states("x", "z", "", both),
        states("y", "z", "", both),
        states("y", "x", "", both),
    ] {
        folder.write("job.toml", table);
        let ran = folder.run(&["migrate"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    // What is plainly a transition less is, to the letter, the rules of the beginning.
    folder.write("job.toml", states("y", "x", "", back));
    let findings = refuses(&folder, &["rules-return", "rules-return"]);
    let help = findings[0]["help"].as_str().expect("it helps");
    assert!(help.contains("add a state that is `retired = true`"), "{help}");
    folder
        .write("job.toml", states("y", "x", "[[state]]\nname = \"never\"\nretired = true\n", back));
    let ran = folder.run(&["migrate"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn a_value_is_advised_as_toml_has_it() {
    let value = |text: &str| {
        TABLE.replace("name = \"new\"\n", &format!("name = \"new\"\nvalue = {text}\n"))
    };
    let odd = "\"it's \\\"new\\\"\"";
    let folder = migrated(&value(odd));
    folder.write("job.toml", value("\"fresh\""));
    let ran = folder.run(&["migrate", "--check", "--format", "json"]);
    let help = ran.json()["findings"][0]["help"].as_str().expect("it helps").to_owned();
    let (_, advised) = help.split_once("`value = ").expect("it says which");
    let (advised, _) = advised.split_once("`,").expect("it ends");
    folder.write("job.toml", value(advised));
    let ran = folder.run(&["migrate"]);
    assert!(ran.code == Some(0) && ran.out.contains("nothing has changed"), "{advised}: {ran:?}");
}

#[test]
fn says_that_rows_are_moved_while_their_writers_wait_where_they_are() {
    let told = |keys: &str| {
        let folder = migrated(&format!("{TABLE}{keys}"));
        folder.write("job.toml", format!("{}{keys}", renamed()));
        let ran = folder.run(&["migrate", "--format", "json"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        rules(&ran)
    };
    assert_eq!(told("storage = \"text\"\n"), ["value-renamed", "rows-moved"]);
    assert_eq!(told("storage = \"text\"\ndialects = [\"sqlite\"]\n"), ["value-renamed"]);
    assert_eq!(told("storage = \"enum\"\n"), ["value-renamed"]);
}

#[test]
fn says_where_the_default_of_the_applications_own_column_starts_no_row_any_more() {
    let told = |keys: &str, after: &str| {
        let folder = migrated(&format!("{TABLE}{keys}"));
        folder.write("job.toml", format!("{after}{keys}"));
        let ran = folder.run(&["migrate", "--format", "json"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let findings = ran.json()["findings"].clone();
        let findings = findings.as_array().expect("it is a list");
        let of_rule = findings.iter().filter(|finding| finding["rule"] == "default-left");
        of_rule.map(|f| f["help"].as_str().expect("it helps").to_owned()).collect::<Vec<_>>()
    };
    let starts =
        |initial: &str| grown().replace("initial = \"new\"", &format!("initial = {initial}"));
    let other = starts("\"held\"").replace("name = \"new\"\n", "name = \"new\"\nretired = true\n");
    let postgres = |value: &str| {
        format!(
            "run with the migration, where there is such a default: ALTER TABLE \"public\".\"jobs\" \
             ALTER COLUMN \"status\" SET DEFAULT '{value}'"
        )
    };
    for (storage, after, value) in [
        ("text", other.as_str(), Some("held")),
        ("text", &renamed(), Some("fresh")),
        ("enum", &other, Some("held")),
        // Its label takes a default along.
        ("enum", &renamed(), None),
        ("text", &starts("[\"held\", \"new\"]"), None),
    ] {
        let keys = format!("owns = false\nstorage = \"{storage}\"\n");
        let found = told(&format!("{keys}dialects = [\"postgres\"]\n"), after);
        assert_eq!(found, value.map(postgres).as_slice(), "{storage} {after}");
        let owned = keys.replace("owns = false\n", "");
        assert!(told(&owned, after).is_empty(), "its own default goes along");
    }
    let lite = told("owns = false\ndialects = [\"sqlite\"]\n", &renamed());
    assert!(lite.len() == 1 && lite[0].starts_with("SQLite cannot change a default"), "{lite:?}");
}

#[test]
fn says_of_a_default_that_is_left_what_the_guard_does_with_it() {
    let after = grown()
        .replace("initial = \"new\"", "initial = \"held\"")
        .replace("name = \"new\"\n", "name = \"new\"\nretired = true\n");
    for (mode, said, other) in [
        ("enforce", "every INSERT without a status is refused", "marked and counted"),
        ("observe", "every INSERT without a status is marked and counted", "status is refused"),
    ] {
        let keys = format!("owns = false\nstorage = \"text\"\nmode = \"{mode}\"\n");
        let folder = migrated(&format!("{TABLE}{keys}"));
        folder.write("job.toml", format!("{after}{keys}"));
        let ran = folder.run(&["migrate"]);
        let told = format!("{}{}", ran.out, ran.err);
        assert!(told.contains(said) && !told.contains(other), "{mode}: {told}");
    }
}
