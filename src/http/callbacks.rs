//! `POST /api/deploys/{id}/callbacks`: a job's report, through http.md's table row by row.

use super::authenticate::Credential;
use super::log::Told;
use super::problem::Problem;
use super::request::{Id, json_body};
use super::{Shared, no_store};
use crate::store::{Answer, NAME, Report, token_hash};
use crate::text::hex;
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use governor::clock::Clock as _;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// So often all rows that have been quiet are forgotten by the limit.
const FORGET_EVERY: u64 = 1024;

pub(super) async fn report(
    State(shared): State<Arc<Shared>>,
    Id(id): Id,
    request: Request,
) -> Response {
    let begun = Instant::now();
    let (parts, body) = request.into_parts();
    let mut told =
        Told { machine: shared.machine.name().to_owned(), row: id.clone(), ..Told::default() };
    let result = answer(&shared, &id, &parts, body, &mut told).await;
    if let Ok(answer) = &result {
        told.from = answer.from().map(str::to_owned);
    }
    let (name, mut response) = match result {
        Ok(answer) => {
            match Problem::of_answer(&answer, shared.machine.name(), shared.machine.table()) {
                Some(problem) => (answer.as_str(), problem.into_response()),
                None => (answer.as_str(), accepted(answer).into_response()),
            }
        }
        Err(problem) => (problem.kind.about().name, problem.into_response()),
    };
    shared.metrics.reported(name, begun.elapsed());
    told.answer = name;
    response.extensions_mut().insert(told);
    no_store(response)
}

async fn answer(
    shared: &Shared,
    id: &str,
    request: &Parts,
    body: Body,
    told: &mut Told,
) -> Result<Answer, Problem> {
    let token = shared.authenticate.row_token(request);
    let report =
        json_body(&request.headers, body).await.and_then(|body| Ok(Report::from_json(&body)?));
    if let Ok(Report { table: Some(table), .. }) = &report
        && table != shared.machine.table()
    {
        shared.metrics.sent_by_another_table();
    }
    // Until the credential is judged, what is said is anyone's: of a state no more than is a name's length.
    told.to = report.as_ref().ok().map(|report| report.status.chars().take(NAME).collect());
    let limited = token.map(|token| limit(shared, &format!("{id} {}", hex(&token_hash(token)))));
    if let (Some(token), Ok(report), Some(Ok(()))) = (token, &report, &limited) {
        let applied = shared.store.apply_with_token(&*shared.machine, id, report, token);
        if let Some(answer) = shared.ask(async { Ok(applied.await) }).await? {
            return Ok(answer);
        }
    }
    let credential = shared.authenticate.authenticate(&shared.store, id, request);
    let (actor, run) = match shared.ask(credential).await? {
        Credential::Valid { actor } => (actor, None),
        Credential::Run(run) => (run.actor.clone(), Some(run)),
        Credential::Refused(why) => {
            return Err(Problem::new(super::problem::Kind::Forbidden, why));
        }
        Credential::Foreign => {
            return Err(Problem::new(
                super::problem::Kind::Forbidden,
                format!("the token is another {}'s", shared.machine.name()),
            ));
        }
        Credential::Expired => {
            return Err(Problem::unauthorized(true).because("the token's time is over".to_owned()));
        }
        Credential::Wrong => return Err(Problem::unauthorized(true)),
        Credential::Missing => return Err(Problem::unauthorized(false)),
    };
    limited.unwrap_or_else(|| limit(shared, id))?;
    told.actor.clone_from(&actor);
    let mut report = report?;
    report.actor = actor;
    if let Some(run) = run {
        let forbidden = |why: String| Problem::new(super::problem::Kind::Forbidden, why);
        if report.run_id.as_ref().is_some_and(|said| *said != run.id) {
            return Err(forbidden(format!("the token is of the run {}", run.id)));
        }
        if !shared.used.is_for(&run.token, run.until, id, &report.hash()) {
            return Err(forbidden("the token was used for another report".to_owned()));
        }
        report.run_id = Some(run.id);
        report.run_attempt = Some(run.attempt);
        report.of_one_run = true;
    }
    shared.ask(shared.store.apply_callback(&*shared.machine, id, &report)).await
}

/// Lets reports through at the rate that the options say: those of a row that come with one credential, so
/// that a wrong one uses up nothing of the row's.
fn limit(shared: &Shared, id: &str) -> Result<(), Problem> {
    if shared.reported.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
        shared.limiter.retain_recent();
    }
    shared
        .limiter
        .check_key(&id.to_owned())
        .map_err(|until| Problem::too_many(until.wait_time_from(shared.limiter.clock().now())))
}

/// The body of 200; null for answers that are problems.
fn accepted(answer: Answer) -> Json<serde_json::Value> {
    Json(match answer {
        Answer::Applied { status, from, seq } => {
            json!({"applied": true, "status": status, "from": from, "seq": seq})
        }
        Answer::Duplicate { status, seq } => {
            json!({"applied": false, "duplicate": true, "status": status, "seq": seq})
        }
        Answer::EventIdReused { .. }
        | Answer::StaleAttempt { .. }
        | Answer::OtherRun { .. }
        | Answer::UnknownStatus { .. }
        | Answer::Ended { .. }
        | Answer::Illegal { .. }
        | Answer::NotFound => serde_json::Value::Null,
    })
}
