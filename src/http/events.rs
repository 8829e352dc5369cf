//! `GET /api/deploys/{id}/events`: server-sent events, read from the database's history.
//!
//! A stream is a place in the history and nothing more: what comes after it is read whenever this
//! instance signals a change, and now and then, so that other instances' changes arrive too.

use super::Shared;
use super::problem::Problem;
use super::request::Id;
use crate::store::{Event, Snapshot};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use prometheus_client::metrics::gauge::Gauge;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

/// How long a client waits before it comes back.
const RETRY: Duration = Duration::from_secs(1);

pub(super) async fn stream(
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
    let id = snapshot.id.clone();
    let feed = match resumed {
        Some(seq) => Feed {
            last: seq,
            first: None,
            pending: snapshot.events.into_iter().filter(|event| event.seq > seq).collect(),
            ..Feed::new(shared.clone(), id, changes)
        },
        None => Feed {
            last: snapshot.seq,
            first: Some(Box::new(snapshot)),
            ..Feed::new(shared.clone(), id, changes)
        },
    };
    let events = stream::unfold(feed, Feed::next);
    let keep_alive = KeepAlive::new().interval(shared.options.keep_alive);
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    // Proxies that gather answers would hold the events back.
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    response.headers_mut().insert(unbuffered, HeaderValue::from_static("no"));
    Ok(response)
}

/// The place that a client comes back from.
fn last_event_id(headers: &HeaderMap) -> Option<i64> {
    let given = headers.get("last-event-id")?.to_str().ok()?.parse::<i64>().ok()?;
    (given >= 0).then_some(given)
}

/// One open stream.
struct Feed {
    shared: Arc<Shared>,
    id: String,
    changes: broadcast::Receiver<Arc<str>>,
    closing: watch::Receiver<bool>,
    /// The place that the client has.
    last: i64,
    first: Option<Box<Snapshot>>,
    pending: VecDeque<Event>,
    _open: Open,
}

impl Feed {
    fn new(shared: Arc<Shared>, id: String, changes: broadcast::Receiver<Arc<str>>) -> Self {
        let closing = shared.closing.subscribe();
        let open = Open::new(shared.metrics.streams());
        let pending = VecDeque::new();
        Self { shared, id, changes, closing, last: 0, first: None, pending, _open: open }
    }

    /// The next thing to send; the end where the row is gone, or the backend stops.
    async fn next(mut self) -> Option<(Result<sse::Event, Infallible>, Self)> {
        if let Some(snapshot) = self.first.take() {
            let event = sent("snapshot", snapshot.seq, &*snapshot).retry(RETRY);
            return Some((Ok(event), self));
        }
        loop {
            if *self.closing.borrow() {
                return None;
            }
            if let Some(event) = self.pending.pop_front() {
                self.last = event.seq;
                return Some((Ok(sent("transition", event.seq, &event)), self));
            }
            let Shared { store, machine, .. } = &*self.shared;
            match store.events_since(&**machine, &self.id, self.last).await {
                Ok(Some(events)) => self.pending.extend(events),
                Ok(None) => return None,
                // The client keeps its place: what it misses now comes once the database is back.
                Err(error) => tracing::warn!(%error, "an event stream could not be read on"),
            }
            if self.pending.is_empty() {
                self.wait().await;
            }
        }
    }

    /// Until there may be something new.
    async fn wait(&mut self) {
        let until = Instant::now() + self.shared.options.poll;
        loop {
            tokio::select! {
                _ = self.closing.changed() => return,
                () = tokio::time::sleep_until(until) => return,
                changed = self.changes.recv() => match changed {
                    Ok(id) if *id != *self.id => {}
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                    // The store outlives the stream: this would be its end.
                    Err(broadcast::error::RecvError::Closed) => {
                        tokio::time::sleep_until(until).await;
                        return;
                    }
                },
            }
        }
    }
}

fn sent(name: &str, seq: i64, data: &impl serde::Serialize) -> sse::Event {
    let data = serde_json::to_string(data).expect("events are texts and numbers");
    sse::Event::default().event(name).id(seq.to_string()).data(data)
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
