//! `phasegate audit --sql` on the engines: over random histories each finds, row by row, what the plainest
//! reading of the table does. What cannot be run here is parsed.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::binary::Folder;
use crate::cluster;
use phasegate_codegen::Machine;
use phasegate_codegen::machine::StateId;
use phasegate_codegen::query::{Engine, Place, query};
use serde_json::{Value, json};

/// What is stored is unlike the names, and alike for a collation that is not exact.
const ODD: &str = r#"
format = 1
[machine]
name = "odd"
initial = ["quoted", "upper"]
[[state]]
name = "quoted"
value = "it's \"so\" `so`"
[[state]]
name = "upper"
value = "PAID"
[[state]]
name = "lower"
value = "paid"
[[state]]
name = "spaced"
value = "paid "
[[state]]
name = "slashed"
value = 'C:\new\'
[[state]]
name = "umlaut"
value = "geprüft"
[[state]]
name = "plain"
value = "gepruft"
[[state]]
name = "filled"
value = "${user.home} $1 %s {x} --"
outcome = "success"
[[transition]]
path = ["quoted", "upper", "lower", "spaced", "slashed", "umlaut", "plain", "filled"]
[[transition]]
from = "lower"
to = "lower"
"#;

/// The column holds numbers, and NULL is a state.
const NUMBERED: &str = r#"
format = 1
[machine]
name = "numbered"
initial = "open"
[[state]]
name = "open"
number = 0
[[state]]
name = "held"
value = "on hold"
number = -3
optional = true
[[state]]
name = "closed"
number = 9000000000
outcome = "neutral"
[[transition]]
path = ["open", "held", "closed"]
[target.sql]
owns = false
storage = "integer"
null = "open"
"#;

/// One history, and how it is asked for.
struct Case {
    machine: Machine,
    place: Place,
    /// The table's name, and each column's with its type.
    table: &'static str,
    columns: Vec<(&'static str, &'static str)>,
    /// The ids, the place in the order, the status.
    rows: Vec<Vec<Value>>,
}

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below as u64).unwrap()
    }
}

fn machine(text: &str) -> Machine {
    let read = phasegate_codegen::machine("table.toml", text.as_bytes());
    read.unwrap_or_else(|error| panic!("{error}\nin: {text}")).1
}

/// Rows that mostly obey, and now and then report anything, words that no table has and NULL among it.
fn rows(
    machine: &Machine,
    random: &mut Random,
    numbers: bool,
    ids: &[fn(usize) -> Value],
) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for row in 0..14 {
        let mut at: Option<StateId> = None;
        for step in 0..random.below(9) {
            let next: Vec<StateId> = match at {
                None => machine.initial.clone(),
                Some(from) => machine.next(from).collect(),
            };
            let chance = random.below(20);
            let any = StateId::new(random.below(machine.states.len()));
            let to = match chance {
                0..3 => any,
                _ if next.is_empty() => any,
                _ => next[random.below(next.len())],
            };
            let state = machine.state(to);
            let status = match (chance, numbers) {
                (3, _) => Value::Null,
                (4, true) => json!(77),
                (4, false) => json!(format!("{} ", state.value)),
                (5, false) => json!(state.value.to_uppercase()),
                (6, false) => json!(state.name),
                (_, true) => json!(state.number),
                (_, false) => json!(state.value),
            };
            at = Some(to);
            let ids = ids.iter().map(|id| id(row));
            rows.push(ids.chain([json!(row + step * 20), status]).collect());
        }
    }
    // They come in any order.
    for last in (1..rows.len()).rev() {
        rows.swap(last, random.below(last + 1));
    }
    rows
}

fn cases() -> Vec<Case> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut cases = Vec::new();
    let text = |row: usize| {
        json!(["a", "A", "a ", "ä", "b'", "\\b", "1", "01"][row % 8].repeat(1 + row / 8))
    };
    for _ in 0..6 {
        let odd = machine(ODD);
        let columns =
            vec![("Wer \"ist\" `es`", "text"), ("Größe der Order", "bigint"), ("to'state", "text")];
        cases.push(Case {
            rows: rows(&odd, &mut random, false, &[text]),
            machine: odd,
            place: Place {
                from: Some("\"Häns's \"\"log\"\"\"".parse().unwrap()),
                id: vec![columns[0].0.to_owned()],
                order: Some(columns[1].0.to_owned()),
                status: Some(columns[2].0.to_owned()),
                reports: false,
            },
            table: "Häns's \"log\"",
            columns,
        });
        let numbered = machine(NUMBERED);
        let columns = vec![
            ("tenant", "bigint"),
            ("number", "text"),
            ("order", "bigint"),
            ("status", "bigint"),
        ];
        cases.push(Case {
            rows: rows(
                &numbered,
                &mut random,
                true,
                &[|row| json!(row % 3), |row| json!(format!("n{}", row / 3))],
            ),
            machine: numbered,
            place: Place {
                from: Some("log".parse().unwrap()),
                id: vec!["tenant".to_owned(), "number".to_owned()],
                order: Some("order".to_owned()),
                status: Some("status".to_owned()),
                reports: true,
            },
            table: "log",
            columns,
        });
    }
    for entry in
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tables")).unwrap()
    {
        let table = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let table = table.split("\n[target.").next().unwrap();
        // The machine's own history, as it is without `[target.sql]`.
        let machine = machine(table);
        let name = |suffix: &str| -> &'static str { format!("{}_{suffix}", machine.name).leak() };
        cases.push(Case {
            rows: rows(&machine, &mut random, false, &[text]),
            table: name("events"),
            columns: vec![(name("id"), "text"), ("seq", "bigint"), ("to_state", "text")],
            place: Place::default(),
            machine,
        });
    }
    cases
}

