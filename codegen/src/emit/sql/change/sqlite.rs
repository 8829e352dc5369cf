//! Migrations of SQLite: one file, one transaction, and nobody else writes meanwhile, so that the
//! guards can be made anew.

use askama::Template;

use super::super::names::{Names, literal};
use super::super::rows::Chunk;
use super::super::schema;
use super::super::wording::Wording;
use super::{Change, Migration};
use crate::emit::sql::{Dialect, Mode};

/// A value that changes, as literals.
struct Rename {
    from: String,
    to: String,
}

/// The definition of the status column, before and after, as literals.
struct Default {
    table: String,
    from: String,
    to: String,
}

#[derive(Template)]
#[template(path = "sql/sqlite-change.sql")]
struct File<'m> {
    header: &'m str,
    n: &'m Names,
    owns: bool,
    history: bool,
    states: Vec<Chunk>,
    renamed: Vec<Rename>,
    removed: Vec<Chunk>,
    transitions: Vec<Chunk>,
    names: Vec<Chunk>,
    names_gone: Vec<Chunk>,
    fingerprint: Option<&'m str>,
    default: Option<Default>,
    /// Whether the guards are made anew.
    rewords: bool,
    words: Wording,
    observe: bool,
}

/// The guards of one machine, to see whether their words change.
#[derive(Template)]
#[template(path = "sql/sqlite-guard.sql")]
struct Guard<'g> {
    n: &'g Names,
    owns: bool,
    history: bool,
    words: &'g Wording,
    observe: bool,
}

impl Change<'_> {
    pub(super) fn sqlite(&self, header: &str) -> Vec<Migration> {
        let n = Names::new(self.new, self.sql, Dialect::Sqlite);
        let (owns, history) = (self.sql.owns, self.sql.events.is_some());
        // The guards stay what they are: to switch them is a file of its own.
        let observe = self.old.targets.sql().is_some_and(|sql| sql.mode == Mode::Observe);
        let guard = |words: &Wording| Guard { n: &n, owns, history, words, observe }.render();
        let words = Wording::of(self.new);
        let rewords = guard(&Wording::of(self.old)).ok() != guard(&words).ok();
        let renamed: Vec<Rename> = self
            .renamed()
            .into_iter()
            .map(|(from, to)| Rename { from: literal(from), to: literal(to) })
            .collect();
        let defaults = [schema::default(self.old), schema::default(self.new)];
        let default = (owns && defaults[0] != defaults[1]).then(|| {
            let [from, to] = defaults.map(|value| {
                literal(&format!("{} TEXT NOT NULL DEFAULT {value} REFERENCES", n.column))
            });
            Default { table: literal(&self.sql.table), from, to }
        });
        let file = File {
            header,
            n: &n,
            owns,
            history,
            states: self.states(&self.before),
            // A rename is no step, and other connections see by the guards that the schema is new.
            rewords: rewords || !renamed.is_empty() || default.is_some(),
            renamed,
            removed: self.removed(),
            transitions: self.transitions(&self.before),
            names: self.names(),
            names_gone: self.names_gone(),
            fingerprint: self.fingerprint(),
            default,
            words,
            observe,
        };
        let changes = !file.states.is_empty()
            || !file.removed.is_empty()
            || !file.transitions.is_empty()
            || file.fingerprint.is_some()
            || file.default.is_some();
        if !changes {
            return Vec::new();
        }
        let verb = if file.renamed.is_empty() { "change" } else { "rename" };
        let name = format!("{verb}_{}", self.new.name);
        let text = schema::tidy(&file.render().expect("the template prints strings alone"));
        vec![Migration { name, text }]
    }
}
