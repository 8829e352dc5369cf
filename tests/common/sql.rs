//! What the tests of both databases share: tables of several shapes, and a connection that takes
//! plain SQL.
#![allow(dead_code, reason = "each test uses a part")]

use phasegate_codegen::emit::sql::{Dialect, KeyType, Sql};
use phasegate_codegen::{Loaded, Machine};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection, Row as _};

/// A row of a result, every column as text.
pub(crate) type Row = Vec<Option<String>>;

/// A connection that takes plain SQL, several statements at once too.
pub(crate) trait Db {
    /// The database's dialect.
    const DIALECT: Dialect;
    /// Runs it; a refusal is its message.
    async fn run(&mut self, sql: &str) -> Result<(), String>;
    /// The rows of one SELECT of texts.
    async fn rows(&mut self, sql: &str) -> Vec<Row>;
}

impl Db for SqliteConnection {
    const DIALECT: Dialect = Dialect::Sqlite;

    async fn run(&mut self, sql: &str) -> Result<(), String> {
        match sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(self).await {
            Ok(_) => Ok(()),
            Err(sqlx::Error::Database(error)) => Err(error.message().to_owned()),
            Err(error) => panic!("{error}"),
        }
    }

    async fn rows(&mut self, sql: &str) -> Vec<Row> {
        let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(self).await.expect(sql);
        rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
    }
}

impl Db for PgConnection {
    const DIALECT: Dialect = Dialect::Postgres;

    async fn run(&mut self, sql: &str) -> Result<(), String> {
        match sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(self).await {
            Ok(_) => Ok(()),
            Err(sqlx::Error::Database(error)) => {
                let guards = error.message().starts_with("phasegate: ");
                assert_eq!(guards, error.code().as_deref() == Some("23514"), "{error}\nin: {sql}");
                Err(error.message().to_owned())
            }
            Err(error) => panic!("{error}"),
        }
    }

    async fn rows(&mut self, sql: &str) -> Vec<Row> {
        let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(self).await.expect(sql);
        rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
    }
}

/// Runs what must be let through.
pub(crate) async fn ok(db: &mut impl Db, sql: &str) {
    if let Err(message) = db.run(sql).await {
        panic!("{message}\nin: {sql}");
    }
}

/// Runs what must be refused, with a message that starts so after `phasegate: `.
pub(crate) async fn refused(db: &mut impl Db, sql: &str, why: &str) {
    let message = db.run(sql).await.expect_err(sql);
    let said =
        message.strip_prefix("phasegate: ").unwrap_or_else(|| panic!("{message}\nin: {sql}"));
    assert!(said.starts_with(why), "{said}\ninstead of: {why}\nin: {sql}");
}

/// The history of a row of the deploy table: each step as `from>to`.
pub(crate) async fn history(db: &mut impl Db, id: &str) -> String {
    let sql = format!(
        "SELECT CAST(seq AS text), coalesce(from_state, ''), to_state FROM deploy_events \
         WHERE deploy_id = '{id}' ORDER BY seq"
    );
    let mut steps = Vec::new();
    for (at, row) in db.rows(&sql).await.into_iter().enumerate() {
        let [seq, from, to] = row.try_into().expect("three columns");
        assert_eq!(seq, Some((at + 1).to_string()), "seq has a gap");
        steps.push(format!("{}>{}", from.expect("never null"), to.expect("never null")));
    }
    steps.join(" ")
}

/// The machine of a table.
pub(crate) fn machine(table: &str) -> Machine {
    match phasegate_codegen::machine("test.toml", table.as_bytes()) {
        Ok((_, machine, _)) => machine,
        Err(error) => panic!("{error}\nin: {table}"),
    }
}

/// The machine of this repository.
pub(crate) fn deploy() -> Machine {
    machine(include_str!("../../deploy.toml"))
}

/// The whole schema, as it is generated.
pub(crate) fn schema(machine: &Machine, dialect: Dialect) -> String {
    let loaded = Loaded::of("test.toml", machine);
    let name = format!("/{}.sql", dialect.as_str());
    let artifacts = phasegate_codegen::render(&loaded, &[&Sql]);
    let artifact = artifacts.into_iter().find(|artifact| artifact.path.ends_with(&name));
    artifact.expect("the dialect is asked for").text
}

