//! Migrations of PostgreSQL: function bodies change, and labels are added or renamed. No trigger is made
//! anew, and no lock is taken on the table that writers wait for.

use super::super::objects::{self, Object, Schema};
use super::super::quote::literal;
use super::super::renames::Renames;
use super::super::rows::Rows;
use super::{Change, File, Migration, Rename};
use crate::emit::sql::Storage;

/// A label of the enum, and its place.
pub(super) struct Label {
    pub(super) value: String,
    /// ` AFTER 'x'`; empty where there is nothing to go by.
    pub(super) place: String,
    pub(super) place_word: &'static str,
    pub(super) neighbour: String,
}

/// What is said of a default that changes.
const START: &str = "-- What a row starts in where nothing is said.\n";
/// What is said of the one trigger that may come to a table later, and what has to be done for it.
const AGAIN: &str = "\
-- A state may become itself from here on, which only `SET` of the column distinguishes from a
-- change elsewhere. This waits for those who write, and those who come after wait behind it: rather not
-- for long. Where this fails, run it again.
SET LOCAL lock_timeout = '3s';
";

impl<'m> Change<'_, 'm> {
    pub(super) fn postgres(&self) -> Vec<Migration> {
        let labels = match self.now.sql.storage {
            Storage::Enum => self.labels(),
            Storage::Text | Storage::Integer => Vec::new(),
        };
        let renamed = self.renames();
        let tag = tag(&labels, &renamed);
        let file = || File { tag: &tag, ..self.file() };
        if !renamed.is_empty() {
            return self.renaming(file, &labels, &renamed);
        }
        let objects = self.objects("The rules from here on.");
        let drops = || self.drops(&self.was.objects(), &self.now.objects(), &[]);
        let named = |suffix: &str| format!("change_{}{suffix}", self.now.machine.name);
        // The default is of the column's type: a label that is new is used in a later file.
        let default = objects::default(self.now.machine);
        let starts = objects.iter().any(|object| object.name == self.n.name("initial"));
        if starts && labels.iter().any(|label| label.value == default) {
            let first = File { labels: &labels, ..file() };
            return vec![
                first.print(named("_labels")),
                File { drops: drops(), objects, ..file() }.print(named("")),
            ];
        }
        let drops = drops();
        if objects.is_empty() && labels.is_empty() && drops.is_empty() {
            return Vec::new();
        }
        vec![File { labels: &labels, drops, objects, ..file() }.print(named(""))]
    }

    /// What is made anew in the end; `what` is said of the rules.
    fn objects(&self, what: &str) -> Vec<Object> {
        let mut objects = self.changed(&self.was.objects(), &self.now.objects());
        for object in &mut objects {
            if object.name == self.n.name("rules") {
                object.comment = format!("-- {what}\n");
            } else if object.name == self.n.first_name("guard_again") {
                object.comment = AGAIN.to_owned();
            } else if object.name != self.n.name("overdue") {
                object.comment = START.to_owned();
            }
        }
        objects
    }

    /// The rules of the old table, by these rows and names.
    fn rules(&self, what: &str, rows: &Rows<'m>, renames: &Renames<'m>) -> Object {
        let (rows, renames) = (rows.clone(), renames.clone());
        let schema = Schema { rows, renames, ..self.was.clone() };
        let name = self.n.name("rules");
        let rules = schema.objects().into_iter().find(|object| object.name == name);
        Object { comment: format!("-- {what}\n"), ..rules.expect("every schema has rules") }
    }

    /// A rename of what is stored, in three files. A statement that runs meanwhile may read a name
    /// before the rename and judge by it after: so the old table is in force by both names, until
    /// everyone has the new one. Only then the new table is.
    fn renaming<'f>(
        &self,
        file: impl Fn() -> File<'f>,
        labels: &'f [Label],
        renamed: &'f [Rename],
    ) -> Vec<Migration> {
        let either = self.either_name();
        let is_enum = self.now.sql.storage == Storage::Enum;
        let names = &self.now.renames;
        let name = |suffix: &str| format!("rename_{}{suffix}", self.now.machine.name);
        let mut begins = vec![self.rules(
            "The rules so far, while states have two names: each is judged alike, no matter who reads which.",
            &either,
            names,
        )];
        // A label takes the default along to its new name; a text does not.
        let default = objects::default(self.was.machine);
        let default = renamed.iter().find(|rename| rename.from == default);
        if let Some(rename) = default.filter(|_| self.now.sql.owns && !is_enum) {
            let initial = |object: &Object| object.name == self.n.name("initial");
            let start = self.was.objects().into_iter().find(initial);
            let start = start.expect("an owned table has a default");
            let sql = start.sql.replace(&rename.from, &rename.to);
            begins.push(Object { comment: START.to_owned(), sql, ..start });
        }
        let rename = if is_enum {
            File { relabelled: renamed, ..file() }
        } else {
            let is_old = |value: &str| self.renamed().iter().any(|(from, _)| *from == value);
            let mut left = either.clone();
            left.transitions.retain(|(from, to), _| from == to || !is_old(to));
            for (value, row) in &mut left.states {
                row.initial &= !is_old(value);
            }
            let what = "The same, and nothing enters the old names any more.";
            File { waits: true, objects: vec![self.rules(what, &left, names)], ..file() }
        };
        let moving = (!is_enum).then(|| {
            let mut names = names.clone();
            names.extend(self.renamed().into_iter().map(|(from, to)| (("", from), to)));
            self.rules("", &either, &names)
        });
        // The default's label was renamed with the others, and a text with the first file.
        let mut objects = self.objects("The rules from here on.");
        if self.matched.was(self.now.machine.initial[0]) == Some(self.was.machine.initial[0]) {
            objects.retain(|object| object.name != self.n.name("initial"));
        }
        let moved = if is_enum { &[] } else { renamed };
        let drops = self.drops(&self.was.objects(), &self.now.objects(), &[]);
        let end = File { waits: true, moved, moving, drops, objects, ..file() };
        let begin = File { labels, objects: begins, ..file() };
        vec![begin.print(name("_begin")), rename.print(name("")), end.print(name("_end"))]
    }

    /// The labels that are new, each placed next to one that is there by then.
    fn labels(&self) -> Vec<Label> {
        // What a state is called while the file runs.
        let there = |id| {
            let was = self.matched.was(id).map(|was| &self.was.machine.state(was).value);
            literal(was.unwrap_or(&self.now.machine.state(id).value))
        };
        let is_new = |id: &_| self.matched.was(*id).is_none();
        let first_old = self.now.machine.state_ids().find(|id| !is_new(id)).map(there);
        let mut labels = Vec::new();
        let mut previous: Option<String> = None;
        for id in self.now.machine.state_ids() {
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
