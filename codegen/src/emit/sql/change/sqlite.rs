//! Migrations of SQLite: one file, one transaction, and no one else writes meanwhile, so that the rules,
//! which stand in views and guards, are made anew.

use super::super::objects;
use super::super::quote::literal;
use super::{Change, File, Migration, Rename};

impl Change<'_, '_> {
    pub(super) fn sqlite(&self) -> Vec<Migration> {
        let (before, after) = (self.was.objects(), self.now.objects());
        let objects = self.changed(&before, &after);
        let defaults = [self.was.machine, self.now.machine].map(objects::default);
        let default = (self.now.sql.owns && defaults[0] != defaults[1]).then(|| {
            let column = &self.n.column;
            let of = &self.n.status_type;
            let [from, to] =
                defaults.map(|value| literal(&format!("{column} {of} NOT NULL DEFAULT {value},")));
            Rename { from, to }
        });
        let drops = self.drops(&before, &after, &objects);
        if objects.is_empty() && drops.is_empty() && default.is_none() {
            return Vec::new();
        }
        let moved = self.renames();
        let verb = if self.renamed().is_empty() { "change" } else { "rename" };
        let file = File { drops, moved: &moved, default, objects, ..self.file() };
        vec![file.print(format!("{verb}_{}", self.now.machine.name))]
    }
}