/// An order: cycles, a transition to itself, ends that reopen, values that need quotes.
pub(crate) const ORDER: &str = r#"
format = 1
machine = { name = "order", initial = ["cart", "quoted"] }
state = [
  { name = "cart" },
  { name = "quoted", value = "it's \"quoted\"; --" },
  { name = "checked", value = "é ☃ $phasegate$ \\", optional = true },
  { name = "paid", value = " Paid, or so " },
  { name = "sent" },
  { name = "returned", outcome = "neutral", reopens = true },
  { name = "void", outcome = "cancelled" },
  { name = "faxed", retired = true },
]
transition = [
  { path = ["cart", "quoted", "cart"] },
  { from = ["cart", "quoted"], to = "checked" },
  { path = ["checked", "paid", "sent", "returned", "paid"] },
  { from = ["cart", "paid", "faxed"], to = "void" },
  { from = "quoted", to = "quoted" },
  { from = "returned", to = "returned" },
]
[target.sql]
"#;

/// Two states, each the start of the other.
pub(crate) const SWITCH: &str = r#"
format = 1
machine = { name = "run", initial = "off" }
state = [{ name = "off" }, { name = "on" }]
transition = [{ path = ["off", "on", "off"] }]
[target.sql]
"#;

/// One state, and nothing to do.
pub(crate) const STONE: &str = r#"
format = 1
machine = { name = "event", initial = "here" }
state = [{ name = "here" }]
[target.sql]
"#;

/// Keys of tables that phasegate makes.
const OWNED: [&str; 4] = [
    "key_type = 'bigint'\nstorage = 'text'",
    "table = 'order'\nkey = 'group'\ncolumn = 'user'\nkey_type = 'uuid'\nschema = 'app'\nevents = 'log'",
    "events = false",
    "events = false\nkey_type = 'bigint'\nstorage = 'text'",
];

/// Keys of tables that exist already.
const ATTACHED: [&str; 4] = [
    "owns = false",
    "owns = false\nstorage = 'text'\nkey_type = 'bigint'",
    "owns = false\nstorage = 'text'\nkey_type = 'uuid'\nschema = 'app'\ntable = 'select'",
    "owns = false\nevents = false",
];

/// Tables with each key of `[target.sql]` set otherwise once, as texts.
pub(crate) fn texts() -> Vec<String> {
    let mut texts: Vec<String> = vec![SWITCH.to_owned(), STONE.to_owned()];
    texts.extend(OWNED.iter().chain(&ATTACHED).map(|keys| format!("{ORDER}{keys}")));
    texts.extend([SWITCH, STONE].map(|table| format!("{table}owns = false")));
    texts
}

/// Tables that are attached to ones that exist already.
pub(crate) fn attached() -> Vec<Machine> {
    let mut tables: Vec<_> = ATTACHED.map(|keys| machine(&format!("{ORDER}{keys}"))).into();
    tables.extend([SWITCH, STONE].map(|table| machine(&format!("{table}owns = false"))));
    tables
}

/// A table at the limits of the format: each state leads to the 16 after it, around and around.
pub(crate) fn largest() -> String {
    let mut table =
        String::from("format = 1\n[machine]\nname = \"big\"\ninitial = \"s0\"\n[target.sql]\n");
    for n in 0..4096 {
        table += &format!("[[state]]\nname = \"s{n}\"\n");
    }
    for n in 0..4096 {
        let to: Vec<String> = (1..=16).map(|step| format!("\"s{}\"", (n + step) % 4096)).collect();
        table += &format!("[[transition]]\nfrom = \"s{n}\"\nto = [{}]\n", to.join(", "));
    }
    table
}

/// The names of one machine, as a test writes them.
pub(crate) struct Names {
    pub(crate) table: String,
    pub(crate) key: String,
    pub(crate) column: String,
    pub(crate) events: Option<String>,
    pub(crate) row: String,
    pub(crate) key_type: KeyType,
}

