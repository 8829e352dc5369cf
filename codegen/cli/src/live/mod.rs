//! Drift: a live database next to its table, and where it is not as expected. It is
//! looked at in one transaction that reads.

pub(crate) mod ahead;
mod around;
mod checks;
mod compare;
pub(crate) mod connect;
pub(crate) mod ddl;
mod facts;
mod history;
mod hung;
mod judge;
mod left;
pub(crate) mod ran;
mod reader;
mod refusals;
mod rights;
mod rows;

use std::collections::BTreeMap;

pub use ahead::ahead;
use connect::{Away, Conn};
use facts::{Facts, rules_again};
use judge::Held;

use phasegate_codegen::emit::sql::SqlNames;
use phasegate_codegen::finding::{Finding, Severity};
use phasegate_codegen::load::{Error, Loaded};
use phasegate_codegen::machine::{Machine, language_of};
use phasegate_codegen::migrate::{self, Known};
use phasegate_codegen::rules::{self, Rule};
use phasegate_codegen::suggest;

/// What a database was found to be.
#[derive(Clone, Debug)]
pub struct Looked {
    /// Where it is not as expected.
    pub findings: Vec<Finding>,
    /// Where it is, without a password.
    pub database: String,
    /// The fingerprint that it judges by, where it says.
    pub language: Option<String>,
    /// The table that it is at, from the root: the table itself, or one of its migrations'.
    pub at: Option<String>,
    /// How many rows there are in each state.
    pub rows: BTreeMap<String, u64>,
    /// Whether it has nothing of the machine because its last migration took that out.
    pub removed: bool,
    /// Whether phasegate is to make the table, and there is one of that name that it did not make.
    pub taken: bool,
}

/// Why a database could not be looked at.
#[derive(Debug)]
pub enum Failure {
    /// No one is there, the address is none, or it is not allowed: for people, without a password.
    Away(String),
    /// The migrations next to the table cannot be read.
    Files(Error),
}

impl From<String> for Failure {
    fn from(away: String) -> Self {
        Self::Away(away)
    }
}

/// Findings about a database, which stand at the table.
pub(crate) struct Drift {
    path: String,
    findings: Vec<Finding>,
}

impl Drift {
    fn add(
        &mut self,
        rule: &'static Rule,
        severity: Severity,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.push(Finding::about(rule, severity, &self.path, message, help));
    }

    fn has_errors(&self) -> bool {
        self.findings.iter().any(Finding::is_error)
    }

    fn error(&mut self, rule: &'static Rule, message: impl Into<String>, help: impl Into<String>) {
        self.add(rule, Severity::Error, message, help);
    }
}

/// Holds the database of an address to a table.
///
/// # Errors
/// Where it cannot be reached or read, or the table has no target for it.
pub async fn look(loaded: &Loaded, url: &str) -> Result<Looked, Failure> {
    let dialect = connect::dialect(url)?;
    let machine = &loaded.machine;
    let table = &loaded.source.path;
    let Some(sql) = machine.targets.sql() else {
        return Err(Failure::Away(format!("{table} has no [target.sql] section")));
    };
    if !sql.dialects.contains(&dialect) {
        let word = dialect.as_str();
        return Err(Failure::Away(format!("{table}: `dialects` of [target.sql] lacks {word:?}")));
    }
    let mut known = migrate::known(loaded, dialect).map_err(Failure::Files)?;
    let removal = migrate::removal(loaded, dialect).map_err(Failure::Files)?;
    let leaves = removal.map(|removal| {
        // Until it is applied, the database is at one of those before.
        known = removal.known;
        removal.files
    });
    let mut conn = Conn::open(url).await?;
    let names = SqlNames::new(machine, sql, dialect);
    let looked = Look { loaded, names, known, leaves }.look(&mut conn).await;
    conn.close().await;
    looked
}

/// Whether the table is there, with its key and its status.
fn has_columns(facts: &Facts, names: &SqlNames) -> bool {
    facts.has_column(&names.table_name, &names.column_name)
        && names.parts.iter().all(|part| facts.has_column(&names.table_name, &part.name))
}

