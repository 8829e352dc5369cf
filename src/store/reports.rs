//! What was reported of a row, refusals included, a page at a time.

use super::conn::Arg;
use super::read::{key_and_status, recorded};
use super::{Recorded, Result, Store, in_transaction};

/// One page of what was reported of a row, newest first.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ReportsPage {
    /// The reports, with their answers.
    pub reports: Vec<Recorded>,
    /// The number that the next page comes before; none where this was the last.
    pub next: Option<i64>,
    /// How many of the row's are no longer there: of those that led to no step the newest 200 stay, and
    /// retention takes the others.
    pub pruned: i64,
}

impl Store {
    /// At most `limit` of the reports of a row, newest first, those before the number `before` where one
    /// is given. None where there is no such row; empty where the database keeps no history.
    ///
    /// # Errors
    /// Where the database is away or does not fit.
    pub async fn reports_page(
        &self,
        id: &str,
        limit: u32,
        before: Option<i64>,
    ) -> Result<Option<ReportsPage>> {
        let sql = self.statements().await?;
        in_transaction!(self, read, |conn| {
            let Some((key, _)) = key_and_status(conn, &sql, id).await? else {
                return Ok(None);
            };
            if !sql.has_history() {
                return Ok(Some(ReportsPage { reports: Vec::new(), next: None, pruned: 0 }));
            }
            // One more than asked for shows whether there is a next page.
            let most = Arg::Int(Some(i64::from(limit) + 1));
            let rows =
                conn.rows(&sql.reports_page, &[(&key).into(), Arg::Int(before), most]).await?;
            let page = usize::try_from(limit).unwrap_or(usize::MAX);
            let shown = &rows[..rows.len().min(page)];
            let next = match shown.last().filter(|_| rows.len() > page) {
                Some(last) => last.int(NUMBER)?,
                None => None,
            };
            let reports = shown.iter().map(recorded).collect::<Result<Vec<_>>>()?;
            let pruned = match &sql.pruned {
                Some(pruned) => conn.row(pruned, &[(&key).into()]).await?,
                None => None,
            };
            let pruned = pruned.map(|row| row.int(0)).transpose()?.flatten().unwrap_or_default();
            Ok(Some(ReportsPage { reports, next, pruned }))
        })
    }
}

/// The place of a report's number, after what is recorded of it.
const NUMBER: usize = 15;
