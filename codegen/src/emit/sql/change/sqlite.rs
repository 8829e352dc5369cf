//! Migrations of SQLite: one file, one transaction, and nobody else writes meanwhile, so that the rules,
//! which stand in views and guards, are made anew.

use askama::Template;

use super::super::cases::Cases;
use super::super::names::{Names, literal};
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
    observe: bool,
    renamed: Vec<Rename>,
    default: Option<Default>,
    r: Cases,
    words: Wording,
}

impl Change<'_> {
    pub(super) fn sqlite(&self, header: &str) -> Vec<Migration> {
        let n = Names::new(self.new, self.sql, Dialect::Sqlite);
        let owns = self.sql.owns;
        let renamed: Vec<Rename> = self
            .renamed()
            .into_iter()
            .map(|(from, to)| Rename { from: literal(from), to: literal(to) })
            .collect();
        let defaults = [schema::default(self.old), schema::default(self.new)];
        let default = (owns && defaults[0] != defaults[1]).then(|| {
            let [from, to] = defaults
                .map(|value| literal(&format!("{} TEXT NOT NULL DEFAULT {value},", n.column)));
            Default { table: literal(&self.sql.table), from, to }
        });
        let r = Cases::of(self.new, &self.names_after);
        if r == Cases::of(self.old, &self.names_before) && default.is_none() {
            return Vec::new();
        }
        let verb = if renamed.is_empty() { "change" } else { "rename" };
        let file = File {
            header,
            n: &n,
            owns,
            history: self.sql.events.is_some(),
            // The guards stay what they are: to switch them is a file of its own.
            observe: self.old.targets.sql().is_some_and(|sql| sql.mode == Mode::Observe),
            renamed,
            default,
            r,
            words: Wording::of(self.new),
        };
        let name = format!("{verb}_{}", self.new.name);
        let text = schema::tidy(&file.render().expect("the template prints strings alone"));
        vec![Migration { name, text }]
    }
}
