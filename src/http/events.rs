//! Server-sent events: `GET /api/deploys/{id}/events` follows a row until it has ended, and
//! `GET /api/deploys` the list where the client accepts `text/event-stream`.
//!
//! A stream is the place that its client has, and nothing more: what is new comes from the one reader of the
//! instance ([`super::hub`]). A heartbeat says that the database was looked at and has nothing new; as a
//! comment it would reach no script.

use super::Shared;
use super::frames::{frame, transition};
use super::hub::{Asked, ListNow, Tail};
use super::limits::Stream as Counted;
use super::metrics::OpenStream;
use super::problem::Problem;
use super::request::Id;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::json;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long one waits where too many lists are followed.
const MOMENT: Duration = Duration::from_secs(5);

pub(super) async fn of_row(
    State(shared): State<Arc<Shared>>,
    Id(id): Id,
    headers: HeaderMap,
    extensions: Extensions,
) -> Result<Response, Problem> {
    let counted = shared.limits.stream(&extensions)?;
    let snapshot = shared.ask(shared.store.snapshot(&*shared.machine, &id)).await?;
    let snapshot = snapshot.ok_or_else(|| Problem::no_row(shared.machine.name()))?;
    // A place that the row never had is of another row, or of a database that was put back.
    let resumed = last_event_id(&headers).filter(|seq| *seq <= snapshot.seq);
    if snapshot.terminal && resumed == Some(snapshot.seq) {
        // It has all that there is: a browser does not come back after this.
        return Ok(super::no_store(StatusCode::NO_CONTENT.into_response()));
    }
    let pending = match resumed {
        Some(seq) => {
            let missed = snapshot.events.iter().filter(|event| event.seq > seq);
            missed.map(transition).collect()
        }
        None => VecDeque::from([frame("snapshot", Some(snapshot.seq), true, &snapshot)]),
    };
    let tail = shared.hub.watch(&shared, &snapshot.id, snapshot.seq);
    let row = Row { id: snapshot.id, last: snapshot.seq, tail, ended: snapshot.terminal };
    Ok(Feed::new(shared, row, pending, counted).into_response())
}

/// The stream of the newest rows, so many of them.
pub(super) async fn of_list(
    shared: Arc<Shared>,
    asked: Asked,
    extensions: &Extensions,
) -> Result<Response, Problem> {
    let counted = shared.limits.stream(extensions)?;
    if !shared.hub.may_watch(&asked) {
        return Err(Problem::too_many("different lists that are followed", MOMENT));
    }
    let now = shared.ask(shared.hub.watch_list(&shared, asked)).await?;
    let (version, whole) = {
        let now = now.borrow();
        (now.version, now.whole(&shared.store.schema().table))
    };
    let list = List { version, now };
    Ok(Feed::new(shared, list, VecDeque::from([whole]), counted).into_response())
}

/// The place that a client comes back from.
fn last_event_id(headers: &HeaderMap) -> Option<i64> {
    let given = headers.get("last-event-id")?.to_str().ok()?.parse::<i64>().ok()?;
    (given >= 0).then_some(given)
}

/// What there is to send.
enum Next {
    Frames(Vec<Bytes>),
    /// The stream is over; whether the client need not come back.
    End(bool),
}

/// What a stream follows, and what of it the client has.
trait Subject: Send + 'static {
    /// What the client does not have yet.
    fn next(&mut self, shared: &Shared) -> impl Future<Output = Next> + Send;

    /// Until there may be more.
    fn changed(&mut self) -> impl Future<Output = ()> + Send;
}

/// One row, up to the place that the client has.
struct Row {
    id: String,
    last: i64,
    tail: watch::Receiver<Tail>,
    ended: bool,
}

