//! The columns of a table's own: what a start may give, and what snapshots and lists show of it.

use crate::common::backend::world::{Database, World, machine};
use crate::common::live::{holds, loaded, look};
use phasegate::store::{Columns, Error, Start};
use phasegate::{ColumnType, Machine as _, Schema};
use phasegate_codegen::emit::sql::{Dialect, Impossible, migrations};
use serde_json::{Value, json};

on_each_database! {
    takes_and_shows_what_the_table_names
    refuses_what_a_column_could_not_hold
    has_none_where_the_table_names_none
    gets_a_column_that_is_new_and_keeps_one_that_is_left_out
}

const FOUR: &str =
    "{ title = \"text\", budget = \"bigint\", due = \"timestamptz\", more = \"jsonb\" }";

fn table(columns: &str) -> String {
    format!(
        "format = 1\n[machine]\nname = \"job\"\ninitial = \"new\"\n[[state]]\nname = \"new\"\n\
         [[state]]\nname = \"done\"\n[[transition]]\npath = [\"new\", \"done\"]\n\
         [target.sql]\ncolumns = {columns}\n"
    )
}

fn names(columns: &[(&str, ColumnType)]) -> Schema {
    Schema::named("job").columns(columns.iter().copied())
}

fn four() -> Schema {
    names(&[
        ("title", ColumnType::Text),
        ("budget", ColumnType::Bigint),
        ("due", ColumnType::Timestamptz),
        ("more", ColumnType::Jsonb),
    ])
}

fn takes_and_shows_what_the_table_names(database: Database) {
    let table = table(FOUR);
    let world = World::of(database, &table, &table, four());
    let given = json!({
        "more": {"a": [1, "é"], "b": null}, "due": "2026-03-01T01:30:00.5+02:00", "budget": 9007199254740993_i64,
        "title": "It's \"one\"", "requested_by": "ada", "ref": "main", "reason": 5,
    });
    let row = world.post("/api/jobs", &given).ok(201);
    let shown = json!({
        "title": "It's \"one\"", "budget": 9007199254740993_i64, "due": "2026-02-28T23:30:00.500Z",
        "more": {"a": [1, "é"], "b": null},
    });
    assert_eq!(row["columns"], shown);
    // In the order of the table.
    let keys =
        |text: &str| ["title", "budget", "due", "more"].map(|key| text.find(&format!("\"{key}\"")));
    let path = format!("/api/jobs/{}", row["id"].as_str().unwrap());
    let snapshot = world.get(&path);
    assert!(keys(&snapshot.text).is_sorted());
    assert_eq!(snapshot.json()["columns"], shown);
    assert_eq!(world.get("/api/jobs").ok(200)["jobs"][0]["columns"], shown);
    assert_eq!(
        snapshot.json()["events"][0]["actor"],
        "ada",
        "the first event says it without a column"
    );
    // What is left out, and what forms send for it.
    let row = world.post("/api/jobs", &json!({"title": "", "budget": null, "due": ""})).ok(201);
    assert_eq!(row["columns"], json!({"title": null, "budget": null, "due": null, "more": null}));
    assert_eq!(world.count("SELECT count(*) FROM jobs WHERE title IS NULL AND more IS NULL"), 1);
    let start = Start::new().column("budget", 7);
    let id = world.run(world.store.start(&*world.machine, &start)).unwrap().id;
    let item =
        world.run(world.store.list(&*world.machine, 1, None)).unwrap().unwrap().items.remove(0);
    assert_eq!((item.id, item.columns.get("budget")), (id, Some(&json!(7))));
    // The guard has no part in it: an application changes them as it likes.
    world.sql("UPDATE jobs SET title = 'other' WHERE budget = 7");
    let (_folder, loaded) = loaded(&table);
    holds(&look(&world, &loaded), &[]);
}