/// One look at one database.
struct Look<'l> {
    loaded: &'l Loaded,
    names: SqlNames,
    known: Vec<Known>,
    /// The files that take the machine out again, where they are its last migration.
    leaves: Option<Vec<String>>,
}

/// The rules that a database is at.
enum At<'k> {
    /// The table's own.
    Current,
    /// Those of a table that was migrated to before: its place among them.
    Behind(usize, &'k Known),
    /// Others, which its rows bear out: a newer version's, or another branch's.
    Others,
    /// What its fingerprint says and what its rows say differ, and neither is known.
    Edited,
}

impl Look<'_> {
    async fn look(&self, conn: &mut Conn) -> Result<Looked, Failure> {
        let (names, machine) = (&self.names, &self.loaded.machine);
        let mut drift = Drift { path: self.loaded.source.path.clone(), findings: Vec::new() };
        let mut looked = Looked {
            findings: Vec::new(),
            database: conn.shown().to_owned(),
            language: None,
            at: None,
            rows: BTreeMap::new(),
            removed: false,
            taken: false,
        };
        let facts = Facts::read(conn, names).await?;
        looked.language.clone_from(&facts.language);
        let mut made = ["states", "transitions", "language"].map(|view| names.name(view)).to_vec();
        made.push(names.events_name.clone());
        let guard = facts.find("function", "", &names.name("guard"));
        if !made.iter().any(|table| facts.has(table)) && guard.is_none() {
            looked.removed = self.leaves.is_some();
            if !looked.removed {
                looked.taken = self.nothing(&facts, &mut drift);
            }
            // Its rows are there all the same.
            if has_columns(&facts, names)
                && let Ok((rows, _)) = rows::by_status(conn, names).await
            {
                looked.rows = rows;
            }
            looked.findings = drift.findings;
            return Ok(looked);
        }
        if let Some(files) = &self.leaves {
            let message = format!(
                "the migration that takes {} out of the database is not applied yet",
                machine.name
            );
            let help = format!("apply {}", suggest::list(files));
            drift.error(rules::BEHIND, message, help);
        }
        let at = match self.at(conn, &facts, &mut drift).await? {
            At::Current => self.pending(conn, &facts, &mut drift).await?.unwrap_or(At::Current),
            at @ (At::Behind(..) | At::Others | At::Edited) => at,
        };
        let held = match &at {
            At::Behind(_, known) => &known.machine,
            At::Current | At::Others | At::Edited => machine,
        };
        looked.at = match &at {
            At::Current => Some(self.loaded.header.table().to_owned()),
            At::Behind(_, known) => Some(known.path.clone()),
            At::Others | At::Edited => None,
        };
        let sql = machine.targets.sql().expect("the table has the target");
        let is_ours = !matches!(at, At::Others);
        let next = match at {
            At::Behind(place, _) => {
                Some(self.known.get(place + 1).map_or(machine, |known| &known.machine))
            }
            At::Current | At::Others | At::Edited => None,
        };
        let schema = match is_ours {
            true => format!("{}/{}.sql", sql.path, names.dialect.as_str()),
            // By the table's own a newer database would go back to what it was.
            false => "that other version's whole schema".into(),
        };
        // What the column holds is read by the table that the database is at.
        let held = (held, held.targets.sql().unwrap_or(sql));
        let names = &SqlNames::new(held.0, held.1, names.dialect);
        let held = Held::new(names, held, next, schema);
        if is_ours {
            held.labels(&facts, &mut drift);
            held.rows(&facts, &mut drift);
        }
        // PostgreSQL's functions say nothing of states; SQLite's triggers do.
        let bodies = is_ours || names.dialect == phasegate_codegen::emit::sql::Dialect::Postgres;
        held.objects(&facts, bodies, &mut drift);
        Held::sessions(&facts, &mut drift);
        // One that it is on the way to may have left its names already.
        let known = match at {
            At::Behind(place, _) => &self.known[..self.known.len().min(place + 2)],
            At::Current | At::Others | At::Edited => &self.known[..],
        };
        let mut past: Vec<&Machine> = known.iter().map(|known| &known.machine).collect();
        if !matches!(at, At::Behind(..)) {
            past.push(machine);
        }
        held.catalog(conn, &facts, is_ours.then_some(&past[..]), &mut drift).await?;
        if has_columns(&facts, names) {
            let without;
            (looked.rows, without) = rows::by_status(conn, names).await?;
            if is_ours {
                held.judge_rows(&looked.rows, &mut drift);
            }
            held.judge_without(without, &mut drift);
            let mut tables: Vec<&Machine> = self.known.iter().map(|known| &known.machine).collect();
            tables.push(machine);
            // Without snapshots no one knows what it was at before.
            let knows = is_ours && !self.known.is_empty();
            held.judge_history(conn, &facts, &tables, knows, &mut drift).await?;
            held.judge_observed(conn, &facts, &mut drift).await?;
        } else {
            let message = format!(
                "there is no table `{}` with the columns `{}` and `{}`",
                names.table_name,
                names.key_names(),
                names.column_name
            );
            drift.error(
                rules::MISSING_TABLE,
                message,
                "apply the migrations, or say in [target.sql] where it is",
            );
        }
        looked.findings = drift.findings;
        Ok(looked)
    }

    /// Nothing of the machine is there; whether a table has the name that phasegate's was to have.
    fn nothing(&self, facts: &Facts, drift: &mut Drift) -> bool {
        let names = &self.names;
        let name = &self.loaded.machine.name;
        let message = match facts.has(&names.table_name) {
            true => format!("`{}` is there, and nothing of {name} guards it", names.table_name),
            false => format!("the database has nothing of {name}"),
        };
        let sql = self.loaded.machine.targets.sql();
        let folder = sql.and_then(|sql| sql.migrations.get(&names.dialect));
        if facts.has(&names.table_name) && sql.is_some_and(|sql| sql.owns) {
            drift.error(rules::NOT_INSTALLED, message, self.taken());
            return true;
        }
        let help = format!(
            "apply the migrations of {}; or is it another database{}?",
            folder.map_or("the table", String::as_str),
            match names.dialect {
                phasegate_codegen::emit::sql::Dialect::Postgres =>
                    format!(", or another schema than `{}`", names.schema_name),
                phasegate_codegen::emit::sql::Dialect::Sqlite => String::new(),
            }
        );
        drift.error(rules::NOT_INSTALLED, message, help);
        false
    }

    /// What leads out where phasegate is to make a table, and there is one of that name.
    fn taken(&self) -> String {
        let table = &self.names.table_name;
        let files: Vec<&String> = self.known.iter().flat_map(|known| &known.files).collect();
        let anew = match files.is_empty() {
            true => String::new(),
            false => format!(
                "remove {} and the same numbers of the other dialects and of `tables` where no database has run \
                 them, run `phasegate generate` and `phasegate migrate`, and ",
                suggest::list(&files)
            ),
        };
        format!(
            "the table says that phasegate makes `{table}`. Where that is your application's, say `owns = false` in \
             [target.sql], with its `column`, `storage`, `key` and `key_type`; {anew}apply what is written. Where it is \
             not, give `table` another name in the same way"
        )
    }

    /// The rules that the database is at, by its fingerprint.
    async fn at(&self, conn: &mut Conn, facts: &Facts, drift: &mut Drift) -> Result<At<'_>, Away> {
        let machine = &self.loaded.machine;
        let table = &self.names.name("language");
        let own = &machine.fingerprints.language;
        // Where only NULL is a state, the column holds values, and the fingerprint has no numbers.
        let number = |state: &String| {
            let (stored, _) = facts.stored.get(state).filter(|_| self.names.has_numbers())?;
            stored.parse().ok()
        };
        let states = facts
            .states
            .iter()
            .map(|(state, (_, initial))| (state.as_str(), *initial, number(state)));
        let pairs = facts.transitions.keys().map(|(from, to)| (from.as_str(), to.as_str()));
        let of_rows = language_of(states, pairs);
        let Some(said) = &facts.language else {
            // That the view itself is gone is reported of it.
            if facts.has(table) {
                let message =
                    format!("`{table}` has no row: the history does not say by which rules");
                drift.error(rules::ALTERED_LANGUAGE, message, rules_again(&self.names));
            }
            return self.by(conn, facts, &of_rows).await;
        };
        let by_rows = self.by(conn, facts, &of_rows).await?;
        if of_rows != *said && matches!(by_rows, At::Current | At::Behind(..)) {
            let help = rules_again(&self.names);
            self.says_otherwise(said, &of_rows, help, drift);
            return Ok(by_rows);
        }
        Ok(match self.by(conn, facts, said).await? {
            At::Behind(place, known) => {
                let message = format!(
                    "the database is at {} (language {said}); the table is at {own}",
                    known.path
                );
                drift.error(rules::BEHIND, message, self.left(facts, place));
                At::Behind(place, known)
            }
            At::Others | At::Edited if of_rows == *said => {
                let message = format!(
                    "the database judges by the language {said}, which neither the table ({own}) nor \
                     one that was migrated to has"
                );
                let help =
                    "a newer version has migrated it, or another branch: look with its table";
                drift.error(rules::UNKNOWN_LANGUAGE, message, help);
                At::Others
            }
            At::Others | At::Edited => {
                let help = "somebody changed the rules by hand: see what else is found".to_owned();
                self.says_otherwise(said, &of_rows, help, drift);
                At::Edited
            }
            At::Current => At::Current,
        })
    }

    /// A table that was migrated to before, of the same rules, whose guards and views are there to the
    /// letter: what changes only these is not applied yet.
    async fn pending(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        drift: &mut Drift,
    ) -> Result<Option<At<'_>>, Away> {
        if self.falls_short(conn, facts, &self.loaded.machine).await? == 0 {
            return Ok(None);
        }
        let own = &self.loaded.machine.fingerprints.language;
        for (place, known) in self.known.iter().enumerate().rev() {
            if known.machine.fingerprints.language != *own {
                break;
            }
            if self.falls_short(conn, facts, &known.machine).await? == 0 {
                let message = format!(
                    "the database is at {}: its guards and views are those of that table, and the \
                     rules are the same",
                    known.path
                );
                drift.error(rules::BEHIND, message, self.left(facts, place));
                return Ok(Some(At::Behind(place, known)));
            }
        }
        Ok(None)
    }

    /// How many of a table's guards and views are not there to the letter.
    async fn falls_short(
        &self,
        conn: &mut Conn,
        facts: &Facts,
        machine: &Machine,
    ) -> Result<usize, Away> {
        let mut scratch = Drift { path: String::new(), findings: Vec::new() };
        let Some(sql) = machine.targets.sql() else { return Ok(usize::MAX) };
        let held = Held::new(&self.names, (machine, sql), None, String::new());
        held.objects(facts, true, &mut scratch);
        held.views(conn, facts, true, &mut scratch).await?;
        Ok(scratch.findings.iter().filter(|finding| finding.is_error()).count())
    }

    /// That the fingerprint is not that of the rules.
    fn says_otherwise(&self, said: &str, of_rows: &str, help: String, drift: &mut Drift) {
        let message = format!(
            "`{}` says {said}, and what the database judges by is {of_rows}: the history names the \
             wrong rules",
            self.names.name("language")
        );
        drift.error(rules::ALTERED_LANGUAGE, message, help);
    }

    /// The table of a fingerprint; of several the one whose guards and views are there, for a migration
    /// may change only these, and the last of those.
    async fn by(&self, conn: &mut Conn, facts: &Facts, language: &str) -> Result<At<'_>, Away> {
        if language == self.loaded.machine.fingerprints.language {
            return Ok(At::Current);
        }
        let mut best = None;
        for (place, known) in self.known.iter().enumerate().rev() {
            if known.machine.fingerprints.language == language {
                let lacks = self.falls_short(conn, facts, &known.machine).await?;
                if best.as_ref().is_none_or(|(least, _)| lacks < *least) {
                    best = Some((lacks, At::Behind(place, known)));
                }
            }
        }
        Ok(best.map_or(At::Edited, |(_, at)| at))
    }
}
