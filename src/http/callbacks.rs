//! `POST /api/deploys/{id}/callbacks`: a job's report, through http.md's table row by row.

use super::authenticate::Credential;
use super::log::LogFields;
use super::problem::Problem;
use super::request::{Id, json_body};
use super::{Shared, no_store};
use crate::store::{Answer, AuthenticatedBy, NAME, Report, token_hash};
use crate::text::hex;
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;

pub(super) async fn report(
    State(shared): State<Arc<Shared>>,
    Id(id): Id,
    request: Request,
) -> Response {
    let begun = Instant::now();
    let (parts, body) = request.into_parts();
    let mut fields = LogFields {
        machine: shared.machine.name().to_owned(),
        row: id.clone(),
        ..LogFields::default()
    };
    let result = answer(&shared, &id, &parts, body, &mut fields).await;
    if let Ok(answer) = &result {
        fields.from = answer.from().map(str::to_owned);
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
    fields.answer = name;
    response.extensions_mut().insert(fields);
    no_store(response)
}

async fn answer(
    shared: &Shared,
    id: &str,
    request: &Parts,
    body: Body,
    fields: &mut LogFields,
) -> Result<Answer, Problem> {
    let token = shared.authenticate.row_token(request);
    // Until a credential says otherwise: what is more than the row's token is a login's or a run's.
    let by_token = token.map_or(AuthenticatedBy::Login, |_| AuthenticatedBy::RowToken);
    let report = json_body(&request.headers, body, shared.options.body_timeout)
        .await
        .and_then(|body| Ok(Report::from_json(&body)?.authenticated_by(by_token)));
    if let Ok(Report { table: Some(table), .. }) = &report
        && table != shared.machine.table()
    {
        shared.metrics.sent_by_another_table();
    }
    // Until the credential is judged, what is said is anyone's: of a state no more than is a name's length.
    fields.to = report.as_ref().ok().map(|report| report.status.chars().take(NAME).collect());
    let limited =
        token.map(|token| shared.rates.report(&format!("{id} {}", hex(&token_hash(token)))));
    let mut is_tried = false;
    if let (Some(token), Ok(report), Some(Ok(()))) = (token, &report, &limited) {
        let applied = shared.store.apply_with_token(&*shared.machine, id, report, token);
        if let Some(answer) = shared.write(applied).await? {
            return Ok(answer);
        }
        is_tried = true;
    }
    let unauthorized = |given| Problem::unauthorized(shared.authenticate.challenge(), given);
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
            return Err(unauthorized(true).because("the token's time is over".to_owned()));
        }
        Credential::Wrong => {
            shared.rates.wrong(&request.extensions)?;
            return Err(unauthorized(true));
        }
        Credential::Missing => return Err(unauthorized(false)),
    };
    limited.unwrap_or_else(|| shared.rates.report(id))?;
    fields.actor.clone_from(&actor);
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
        report.authenticated_by = AuthenticatedBy::RunToken;
    }
    shared.write(shared.store.apply(&*shared.machine, id, &report, is_tried)).await
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
