//! Server-sent events: `GET /api/deploys/{id}/events` follows a row, and `GET /api/deploys` the list
//! where the client accepts `text/event-stream`.
//!
//! A stream is what its client has, and nothing more: what differs is read whenever this instance
//! signals a change, and now and then, so that other instances' changes arrive too. A heartbeat says
//! that the database was looked at and has nothing new; as a comment it would reach no script.

use super::problem::Problem;
use super::request::Id;
use super::{Shared, StoreResult};
use crate::store::{Event, Item};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{self, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use prometheus_client::metrics::gauge::Gauge;
use serde_json::json;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

/// How long a client waits before it comes back.
const RETRY: Duration = Duration::from_secs(1);

pub(super) async fn of_row(
    State(shared): State<Arc<Shared>>,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Listening starts before the look, so that nothing falls in between.
    let changes = shared.store.changes();
    let snapshot = shared.ask(shared.store.snapshot(&*shared.machine, &id)).await?;
    let snapshot = snapshot.ok_or_else(|| Problem::no_row(shared.machine.name()))?;
    // A place that the row never had is of another row, or of a database that was put back.
    let resumed = last_event_id(&headers).filter(|seq| *seq <= snapshot.seq);
    let first = match resumed {
        Some(seq) => {
            let missed = snapshot.events.iter().filter(|event| event.seq > seq);
            missed.map(transition).collect()
        }
        None => {
            let event = sent("snapshot", &snapshot).id(snapshot.seq.to_string());
            VecDeque::from([event.retry(RETRY)])
        }
    };
    let row = Row { id: snapshot.id, last: snapshot.seq };
    Ok(Feed::new(shared, row, changes, first).into_response())
}

/// The stream of the newest rows, so many of them.
pub(super) async fn of_list(shared: Arc<Shared>, limit: u32) -> Result<Response, Problem> {
    let changes = shared.store.changes();
    let mut list = List { limit, shown: None };
    let first = shared.ask(list.look(&shared)).await?.unwrap_or_default();
    Ok(Feed::new(shared, list, changes, first.into()).into_response())
}

/// The place that a client comes back from.
fn last_event_id(headers: &HeaderMap) -> Option<i64> {
    let given = headers.get("last-event-id")?.to_str().ok()?.parse::<i64>().ok()?;
    (given >= 0).then_some(given)
}

/// What a stream follows, and what of it the client has.
trait Subject: Send + 'static {
    /// How long is waited after a look at least: what changes meanwhile comes together.
    const PACE: Duration;

    /// What differs from what the client has; none where the subject is gone.
    fn look(
        &mut self,
        shared: &Shared,
    ) -> impl Future<Output = StoreResult<Option<Vec<sse::Event>>>> + Send;

    /// Whether a change of this row is one of the subject.
    fn has(&self, id: &str) -> bool;
}

/// One row, up to the place that the client has.
struct Row {
    id: String,
    last: i64,
}

impl Subject for Row {
    const PACE: Duration = Duration::ZERO;

    async fn look(&mut self, shared: &Shared) -> StoreResult<Option<Vec<sse::Event>>> {
        let events = shared.store.events_since(&*shared.machine, &self.id, self.last).await?;
        Ok(events.map(|events| {
            self.last = events.last().map_or(self.last, |event| event.seq);
            events.iter().map(transition).collect()
        }))
    }

    fn has(&self, id: &str) -> bool {
        self.id == id
    }
}

/// The newest rows, as the client has them, and whether there are older ones.
struct List {
    limit: u32,
    shown: Option<(Vec<Item>, Option<String>)>,
}

impl Subject for List {
    const PACE: Duration = Duration::from_millis(100);

