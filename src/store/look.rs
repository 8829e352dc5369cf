//! One look at many rows: what came to each since the place that is known of it, no matter who changed it.

use super::read::events;
use super::{Event, Result, Store, in_transaction};
use crate::Machine;
use std::collections::BTreeMap;

/// What a look found of a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Seen {
    /// It is as it was.
    Same,
    /// These events came.
    Events(Vec<Event>),
    /// There is no such row any more.
    Gone,
}

impl Store {
    /// Looks at the rows of these keys, as the store gives keys, each with the last place that is known. In
    /// one transaction, with one statement for all of them and one for each that has something new.
    pub(crate) async fn look(
        &self,
        machine: &dyn Machine,
        known: &BTreeMap<String, i64>,
    ) -> Result<BTreeMap<String, Seen>> {
        let sql = self.statements().await?;
        let mut by_key = BTreeMap::new();
        for (id, seq) in known {
            if let Some(key) = sql.shape.key.parse(id) {
                by_key.insert(key, (id, *seq));
            }
        }
        let keys: Vec<&String> = by_key.keys().collect();
        let keys = serde_json::json!(keys).to_string();
        in_transaction!(self, read, |conn| {
            let mut seen: BTreeMap<String, Seen> =
                known.keys().map(|id| (id.clone(), Seen::Gone)).collect();
            for row in conn.rows(&sql.heads, &[(&keys).into()]).await? {
                let key = row.text(0)?.unwrap_or_default();
                let Some((id, known)) = by_key.get(&key) else {
                    continue;
                };
                let what = if row.int(1)?.unwrap_or_default() > *known {
                    Seen::Events(events(conn, machine, &sql, &key, *known).await?)
                } else {
                    Seen::Same
                };
                seen.insert((*id).clone(), what);
            }
            Ok(seen)
        })
    }
}
