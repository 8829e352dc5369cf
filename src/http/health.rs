//! Whether the backend is alive and ready, what it counted, and the problems' pages.

use super::problem::{Problem, page};
use super::request::Id;
use super::{Shared, no_store};
use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;

pub(super) async fn alive() -> Response {
    no_store(Json(json!({"alive": true})).into_response())
}

/// Ready is: the database answers, and its schema fits. One that judges by another language is
/// ready too: versions apart are a fact, told as `degraded`, and no failure.
pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Result<Response, Problem> {
    let fit = shared.ask(shared.store.fit()).await?;
    if !fit.missing.is_empty() {
        return Err(Problem::misfit(&fit.missing));
    }
    let language = shared.machine.language();
    let degraded = fit.language.as_deref() != Some(language);
    let mut body = json!({
        "ready": true,
        "machine": shared.machine.name(),
        "table": shared.machine.table(),
        "language": language,
        "database": {"language": fit.language},
        "degraded": degraded,
    });
    if degraded {
        let database = fit.language.as_deref().unwrap_or("an unknown language");
        body["detail"] = format!(
            "the database judges by {database}, this backend by {language}: what both allow is \
             applied, and rows in states that one of them lacks are passed on as they are"
        )
        .into();
    }
    Ok(no_store(Json(body).into_response()))
}

pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], shared.metrics.text()).into_response()
}

pub(super) async fn problem(Id(name): Id) -> Result<Html<String>, Problem> {
    page(&name).map(Html).ok_or_else(|| Problem::no_row("problem"))
}
