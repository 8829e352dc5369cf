//! Whether the backend is alive and ready, and the problems' pages.

use super::problem::{Problem, page};
use super::request::Id;
use super::{Shared, no_store};
use axum::Json;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(super) async fn alive() -> Response {
    no_store(Json(json!({"alive": true})).into_response())
}

/// Ready is: the backend is not about to stop, the database takes a write (which is taken back), and its
/// schema fits. One that judges by another language, or in
/// another mode than its table's, is ready too: that is a fact, reported as `degraded`, and no failure.
pub(super) async fn ready(State(all): State<Arc<[Arc<Shared>]>>) -> Result<Response, Problem> {
    let mut bodies = Vec::new();
    for shared in &*all {
        bodies.push(readiness(shared).await?);
    }
    let body = match bodies.len() {
        1 => bodies.remove(0),
        _ => {
            let degraded = bodies.iter().any(|body| body["degraded"] == true);
            json!({"ready": true, "degraded": degraded, "machines": bodies})
        }
    };
    Ok(no_store(Json(body).into_response()))
}

/// What is said of one machine that is ready.
async fn readiness(shared: &Shared) -> Result<Value, Problem> {
    if shared.draining.load(Ordering::Relaxed) {
        return Err(Problem::stopping());
    }
    if let Err(other) = shared.store.opened_for(&*shared.machine) {
        return Err(Problem::misfit(&[other.to_string()]));
    }
    let fit = shared.ask(shared.store.fit()).await?;
    if !fit.missing.is_empty() {
        return Err(Problem::misfit(&fit.missing));
    }
    shared.ask(shared.store.probe()).await?;
    let language = shared.machine.language();
    let mut details = Vec::new();
    if fit.language.as_deref() != Some(language) {
        let database = fit.language.as_deref().unwrap_or("an unknown language");
        details.push(format!(
            "the database judges by {database}, this backend by {language}: what both allow is \
             applied, and rows in states that one of them lacks are passed on as they are"
        ));
    }
    if let Some(mode) = &fit.mode {
        let lets = match mode.as_str() {
            "test" => "history may be deleted, and keys be used again",
            "load" => "rows may start in any state",
            "observe" => "what no transition allows is let through",
            _ => "it judges otherwise than its table says",
        };
        details.push(format!("the database's mode was set to `{mode}`: {lets}"));
    }
    let mut body = json!({
        "ready": true,
        "machine": shared.machine.name(),
        "table": shared.machine.table(),
        "language": language,
        "database": {"language": fit.language, "mode": fit.mode},
        "degraded": !details.is_empty(),
    });
    if !details.is_empty() {
        body["detail"] = details.join("; ").into();
    }
    Ok(body)
}

pub(super) async fn problem(Id(name): Id) -> Result<Html<String>, Problem> {
    page(&name).map(Html).ok_or_else(|| Problem::no_row("problem"))
}