impl Subject for Row {
    async fn next(&mut self, shared: &Shared) -> Next {
        let tail = self.tail.borrow_and_update().clone();
        let (mut frames, mut last) = (Vec::new(), self.last);
        if tail.events.front().is_some_and(|(seq, _)| *seq > self.last + 1) {
            // The client took its events so slowly that they are not kept any more.
            let read = shared.store.events_since(&*shared.machine, &self.id, self.last);
            match shared.ask(read).await {
                Ok(Some(events)) => {
                    last = events.last().map_or(last, |event| event.seq);
                    frames.extend(events.iter().map(transition));
                }
                // The client comes back, and learns why then.
                Ok(None) | Err(_) => return Next::End(false),
            }
        }
        for (seq, frame) in &*tail.events {
            if *seq > last {
                last = *seq;
                frames.push(frame.clone());
            }
        }
        if last > self.last {
            self.ended = tail.ended;
        }
        self.last = last;
        if frames.is_empty() && (self.ended || tail.gone) {
            return Next::End(!tail.gone);
        }
        Next::Frames(frames)
    }

    async fn changed(&mut self) {
        if self.tail.changed().await.is_err() {
            // The reader has let go of the row: what there is to say of it is said.
            std::future::pending::<()>().await;
        }
    }
}

/// The newest rows, in the version that the client has.
struct List {
    version: u64,
    now: watch::Receiver<ListNow>,
}

impl Subject for List {
    async fn next(&mut self, shared: &Shared) -> Next {
        let now = self.now.borrow_and_update();
        let frames = now.since(self.version, &shared.store.schema().table);
        self.version = now.version;
        Next::Frames(frames)
    }

    async fn changed(&mut self) {
        if self.now.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// One open stream.
struct Feed<S> {
    shared: Arc<Shared>,
    subject: S,
    closing: watch::Receiver<bool>,
    looked: watch::Receiver<Instant>,
    pending: VecDeque<Bytes>,
    /// When the next heartbeat is due, and what it has to be newer than.
    due: Instant,
    since: Instant,
    is_over: bool,
    _open: OpenStream,
    _counted: Counted,
}

impl<S: Subject> Feed<S> {
    fn new(shared: Arc<Shared>, subject: S, pending: VecDeque<Bytes>, counted: Counted) -> Self {
        let closing = shared.closing.subscribe();
        let looked = shared.hub.looked();
        let _open = shared.metrics.stream();
        let now = Instant::now();
        // The first says at once how often they come: the database has just been read.
        let pending = pending.into_iter().chain([beat(&shared)]).collect();
        let due = now + shared.options.heartbeat;
        let since = now;
        Self {
            shared,
            subject,
            closing,
            looked,
            pending,
            due,
            since,
            is_over: false,
            _open,
            _counted: counted,
        }
    }

    fn into_response(self) -> Response {
        let body = Body::from_stream(stream::unfold(self, Feed::next));
        let mut response = body.into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        // Proxies that gather answers would hold the events back.
        let unbuffered = HeaderName::from_static("x-accel-buffering");
        headers.insert(unbuffered, HeaderValue::from_static("no"));
        response
    }

    /// The next thing to send; the end where the subject is over, or the backend stops.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        loop {
            if *self.closing.borrow() {
                return None;
            }
            if let Some(frame) = self.pending.pop_front() {
                return Some((Ok(frame), self));
            }
            if self.is_over {
                return None;
            }
            match self.subject.next(&self.shared).await {
                Next::Frames(frames) if !frames.is_empty() => self.pending.extend(frames),
                Next::Frames(_) => self.wait().await,
                Next::End(is_all) => {
                    self.is_over = true;
                    self.pending.extend(is_all.then(|| frame("end", None, false, &json!({}))));
                }
            }
        }
    }

    /// Until there may be something new, or a heartbeat is due and the database was looked at since the last
    /// one.
    async fn wait(&mut self) {
        let (due, since) = (self.due, self.since);
        let looked = &mut self.looked;
        let beats = async move {
            tokio::time::sleep_until(due).await;
            if looked.wait_for(|looked| *looked > since).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            _ = self.closing.changed() => {}
            () = self.subject.changed() => {}
            () = beats => {
                let now = Instant::now();
                (self.due, self.since) = (now + self.shared.options.heartbeat, now);
                self.pending.push_back(beat(&self.shared));
            }
        }
    }
}

fn beat(shared: &Shared) -> Bytes {
    let every = u64::try_from(shared.options.heartbeat.as_millis()).ok();
    frame("heartbeat", None, false, &json!({"every_ms": every}))
}
