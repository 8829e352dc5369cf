//! Migrations of PostgreSQL: rows and function bodies change, and labels are added or renamed. No
//! trigger is made anew, and no lock is taken on the table that writers wait for.

use askama::Template;

use super::super::names::{Names, literal};
use super::super::renames::Renames;
use super::super::rows::Rows;
use super::super::rules::Rules;
use super::super::schema;
use super::{Change, Migration};
use crate::emit::sql::{Dialect, Mode, Storage};
use crate::machine::Machine;

/// A label of the enum, and its place.
#[derive(Default)]
struct Label {
    value: String,
    /// ` AFTER 'x'`; empty where there is nothing to go by.
    place: String,
    place_word: &'static str,
    neighbour: String,
}

/// A value that changes, as literals.
struct Rename {
    from: String,
    to: String,
}

/// One file: what is not asked for is left out.
#[derive(Template)]
#[template(path = "sql/postgres-change.sql")]
struct File<'m> {
    header: &'m str,
    n: &'m Names,
    owns: bool,
    table_literal: String,
    column_literal: String,
    /// The quotes of a block of code, which no label may hold.
    tag: &'m str,
    /// Whether those have to be done who may still act on what was before.
    waits: bool,
    labels: &'m [Label],
    /// The labels of the enum that get another name.
    relabelled: &'m [Rename],
    /// Rows that get another name.
    moved: &'m [Rename],
    /// The rules while they do.
    moving: Option<Rules>,
    /// What the rules are for.
    what: &'static str,
    rules: Option<Rules>,
    /// Whether a state may become itself for the first time.
    again: bool,
    default: Option<String>,
}

impl<'m> File<'m> {
    fn new(header: &'m str, n: &'m Names, change: &Change<'_>, tag: &'m str) -> Self {
        Self {
            header,
            n,
            owns: change.sql.owns,
            table_literal: literal(&n.table),
            column_literal: literal(&change.sql.column),
            tag,
            waits: false,
            labels: &[],
            relabelled: &[],
            moved: &[],
            moving: None,
            what: "",
            rules: None,
            again: false,
            default: None,
        }
    }

    /// Whether anything is to be done.
    fn changes(&self) -> bool {
        !self.labels.is_empty() || self.rules.is_some() || self.default.is_some()
    }

    fn print(&self, name: String) -> Migration {
        let text = self.render().expect("the template prints strings alone");
        Migration { name, text: schema::tidy(&text) }
    }
}

impl<'m> Change<'m> {
    pub(super) fn postgres(&self, header: &str) -> Vec<Migration> {
        let n = Names::new(self.new, self.sql, Dialect::Postgres);
        let labels = match self.sql.storage {
            Storage::Enum => self.labels(),
            Storage::Text => Vec::new(),
        };
        let renamed: Vec<Rename> = self
            .renamed()
            .into_iter()
            .map(|(from, to)| Rename { from: literal(from), to: literal(to) })
            .collect();
        let tag = tag(&labels, &renamed);
        let file = || File::new(header, &n, self, &tag);
        if !renamed.is_empty() {
            return self.renaming(file, &labels, &renamed);
        }
        let change = File {
            what: "The rules from here on.",
            rules: (self.rules_before() != self.rules_after()).then(|| self.rules_after()),
            again: self.repeats_first(),
            default: self.default(),
            ..file()
        };
        let named = |suffix: &str| format!("change_{}{suffix}", self.new.name);
        // The default is of the column's type: a label that is new is used in a later file.
        if labels.iter().any(|label| Some(&label.value) == change.default.as_ref()) {
            let first = File { labels: &labels, ..file() };
            return vec![first.print(named("_labels")), change.print(named(""))];
        }
        let change = File { labels: &labels, ..change };
        if change.changes() { vec![change.print(named(""))] } else { Vec::new() }
    }

    fn rules_of(&self, machine: &Machine, rows: &Rows<'_>, names: &Renames<'_>) -> Rules {
        Rules::with(machine, self.mode(), rows, names)
    }

    fn rules_before(&self) -> Rules {
        self.rules_of(self.old, &self.before, &self.names_before)
    }

    fn rules_after(&self) -> Rules {
        self.rules_of(self.new, &self.after, &self.names_after)
    }

    /// The guard's mode: to switch it is a file of its own.
    fn mode(&self) -> Mode {
        self.old.targets.sql().map_or(self.sql.mode, |sql| sql.mode)
    }

