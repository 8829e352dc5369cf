//! Migrations of PostgreSQL: rows and function bodies change, and labels are added or renamed. No
//! trigger is made anew, and no lock is taken on the table that writers wait for.

use askama::Template;

use super::super::names::{Names, literal};
use super::super::rows::{self, Chunk};
use super::super::schema;
use super::{Change, Migration};
use crate::targets::{Dialect, Storage};

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
    states: Vec<Chunk>,
    /// Names that nothing enters any more, as literals.
    left: Vec<String>,
    /// Rows that get another name.
    moved: &'m [Rename],
    removed: Vec<Chunk>,
    transitions: Vec<Chunk>,
    /// Names that are no states any more, as literals.
    gone: Vec<String>,
    names: Vec<Chunk>,
    names_gone: Vec<Chunk>,
    fingerprint: Option<&'m str>,
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
            states: Vec::new(),
            left: Vec::new(),
            moved: &[],
            removed: Vec::new(),
            transitions: Vec::new(),
            gone: Vec::new(),
            names: Vec::new(),
            names_gone: Vec::new(),
            fingerprint: None,
            default: None,
        }
    }

    /// Whether anything is to be done.
    fn changes(&self) -> bool {
        !(self.labels.is_empty()
            && self.states.is_empty()
            && self.removed.is_empty()
            && self.transitions.is_empty()
            && self.fingerprint.is_none()
            && self.default.is_none())
    }

    fn print(&self, name: String) -> Migration {
        let text = self.render().expect("the template prints strings alone");
        Migration { name, text: schema::tidy(&text) }
    }
}

impl<'m> Change<'m> {
    pub(super) fn postgres(&self, header: &str) -> Vec<Migration> {
        let n = Names::new(self.new, self.sql, Dialect::Postgres);
        let is_enum = self.sql.storage == Storage::Enum;
        let labels = if is_enum { self.labels() } else { Vec::new() };
        let renamed: Vec<Rename> = self
            .renamed()
            .into_iter()
            .map(|(from, to)| Rename { from: literal(from), to: literal(to) })
            .collect();
        let tag = tag(&labels, &renamed);
        let default = schema::default(self.new);
        // An enum's label takes the default along to its new name.
        let same = match self.sql.storage {
            Storage::Enum => self.matched.was(self.new.initial[0]) == Some(self.old.initial[0]),
            Storage::Text => schema::default(self.old) == default,
        };
        let default = (self.sql.owns && !same).then_some(default);
        // The default is of the column's type: a label that is new is used in a later file.
        let is_later = labels.iter().any(|label| Some(&label.value) == default.as_ref());
        let (now, later) = if is_later { (None, default) } else { (default, None) };
        let named = |suffix: &str| format!("change_{}{suffix}", self.new.name);
        let first = File {
            labels: &labels,
            states: self.states(),
            transitions: self.transitions(),
            names: self.names(),
            names_gone: self.names_gone(),
            default: now,
            ..File::new(header, &n, self, &tag)
        };
        if !renamed.is_empty() {
            return self.renaming(header, &n, is_enum, &renamed, first, later);
        }
        let first = File { removed: self.removed(), fingerprint: self.fingerprint(), ..first };
        let mut files = Vec::new();
        if first.changes() {
            files.push(first.print(named("")));
        }
        if later.is_some() {
            let second = File { default: later, ..File::new(header, &n, self, &tag) };
            files.push(second.print(named("_default")));
        }
        files
    }

    /// A rename of what is stored. A statement that runs meanwhile may read a name before the
    /// rename and judge by it after: so both names are judged alike until everyone has the new one.
    fn renaming(
        &self,
        header: &str,
        n: &Names,
        is_enum: bool,
        renamed: &[Rename],
        first: File<'_>,
        later: Option<String>,
    ) -> Vec<Migration> {
        let tag = first.tag;
        let file = || File::new(header, n, self, tag);
        let either = self.either_name();
        let all =
            either.iter().filter(|(pair, kind)| self.before.transitions.get(*pair) != Some(*kind));
        let row = |((from, to), kind): (&(&str, &str), &crate::machine::Kind)| {
            format!("({}, {}, '{}')", literal(from), literal(to), kind.as_str())
        };
        let begin = File { transitions: rows::chunks(all.map(row).collect()), ..first };

        let old_names: Vec<String> = renamed.iter().map(|rename| rename.from.clone()).collect();
        let pair = |(from, to): &(&str, &str)| format!("({}, {})", literal(from), literal(to));
        let no_longer =
            |(from, to): &&(&str, &str)| !self.after.transitions.contains_key(&(*from, *to));
        let rename = if is_enum {
            File { relabelled: renamed, default: later, ..file() }
        } else {
            let is_old = |name: &str| old_names.contains(&literal(name));
            let enters = |(from, to): &&(&str, &str)| from != to && is_old(to);
            File {
                waits: true,
                left: old_names.clone(),
                removed: rows::chunks(either.keys().filter(enters).map(pair).collect()),
                default: later,
                ..file()
            }
        };
        let end = File {
            waits: true,
            moved: if is_enum { &[] } else { renamed },
            removed: rows::chunks(either.keys().filter(no_longer).map(pair).collect()),
            gone: old_names.clone(),
            fingerprint: self.fingerprint(),
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
