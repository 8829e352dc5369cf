//! What reading of rows gives: snapshots, events, lists, reports.

use super::columns::Columns;
use super::time::{self, Time};
use serde::Serialize;

/// One phase of a snapshot.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What the stepper shows for it: the word of a `View`.
    pub view: &'static str,
    /// What the view leaves open: `outcome-not-reported`, `not-needed`, `not-reached`, `forced` (an
    /// operator forced the row into it or past it) or `observed` (it was passed over against the table,
    /// whose guard only observes).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
}

/// One transition of a row, as the database recorded it, and who reported it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Event {
    /// Its place in the row's history, from 1, without gaps.
    pub seq: i64,
    /// The state that the row was in; none of its first. A state that was renamed since goes by
    /// its name of today, unless the machine's rules are those of then.
    pub from: Option<String>,
    /// The state that it is in since; empty where the column became null.
    pub to: String,
    /// When, by the database's clock; in JSON RFC 3339 in UTC with milliseconds, as all times here.
    #[serde(serialize_with = "time::serialize")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::http::openapi::shapes::at))]
    pub at: Time,
    /// The job that reported it; none where plain SQL did it.
    pub job: Option<String>,
    /// The job's run.
    pub run_id: Option<String>,
    /// The run's attempt.
    pub run_attempt: Option<i64>,
    /// Where the run can be looked at.
    pub run_url: Option<String>,
    /// Who it was, as the credential said; of the first event who asked for the row.
    pub actor: Option<String>,
    /// How that was known: a word of [`AuthenticatedBy`](super::AuthenticatedBy), or `database` where no report
    /// led to it.
    pub authenticated_by: String,
    /// The state that the job set out to report before.
    pub attempted: Option<String>,
    /// Why an operator forced it, where one did: then no transition need have allowed it.
    pub forced: Option<String>,
    /// What the database's guard would have refused it as, where it only observes
    /// (`mode = "observe"`): `illegal-transition`, for one.
    pub observed: Option<String>,
}

/// A row at one moment, with all its history.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Snapshot {
    /// The row's key.
    pub id: String,
    /// The value of its state.
    pub status: String,
    /// The state's title; of one that the table lacks its value.
    pub title: String,
    /// Whether no transition to another state leaves it. Of a state that the table lacks: false.
    pub terminal: bool,
    /// `success`, `failure`, `cancelled` or `neutral`, where being there is an end.
    pub outcome: Option<&'static str>,
    /// Whether the table has the state.
    pub known: bool,
    /// The place of the last event; 0 where there is none.
    pub seq: i64,
    /// The fingerprint of the table that this was judged by.
    pub table: String,
    /// What it has in addition to key and status, of the columns that the schema names.
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::http::openapi::shapes::columns))]
    pub columns: Columns,
    /// What the stepper shows.
    pub phases: Vec<Phase>,
    /// The history, oldest first.
    pub events: Vec<Event>,
    /// When the last report came that led to an event; none before the first.
    #[serde(serialize_with = "time::serialize_any")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::http::openapi::shapes::optional_moment))]
    pub last_report_at: Option<Time>,
    /// Since when it is longer in its state than the table calls usual; none where it is not, or where
    /// the table says nothing of it. Nothing moves by it.
    #[serde(serialize_with = "time::serialize_any")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::http::openapi::shapes::optional_moment))]
    pub overdue_since: Option<Time>,
    /// Where the run can be looked at, by the last report that said so.
    pub run_url: Option<String>,
    /// The end of the job's log, by the last report that had one.
    pub log_tail: Option<String>,
}

/// A row in a list.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Item {
    /// The row's key.
    pub id: String,
    /// The value of its state.
    pub status: String,
    /// The state's title; of one that the table lacks its value.
    pub title: String,
    /// Whether no transition to another state leaves it.
    pub terminal: bool,
    /// What kind of end it is, where it is one.
    pub outcome: Option<&'static str>,
    /// Whether the table has the state.
    pub known: bool,
    /// The place of the last event; 0 where there is none.
    pub seq: i64,
    /// The place of the last event that an operator forced, where there is one.
    pub forced_seq: Option<i64>,
    /// Why it was forced.
    pub forced: Option<String>,
    /// What the stepper shows of it.
    pub phases: Vec<Phase>,
    /// When it was started; none where the table has no such column.
    #[serde(serialize_with = "time::serialize_any")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::http::openapi::shapes::optional_moment))]
    pub created_at: Option<Time>,
    /// What it has in addition to key and status.
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::http::openapi::shapes::columns))]
    pub columns: Columns,
}

/// One page of a list, newest first.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// The rows.
    pub items: Vec<Item>,
    /// The key that the next page comes before; none where this was the last.
    pub next: Option<String>,
}

/// A report as it was recorded, refused ones included. Redeliveries are not.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Recorded {
    /// When, by the database's clock.
    #[serde(serialize_with = "time::serialize")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::http::openapi::shapes::at))]
    pub at: Time,
    /// Its identity.
    pub event_id: Option<String>,
    /// What was reported.
    pub status: String,
    /// The state that it was judged on; none of the start.
    pub from: Option<String>,
    /// `applied`, or the name of the problem.
    pub answer: String,
    /// The event that it led to.
    pub seq: Option<i64>,
    /// The job that reported.
    pub job: Option<String>,
    /// The job's run.
    pub run_id: Option<String>,
    /// The run's attempt.
    pub run_attempt: Option<i64>,
    /// Where the run can be looked at.
    pub run_url: Option<String>,
    /// Who it was, as the credential said.
    pub actor: Option<String>,
    /// How that was known, as [`Event::authenticated_by`] says it.
    pub authenticated_by: String,
    /// The state that the job set out to report before.
    pub attempted: Option<String>,
    /// The fingerprint of the sender's table.
    pub table: Option<String>,
    /// The end of the job's log.
    pub log_tail: Option<String>,
}