    /// Whether a state may become itself for the first time.
    fn repeats_first(&self) -> bool {
        let is_new = schema::repeats(self.new) && !schema::repeats(self.old);
        self.sql.events.is_some() && !self.sql.owns && is_new
    }

    /// What a row starts in where nothing is said, where that is another state than before.
    fn default(&self) -> Option<String> {
        let is_same = self.matched.was(self.new.initial[0]) == Some(self.old.initial[0]);
        (self.sql.owns && !is_same).then(|| schema::default(self.new))
    }

    /// A rename of what is stored, in three files. A statement that runs meanwhile may read a name
    /// before the rename and judge by it after: so the old table is in force by both names, until
    /// everyone has the new one. Only then the new table is.
    fn renaming<'f>(
        &self,
        file: impl Fn() -> File<'f>,
        labels: &'f [Label],
        renamed: &'f [Rename],
    ) -> Vec<Migration>
    where
        'm: 'f,
    {
        let either = self.either_name();
        let is_enum = self.sql.storage == Storage::Enum;
        let begin = {
            // A label takes the default along to its new name; a text does not.
            let default = literal(self.old.state(self.old.initial[0]).value.as_str());
            let default = renamed.iter().find(|rename| rename.from == default);
            File {
                labels,
                what: "The rules so far, while states have two names: each is judged alike, whoever reads which.",
                rules: Some(self.rules_of(self.old, &either, &self.names_after)),
                default: default.filter(|_| self.sql.owns && !is_enum).map(|to| to.to.clone()),
                ..file()
            }
        };
        let rename = if is_enum {
            File { relabelled: renamed, ..file() }
        } else {
            let is_old = |value: &str| self.renamed().iter().any(|(from, _)| *from == value);
            let mut left = either.clone();
            left.transitions.retain(|(from, to), _| from == to || !is_old(to));
            for (value, row) in &mut left.states {
                row.initial &= !is_old(value);
            }
            File {
                waits: true,
                what: "The same, and nothing enters the old names any more.",
                rules: Some(self.rules_of(self.old, &left, &self.names_after)),
                ..file()
            }
        };
        let end = File {
            waits: true,
            moved: if is_enum { &[] } else { renamed },
            moving: (!is_enum).then(|| {
                let mut names = self.names_after.clone();
                names.extend(self.renamed().into_iter().map(|(from, to)| (("", from), to)));
                self.rules_of(self.old, &either, &names)
            }),
            what: "The rules from here on.",
            rules: Some(self.rules_after()),
            again: self.repeats_first(),
            default: self.default(),
            ..file()
        };
        let name = |suffix: &str| format!("rename_{}{suffix}", self.new.name);
        vec![begin.print(name("_begin")), rename.print(name("")), end.print(name("_end"))]
    }

    /// The labels that are new, each placed beside one that is there by then.
    fn labels(&self) -> Vec<Label> {
        // What a state is called while the file runs.
        let there = |id| {
            let was = self.matched.was(id).map(|was| &self.old.state(was).value);
            literal(was.unwrap_or(&self.new.state(id).value))
        };
        let is_new = |id: &_| self.matched.was(*id).is_none();
        let first_old = self.new.state_ids().find(|id| !is_new(id)).map(there);
        let mut labels = Vec::new();
        let mut previous: Option<String> = None;
        for id in self.new.state_ids() {
            if is_new(&id) {
                let (place_word, neighbour) = match (&previous, &first_old) {
                    (Some(previous), _) => (" AFTER", previous.clone()),
                    (None, Some(first)) => (" BEFORE", first.clone()),
                    (None, None) => ("", String::new()),
                };
                let place = format!("{place_word} {neighbour}").trim_end().to_owned();
                labels.push(Label { value: there(id), place, place_word, neighbour });
            }
            previous = Some(there(id));
        }
        labels
    }
}

/// Dollar quotes that no label closes.
fn tag(labels: &[Label], renamed: &[Rename]) -> String {
    let is_free = |tag: &String| {
        let added = labels.iter().flat_map(|label| [&label.value, &label.neighbour]);
        let all = added.chain(renamed.iter().flat_map(|rename| [&rename.from, &rename.to]));
        all.into_iter().all(|text| !text.contains(tag.as_str()))
    };
    (0..)
        .map(|n| if n == 0 { "$phasegate$".to_owned() } else { format!("$phasegate{n}$") })
        .find(is_free)
        .expect("there are more numbers than labels")
}
