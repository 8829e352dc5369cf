//! One line of the log for each answer, under an id that the client gets, too.
//!
//! No line has a header, a body or a query: credentials are in these. The same holds of the spans for traces,
//! which are apart (`phasegate::trace`, at the level `debug`): a log that has no such level pays nothing for
//! them.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use std::net::IpAddr;
use std::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What an answer was about, for its line.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogFields {
    pub(crate) machine: String,
    pub(crate) row: String,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    /// In one word: `applied`, `duplicate`, or the name of the problem.
    pub(crate) answer: &'static str,
    /// Who asked, where the credential says so.
    pub(crate) actor: Option<String>,
}

/// The id of a request: a trusted proxy's, where it is one, else a new one.
fn id_of(headers: &HeaderMap, trusted: bool) -> String {
    let given = headers.get(&REQUEST_ID).filter(|_| trusted).and_then(|id| id.to_str().ok());
    let is_plain = |id: &&str| {
        (1..=128).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:=+/".contains(&byte))
    };
    given.filter(is_plain).map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned)
}

/// What a trace says of a request, by the names that OpenTelemetry gives it.
fn traced(method: &axum::http::Method, path: &str, id: &str) -> Span {
    tracing::debug_span!(
        target: "phasegate::trace",
        "request",
        id,
        otel.kind = "server",
        otel.name = %method,
        otel.status_code = Empty,
        http.request.method = %method,
        http.response.status_code = Empty,
        http.route = Empty,
        url.path = path,
        phasegate.machine = Empty,
        phasegate.row = Empty,
        phasegate.from = Empty,
        phasegate.to = Empty,
        phasegate.answer = Empty,
    )
}

/// Names the trace of the request by its route.
#[cfg_attr(
    not(feature = "metrics"),
    expect(dead_code, reason = "routes are known where they are counted")
)]
pub(super) fn routed(method: &axum::http::Method, route: &str) {
    let span = Span::current();
    let is_traced = span.metadata().is_some_and(|of| of.target() == "phasegate::trace");
    if is_traced && !route.is_empty() {
        span.record("http.route", route);
        span.record("otel.name", format!("{method} {route}"));
    }
}

/// What came of it.
fn answered(span: &Span, status: u16, fields: &LogFields) {
    if span.is_disabled() {
        return;
    }
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
    let texts = [
        ("phasegate.machine", Some(fields.machine.as_str())),
        ("phasegate.row", Some(fields.row.as_str())),
        ("phasegate.from", fields.from.as_deref()),
        ("phasegate.to", fields.to.as_deref()),
        ("phasegate.answer", Some(fields.answer)),
    ];
    for (name, text) in texts {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            span.record(name, text);
        }
    }
}

/// Answers, and writes the line.
pub(crate) async fn logged(
    request: Request,
    next: Next,
    client: Option<IpAddr>,
    trusted: bool,
) -> Response {
    let begun = Instant::now();
    let id = id_of(request.headers(), trusted);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let span = tracing::info_span!("request", id = %id);
    let traced = span.in_scope(|| traced(&method, &path, &id));
    let running = next.run(request).instrument(traced.clone());
    let mut response = running.instrument(span.clone()).await;
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let fields = response.extensions_mut().remove::<LogFields>().unwrap_or_default();
    let status = response.status().as_u16();
    answered(&traced, status, &fields);
    let client = client.map(|client| client.to_string());
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    span.in_scope(|| {
        tracing::info!(
            target: "phasegate::answer",
            method = %method,
            path,
            status,
            client,
            machine = text(&fields.machine),
            row = text(&fields.row),
            from = fields.from,
            to = fields.to,
            answer = text(fields.answer),
            actor = fields.actor,
            ms = begun.elapsed().as_secs_f64() * 1000.0,
            "answered"
        );
    });
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_id_of_a_trusted_proxy_where_it_is_one() {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_static("abc-1"));
        assert_eq!(id_of(&headers, true), "abc-1");
        assert_ne!(id_of(&headers, false), "abc-1");
        headers.insert(REQUEST_ID, HeaderValue::from_static("a b"));
        assert_ne!(id_of(&headers, true), "a b");
    }
}
