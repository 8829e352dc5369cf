//! One report of a row at a time: those that come together wait here, and not with a connection each, so
//! that a row that someone holds keeps no other row's reports away from the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedMutexGuard;

type Turn = Arc<tokio::sync::Mutex<()>>;

/// Whose turn it is, by key.
#[derive(Debug, Default)]
pub(crate) struct Rows(Mutex<HashMap<String, Turn>>);

/// A turn at a row, until it is dropped.
pub(crate) struct Held<'r> {
    rows: &'r Rows,
    key: &'r str,
    turn: Option<OwnedMutexGuard<()>>,
}

impl Rows {
    /// Waits for the turn at a row.
    pub(crate) async fn turn<'r>(&'r self, key: &'r str) -> Held<'r> {
        let turn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = { turn }.entry(key.to_owned()).or_default().clone();
        // Made before the wait: one that is dropped while it waits leaves nothing behind either.
        let mut held = Held { rows: self, key, turn: None };
        held.turn = Some(turn.lock_owned().await);
        held
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        drop(self.turn.take());
        let mut rows = self.rows.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's own is the last one: clones are made only under its lock.
        if rows.get(self.key).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            rows.remove(self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test]
    async fn one_at_a_time_has_its_turn_at_a_row_and_nothing_stays() {
        let rows = Rows::default();
        let held = rows.turn("a").await;
        let moment = Duration::from_millis(20);
        assert!(timeout(moment, rows.turn("a")).await.is_err());
        let other = timeout(moment, rows.turn("b")).await;
        assert!(other.is_ok(), "another row waits for no one");
        drop((held, other));
        assert!(timeout(moment, rows.turn("a")).await.is_ok());
        assert!(rows.0.lock().unwrap().is_empty());
    }
}
