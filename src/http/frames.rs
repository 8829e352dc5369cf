//! Events as they are sent.

use crate::store::{Event, Item};
use axum::body::Bytes;
use std::time::Duration;

/// How long a client waits before it comes back.
const RETRY: Duration = Duration::from_secs(1);

pub(super) fn transition(event: &Event) -> Bytes {
    frame("transition", Some(event.seq), false, event)
}

pub(super) fn row_frame(item: &Item) -> Bytes {
    frame("row", None, false, item)
}

/// An event as it is sent. JSON has no line breaks of its own.
pub(super) fn frame(
    name: &str,
    id: Option<i64>,
    retry: bool,
    data: &impl serde::Serialize,
) -> Bytes {
    let data = serde_json::to_string(data).expect("events are texts and numbers");
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    let retry = if retry { format!("retry: {}\n", RETRY.as_millis()) } else { String::new() };
    format!("event: {name}\ndata: {data}\n{id}{retry}\n").into()
}
