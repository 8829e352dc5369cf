//! What GitHub says of runs (`workflow_run` webhooks): a row whose run ended without saying so is ended by
//! the table's transitions, under the actor `reconciler`.
//!
//! Deliveries come in any order, and more than once. What decides is the run, its attempt and how it ended:
//! the same again is a redelivery, and an older attempt than one that reported is refused as any report's.

use super::problem::{Kind, Problem};
use super::{Backend, Shared, log::LogFields, no_store};
use crate::store::{Answer, AuthenticatedBy, Report};
use crate::{Machine, Outcome, StateId};
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{HeaderValue, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use std::fmt;
use std::sync::Arc;

/// The largest delivery that is taken, in bytes.
const DELIVERY: usize = 1024 * 1024;
/// Who reports what a webhook says.
const ACTOR: &str = "reconciler";

/// A webhook of GitHub's: its secret, whose runs it may report, and what their ends are in the table.
#[derive(Clone)]
pub struct Webhook {
    secret: Vec<u8>,
    repositories: Vec<String>,
    ends: Ends,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Webhook")
            .field("repositories", &self.repositories)
            .finish_non_exhaustive()
    }
}

/// The state that a row ends in, by how its run ended; none leaves the row as it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ends {
    /// The run succeeded.
    pub success: Option<String>,
    /// It failed, or took too long.
    pub failure: Option<String>,
    /// It was called off.
    pub cancelled: Option<String>,
}

impl Ends {
    /// The first state of each outcome; a run that was called off fails where the table has no such end.
    pub fn of(machine: &dyn Machine) -> Self {
        let first = |outcome: Outcome| {
            let states = (0..machine.states()).map(StateId::new);
            let mut found = states.filter(|state| machine.outcome(*state) == Some(outcome));
            found.next().map(|state| machine.value(state).to_owned())
        };
        let failure = first(Outcome::Failure);
        let cancelled = first(Outcome::Cancelled).or_else(|| failure.clone());
        Self { success: first(Outcome::Success), failure, cancelled }
    }

    /// By GitHub's word for it.
    fn by(&self, conclusion: &str) -> Option<&str> {
        match conclusion {
            "success" => self.success.as_deref(),
            "failure" | "timed_out" | "startup_failure" => self.failure.as_deref(),
            "cancelled" => self.cancelled.as_deref(),
            _ => None,
        }
    }
}

impl Webhook {
    /// The webhook of this secret, about runs of repositories of these numbers.
    pub fn new(secret: &str, repositories: Vec<String>, ends: Ends) -> Self {
        Self { secret: secret.as_bytes().to_vec(), repositories, ends }
    }

    /// Whether a body is signed with the secret, as `X-Hub-Signature-256` says.
    fn is_signed(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let given = headers.get("x-hub-signature-256").and_then(|given| given.to_str().ok());
        let Some(given) = given.and_then(|given| given.strip_prefix("sha256=")).and_then(bytes)
        else {
            return false;
        };
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(&self.secret) else { return false };
        // It compares in constant time.
        mac.chain_update(body).verify_slice(&given).is_ok()
    }
}

/// What pairs of hex digits say.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).ok().filter(|_| pair.len() == 2)?;
        u8::from_str_radix(text, 16).ok()
    };
    hex.as_bytes().chunks(2).map(pair).collect()
}

/// As much of a delivery as is asked of it.
#[derive(Deserialize)]
struct Delivery {
    action: String,
    workflow_run: Run,
    repository: Repository,
}

#[derive(Deserialize)]
struct Run {
    id: u64,
    run_attempt: u32,
    conclusion: Option<String>,
    #[serde(default)]
    display_title: String,
    #[serde(default)]
    html_url: String,
}

#[derive(Deserialize)]
struct Repository {
    id: u64,
}

impl Backend {
    /// `POST /webhooks/TABLE`: what GitHub says of runs. A run is of the row whose reports named it, or
    /// that its title names as the generated workflow's `run-name` does.
    pub fn webhook(&self, webhook: Webhook) -> Router {
        let path = format!("/webhooks/{}", self.shared.store.schema().table);
        let router =
            Router::new().route(&path, post(delivered)).layer(Extension(Arc::new(webhook)));
        self.finished(router)
    }
}

