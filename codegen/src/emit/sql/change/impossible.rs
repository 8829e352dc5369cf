//! What no migration can do, and how it is found.

use std::fmt;

use super::Change;
use crate::emit::sql::{ColumnType, SqlTarget};
use crate::machine::Machine;
use crate::rules::{self, Rule};

/// What no migration can do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Impossible {
    /// A state that rows and history may hold is gone.
    Removed {
        /// Its name.
        state: String,
    },
    /// A state is stored under a value that, until this very migration has run, is another's.
    Taken {
        /// The state's name.
        state: String,
        /// The value.
        value: String,
        /// The name of the state whose value it is so far.
        by: String,
    },
    /// A value meant another state when these rules were in force before: what a step of then says
    /// would depend on when it was taken.
    Ambiguous {
        /// The value.
        value: String,
        /// What the state is called now that it meant.
        now: String,
    },
    /// A state has another number: rows hold the one that it had.
    Renumbered {
        /// The state's name.
        state: String,
        /// The number that it had.
        was: i64,
        /// The number that the table gives it.
        number: i64,
    },
    /// The target says otherwise what the tables are called or made of.
    Target {
        /// The keys of `[target.sql]` that differ.
        keys: Vec<&'static str>,
    },
}

impl Impossible {
    /// The rule that it breaks.
    pub const fn rule(&self) -> &'static Rule {
        match self {
            Self::Removed { .. } => rules::STATE_REMOVED,
            Self::Taken { .. } => rules::VALUE_TAKEN,
            Self::Ambiguous { .. } => rules::RULES_RETURN,
            Self::Renumbered { .. } => rules::NUMBER_CHANGED,
            Self::Target { .. } => rules::TARGET_CHANGED,
        }
    }

    /// The name of the state that it is about, where it is about one that the table has.
    pub fn state(&self) -> Option<&str> {
        match self {
            Self::Taken { state, .. } | Self::Renumbered { state, .. } => Some(state),
            Self::Removed { .. } | Self::Ambiguous { .. } | Self::Target { .. } => None,
        }
    }

    /// What would be right: for databases that hold rows already, and before the first one does.
    pub fn help(&self) -> String {
        format!("{}; {NOT_RUN_YET}", self.mend())
    }

    fn mend(&self) -> String {
        match self {
            Self::Removed { state } => format!(
                "keep it and say `retired = true`: nothing enters it any more, and a label can't be \
                 dropped; where it has another name now, say `renamed_from = \"{state}\"` there"
            ),
            Self::Taken { state, by, .. } => format!(
                "one after the other: rename `{by}` to a value that no state has had, run `phasegate \
                 migrate`, then change `{state}` and run it again"
            ),
            Self::Ambiguous { .. } => {
                "give one of the renamed states a value that it has not had; or, where what is stored \
                 is to stay, add a state that is `retired = true`: nothing enters it, and the rules \
                 are not those of then"
                    .to_owned()
            }
            Self::Renumbered { was, .. } => format!(
                "set it back to `number = {was}`: rows hold it, and so does the application's code; a state of \
                 another number is another state, and the one that nothing enters any more is `retired = true`"
            ),
            Self::Target { .. } => {
                "set it back: this moves tables, and only you know who else uses them. Such a change \
                 is a new table under a new machine name, or a migration by hand and \
                 `phasegate migrate --baseline` after it"
                    .to_owned()
            }
        }
    }
}

/// The way out on a first day, when nothing is in a database yet.
const NOT_RUN_YET: &str = "where no database has run the newest migrations yet, remove their files and \
                           their tables/NNNN.toml, and run `phasegate migrate` again";

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removed { state } => {
                write!(f, "the state `{state}` is gone, but rows and history may hold it")
            }
            Self::Taken { state, value, by } => write!(
                f,
                "the value `{value}` of `{state}` is that of `{by}` until this migration has run: \
                 rows of the two could not be distinguished"
            ),
            Self::Ambiguous { value, now } => write!(
                f,
                "`{value}` meant the state that is now `{now}` when the very same rules were in \
                 force before: the history from before could not be distinguished from that of now"
            ),
            Self::Renumbered { state, was, number } => {
                write!(f, "the number of `{state}` is {number} now, and rows hold {was} for it")
            }
            Self::Target { keys } => write!(
                f,
                "[target.sql] says otherwise what is in the database already: {}",
                keys.join(", ")
            ),
        }
    }
}

impl std::error::Error for Impossible {}

/// What the target says otherwise of what is in the database already.
fn differences(
    old_machine: &Machine,
    old: &SqlTarget,
    new_machine: &Machine,
    new: &SqlTarget,
) -> Vec<&'static str> {
    let schema = |sql: &SqlTarget| sql.schema.clone().unwrap_or_else(|| "public".to_owned());
    let names = |sql: &SqlTarget| sql.key.iter().map(|key| key.name.clone()).collect::<Vec<_>>();
    let types = |sql: &SqlTarget| sql.key.iter().map(|key| key.of).collect::<Vec<_>>();
    let differ = [
        ("name", old_machine.name != new_machine.name),
        ("schema", schema(old) != schema(new)),
        ("table", old.table != new.table),
        ("owns", old.owns != new.owns),
        ("key", names(old) != names(new)),
        ("key_type", types(old) != types(new)),
        ("column", old.column != new.column),
        ("storage", old.storage != new.storage),
        ("type", new.owns && old.type_name != new.type_name),
        ("events", old.events != new.events),
    ];
    differ.into_iter().filter_map(|(key, differs)| differs.then_some(key)).collect()
}

impl Change<'_, '_> {
    /// Finds what no migration can do.
    pub(super) fn impossible(
        &self,
        before: &[&Machine],
        ambiguous: &[(&str, &str)],
    ) -> Vec<Impossible> {
        let (old, new) = (self.was.machine, self.now.machine);
        let mut found = Vec::new();
        let mut keys = differences(old, self.was.sql, new, self.now.sql);
        let is_otherwise = |(name, of): &(String, ColumnType)| {
            let had = |old: &SqlTarget| old.columns.iter().any(|(was, is)| was == name && is != of);
            self.now.sql.owns && before.iter().filter_map(|old| old.targets.sql()).any(had)
        };
        if self.now.sql.columns.iter().any(is_otherwise) {
            keys.push("columns");
        }
        let null = |machine: &Machine, sql: &SqlTarget| machine.find(sql.null.as_deref()?);
        let was = null(old, self.was.sql).and_then(|id| self.matched.becomes(id));
        if was != null(new, self.now.sql) {
            keys.push("null");
        }
        if !keys.is_empty() {
            found.push(Impossible::Target { keys });
        }
        for id in old.state_ids() {
            if self.matched.becomes(id).is_none() {
                found.push(Impossible::Removed { state: old.state(id).name.clone() });
            }
        }
        for id in new.state_ids() {
            let state = new.state(id);
            if let (Some(number), Some(was)) =
                (state.number, self.matched.was(id).and_then(|was| old.state(was).number))
                && number != was
            {
                found.push(Impossible::Renumbered { state: state.name.clone(), was, number });
            }
            if let Some(taken) = old.find_value(&state.value)
                && self.matched.was(id) != Some(taken)
            {
                found.push(Impossible::Taken {
                    state: state.name.clone(),
                    value: state.value.clone(),
                    by: old.state(taken).name.clone(),
                });
            }
        }
        if !found.is_empty() {
            return found;
        }
        found.extend(ambiguous.iter().map(|(value, now)| Impossible::Ambiguous {
            value: (*value).to_owned(),
            now: (*now).to_owned(),
        }));
        found
    }
}
