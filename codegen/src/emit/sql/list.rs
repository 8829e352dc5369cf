//! The list of a schema's objects as it grows: how each is printed by its template.

use askama::Template;

use super::cases::Cases;
use super::column::Coding;
use super::names::SqlNames;
use super::objects::{Column, Kind, Object, Schema, default};
use super::observe::Observed;
use super::quote::literal;
use super::rules::Rules;
use super::wording::{LISTED, Wording};
use crate::emit::sql::{Dialect, Mode, Storage};
use crate::machine::Machine;

/// All that is printed.
#[derive(Template)]
#[template(path = "sql/objects.sql")]
pub(super) struct View<'m> {
    /// Which object is printed.
    object: String,
    pub(super) dialect: &'static str,
    pub(super) n: SqlNames,
    /// Whether phasegate makes the table.
    pub(super) owns: bool,
    pub(super) history: bool,
    /// Whether there is a history, of rows that are older than it.
    pub(super) adopts: bool,
    pub(super) observe: bool,
    pub(super) observed: Option<&'m Observed>,
    /// The states that say how long a row is usually in them, as literals, and the seconds.
    pub(super) overdue: Vec<(String, u32)>,
    /// Whether a guard is there already while rows in unknown states are counted.
    is_guarded: bool,
    /// The category of types that the column has to be of.
    column_class: char,
    storage: &'static str,
    /// What an owned table has in addition to key and status, each with its type.
    columns: Vec<(String, &'static str)>,
    /// The labels of the enum type, where phasegate makes one.
    pub(super) labels: Vec<String>,
    pub(super) default: String,
    pub(super) rules: Rules,
    pub(super) r: Cases,
    words: Wording,
    listed: usize,
    /// How many reports of a row stay that led to no step.
    kept: u32,
    /// The answers of those that led to one, as literals.
    steps: &'static str,
}

/// How many reports of a row stay that led to no step: of refused ones, and of duplicates.
const KEPT: u32 = 200;
/// What is answered to a report that is a step, or binds the row to a run: these stay with the history.
const STEPS: &str = "'applied', 'dispatching', 'dispatched'";

impl<'m> View<'m> {
    fn of(schema: &'m Schema<'m>) -> Self {
        let Schema { machine, sql, dialect, .. } = schema;
        let coding = Coding::of(machine, sql);
        Self {
            object: String::new(),
            dialect: dialect.as_str(),
            n: SqlNames::new(machine, sql, *dialect),
            owns: sql.owns,
            history: sql.events.is_some(),
            adopts: !sql.owns && sql.events.is_some(),
            observe: schema.mode == Mode::Observe,
            observed: schema.observed.as_ref(),
            overdue: overdue(machine),
            is_guarded: false,
            column_class: match sql.storage {
                Storage::Enum => 'E',
                Storage::Text => 'S',
                Storage::Integer => 'N',
            },
            storage: sql.storage.as_str(),
            columns: sql.columns.iter().map(|(name, of)| (name.clone(), of.as_str())).collect(),
            labels: match sql.storage {
                Storage::Enum => machine.states.iter().map(|state| literal(&state.value)).collect(),
                Storage::Text | Storage::Integer => Vec::new(),
            },
            default: default(machine),
            rules: Rules::of(machine, schema.mode, &schema.rows, &schema.renames, &coding),
            r: Cases::of(machine, &schema.renames, &coding),
            words: Wording::of(machine),
            listed: LISTED,
            kept: KEPT,
            steps: STEPS,
        }
    }
}

/// The objects so far.
pub(super) struct List<'m> {
    pub(super) view: View<'m>,
    pub(super) objects: Vec<Object>,
}

impl<'m> List<'m> {
    /// That of a schema, which is empty so far.
    pub(super) fn of(schema: &'m Schema<'m>, is_guarded: bool) -> Self {
        Self { view: View { is_guarded, ..View::of(schema) }, objects: Vec::new() }
    }
}

