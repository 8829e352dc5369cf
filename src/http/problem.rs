//! Every refusal as RFC 9457 problem details, and the short page that each type leads to.

use crate::store::{Answer, Error, Malformed};
use axum::extract::rejection::NestedPathRejection;
use axum::extract::{NestedPath, Request};
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The types of problems.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Kind {
    Unauthorized,
    Forbidden,
    TooManyRequests,
    UnsupportedMediaType,
    TooLarge,
    Timeout,
    Malformed,
    EventIdReused,
    StaleAttempt,
    OtherRun,
    UnknownStatus,
    Ended,
    IllegalTransition,
    NotFound,
    MethodNotAllowed,
    Exists,
    ForeignHost,
    CrossSite,
    Unavailable,
    SchemaMismatch,
    Stopping,
    Fault,
}

/// What is fixed about a type of problem.
pub(crate) struct About {
    /// The last part of its type.
    pub(crate) name: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    /// What it means.
    meaning: &'static str,
    /// What to do.
    remedy: &'static str,
}

impl Kind {
    pub(crate) const ALL: [Self; 22] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::TooManyRequests,
        Self::UnsupportedMediaType,
        Self::TooLarge,
        Self::Timeout,
        Self::Malformed,
        Self::EventIdReused,
        Self::StaleAttempt,
        Self::OtherRun,
        Self::UnknownStatus,
        Self::Ended,
        Self::IllegalTransition,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Exists,
        Self::ForeignHost,
        Self::CrossSite,
        Self::Unavailable,
        Self::SchemaMismatch,
        Self::Stopping,
        Self::Fault,
    ];

    pub(crate) fn about(self) -> About {
        let (name, status, title, meaning, remedy) = match self {
            Self::Unauthorized => (
                "unauthorized",
                StatusCode::UNAUTHORIZED,
                "No valid credential",
                "A report needs the credential of its row's run, and what operators do needs an operator's. This request came without one, or with one that nobody has.",
                "Send `Authorization: Bearer TOKEN`: with a report the `callback_token` of the answer that started the row, or the job's own token where the backend takes these; as an operator your own.",
            ),
            Self::Forbidden => (
                "forbidden",
                StatusCode::FORBIDDEN,
                "A credential for another row",
                "The token is valid, and opens another row than the one in the address.",
                "Check that the id in the address and the token come from the same start.",
            ),
            Self::TooManyRequests => (
                "too-many-requests",
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests",
                "More came than a workflow sends of reports, or a client of other requests; `detail` says of what.",
                "Wait for as many seconds as `Retry-After` says, then send the same again: a report counts once under the same event id.",
            ),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Not JSON",
                "The body is not said to be JSON.",
                "Send `Content-Type: application/json`, in UTF-8.",
            ),
            Self::TooLarge => (
                "too-large",
                StatusCode::PAYLOAD_TOO_LARGE,
                "The body is too large",
                "A body holds at most 64 KiB.",
                "Send less: of a log the last 16 KiB are kept.",
            ),
            Self::Timeout => (
                "timeout",
                StatusCode::REQUEST_TIMEOUT,
                "The request took too long",
                "The request did not come as a whole, or could not be answered, in the time that there is for one.",
                "Send it again: a report that was applied after all is known by its event id.",
            ),
            Self::Malformed => (
                "malformed",
                StatusCode::BAD_REQUEST,
                "Malformed",
                "The request is not what this address takes; `detail` says where it stops to be.",
                "Correct it; sent again as it is, it is refused again.",
            ),
            Self::EventIdReused => (
                "event-id-reused",
                StatusCode::CONFLICT,
                "The event id stands for another report",
                "A report with this event id was applied, and its body was another one.",
                "Give each report an id of its own; send the same body where a report is sent again.",
            ),
            Self::StaleAttempt => (
                "stale-attempt",
                StatusCode::CONFLICT,
                "An older attempt",
                "The run was started again, and a report of its newer attempt was accepted. What an older one still reports changes nothing.",
                "Nothing: the newer attempt reports for the run. `newest` says which it is.",
            ),
            Self::OtherRun => (
                "other-run",
                StatusCode::FORBIDDEN,
                "Another run's",
                "Another run reported to the row first. By jobs' own tokens a row is of one run.",
                "Start a row for each run.",
            ),
            Self::UnknownStatus => (
                "unknown-status",
                StatusCode::UNPROCESSABLE_ENTITY,
                "Unknown status",
                "The backend's table, or its database, lacks the state that was reported: the sender was made from another version of the table.",
                "Roll out the backend, and the migrations, that know the state; or report one of `known`. A workflow goes on without reports of optional states.",
            ),
            Self::Ended => (
                "ended",
                StatusCode::UNPROCESSABLE_ENTITY,
                "It has ended",
                "The row is in a state that no transition leaves.",
                "Start a new one. A run that is run again reports to what has ended already.",
            ),
            Self::IllegalTransition => (
                "illegal-transition",
                StatusCode::UNPROCESSABLE_ENTITY,
                "Illegal transition",
                "No transition leads from the row's state to the one that was reported.",
                "`allowed` says what would have been legal. Where the report is right, the table lacks a transition.",
            ),
            Self::NotFound => (
                "not-found",
                StatusCode::NOT_FOUND,
                "Not found",
                "There is nothing at this address.",
                "Check the id; rows that were deleted are gone.",
            ),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                StatusCode::METHOD_NOT_ALLOWED,
                "Method not allowed",
                "The address exists, and does not take this method.",
                "The header `Allow` says which it takes.",
            ),
            Self::Exists => (
                "exists",
                StatusCode::CONFLICT,
                "It exists already",
                "There is, or was, a row with this key; its history is not written over.",
                "Start one with another key.",
            ),
            Self::ForeignHost => (
                "foreign-host",
                StatusCode::MISDIRECTED_REQUEST,
                "Not this backend's name",
                "The request is for a name that the backend does not answer under. A page that gives its own name this address would ask so.",
                "Ask by the backend's own name. Who runs it says the name by `public-url`.",
            ),
            Self::CrossSite => (
                "cross-site",
                StatusCode::FORBIDDEN,
                "Another site's page",
                "A browser says that the request was made by a page of another site, with credentials that the page does not have.",
                "Use the backend's own page, or a program that is no browser.",
            ),
            Self::Unavailable => (
                "unavailable",
                StatusCode::SERVICE_UNAVAILABLE,
                "The database is away",
                "The database could not be asked, or went away before it answered. Nothing is half done; `detail` says where it may be done as a whole.",
                "Wait for as many seconds as `Retry-After` says, then send the same again: a report that was applied after all is known by its event id.",
            ),
            Self::SchemaMismatch => (
                "schema-mismatch",
                StatusCode::SERVICE_UNAVAILABLE,
                "The database's schema does not fit",
                "The database lacks a table, a column or a trigger that this backend needs.",
                "Run the migrations; `/readyz` says what is missing.",
            ),
            Self::Stopping => (
                "stopping",
                StatusCode::SERVICE_UNAVAILABLE,
                "It is about to stop",
                "This instance is being stopped, and answers what still comes.",
                "Send new requests to another instance.",
            ),
            Self::Fault => (
                "fault",
                StatusCode::INTERNAL_SERVER_ERROR,
                "A fault",
                "The backend met what it was not made for. Nothing is half done.",
                "The backend's log says more.",
            ),
        };
        About { name, status, title, meaning, remedy }
    }
}

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

    /// 401, with whether a credential was given at all.
    pub(crate) fn unauthorized(given: bool) -> Self {
        let (detail, challenge) = if given {
            ("the token is nobody's", r#"Bearer realm="phasegate", error="invalid_token""#)
        } else {
            ("a report needs `Authorization: Bearer TOKEN`", r#"Bearer realm="phasegate""#)
        };
        Self::new(Kind::Unauthorized, detail)
            .header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
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
        tracing::warn!(%error, "the store could not answer");
        match error {
            // What the driver says may hold addresses and user names: it stays in the log.
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
        response.extensions_mut().insert(Told(body));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(*self.headers);
        response
    }
}

/// A problem's body, kept beside its text for [`nested`].
#[derive(Clone)]
struct Told(Value);

/// Puts the path that the routes are nested under before the address of a problem's type.
pub(crate) async fn nested(
    path: Result<NestedPath, NestedPathRejection>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let told = response.extensions_mut().remove::<Told>();
    if let (Some(Told(mut body)), Ok(path)) = (told, path) {
        let path = path.as_str().trim_end_matches('/');
        let kind = body["type"].as_str().map(|kind| format!("{path}{kind}"));
        body["type"] = kind.into();
        *response.body_mut() = body.to_string().into();
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    response
}

/// The page of a type, where there is one of this name.
pub(crate) fn page(name: &str) -> Option<String> {
    let about = Kind::ALL.iter().map(|kind| kind.about()).find(|about| about.name == name)?;
    let About { status, title, meaning, remedy, .. } = about;
    let code = |text: &str| {
        let parts = text.split('`').enumerate();
        let part = |(place, part): (usize, &str)| match place % 2 {
            0 => part.to_owned(),
            _ => format!("<code>{part}</code>"),
        };
        parts.map(part).collect::<String>()
    };
    Some(format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <main>\n<h1>{title}</h1>\n<p>HTTP {}, <code>/problems/{name}</code></p>\n\
         <h2>What it means</h2>\n<p>{}</p>\n<h2>What to do</h2>\n<p>{}</p>\n</main>\n</html>\n",
        status.as_u16(),
        code(meaning),
        code(remedy),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_a_page_for_each_type_under_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> =
            Kind::ALL.iter().map(|kind| kind.about().name).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        for name in names {
            let page = page(name).expect("a page");
            assert!(page.contains("What to do") && !page.contains('`'), "{page}");
        }
        assert_eq!(page("no-such"), None);
    }

    #[test]
    fn rounds_the_wait_up() {
        let wait = Problem::too_many("reports", Duration::from_millis(1_001));
        assert_eq!(wait.headers[RETRY_AFTER], "2");
    }
}