fn refuses_what_a_column_could_not_hold(database: Database) {
    let table = table(FOUR);
    let world = World::of(database, &table, &table, four());
    for (body, says) in [
        (json!({"title": 7}), "`title`: it is a text"),
        (
            json!({"title": "x".repeat(4097)}),
            "`title`: a text of 4097 bytes, where 4096 are the most",
        ),
        (json!({"title": "a\0"}), "`title`: no text has a NUL character"),
        (json!({"more": {"a": ["\0"]}}), "`more`: no text has a NUL character"),
        (json!({"budget": "7"}), "`budget`: it is a whole number of 64 bits"),
        (json!({"budget": 7.5}), "`budget`: it is a whole number"),
        (json!({"budget": 9223372036854775808_u64}), "`budget`: it is a whole number"),
        (json!({"due": "tomorrow"}), "`due`: it is a moment such as"),
        (json!({"due": "2026-02-29T00:00:00Z"}), "`due`: it is a moment such as"),
        (json!({"requested_by": "x".repeat(257)}), "`requested_by`: a text of 257 bytes"),
    ] {
        let problem = world.post("/api/jobs", &body).problem(400, "malformed");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says) && problem["line"] == 1, "{problem}");
    }
    let twice = br#"{"title": "a", "title": "b"}"#;
    let url = format!("{}/api/jobs", world.url);
    let headers = [("content-type", "application/json")];
    crate::common::backend::client::call("POST", &url, &headers, twice).problem(400, "malformed");
    for columns in [Columns::from([("titel", "a")]), Columns::from([("budget", "a")])] {
        let start = Start::new().columns(columns);
        let error = world.run(world.store.start(&*world.machine, &start)).unwrap_err();
        assert!(matches!(error, Error::Column { .. }), "{error}");
    }
    assert_eq!(world.count("SELECT count(*) FROM jobs"), 0);
}

fn has_none_where_the_table_names_none(database: Database) {
    let table = table("{}");
    let world = World::of(database, &table, &table, names(&[]));
    let row = world.post("/api/jobs", &json!({"ref": "main", "requested_by": "ada"})).ok(201);
    assert_eq!((&row["columns"], &row["events"][0]["actor"]), (&json!({}), &json!("ada")));
    assert!(world.try_sql("SELECT ref FROM jobs").is_err());
    let item = world.get("/api/jobs").ok(200)["jobs"][0].clone();
    assert_eq!((&item["columns"], item.get("ref")), (&json!({}), None::<&Value>));
}

fn gets_a_column_that_is_new_and_keeps_one_that_is_left_out(database: Database) {
    let dialect = match database {
        Database::Postgres => Dialect::Postgres,
        Database::Sqlite => Dialect::Sqlite,
    };
    let tables = [
        table("{ title = \"text\" }"),
        table("{ title = \"text\", due = \"timestamptz\" }"),
        table("{ due = \"timestamptz\" }"),
        table("{ title = \"text\", due = \"timestamptz\" }"),
    ];
    let all: Vec<_> = tables
        .iter()
        .map(|table| phasegate_codegen::machine("table.toml", table.as_bytes()).unwrap().1)
        .collect();
    let mut world = World::empty(database, machine(&tables[0]), four());
    let mut written = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        let before: Vec<_> = all[..at].iter().collect();
        for file in migrations(&before, &all[at], dialect).unwrap() {
            world.sql(&format!("BEGIN; {}; COMMIT", file.text));
            written.push(file.name);
        }
        let (_folder, loaded) = loaded(table);
        holds(&look(&world, &loaded), &[]);
    }
    assert_eq!(written, ["create_job", "add_columns_job"]);
    // A backend that names more than the database has passes over it.
    world.serve(Default::default());
    let given = json!({"title": "a", "due": "2026-01-01T00:00:00Z", "budget": 7});
    let row = world.post("/api/jobs", &given).ok(201);
    assert_eq!(row["columns"], json!({"title": "a", "due": "2026-01-01T00:00:00.000Z"}));
    let other =
        phasegate_codegen::machine("t", table("{ title = \"bigint\" }").as_bytes()).unwrap().1;
    assert_eq!(other.name(), "job");
    let impossible = migrations(&all.iter().collect::<Vec<_>>(), &other, dialect).unwrap_err();
    assert_eq!(impossible, [Impossible::Target { keys: vec!["columns"] }]);
}
