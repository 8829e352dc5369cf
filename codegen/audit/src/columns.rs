//! Which columns of a source are the row, the status, the order and the time.

use phasegate_codegen::emit::sql::SqlTarget;
use phasegate_codegen::machine::Machine;
use phasegate_codegen::suggest;

use crate::Error;

/// What a history calls the state, and the fingerprint of the rules that were in force.
const HISTORY: (&str, &str) = ("to_state", "language");

/// The columns that are asked for by name; of the others the first that a source has of
/// the usual names.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The row's, several where its key takes several.
    pub id: Vec<String>,
    /// The status.
    pub status: Option<String>,
    /// What each row's events are ordered by; without it they stand in order.
    pub order: Option<String>,
    /// The time of each event.
    pub at: Option<String>,
    /// The fingerprint of the table that each was judged by.
    pub fingerprint: Option<String>,
    /// Columns and what they have to hold: other reports are passed over.
    pub only: Vec<(String, String)>,
}

/// What columns are called where nothing else is said, the likeliest first.
#[derive(Clone, Debug)]
pub struct UsualNames {
    id: Vec<Vec<String>>,
    status: Vec<String>,
    at: Vec<String>,
}

/// The places of the columns in a source.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Columns {
    /// The row's.
    pub id: Vec<usize>,
    /// The status.
    pub status: usize,
    /// What orders them.
    pub order: Option<usize>,
    /// The time.
    pub at: Option<usize>,
    /// The fingerprint of a table.
    pub fingerprint: Option<usize>,
    /// What has to hold what for a report to be read.
    pub only: Vec<(usize, String)>,
}

impl Columns {
    /// All of them, each as often as it is used.
    pub(crate) fn used(&self) -> impl Iterator<Item = usize> {
        let others = self.order.iter().chain(&self.at).chain(&self.fingerprint);
        let only = self.only.iter().map(|(at, _)| at);
        self.id.iter().chain([&self.status]).chain(others).chain(only).copied()
    }

    /// The same columns at other places.
    pub(crate) fn at(&self, mut place: impl FnMut(usize) -> usize) -> Self {
        Self {
            id: self.id.iter().map(|&at| place(at)).collect(),
            status: place(self.status),
            order: self.order.map(&mut place),
            at: self.at.map(&mut place),
            fingerprint: self.fingerprint.map(&mut place),
            only: self.only.iter().map(|(at, value)| (place(*at), value.clone())).collect(),
        }
    }

    /// Whether a report with these values is one to read.
    pub(crate) fn takes<'v>(&self, value: impl Fn(usize) -> Option<&'v [u8]>) -> bool {
        self.only.iter().all(|(at, wanted)| value(*at) == Some(wanted.as_bytes()))
    }
}

impl UsualNames {
    /// Those of a table's history and of its rows, and what others often have.
    pub fn of(machine: &Machine) -> Self {
        let schema = machine.schema();
        let column = machine.targets.sql().map_or("status", |sql: &SqlTarget| &sql.column);
        let mut id = vec![schema.row.clone()];
        id.push(vec![format!("{}_id", machine.name)]);
        id.push(schema.key.clone());
        let mut status = vec!["to_state".to_owned(), column.to_owned()];
        let common = Self::common();
        id.extend(common.id);
        status.extend(common.status);
        Self { id, status, at: common.at }
    }

    /// What columns are often called.
    pub fn common() -> Self {
        let list = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let id = list(&["row", "row_id", "case:concept:name", "case_id", "id"]);
        Self {
            id: id.into_iter().map(|name| vec![name]).collect(),
            status: list(&["to_state", "status", "state", "concept:name", "activity"]),
            at: list(&["at", "time:timestamp", "timestamp", "time", "created_at"]),
        }
    }
}

impl Wanted {
    /// The places of the columns in a source that has these.
    ///
    /// # Errors
    /// Where one is missing: what it is for, and what the source has.
    pub fn find(&self, names: &UsualNames, source: &str, has: &[String]) -> Result<Columns, Error> {
        let place = |name: &str| has.iter().position(|column| column == name);
        let asked = |option: &str, name: &str| {
            place(name).ok_or_else(|| {
                let near = suggest::nearest(name, has.iter().map(String::as_str));
                let near =
                    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                Error::new(format!(
                    "{source}: no column `{}` ({option}); it has {}{near}",
                    suggest::shown(name),
                    suggest::list(has),
                ))
            })
        };
        let missing = |what: &str, option: &str, tried: &[String]| {
            Error::new(format!(
                "{source}: no column for the {what} ({} are tried); it has {}; name it by {option}",
                suggest::list(tried),
                suggest::list(has),
            ))
        };
        let id: Vec<usize> = if self.id.is_empty() {
            let found =
                names.id.iter().find_map(|key| key.iter().map(|name| place(name)).collect());
            found.ok_or_else(|| {
                let mut tried: Vec<String> = names.id.iter().map(|key| key.join(",")).collect();
                tried.dedup();
                missing("row", "--id", &tried)
            })?
        } else {
            self.id.iter().map(|name| asked("--id", name)).collect::<Result<_, _>>()?
        };
        let status = match &self.status {
            Some(name) => asked("--status", name)?,
            None => names
                .status
                .iter()
                .find_map(|name| place(name).filter(|at| !id.contains(at)))
                .ok_or_else(|| missing("status", "--status", &names.status))?,
        };
        let order = self.order.as_deref().map(|name| asked("--order", name)).transpose()?;
        let at = match &self.at {
            Some(name) => Some(asked("--at", name)?),
            None => names.at.iter().find_map(|name| place(name)),
        };
        // Only a history has both; elsewhere `language` may be anything.
        let is_history = has[status] == HISTORY.0;
        let fingerprint = match &self.fingerprint {
            Some(name) => Some(asked("--fingerprint", name)?),
            None => place(HISTORY.1).filter(|_| is_history),
        };
        let only =
            self.only.iter().map(|(name, value)| Ok((asked("--where", name)?, value.clone())));
        let only = only.collect::<Result<_, Error>>()?;
        Ok(Columns { id, status, order, at, fingerprint, only })
    }
}