    async fn look(&mut self, shared: &Shared) -> StoreResult<Option<Vec<sse::Event>>> {
        let page = shared.store.list(&*shared.machine, self.limit, None).await?;
        let Some(page) = page else {
            return Ok(None);
        };
        let events = match &self.shown {
            // The same rows in the same order: each that changed by itself.
            Some((items, next)) if *next == page.next && same_rows(items, &page.items) => {
                let pairs = items.iter().zip(&page.items);
                pairs.filter(|(had, now)| had != now).map(|(_, now)| sent("row", now)).collect()
            }
            Some(_) | None => {
                let table = shared.store.schema().table.as_str();
                vec![sent("list", &json!({table: page.items, "next": page.next})).retry(RETRY)]
            }
        };
        self.shown = Some((page.items, page.next));
        Ok(Some(events))
    }

    fn has(&self, _: &str) -> bool {
        true
    }
}

fn same_rows(had: &[Item], now: &[Item]) -> bool {
    had.iter().map(|item| &item.id).eq(now.iter().map(|item| &item.id))
}

/// One open stream.
struct Feed<S> {
    shared: Arc<Shared>,
    subject: S,
    changes: broadcast::Receiver<Arc<str>>,
    closing: watch::Receiver<bool>,
    pending: VecDeque<sse::Event>,
    /// When the next heartbeat is due.
    due: Instant,
    _open: Open,
}

impl<S: Subject> Feed<S> {
    fn new(
        shared: Arc<Shared>,
        subject: S,
        changes: broadcast::Receiver<Arc<str>>,
        pending: VecDeque<sse::Event>,
    ) -> Self {
        let closing = shared.closing.subscribe();
        let _open = Open::new(shared.metrics.streams());
        // The first says at once how often they come.
        Self { shared, subject, changes, closing, pending, due: Instant::now(), _open }
    }

    fn into_response(self) -> Response {
        let mut response = Sse::new(stream::unfold(self, Feed::next)).into_response();
        // Proxies that gather answers would hold the events back.
        let unbuffered = HeaderName::from_static("x-accel-buffering");
        response.headers_mut().insert(unbuffered, HeaderValue::from_static("no"));
        response
    }

    /// The next thing to send; the end where the subject is gone, or the backend stops.
    async fn next(mut self) -> Option<(Result<sse::Event, Infallible>, Self)> {
        loop {
            if *self.closing.borrow() {
                return None;
            }
            if let Some(event) = self.pending.pop_front() {
                return Some((Ok(event), self));
            }
            match self.subject.look(&self.shared).await {
                Ok(Some(events)) if events.is_empty() && self.due <= Instant::now() => {
                    let every = self.shared.options.heartbeat;
                    self.due = Instant::now() + every;
                    let said = json!({"every_ms": u64::try_from(every.as_millis()).ok()});
                    return Some((Ok(sent("heartbeat", &said)), self));
                }
                Ok(Some(events)) => self.pending.extend(events),
                Ok(None) => return None,
                // The client keeps what it has, and hears no heartbeat: what it misses now comes
                // once the database is back.
                Err(error) => tracing::warn!(%error, "an event stream could not be read on"),
            }
            if self.pending.is_empty() {
                self.wait().await;
            }
        }
    }

    /// Until there may be something new, or something has to be said.
    async fn wait(&mut self) {
        let now = Instant::now();
        // A heartbeat that is due already waits for a database that is away.
        let quiet = self.due.checked_duration_since(now).unwrap_or(self.shared.options.poll);
        let until = now + quiet.min(self.shared.options.poll);
        loop {
            tokio::select! {
                _ = self.closing.changed() => return,
                () = tokio::time::sleep_until(until) => return,
                changed = self.changes.recv() => match changed {
                    Ok(id) if !self.subject.has(&id) => {}
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {
                        return tokio::time::sleep_until(now + S::PACE).await;
                    }
                    // The store outlives the stream: this would be its end.
                    Err(broadcast::error::RecvError::Closed) => {
                        return tokio::time::sleep_until(until).await;
                    }
                },
            }
        }
    }
}

fn transition(event: &Event) -> sse::Event {
    sent("transition", event).id(event.seq.to_string())
}

fn sent(name: &str, data: &impl serde::Serialize) -> sse::Event {
    let data = serde_json::to_string(data).expect("events are texts and numbers");
    sse::Event::default().event(name).data(data)
}

/// Counts a stream for as long as it is open.
struct Open(Gauge);

impl Open {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}