impl List<'_> {
    /// What the template of an object prints: what is said above it, and the rest.
    fn part(&mut self, object: &str) -> (String, String) {
        self.view.object = object.to_owned();
        let text = self.view.render().expect("the template only prints strings");
        let text = text.trim();
        let is_comment = |line: &&str| line.starts_with("--");
        let comment: String =
            text.lines().take_while(is_comment).map(|l| format!("{l}\n")).collect();
        let rest = text.get(comment.len()..).unwrap_or_default().to_owned();
        (comment, rest)
    }

    fn add(&mut self, kind: Kind, name: &str, part: &str) -> &mut Object {
        let (comment, sql) = self.part(part);
        self.objects.push(Object {
            kind,
            name: name.to_owned(),
            on: String::new(),
            columns: Vec::new(),
            constraints: Vec::new(),
            attributes: String::new(),
            body: String::new(),
            sql,
            comment,
        });
        self.objects.last_mut().expect("it was added")
    }

    /// An object whose template has the whole statement; its name goes after the machine's.
    pub(super) fn whole(&mut self, kind: Kind, object: &str) -> &mut Object {
        let name = self.view.n.name(object);
        self.add(kind, &name, object)
    }

    /// A statement that leaves nothing of its own behind; none where there is nothing to do.
    pub(super) fn step(&mut self, object: &str) {
        if self.whole(Kind::Step, object).sql.is_empty() {
            self.objects.pop();
        }
    }

    /// The table that phasegate makes, which begins with these columns.
    pub(super) fn owned(&mut self, first: Vec<Column>, tail: &str) {
        let columns: String =
            self.view.columns.iter().map(|(name, of)| format!("{name} {of}, ")).collect();
        let columns = columns + "token_hash bytea, created_at timestamptz NOT NULL DEFAULT now()";
        let n = &self.view.n;
        let (table, key) = (n.table_name.clone(), n.list(&n.own("")));
        let keys =
            if n.parts.len() > 1 { vec![format!("PRIMARY KEY ({key})")] } else { Vec::new() };
        self.table((table.clone(), "table"), first, &columns, keys, tail);
        self.index(format!("{table}_created"), "", &table, &format!("(\"created_at\", {key})"));
    }

    /// The history and what stands next to it; `row` are the columns that name the row.
    pub(super) fn history(&mut self, row: &[Column], id: Column, tail: &str, events_tail: &str) {
        let n = self.view.n.clone();
        let is_sqlite = n.dialect == Dialect::Sqlite;
        let rows = n.list(&n.history(""));
        let mut constraints = vec![format!("PRIMARY KEY ({rows}, \"seq\")")];
        if is_sqlite {
            constraints
                .push("CHECK (\"to_state\" IS NOT NULL OR \"observed\" IS NOT NULL)".to_owned());
        }
        let columns = "seq integer NOT NULL, from_state text, to_state text, at timestamptz NOT NULL, \
                       language text NOT NULL, forced text, observed text";
        let events = (n.events_name.clone(), "events");
        self.table(events, row.to_vec(), columns, constraints, events_tail);
        let reports = n.name("reports");
        let columns = "event_id text, body_hash bytea, status text NOT NULL, from_state text, \
                       answer text NOT NULL, seq integer, job text, run_id text, run_attempt bigint, \
                       run_url text, actor text, attempted text, table_fingerprint text, log_tail text, \
                       authenticated_by text, \
                       at timestamptz NOT NULL DEFAULT now()";
        let first = [&[id][..], row].concat();
        self.table((reports.clone(), "reports"), first, columns, Vec::new(), tail);
        self.index(n.name("reports_row"), "", &reports, &format!("({rows}, \"id\")"));
        for (name, column) in [("reports_event", "event_id"), ("reports_seq", "seq")] {
            let of = format!("({rows}, \"{column}\") WHERE \"answer\" = 'applied'");
            self.index(n.name(name), "UNIQUE ", &reports, &of);
        }
        // By what a start is known again, no matter who makes the keys; and the rows of a run.
        let of = "(\"event_id\") WHERE \"seq\" = 1 AND \"event_id\" IS NOT NULL";
        self.index(n.name("reports_start"), "UNIQUE ", &reports, of);
        // The key stands in it for the newest attempt, which each report asks for.
        let of = format!("(\"run_id\", {rows}, \"run_attempt\") WHERE \"run_id\" IS NOT NULL");
        self.index(n.name("reports_run"), "", &reports, &of);
        // One row for each key.
        let (key, one) = match row {
            [row] => (vec![Column { primary: " PRIMARY KEY", ..row.clone() }], Vec::new()),
            several => (several.to_vec(), vec![format!("PRIMARY KEY ({rows})")]),
        };
        let forcing = "to_state text NOT NULL, reason text NOT NULL";
        let forcing = if is_sqlite { format!("{forcing}, actor text") } else { forcing.to_owned() };
        self.table((n.name("forcing"), "forcing"), key.clone(), &forcing, one.clone(), tail);
        if is_sqlite {
            let at = "at timestamptz NOT NULL";
            self.table((n.name("gone"), "gone"), key.clone(), at, one.clone(), tail);
        }
        let columns = "events bigint NOT NULL, reports bigint NOT NULL, before timestamptz NOT NULL, \
                       at timestamptz NOT NULL DEFAULT now()";
        self.table((n.name("pruned"), "pruned"), key, columns, one, tail);
    }

    /// A table. Its columns stand apart by commas, each a name and what it is, in PostgreSQL's words.
    pub(super) fn table(
        &mut self,
        (name, object): (String, &str),
        first: Vec<Column>,
        columns: &str,
        constraints: Vec<String>,
        tail: &str,
    ) {
        let n = &self.view.n;
        let column = |column: &str| {
            let (name, is) = column.split_once(' ').expect("a column has a type");
            Column { name: name.to_owned(), is: n.words(is), primary: "" }
        };
        let columns: Vec<Column> =
            first.into_iter().chain(columns.split(", ").map(column)).collect();
        let print = |c: &Column| format!("  \"{}\" {}{}", c.name, c.is, c.primary);
        let lines: Vec<String> = columns
            .iter()
            .map(print)
            .chain(constraints.iter().map(|constraint| format!("  {constraint}")))
            .collect();
        let sql = format!("CREATE TABLE {} (\n{}\n){tail};", n.of(&name), lines.join(",\n"));
        let object = self.add(Kind::Table, &name, object);
        *object = Object { columns, constraints, sql, ..object.clone() };
    }

    /// An index: what it is of, and of which rows.
    pub(super) fn index(&mut self, name: String, unique: &str, on: &str, of: &str) {
        let n = &self.view.n;
        let sql = format!("CREATE {unique}INDEX \"{name}\" ON {} {of};", n.of(on));
        let object = self.add(Kind::Index, &name, "");
        *object = Object { sql, on: on.to_owned(), ..object.clone() };
    }

    /// A function of PostgreSQL's: arguments and result, and what it has outside of its body.
    pub(super) fn function(&mut self, object: &str, signature: &str, attributes: &str) {
        let (_, body) = self.part(object);
        let body = ("$phasegate$", format!("\n{body}\n"));
        self.function_of("CREATE", object, signature, attributes, body);
    }

    /// The same of one that only says something, which may be made anew by hand.
    pub(super) fn says(&mut self, object: &str, result: &str, (tag, body): (&str, String)) {
        let signature = format!("() RETURNS {result}");
        self.function_of("CREATE OR REPLACE", object, &signature, "sql STABLE", (tag, body));
    }

    fn function_of(
        &mut self,
        create: &str,
        object: &str,
        signature: &str,
        attributes: &str,
        (tag, body): (&str, String),
    ) {
        let at = self.view.n.at(object);
        let sql = format!(
            "{create} FUNCTION {at}{signature}\nLANGUAGE {attributes}\nAS {tag}{body}{tag};"
        );
        let object = self.whole(Kind::Function, object);
        *object = Object { sql, body, attributes: attributes.to_owned(), ..object.clone() };
    }

    /// A view whose template has what it selects.
    pub(super) fn view(&mut self, object: &str) {
        let at = self.view.n.at(object);
        let object = self.whole(Kind::View, object);
        let body = object.sql.trim_end_matches(';').to_owned();
        *object = Object { sql: format!("CREATE VIEW {at} AS\n{body};"), body, ..object.clone() };
    }

    /// A trigger of PostgreSQL's: when it fires, for each row or statement, and what it calls.
    pub(super) fn trigger(&mut self, name: String, on: &str, when: &str, calls: (&str, &str)) {
        self.trigger_if(name, on, (when, &[]), calls);
    }

    /// The same of the rows that functions say yes to, asked in this order.
    pub(super) fn trigger_if(
        &mut self,
        name: String,
        on: &str,
        (when, asks): (&str, &[&str]),
        (each, function): (&str, &str),
    ) {
        let n = &self.view.n;
        let (at, function_at) = (n.of(on), n.at(function));
        let asked = |name: &dyn Fn(&str) -> String, rows: &str| {
            let call = |ask: &&str| name(ask) + if *ask == "differs" { rows } else { "()" };
            asks.iter().map(call).collect::<Vec<_>>().join(" AND ")
        };
        let (asked, asked_at) = match asks {
            [] => (String::new(), String::new()),
            _ => (
                format!(" WHEN {}", asked(&|ask| n.name(ask), "(old.*, new.*)")),
                format!(" WHEN ({})", asked(&|ask| n.at(ask), "(OLD, NEW)")),
            ),
        };
        let attributes =
            format!("{when} FOR EACH {each}{asked} EXECUTE FUNCTION {}", n.name(function));
        let sql = format!(
            "CREATE TRIGGER \"{name}\" {when} ON {at}\n  FOR EACH {each}{asked_at} EXECUTE FUNCTION {function_at}();"
        );
        let about = asks.last().filter(|ask| **ask != "names").unwrap_or(&function);
        let object = self.add(Kind::Trigger, &name, &format!("trigger {about}"));
        *object = Object { sql, attributes, on: on.to_owned(), ..object.clone() };
    }

    /// A trigger of SQLite's, on a table or a view.
    pub(super) fn guards(&mut self, name: String, on: &str, object: &str) {
        let object = self.add(Kind::Trigger, &name, object);
        on.clone_into(&mut object.on);
    }
}

/// The states with an `expect`, as literals, and the seconds.
fn overdue(machine: &Machine) -> Vec<(String, u32)> {
    let usual = machine.states.iter().filter_map(|state| Some((state, state.expect?)));
    usual.map(|(state, expect)| (literal(&state.value), expect.seconds())).collect()
}