impl Names {
    pub(crate) fn new(machine: &Machine, dialect: Dialect) -> Self {
        let sql = machine.targets.sql().expect("the table has the target");
        let prefix = match dialect {
            Dialect::Postgres => format!("\"{}\".", sql.schema.as_deref().unwrap_or("public")),
            Dialect::Sqlite => String::new(),
        };
        let name = machine.name.as_str();
        let row = if ["run", "event"].contains(&name) { "key" } else { "id" };
        Self {
            table: format!("{prefix}\"{}\"", sql.table),
            key: format!("\"{}\"", sql.key[0].name),
            column: format!("\"{}\"", sql.column),
            events: sql.events.as_ref().map(|events| format!("{prefix}\"{events}\"")),
            row: format!("{name}_{row}"),
            key_type: sql.key[0].of,
        }
    }

    /// The nth key, as a literal.
    pub(crate) fn key(&self, n: usize) -> String {
        match self.key_type {
            KeyType::Text => format!("'row {n}'"),
            KeyType::Uuid => format!("'00000000-0000-4000-8000-{n:012}'"),
            KeyType::Bigint | KeyType::Integer => n.to_string(),
        }
    }
}

/// A SQLite in memory, with these tables.
pub(crate) async fn sqlite(schema: &str) -> SqliteConnection {
    let mut db = SqliteConnection::connect("sqlite::memory:").await.expect("memory is there");
    ok(&mut db, schema).await;
    db
}

/// A connection to a database of the cluster.
pub(crate) async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("the cluster runs")
}

/// A text as a literal.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The rules of a machine, edited as the rows that they are read as. (SQLite's guards judge by their own.)
pub(crate) fn edited(dialect: Dialect, machine: &str, edit: &str) -> String {
    match dialect {
        Dialect::Postgres => by_hand(machine, edit),
        Dialect::Sqlite => {
            let rows = ["states", "transitions", "language", "renames"];
            let copy = |of| {
                format!("CREATE TEMP TABLE {machine}_{of} AS SELECT * FROM main.{machine}_{of};")
            };
            let back = |of| {
                let view = format!("{machine}_{of}");
                format!(
                    "DROP VIEW main.{view}; DROP TABLE IF EXISTS main.by_hand_{view};
                     CREATE TABLE main.by_hand_{view} AS SELECT * FROM temp.{view};
                     DROP TABLE temp.{view}; CREATE VIEW main.{view} AS SELECT * FROM by_hand_{view};"
                )
            };
            format!("{} {edit}; {}", rows.map(copy).join(""), rows.map(back).join(""))
        }
    }
}

/// The rules of a machine on PostgreSQL, edited as the rows that its views give.
pub(crate) fn by_hand(machine: &str, edit: &str) -> String {
    let rows = ["states", "transitions", "language", "renames"];
    let copy = rows.map(|of| {
        format!("CREATE TEMPORARY TABLE {machine}_{of} AS SELECT * FROM public.{machine}_{of};")
    });
    let drop = rows.map(|of| format!("DROP TABLE pg_temp.{machine}_{of};"));
    format!(
        "{}
         {edit};
         DO $by_hand$
         DECLARE
           rules jsonb := public.{machine}_rules() || jsonb_build_object(
             'language', (SELECT fingerprint FROM {machine}_language),
             'states', (SELECT coalesce(jsonb_agg(state ORDER BY position), '[]') FROM {machine}_states),
             'initial', (SELECT coalesce(jsonb_object_agg(state, position), '{{}}') FROM {machine}_states WHERE initial),
             'next', (SELECT coalesce(jsonb_object_agg(from_state, pairs), '{{}}') FROM (
                SELECT from_state, jsonb_object_agg(to_state, kind) AS pairs FROM {machine}_transitions GROUP BY 1) f),
             'renames', (SELECT coalesce(jsonb_object_agg(language, pairs), '{{}}') FROM (
                SELECT language, jsonb_object_agg(state, name_now) AS pairs FROM {machine}_renames GROUP BY 1) f)
           );
         BEGIN
           EXECUTE format(
             'CREATE OR REPLACE FUNCTION public.{machine}_rules() RETURNS jsonb LANGUAGE sql STABLE AS %L',
             format('SELECT %L::pg_catalog.jsonb', rules)
           );
         END $by_hand$;
         {}",
        copy.join("\n"),
        drop.join("\n")
    )
}
