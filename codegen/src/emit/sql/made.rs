//! What a schema is made of, by its dialect.

use super::list::List;
use super::objects::{Object, Schema};
use super::{postgres, sqlite};
use crate::emit::sql::Dialect;

impl Schema<'_> {
    /// One statement, where there is something to do; `is_guarded` where the guard is there already.
    pub(super) fn step(&self, object: &str, is_guarded: bool) -> Option<Object> {
        let mut list = List::of(self, is_guarded);
        list.step(object);
        list.objects.pop()
    }

    /// All that is made, in its order.
    pub fn objects(&self) -> Vec<Object> {
        let mut list = List::of(self, false);
        match self.dialect {
            Dialect::Postgres => postgres::objects(&mut list, self),
            Dialect::Sqlite => sqlite::objects(&mut list),
        }
        list.objects
    }
}
