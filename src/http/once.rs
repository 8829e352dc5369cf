//! Credentials that are good for one report: which were used, and for which.
//!
//! A report that is sent again comes with the same credential, so that it is remembered with the report.
//! Each instance remembers its own.

use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// So many are remembered before those that are over are looked for.
const MANY: usize = 1024;
/// So much longer than they say they are remembered, in seconds: clocks differ.
const LEEWAY: u64 = 60;

#[derive(Debug, Default)]
pub(super) struct Once(Mutex<HashMap<[u8; 32], Used>>);

#[derive(Clone, Copy, Debug)]
struct Used {
    report: [u8; 32],
    until: u64,
}

impl Once {
    /// Whether a credential may be used for a report to a row: for the first time, or again.
    pub(super) fn is_for(
        &self,
        credential: &str,
        until: u64,
        row: &str,
        report: &[u8; 32],
    ) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        self.at(now, credential, until, row, report)
    }

    fn at(&self, now: u64, credential: &str, until: u64, row: &str, report: &[u8; 32]) -> bool {
        let report = Sha256::new().chain_update(report).chain_update(row).finalize().into();
        let used = Used { report, until: until.saturating_add(LEEWAY) };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MANY && all.len().is_power_of_two() {
            all.retain(|_, used| used.until > now);
        }
        let first = all.entry(Sha256::digest(credential).into()).or_insert(used);
        first.report == report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_good_for_one_report_and_for_the_same_again() {
        let once = Once::default();
        assert!(once.at(0, "a", 100, "row", &[1; 32]));
        assert!(once.at(1, "a", 100, "row", &[1; 32]));
        assert!(!once.at(1, "a", 100, "row", &[2; 32]), "another report");
        assert!(!once.at(1, "a", 100, "other", &[1; 32]), "another row");
        assert!(once.at(1, "b", 100, "other", &[1; 32]));
    }

    #[test]
    fn forgets_what_is_over() {
        let once = Once::default();
        for number in 0..MANY {
            assert!(once.at(0, &number.to_string(), 10, "row", &[1; 32]));
        }
        assert!(once.at(1_000, "new", 2_000, "row", &[1; 32]));
        assert_eq!(once.0.lock().unwrap().len(), 1);
    }
}
