//! A row's token, given out anew or taken back by an operator.

use super::problem::Problem;
use super::request::{Id, json_body, parsed};
use super::{Operator, Shared, log::LogFields, no_store};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::json;
use std::marker::PhantomData;
use std::sync::Arc;

type Who = Option<Extension<Operator>>;

/// `POST .../token`: a new token, after which the one before opens nothing.
pub(super) async fn rotate(
    State(shared): State<Arc<Shared>>,
    Id(id): Id,
    operator: Who,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = json_body(&headers, body, shared.options.body_timeout).await?;
    parsed(&body, PhantomData::<serde_json::Map<String, serde_json::Value>>)?;
    let lifetime = shared.options.token_lifetime;
    let token = shared.ask(shared.store.rotate_token(&id, lifetime)).await?;
    let token = token.ok_or_else(|| Problem::no_row(shared.machine.name()))?;
    let response = Json(json!({"callback_token": token})).into_response();
    Ok(logged(&shared, id, operator, "token-rotated", response))
}

/// `DELETE .../token`: from here on nothing opens the row to reports.
pub(super) async fn revoke(
    State(shared): State<Arc<Shared>>,
    Id(id): Id,
    operator: Who,
) -> Result<Response, Problem> {
    match shared.ask(shared.store.revoke_token(&id)).await? {
        true => {
            let response = StatusCode::NO_CONTENT.into_response();
            Ok(logged(&shared, id, operator, "token-revoked", response))
        }
        false => Err(Problem::no_row(shared.machine.name())),
    }
}

fn logged(
    shared: &Shared,
    row: String,
    operator: Who,
    answer: &'static str,
    mut response: Response,
) -> Response {
    response.extensions_mut().insert(LogFields {
        machine: shared.machine.name().to_owned(),
        row,
        answer,
        actor: operator.map(|Extension(Operator(name))| name),
        ..LogFields::default()
    });
    no_store(response)
}