async fn delivered(
    State(shared): State<Arc<Shared>>,
    Extension(webhook): Extension<Arc<Webhook>>,
    request: Request,
) -> Result<Response, Problem> {
    let (Parts { headers, extensions, .. }, body) = request.into_parts();
    let body = to_bytes(body, DELIVERY).await;
    let body =
        body.map_err(|_| Problem::new(Kind::TooLarge, format!("more than {DELIVERY} bytes")))?;
    if !webhook.is_signed(&headers, &body) {
        shared.rates.wrong(&extensions)?;
        let scheme = HeaderValue::from_static("X-Hub-Signature-256");
        return Err(Problem::new(
            Kind::Unauthorized,
            "the delivery is not signed with the webhook's secret",
        )
        .header(WWW_AUTHENTICATE, scheme));
    }
    let event = headers.get("x-github-event").and_then(|event| event.to_str().ok());
    if event != Some("workflow_run") {
        return Ok(no_store(Json(json!({"rows": []})).into_response()));
    }
    let malformed = |error: serde_json::Error| Problem::new(Kind::Malformed, error.to_string());
    let Delivery { action, workflow_run: run, repository } =
        serde_json::from_slice(&body).map_err(malformed)?;
    if !webhook.repositories.contains(&repository.id.to_string()) {
        return Err(Problem::new(Kind::Forbidden, "the repository is none of this backend's"));
    }
    let state = run.conclusion.as_deref().filter(|_| action == "completed");
    let Some(state) = state.and_then(|conclusion| webhook.ends.by(conclusion)) else {
        return Ok(no_store(Json(json!({"rows": []})).into_response()));
    };
    let mut rows = shared.ask(shared.store.rows_of_run(&run.id.to_string())).await?;
    let titled = run.display_title.strip_prefix(shared.machine.name());
    if let Some(id) = titled.and_then(|rest| rest.strip_prefix(' '))
        && !rows.iter().any(|row| row == id)
    {
        rows.push(id.to_owned());
    }
    let mut ended = Vec::new();
    for row in rows {
        if let Some(answer) = end(&shared, &row, &run, state).await? {
            ended.push(json!({"id": row, "answer": answer.as_str()}));
        }
    }
    Ok(no_store(Json(json!({"rows": ended})).into_response()))
}

/// Ends a row that its run left open; nothing where there is no such row, or where it has ended.
async fn end(shared: &Shared, id: &str, run: &Run, state: &str) -> Result<Option<Answer>, Problem> {
    let snapshot = shared.ask(shared.store.snapshot(&*shared.machine, id)).await?;
    if snapshot.is_none_or(|snapshot| snapshot.terminal || snapshot.outcome.is_some()) {
        return Ok(None);
    }
    let number = run.id.to_string();
    let mut report = Report::new(state)
        .event_id(format!("workflow_run/{number}/{}/{state}", run.run_attempt))
        .run(number, run.run_attempt)
        .actor(ACTOR)
        .authenticated_by(AuthenticatedBy::Webhook);
    if run.html_url.starts_with("https://") {
        report = report.run_url(run.html_url.as_str());
    }
    // If only the title counted, another run could end the row.
    report.of_one_run = true;
    let answer = shared.ask(shared.store.apply_callback(&*shared.machine, id, &report)).await?;
    shared.metrics.reported(answer.as_str(), std::time::Duration::ZERO);
    let fields = LogFields {
        machine: shared.machine.name().to_owned(),
        row: id.to_owned(),
        from: answer.from().map(str::to_owned),
        to: Some(state.to_owned()),
        answer: answer.as_str(),
        actor: Some(ACTOR.to_owned()),
    };
    tracing::info!(
        machine = fields.machine,
        row = fields.row,
        from = fields.from,
        to = fields.to,
        answer = fields.answer,
        "a run ended"
    );
    Ok(Some(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_signature_by_the_published_vector() {
        let webhook = Webhook::new("It's a Secret to Everybody", Vec::new(), Ends::default());
        let signed = |signature: &'static str, body: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert("x-hub-signature-256", HeaderValue::from_static(signature));
            webhook.is_signed(&headers, body)
        };
        const GOOD: &str =
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert!(signed(GOOD, b"Hello, World!"));
        assert!(!signed(GOOD, b"Hello, World?"));
        for bad in
            ["", "sha256=", "sha256=75", "sha1=757107ea", "sha256=zz", "sha256=7", &GOOD[7..]]
        {
            assert!(!signed(bad, b"Hello, World!"), "{bad}");
        }
        assert!(!webhook.is_signed(&HeaderMap::new(), b"Hello, World!"));
    }
}
