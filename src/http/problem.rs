//! Every refusal as RFC 9457 problem details.

mod kind;

pub(crate) use kind::{Kind, page};

use crate::store::{Answer, Error, Malformed, is_locked};
use axum::extract::rejection::NestedPathRejection;
use axum::extract::{NestedPath, Request};
use axum::http::HeaderMap;
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How an operator says who it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Challenge {
    /// By a token of an issuer's.
    #[cfg(feature = "oidc")]
    Token,
    /// By a token, which browsers take as a password.
    TokenOrPassword,
    /// By the proxy in front.
    Proxy,
}

impl Challenge {
    fn ways(self) -> &'static [&'static str] {
        const TOKEN: &str = r#"Bearer realm="phasegate operators""#;
        match self {
            #[cfg(feature = "oidc")]
            Self::Token => &[TOKEN],
            Self::TokenOrPassword => {
                &[TOKEN, r#"Basic realm="phasegate operators", charset="UTF-8""#]
            }
            Self::Proxy => &[r#"Proxy realm="phasegate operators""#],
        }
    }
}

/// One problem, on its way to the client.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) kind: Kind,
    detail: String,
    more: Box<Map<String, Value>>,
    headers: Box<HeaderMap>,
}

impl Problem {
    /// The media type.
    pub(crate) const TYPE: &str = "application/problem+json";

    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), more: Box::default(), headers: Box::default() }
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn header(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.headers.insert(name, value.into());
        self
    }

    /// 401, with what it asks for, and whether a credential was given at all.
    pub(crate) fn unauthorized(challenge: HeaderValue, given: bool) -> Self {
        let is_bearer = challenge.as_bytes().starts_with(b"Bearer");
        let detail = match (given, is_bearer) {
            (true, _) => "no row or operator has this credential",
            (false, true) => "a report needs `Authorization: Bearer TOKEN`",
            (false, false) => "a report needs a credential",
        };
        let wrong = [challenge.as_bytes(), br#", error="invalid_token""#].concat();
        let wrong = HeaderValue::from_bytes(&wrong).ok().filter(|_| given && is_bearer);
        Self::new(Kind::Unauthorized, detail).header(WWW_AUTHENTICATE, wrong.unwrap_or(challenge))
    }

    /// 401 to an operator, with how one says who it is, and whether that was said.
    pub(crate) fn no_operator(challenge: Challenge, given: bool) -> Self {
        let detail = match given {
            true => "the credential is no operator's",
            false => "what operators do needs an operator's credential",
        };
        let mut problem = Self::new(Kind::Unauthorized, detail);
        for way in challenge.ways() {
            problem.headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(way));
        }
        problem
    }

    /// What it says to who asked.
    #[cfg(feature = "console")]
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    #[cfg(feature = "console")]
    pub(crate) fn status(&self) -> axum::http::StatusCode {
        self.kind.about().status
    }

    /// The same with another reason.
    pub(crate) fn because(self, detail: String) -> Self {
        Self { detail, ..self }
    }

    pub(crate) fn too_many(what: &str, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self::new(Kind::TooManyRequests, format!("too many {what}: wait for {seconds} seconds"))
            .header(RETRY_AFTER, seconds)
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, detail).header(RETRY_AFTER, 2)
    }

    /// 503, where it may have been done.
    pub(crate) fn unknown() -> Self {
        Self::unavailable(
            "outcome unknown; send it again: the database went away, or does not answer",
        )
    }

    /// 503, where the instance is about to stop.
    pub(crate) fn stopping() -> Self {
        Self::new(Kind::Stopping, "this instance is about to stop").header(RETRY_AFTER, 2)
    }

    pub(crate) fn misfit(missing: &[String]) -> Self {
        Self::new(Kind::SchemaMismatch, missing.join("; "))
            .with("missing", missing)
            .header(RETRY_AFTER, 10)
    }

    pub(crate) fn no_row(noun: &str) -> Self {
        Self::new(Kind::NotFound, format!("there is no such {noun}"))
    }

    /// The problem of a refused report; none where it was not refused. `noun` is what rows are
    /// called, `table` the fingerprint that it was judged by.
    pub(crate) fn of_answer(answer: &Answer, noun: &str, table: &str) -> Option<Self> {
        Some(match answer {
            Answer::Applied { .. } | Answer::Duplicate { .. } => return None,
            Answer::EventIdReused { event_id, .. } => Self::new(
                Kind::EventIdReused,
                format!("`{event_id}` was applied with another body"),
            )
            .with("event_id", event_id.as_str()),
            Answer::StaleAttempt { attempt, newest, .. } => Self::new(
                Kind::StaleAttempt,
                format!("attempt {attempt} of this run is over: attempt {newest} has reported"),
            )
            .with("attempt", *attempt)
            .with("newest", *newest),
            Answer::OtherRun { run, first, .. } => Self::new(
                Kind::OtherRun,
                format!("the run {run} reports, and this {noun} is of the run {first}"),
            )
            .with("run_id", run.as_str())
            .with("first", first.as_str()),
            Answer::UnknownStatus { requested, from, known } => Self::new(
                Kind::UnknownStatus,
                format!("`{requested}` is not known here; known: {}", known.join(", ")),
            )
            .with("requested", requested.as_str())
            .with("from", from.as_str())
            .with("known", known.as_slice())
            .with("table", table),
            Answer::Ended { from, to } => Self::new(
                Kind::Ended,
                format!("it has ended in `{from}`, and `{to}` can't follow: a new {noun} has to be started"),
            )
            .with("from", from.as_str())
            .with("to", to.as_str())
            .with("table", table),
            Answer::Illegal { from, to, allowed, unguarded } => {
                let legal = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
                let why = if *unguarded {
                    format!("`{from}` is not known here, and the database has no guard to judge `{from}` -> `{to}`")
                } else {
                    format!("`{from}` -> `{to}` is not a transition; legal from `{from}`: {legal}")
                };
                Self::new(Kind::IllegalTransition, why)
                    .with("from", from.as_str())
                    .with("to", to.as_str())
                    .with("allowed", allowed.as_slice())
                    .with("table", table)
            }
            Answer::NotFound => Self::no_row(noun),
        })
    }
}

