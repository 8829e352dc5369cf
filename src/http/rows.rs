//! Starting rows, and their snapshots.

use super::log::LogFields;
use super::problem::{Kind, Problem};
use super::request::{Id, json_body, parsed};
use super::start::New;
use super::{Operator, Shared, dispatch, no_store};
use crate::store::AuthenticatedBy;
use crate::text::hex;
use axum::body::Body;
use axum::extract::rejection::NestedPathRejection;
use axum::extract::{NestedPath, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The longest Idempotency-Key, in bytes.
const IDEMPOTENCY_KEY: usize = 256;

pub(super) async fn start(
    State(shared): State<Arc<Shared>>,
    nested: Result<NestedPath, NestedPathRejection>,
    operator: Option<Extension<Operator>>,
    by: Option<Extension<AuthenticatedBy>>,
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
    let by = by.map(|Extension(by)| by);
    start = match operator {
        Some(Extension(Operator(name))) => {
            start.requested_by(name).authenticated_by(by.unwrap_or(AuthenticatedBy::Login))
        }
        None => start.authenticated_by(AuthenticatedBy::Nothing),
    };
    if let Some(lifetime) = shared.options.token_lifetime {
        start = start.token_lifetime(lifetime);
    }
    let started = match idempotency_key(&headers)? {
        Some(key) => {
            let hash = Sha256::digest(&body).into();
            shared.write(shared.store.start_once(&*shared.machine, &start, key, &hash)).await?
        }
        None => shared.write(shared.store.start(&*shared.machine, &start)).await?,
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
pub(crate) fn in_address(key: &str) -> String {
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
    fn writes_any_key_into_an_address() {
        assert_eq!(in_address("a-1"), "a-1");
        assert_eq!(in_address("a/b é"), "a%2Fb%20%C3%A9");
    }
}