type Found = Vec<Vec<Option<String>>>;

impl Case {
    /// The violations by the table's words, a row at a time: its id, the position, from and to.
    fn oracle(&self) -> Found {
        let machine = &self.machine;
        let null = machine.targets.sql().and_then(|sql| sql.null.clone());
        let mut words = BTreeMap::new();
        for id in machine.state_ids() {
            let state = machine.state(id);
            for word in [&state.value, &state.stored, &state.name] {
                words.insert(word.clone(), id);
            }
        }
        let ids = self.columns.len() - 2;
        let mut histories: BTreeMap<Vec<String>, BTreeMap<i64, Option<String>>> = BTreeMap::new();
        for row in &self.rows {
            let status = said(&row[ids + 1])
                .or_else(|| Some(machine.state(machine.find(null.as_deref()?)?).stored.clone()));
            let key = row[..ids].iter().map(|id| said(id).unwrap()).collect();
            histories.entry(key).or_default().insert(row[ids].as_i64().unwrap(), status);
        }
        let mut found = Vec::new();
        for (key, history) in histories {
            let mut before: Option<(Option<StateId>, Option<String>)> = None;
            for (position, status) in (1..).zip(history.into_values()) {
                let state = status.as_ref().and_then(|word| words.get(word).copied());
                let shown = state.map_or(status, |state| Some(machine.state(state).value.clone()));
                let legal = match (&before, state) {
                    (_, None) => false,
                    (None, Some(to)) => machine.initial.contains(&to),
                    (Some((None, _)), Some(_)) => true,
                    (Some((Some(from), _)), Some(to)) => {
                        machine.kind(*from, to).is_some() || (self.place.reports && *from == to)
                    }
                };
                if !legal {
                    let from = before.and_then(|(_, shown)| shown);
                    let key = key.iter().cloned().map(Some);
                    let step = [Some(format!("{position}")), from, shown.clone()];
                    found.push(key.chain(step).collect());
                }
                before = Some((state, shown));
            }
        }
        found.sort();
        found
    }

    fn json(&self, engine: Engine) -> Value {
        let columns = self.columns.iter().map(|(name, kind)| (engine.identifier(name), kind));
        let texts = self.machine.states.iter().map(|state| state.value.as_str());
        let has_hex = |text: &str| engine == Engine::Mysql && text.contains('\\');
        // Spark's own escapes sqlglot does not know.
        let is_unicode = |text: &str| engine == Engine::Spark && text.contains("${");
        // As the engine reads it.
        let name = |name: &str| match engine {
            Engine::Snowflake => {
                let written = engine.identifier(name);
                written[1..written.len() - 1].replace("\"\"", "\"")
            }
            Engine::Postgres
            | Engine::Sqlite
            | Engine::Mysql
            | Engine::Duckdb
            | Engine::Spark
            | Engine::Trino
            | Engine::Bigquery => name.to_owned(),
        };
        json!({
            "table": engine.identifier(self.table),
            "names": self.columns.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            "columns": columns.collect::<Vec<_>>(),
            "rows": self.rows,
            "query": query(&self.machine, engine, &self.place).unwrap(),
            "texts": texts.filter(|text| !has_hex(text) && !is_unicode(text)).collect::<Vec<_>>(),
            "identifiers": self.columns.iter().map(|column| name(column.0)).chain([name(self.table)]).collect::<Vec<_>>(),
        })
    }
}

fn said(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(value.to_string())
        }
    }
}

