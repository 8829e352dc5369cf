//! A shop: orders and payments in one axum router, behind its own login, with a transaction of its own.

use crate::{Order, Payment};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use phasegate::http::{self, Authenticate, Authenticated, Backend, Credential, Operator, Options};
use phasegate::{Answer, Report, Schema, Store};
use sqlx::SqlitePool;
use std::error::Error;
use std::sync::Arc;

/// Leaves in the request's extensions who is logged in, and refuses all others.
async fn login(mut request: Request, next: Next) -> Result<Response, StatusCode> {
    let user = request.headers().get("x-user").and_then(|name| name.to_str().ok());
    let user = user.ok_or(StatusCode::UNAUTHORIZED)?.to_owned();
    request.extensions_mut().insert(Operator(user));
    Ok(next.run(request).await)
}

/// Anyone who is logged in may report.
struct Login;

impl Authenticate for Login {
    fn authenticate<'a>(
        &'a self,
        _store: &'a Store,
        _id: &'a str,
        request: &'a Parts,
    ) -> Authenticated<'a> {
        let user = request.extensions.get::<Operator>().map(|user| user.0.clone());
        Box::pin(async move {
            Ok(match user {
                Some(user) => Credential::Valid { actor: Some(user) },
                None => Credential::Missing,
            })
        })
    }
}

/// What the shop's own routes work with.
#[derive(Clone)]
struct Shop {
    pool: SqlitePool,
    orders: Store,
}

/// Writes the invoice and reports the order as paid: both, or neither.
async fn pay(shop: &Shop, id: &str) -> Result<Answer, Box<dyn Error>> {
    let mut transaction = shop.pool.begin_with("BEGIN IMMEDIATE").await?;
    let report = Report::new("paid");
    let answer = shop.orders.apply_callback_in(&mut transaction, &Order, id, &report).await?;
    if matches!(answer, Answer::Applied { .. }) {
        let invoice = sqlx::query("INSERT INTO invoices (order_id) VALUES (?)").bind(id);
        invoice.execute(&mut *transaction).await?;
    }
    // A refusal is recorded, too.
    transaction.commit().await?;
    shop.orders.signal(id);
    Ok(answer)
}

async fn pay_route(
    State(shop): State<Shop>,
    Path(id): Path<String>,
) -> Result<Json<String>, (StatusCode, String)> {
    match pay(&shop, &id).await {
        Ok(Answer::Applied { status, .. }) => Ok(Json(status)),
        Ok(refused) => Err((StatusCode::CONFLICT, refused.to_string())),
        Err(error) => Err((StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
    }
}

/// All of the shop's routes.
pub async fn app(url: &str) -> Result<Router, Box<dyn Error>> {
    let orders = Store::open(url, Schema::of(&Order)).await?;
    orders.migrate(sqlx::migrate!("migrations/sqlite")).await?;
    let payments = Store::open(url, Schema::of(&Payment)).await?;
    let pool = SqlitePool::connect(url).await?;
    sqlx::query("CREATE TABLE IF NOT EXISTS invoices (order_id text)").execute(&pool).await?;

    let backends = [
        Backend::with(orders.clone(), Arc::new(Order), Login, Options::default()),
        Backend::with(payments, Arc::new(Payment), Login, Options::default()),
    ];
    let shop = Shop { pool, orders };
    let own = Router::new().route("/orders/{id}/pay", post(pay_route)).with_state(shop);
    let mut guarded = own;
    for backend in &backends {
        guarded = guarded.merge(backend.read()).merge(backend.operate()).merge(backend.callbacks());
    }
    let open = http::problems().merge(http::health(&backends));
    Ok(guarded.route_layer(from_fn(login)).merge(open))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::{OrderStatus, validate_sequence};
    use axum::body::{Body, to_bytes};
    use proptest::prelude::*;
    use tower::ServiceExt as _;

    /// A request of somebody's; what is answered.
    async fn call(
        app: &Router,
        user: Option<&str>,
        path: &str,
        body: &str,
    ) -> (StatusCode, String) {
        let request = Request::post(path).header("content-type", "application/json");
        let request = match user {
            Some(user) => request.header("x-user", user),
            None => request,
        };
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn pays_an_order_once_and_leaves_no_second_invoice() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}?mode=rwc", folder.path().join("shop.db").display());
        let app = app(&url).await.unwrap();
        assert_eq!(call(&app, None, "/api/orders", "{}").await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(call(&app, Some("ada"), "/api/payments", "{}").await.0, StatusCode::CREATED);
        let (status, order) = call(&app, Some("ada"), "/api/orders", "{}").await;
        assert_eq!(status, StatusCode::CREATED, "{order}");
        assert!(order.contains(r#""actor":"ada""#), "{order}");
        let id = order.split("\"id\":\"").nth(1).unwrap().split('"').next().unwrap();

        let pay = format!("/orders/{id}/pay");
        assert_eq!(call(&app, Some("ada"), &pay, "").await.0, StatusCode::OK);
        assert_eq!(call(&app, Some("ada"), &pay, "").await.0, StatusCode::CONFLICT);
        let pool = SqlitePool::connect(&url).await.unwrap();
        let invoices = sqlx::query_scalar("SELECT count(*) FROM invoices");
        let invoices: i64 = invoices.fetch_one(&pool).await.unwrap();
        assert_eq!(invoices, 1);

        let report = format!("/api/orders/{id}/callbacks");
        let (status, problem) =
            call(&app, Some("bob"), &report, "{\"status\": \"delivered\"}").await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert!(problem.contains("legal from `paid`: shipped, cancelled"), "{problem}");
        let by = sqlx::query_scalar("SELECT actor FROM order_reports WHERE status = 'delivered'");
        let by: String = by.fetch_one(&pool).await.unwrap();
        assert_eq!(by, "bob");
        let unknown = call(&app, None, "/nowhere", "").await.0;
        assert_eq!(unknown, StatusCode::NOT_FOUND, "no login stands in front of what is not there");
    }

    proptest! {
        #[test]
        fn a_legal_sequence_is_taken(states in OrderStatus::legal_sequences(1..9)) {
            prop_assert!(validate_sequence(states).is_ok());
        }

        #[test]
        fn an_illegal_sequence_is_refused(states in OrderStatus::illegal_sequences(0..9)) {
            prop_assert!(validate_sequence(states).is_err());
        }
    }
}
