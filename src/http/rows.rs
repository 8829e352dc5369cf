//! Starting rows, listing them, and their snapshots.

use super::access::Operator;
use super::log::LogFields;
use super::problem::{Kind, Problem};
use super::request::{Id, json_body, parsed};
use super::start::New;
use super::{Shared, dispatch, events, no_store};
use crate::text::hex;
use axum::body::Body;
use axum::extract::rejection::{NestedPathRejection, QueryRejection};
use axum::extract::{NestedPath, Query, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// How many rows a page of the list has where nothing is said.
const PAGE: u32 = 20;
/// How many rows a page of the list has at most.
pub(super) const MOST: u32 = 100;
/// How many rows a stream of the list follows at most.
const MOST_FOLLOWED: u32 = 1000;
/// The longest Idempotency-Key, in bytes.
const IDEMPOTENCY_KEY: usize = 256;

pub(super) async fn start(
    State(shared): State<Arc<Shared>>,
    nested: Result<NestedPath, NestedPathRejection>,
    operator: Option<Extension<Operator>>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Body,
) -> Result<Response, Problem> {
    // A body has to be said to be JSON, even where there is none: so no page of another origin
    // can start a row without being asked first.
    let body = json_body(&headers, body, shared.options.body_timeout).await?;
    shared.rates.start(&extensions)?;
    let mut start = parsed(&body, New(&shared.store.schema().columns))?;
    // Who is known is who asks, whatever the request says.
    if let Some(Extension(Operator(name))) = operator {
        start = start.requested_by(name);
    }
    if let Some(lifetime) = shared.options.token_lifetime {
        start = start.token_lifetime(lifetime);
    }
    let started = match idempotency_key(&headers)? {
        Some(key) => {
            let hash = Sha256::digest(&body).into();
            shared.tell(shared.store.start_once(&*shared.machine, &start, key, &hash)).await?
        }
        None => shared.tell(shared.store.start(&*shared.machine, &start)).await?,
    };
    if !started.again {
        shared.metrics.started();
    }
    let (id, token) = (started.id.as_str(), started.token.clone());
    let run = dispatch::start(&shared, id, token, start.given()).await?;
    let snapshot = shared.ask(shared.store.snapshot(&*shared.machine, &started.id)).await?;
    let snapshot = snapshot.ok_or_else(|| Problem::no_row(shared.machine.name()))?;
    let mut body = serde_json::to_value(&snapshot).expect("a snapshot is texts and numbers");
    if let Some(body) = body.as_object_mut() {
        body.insert("callback_token".to_owned(), json!(started.token));
        if !run.is_null() {
            body.insert("run".to_owned(), run);
        }
    }
    let status = if started.again { StatusCode::OK } else { StatusCode::CREATED };
    let mut response = no_store((status, Json(body)).into_response());
    let under = nested.as_ref().map_or("", |path| path.as_str().trim_end_matches('/'));
    response.extensions_mut().insert(LogFields {
        machine: shared.machine.name().to_owned(),
        row: started.id.clone(),
        to: Some(snapshot.status),
        answer: "started",
        actor: snapshot.events.first().and_then(|first| first.actor.clone()),
        ..LogFields::default()
    });
    let (table, id) = (&shared.store.schema().table, in_address(&started.id));
    let location = format!("{under}/api/{table}/{id}");
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// What a start that is sent again is known by.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(given) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = given.to_str().ok().map(str::trim);
    let key = key.filter(|key| (1..=IDEMPOTENCY_KEY).contains(&key.len()));
    key.map(Some).ok_or_else(|| {
        let words =
            format!("the Idempotency-Key has to be 1 to {IDEMPOTENCY_KEY} printable characters");
        Problem::new(Kind::Malformed, words)
    })
}

/// A key as a part of an address.
fn in_address(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let part = |byte: u8| {
        if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    key.bytes().map(part).collect()
}

pub(super) async fn snapshot(
    State(shared): State<Arc<Shared>>,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = shared.ask(shared.store.snapshot(&*shared.machine, &id)).await?;
    let snapshot = snapshot.ok_or_else(|| Problem::no_row(shared.machine.name()))?;
    let body = serde_json::to_vec(&snapshot).expect("a snapshot is texts and numbers");
    let tag = format!("\"{}\"", hex(&Sha256::digest(&body)[..16]));
    let fresh = headers.get_all(IF_NONE_MATCH).iter().any(|header| names(header, &tag));
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, "application/json")], body).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, HeaderValue::try_from(tag).expect("quotes and hex digits"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// Whether an If-None-Match header names this tag, compared weakly.
fn names(header: &HeaderValue, tag: &str) -> bool {
    let Ok(header) = header.to_str() else {
        return false;
    };
    header.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

/// Whether an Accept header names event streams.
fn accepts_events(header: &HeaderValue) -> bool {
    let Ok(header) = header.to_str() else {
        return false;
    };
    let mut kinds = header.split(',').filter_map(|kind| kind.split(';').next());
    kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

#[derive(Deserialize)]
pub(super) struct Which {
    limit: Option<String>,
    before: Option<String>,
}

impl Which {
    /// Where a page ends; an empty text is as good as none.
    fn before(&self) -> Option<&str> {
        self.before.as_deref().filter(|before| !before.is_empty())
    }
}

/// How much of a list is asked for.
fn limit(which: &Which, most: u32) -> Result<u32, Problem> {
    let Some(text) = &which.limit else {
        return Ok(PAGE);
    };
    text.parse().ok().filter(|limit| (1..=most).contains(limit)).ok_or_else(|| {
        let why = format!("`limit` is `{text}`, where 1 to {most} are possible");
        Problem::new(Kind::Malformed, why)
    })
}

fn no_such_page(before: &str) -> Problem {
    let why = format!("`before` is `{before}`, where the `next` of a page is possible");
    Problem::new(Kind::Malformed, why)
}

/// What was reported of a row and what was answered, newest first.
pub(super) async fn reports(
    State(shared): State<Arc<Shared>>,
    Id(id): Id,
    query: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(which) =
        query.map_err(|rejection| Problem::new(Kind::Malformed, rejection.body_text()))?;
    let limit = limit(&which, MOST)?;
    let number = |text: &str| text.parse::<i64>().map_err(|_| no_such_page(text));
    let before = which.before().map(number).transpose()?;
    let page = shared.ask(shared.store.reports_page(&id, limit, before)).await?;
    let page = page.ok_or_else(|| Problem::no_row(shared.machine.name()))?;
    let next = page.next.map(|number| number.to_string());
    let body = json!({"reports": page.reports, "next": next, "pruned": page.pruned});
    Ok(no_store(Json(body).into_response()))
}

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    extensions: Extensions,
    query: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(which) =
        query.map_err(|rejection| Problem::new(Kind::Malformed, rejection.body_text()))?;
    let follows = headers.get_all(ACCEPT).iter().any(accepts_events);
    let most = if follows { MOST_FOLLOWED } else { MOST };
    let limit = limit(&which, most)?;
    let before = which.before();
    if follows {
        return match before {
            None => events::of_list(shared, limit, &extensions).await,
            Some(_) => Err(Problem::new(
                Kind::Malformed,
                "a stream follows the newest rows: without `before`, by `limit`",
            )),
        };
    }
    let page = shared.ask(shared.store.list(&*shared.machine, limit, before)).await?;
    let page = page.ok_or_else(|| no_such_page(before.unwrap_or_default()))?;
    let body = json!({shared.store.schema().table.as_str(): page.items, "next": page.next});
    Ok(no_store(Json(body).into_response()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_tag_in_a_list_weak_or_strong() {
        let named = |header: &'static str| names(&HeaderValue::from_static(header), "\"a\"");
        assert!(named("\"a\"") && named("W/\"a\"") && named("\"b\", \"a\"") && named("*"));
        assert!(!named("\"b\"") && !named("a"));
    }

    #[test]
    fn streams_to_those_who_ask_for_events_by_name() {
        let asks = |header: &'static str| accepts_events(&HeaderValue::from_static(header));
        assert!(asks("text/event-stream") && asks("application/json;q=0.5, Text/Event-Stream;q=1"));
        assert!(!asks("*/*") && !asks("application/json") && !asks("text/event-streams"));
    }

    #[test]
    fn writes_any_key_into_an_address() {
        assert_eq!(in_address("a-1"), "a-1");
        assert_eq!(in_address("a/b é"), "a%2Fb%20%C3%A9");
    }
}