impl From<Malformed> for Problem {
    fn from(malformed: Malformed) -> Self {
        Self::new(Kind::Malformed, malformed.to_string())
            .with("line", malformed.line)
            .with("column", malformed.column)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        if !error.is_callers() {
            tracing::warn!(%error, "the store could not answer");
        }
        match error {
            // What the driver says may hold addresses and user names: it stays in the log.
            Error::Unavailable(ref error) if is_locked(error) => {
                Self::unavailable("another connection holds a lock; nothing was done")
            }
            Error::Unavailable(_) => Self::unavailable("the database is away; nothing was done"),
            Error::Unknown(_) => Self::unknown(),
            Error::Contended => Self::unavailable("the row kept changing; nothing was done"),
            Error::Issuer => {
                Self::unavailable("the issuer of jobs' tokens does not answer; nothing was done")
            }
            Error::Schema(what) => Self::misfit(&[what]),
            Error::Once(why) => Self::new(Kind::Exists, why),
            Error::Exists(id) => Self::new(Kind::Exists, format!("the key `{id}` is taken")),
            Error::Start { known: false, ref requested, ref allowed } => {
                Self::new(Kind::UnknownStatus, error.to_string())
                    .with("requested", requested.as_str())
                    .with("known", allowed.as_slice())
            }
            Error::Start { known: true, ref requested, ref allowed } => {
                Self::new(Kind::IllegalTransition, error.to_string())
                    .with("from", Value::Null)
                    .with("to", requested.as_str())
                    .with("allowed", allowed.as_slice())
            }
            Error::Column { .. } => Self::new(Kind::Malformed, error.to_string()),
            Error::OtherMachine { .. }
            | Error::Migrate(_)
            | Error::Random(_)
            | Error::Database(_) => Self::new(Kind::Fault, "the backend's log says more"),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let about = self.kind.about();
        let mut body = json!({
            "type": format!("/problems/{}", about.name),
            "title": about.title,
            "status": about.status.as_u16(),
            "detail": self.detail,
        });
        if let Value::Object(body) = &mut body {
            body.extend(*self.more);
        }
        let mut response = (about.status, body.to_string()).into_response();
        response.extensions_mut().insert(ProblemBody(body));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(Self::TYPE));
        headers.extend(*self.headers);
        response
    }
}

/// A problem's body, kept next to its text for [`nested`].
#[derive(Clone)]
struct ProblemBody(Value);

/// Puts the path that the routes are nested under before the address of a problem's type.
pub(crate) async fn nested(
    path: Result<NestedPath, NestedPathRejection>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let found = response.extensions_mut().remove::<ProblemBody>();
    if let (Some(ProblemBody(mut body)), Ok(path)) = (found, path) {
        let path = path.as_str().trim_end_matches('/');
        let kind = body["type"].as_str().map(|kind| format!("{path}{kind}"));
        body["type"] = kind.into();
        *response.body_mut() = body.to_string().into();
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_the_wait_up() {
        let wait = Problem::too_many("reports", Duration::from_millis(1_001));
        assert_eq!(wait.headers[RETRY_AFTER], "2");
    }
}