/// What an engine finds in each case.
fn run(python: &str, engine: &str, address: &str, cases: &[Value]) -> Vec<Found> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command/audit_query/engines.py");
    let mut child = Command::new(python)
        .arg(script)
        .args([engine, address])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect(
            "this test needs python3, with what tests/requirements.txt lists in PATH (tests/run)",
        );
    let mut input = child.stdin.take().unwrap();
    let text = json!(cases).to_string();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(out.status.success(), "{engine}");
    let lines = std::str::from_utf8(&out.stdout).unwrap().lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn agrees(python: &str, program: &str, address: &str, engine: Engine) {
    let cases = cases();
    let asked: Vec<Value> = cases.iter().map(|case| case.json(engine)).collect();
    let found = run(python, program, address, &asked);
    assert_eq!(found.len(), cases.len());
    let mut violations = 0;
    for ((case, asked), found) in cases.iter().zip(&asked).zip(found) {
        // Of one row, they come in the order of its reports.
        let ids = case.columns.len() - 2;
        for two in found.windows(2).filter(|two| two[0][..ids] == two[1][..ids]) {
            let position =
                |row: &[Option<String>]| row[ids].as_ref().unwrap().parse::<u32>().unwrap();
            assert!(position(&two[0]) < position(&two[1]), "{two:?}");
        }
        let mut found = found;
        found.sort();
        let oracle = case.oracle();
        assert_eq!(
            found,
            oracle,
            "{program}, {}\n{}",
            case.machine.name,
            asked["query"].as_str().unwrap()
        );
        violations += oracle.len();
    }
    assert!(violations > 300, "{violations}");
}

#[test]
#[ignore = "needs Python"]
fn sqlite_finds_what_the_table_says() {
    agrees("python3", "sqlite", "", Engine::Sqlite);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python with psycopg2, and PostgreSQL"]
async fn postgres_finds_what_the_table_says() {
    let address = cluster::database().await;
    tokio::task::spawn_blocking(move || agrees("python3", "postgres", &address, Engine::Postgres))
        .await
        .unwrap();
}

#[test]
#[ignore = "needs Python with duckdb"]
fn duckdb_finds_what_the_table_says() {
    agrees("python3", "duckdb", "", Engine::Duckdb);
}

#[test]
#[ignore = "needs Python with pymysql, and MariaDB"]
fn mariadb_finds_what_the_table_says() {
    agrees("python3", "mysql", "", Engine::Mysql);
}

/// DataFusion has no words of its own here: it reads Trino's.
#[test]
#[ignore = "needs Python with datafusion"]
fn datafusion_finds_what_the_table_says() {
    agrees("python3", "datafusion", "", Engine::Trino);
}

/// The long form runs Spark's, too: a download of half a gigabyte, by the Python that `PHASEGATE_SPARK` names.
#[test]
#[ignore = "needs Python with sqlglot"]
fn every_query_is_one_statement_of_its_engine() {
    for engine in Engine::ALL {
        let asked: Vec<Value> = cases().iter().map(|case| case.json(engine)).collect();
        assert_eq!(run("python3", "parsed", engine.as_str(), &asked).len(), asked.len());
    }
    if let Ok(python) = std::env::var("PHASEGATE_SPARK") {
        agrees(&python, "spark", "", Engine::Spark);
    }
}

#[test]
fn prints_the_query_without_what_reads_histories() {
    let folder = Folder::with("odd.toml", ODD);
    let ran =
        folder.run(&["audit", "odd.toml", "--sql", "duckdb", "--from", "a.\"b.c\"", "--id", "x,y"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert!(ran.out.contains("FROM \"a\".\"b.c\" h\n"), "{ran:?}");
    assert!(ran.out.contains("SELECT j.row_id_1, j.row_id_2, j.position"), "{ran:?}");
    assert!(ran.out.contains("(4, 'paid ', 'paid ')"), "{ran:?}");
    for (arguments, why) in [
        (&["--sql", "oracle"][..], "[possible values: postgres, sqlite"),
        (&["--sql", "duckdb", "history.csv"], "cannot be used with"),
        (&["--sql", "duckdb", "--from", "a..b"], "a part of the name is empty"),
        (&["--sql", "duckdb", "--from", "\"a"], "a quote is not closed"),
        (&["--sql", "duckdb", "--from", "\"a\"b"], "`b` follows a quote"),
        (&["--from", "a"], "--sql <ENGINE>"),
        (&[], "<SOURCE>"),
    ] {
        let ran = folder.run(&[&["audit", "odd.toml"], arguments].concat());
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?} {ran:?}");
        assert!(ran.err.contains(why), "{ran:?}");
    }
    folder.write("none.toml", format!("{ODD}[target.sql]\nowns = false\nevents = false\n"));
    let ran = folder.run(&["audit", "none.toml", "--sql", "duckdb"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("has no history of its own (`events = false`)"), "{ran:?}");
}
