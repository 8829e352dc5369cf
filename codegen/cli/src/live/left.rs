//! Which migrations a database that is behind has yet to see: where one takes several files, by what
//! these leave behind them.

use super::Look;
use super::facts::Facts;
use phasegate_codegen::emit::sql::{Dialect, Storage, renamed};
use phasegate_codegen::machine::Machine;
use phasegate_codegen::suggest;

impl Look<'_> {
    /// What is to be applied after the migrations to a known table.
    pub(super) fn left(&self, facts: &Facts, place: usize) -> String {
        let later = &self.known[place + 1..];
        let next = later.first().map(|next| &next.machine);
        let applied =
            next.map_or(Some(0), |next| self.applied(facts, &self.known[place].machine, next));
        let left: Vec<&String> = later.iter().flat_map(|known| &known.files).collect();
        let is_known = applied.filter(|applied| *applied < left.len());
        match (&left[is_known.unwrap_or(0)..], is_known) {
            ([], _) => "write the migration by `phasegate migrate`, and apply it".to_owned(),
            ([next], _) => format!("apply the migration {}", suggest::list(&[next])),
            ([next, then @ ..], Some(_)) => format!(
                "apply the migration {}, then {}",
                suggest::list(&[next]),
                suggest::list(then)
            ),
            (left, None) => {
                format!("apply those of the migrations {} that are not yet", suggest::list(left))
            }
        }
    }

    /// How many files of the next migration are applied, as far as that can be seen: the last of those
    /// that change the rules says so itself.
    fn applied(&self, facts: &Facts, old: &Machine, new: &Machine) -> Option<usize> {
        let sql = new.targets.sql()?;
        if self.names.dialect == Dialect::Sqlite {
            return Some(0);
        }
        let has_label =
            |label: &str| facts.labels.as_ref().is_some_and(|has| has.iter().any(|l| l == label));
        let renamed = renamed(old, new);
        if renamed.is_empty() {
            // New labels come in a file of their own where one of them is the default; labels of the
            // application's own type may have been there before.
            let mut coming = (new.states.iter().map(|state| state.value.as_str()))
                .filter(|value| old.find_value(value).is_none())
                .peekable();
            let is_first = sql.owns && coming.peek().is_some() && coming.all(has_label);
            return Some(usize::from(is_first));
        }
        if !renamed.iter().all(|(_, now)| facts.states.contains_key(*now)) {
            return Some(0);
        }
        match sql.storage {
            Storage::Enum => {
                Some(if renamed.iter().all(|(_, now)| has_label(now)) { 2 } else { 1 })
            }
            // A number stays: it is one file.
            Storage::Integer => Some(1),
            // The second file is that after which nothing enters the old name.
            Storage::Text => {
                let enters = |was: &str| {
                    facts.states.get(was).is_some_and(|(_, initial)| *initial)
                        || facts.transitions.keys().any(|(from, to)| from != was && to == was)
                };
                let entered = |was: &str| {
                    old.find_value(was).is_some_and(|id| {
                        old.is_initial(id)
                            || old.transitions().any(|(from, to, _)| from != id && to == id)
                    })
                };
                if renamed.iter().any(|(was, _)| enters(was)) {
                    Some(1)
                } else {
                    renamed.iter().any(|(was, _)| entered(was)).then_some(2)
                }
            }
        }
    }
}
