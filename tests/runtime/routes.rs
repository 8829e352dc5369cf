//! The routes in an application's own router: two machines, a prefix, parts, and a login of its own.

use std::sync::Arc;

use crate::common::backend::client::{Reply, call};
use crate::common::backend::world::{DEPLOY, Database, World};
use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use phasegate::http::{self, Authenticate, Authenticated, Backend, Credential, Operator, Options};
use phasegate::{Schema, Store};
use serde_json::json;
use sqlx::{Connection as _, Executor as _, SqliteConnection};

const ORDER: &str = "format = 1\n[machine]\nname = \"order\"\ninitial = \"placed\"\n\
    [[state]]\nname = \"placed\"\n[[state]]\nname = \"paid\"\noutcome = \"success\"\n\
    [[transition]]\npath = [\"placed\", \"paid\"]\n[target.sql]\n";

const JSON: (&str, &str) = ("content-type", "application/json");

/// Two machines, each with a database.
struct Two {
    deploys: World,
    orders: World,
}

impl Two {
    fn new() -> Self {
        let deploys = World::of(Database::Sqlite, DEPLOY, DEPLOY, Schema::named("deploy"));
        let orders = World::of(Database::Sqlite, ORDER, ORDER, Schema::named("order"));
        Self { deploys, orders }
    }

    fn backends(&self) -> [Backend; 2] {
        let of = |world: &World| Backend::new(world.store.clone(), world.machine.clone());
        [of(&self.deploys), of(&self.orders)]
    }

    /// Serves a router, and says where.
    fn serve(&self, router: Router) -> String {
        let runtime = &self.deploys.runtime;
        let bound = tokio::net::TcpListener::bind("127.0.0.1:0");
        let listener = runtime.block_on(bound).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }
}

/// Starts a row, and reports of it; what came of either.
fn start_and_report(url: &str, table: &str, status: &str) -> (Reply, Reply) {
    let started = call("POST", &format!("{url}/api/{table}"), &[JSON], b"{}");
    let row = started.json();
    let bearer = format!("Bearer {}", row["callback_token"].as_str().unwrap());
    let to = format!("{url}/api/{table}/{}/callbacks", row["id"].as_str().unwrap());
    let body = json!({ "status": status }).to_string();
    let reported = call("POST", &to, &[JSON, ("authorization", &bearer)], body.as_bytes());
    (started, reported)
}

#[test]
fn two_machines_share_a_router_its_health_and_its_metrics() {
    let two = Two::new();
    let [deploys, orders] = &two.backends();
    let pages = Router::new().route("/", get(|| async { "mine" }));
    let url = two.serve(http::router([deploys, orders]).merge(pages));
    let (_, reported) = start_and_report(&url, "deploys", "building");
    assert_eq!(reported.ok(200)["applied"], true);
    let (_, reported) = start_and_report(&url, "orders", "paid");
    assert_eq!(reported.ok(200)["status"], "paid");

    let ready = call("GET", &format!("{url}/readyz"), &[], b"").ok(200);
    assert_eq!((&ready["ready"], &ready["degraded"]), (&json!(true), &json!(false)));
    let machines: Vec<_> = [0, 1].map(|at| ready["machines"][at]["machine"].clone()).into();
    assert_eq!(machines, ["deploy", "order"]);
    let metrics = call("GET", &format!("{url}/metrics"), &[], b"").text;
    for machine in ["deploy", "order"] {
        assert!(
            metrics.contains(&format!("started_total{{machine=\"{machine}\"}} 1")),
            "{metrics}"
        );
    }
    assert_eq!(call("GET", &url, &[], b"").text, "mine");
    call("DELETE", &format!("{url}/api/orders"), &[], b"").problem(405, "method-not-allowed");
    // Neither is ready where one is not.
    two.orders.sql("DROP TRIGGER \"000_order_guard_update\"");
    call("GET", &format!("{url}/readyz"), &[], b"").problem(503, "schema-mismatch");
}

#[test]
fn a_nested_interface_says_addresses_that_lead_to_it() {
    let two = Two::new();
    let url = two.serve(Router::new().nest("/status/v1", http::router(&two.backends())));
    let under = format!("{url}/status/v1");
    let (started, refused) = start_and_report(&under, "orders", "lost");
    let location = started.header("location").to_owned();
    assert!(location.starts_with("/status/v1/api/orders/"), "{location}");
    assert_eq!(call("GET", &format!("{url}{location}"), &[], b"").status, 200);
    assert_eq!(refused.status, 422);
    let problem = refused.json();
    assert_eq!(problem["type"], "/status/v1/problems/unknown-status");
    assert_eq!(problem["requested"], "lost");
    let page = call("GET", &format!("{url}/status/v1/problems/unknown-status"), &[], b"");
    assert!(page.text.contains("What to do"), "{page:?}");
}

#[test]
fn parts_are_served_apart() {
    let two = Two::new();
    let [_, orders] = &two.backends();
    let outside = two.serve(orders.callbacks());
    let inside = two.serve(orders.read().merge(orders.operate()).merge(http::problems()));
    let started = call("POST", &format!("{inside}/api/orders"), &[JSON], b"{}").ok(201);
    let row = format!("/api/orders/{}", started["id"].as_str().unwrap());
    assert_eq!(call("GET", &format!("{inside}{row}"), &[], b"").ok(200)["status"], "placed");
    assert_eq!(call("GET", &format!("{outside}{row}"), &[], b"").status, 404);
    assert_eq!(call("POST", &format!("{outside}/api/orders"), &[JSON], b"{}").status, 404);
    let report = format!("{row}/callbacks");
    assert_eq!(call("POST", &format!("{inside}{report}"), &[JSON], b"{}").status, 404);
    call("POST", &format!("{outside}{report}"), &[JSON], b"{}").problem(401, "unauthorized");
}

struct Login;

impl Authenticate for Login {
    fn challenge(&self) -> HeaderValue {
        HeaderValue::from_static("Shop realm=\"orders\"")
    }

    fn authenticate<'a>(
        &'a self,
        _: &'a Store,
        _: &'a str,
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

#[test]
fn a_login_of_the_application_reports_under_its_name() {
    let two = Two::new();
    let (store, machine) = (two.orders.store.clone(), Arc::clone(&two.orders.machine));
    let backend = Backend::with(store, machine, Login, Options::default());
    let login = from_fn(|mut request: Request, next: Next| {
        if let Some(name) = request.headers().get("x-user") {
            let user = Operator(name.to_str().unwrap().to_owned());
            request.extensions_mut().insert(user);
        }
        next.run(request)
    });
    let url = two.serve(backend.router().layer(login));
    let orders = format!("{url}/api/orders");
    let started = call("POST", &orders, &[JSON, ("x-user", "bob")], b"{}").ok(201);
    assert_eq!(started["events"][0]["actor"], "bob");
    let row = format!("{orders}/{}", started["id"].as_str().unwrap());
    let report = |headers: &[(&str, &str)]| {
        call("POST", &format!("{row}/callbacks"), headers, b"{\"status\": \"paid\"}")
    };
    let unknown = report(&[JSON]);
    assert_eq!(unknown.header("www-authenticate"), "Shop realm=\"orders\"");
    let problem = unknown.problem(401, "unauthorized");
    assert_eq!(problem["detail"], "a report needs a credential");
    assert_eq!(report(&[JSON, ("x-user", "ada")]).ok(200)["applied"], true);
    let events = &call("GET", &row, &[], b"").ok(200)["events"];
    assert_eq!(events[1]["actor"], "ada");
    for event in [&events[0], &events[1]] {
        assert_eq!(event["authenticated_by"], "login");
    }
}

#[test]
fn is_not_ready_with_another_machine_s_store() {
    let two = Two::new();
    let backend = Backend::new(two.orders.store.clone(), Arc::clone(&two.deploys.machine));
    let url = two.serve(backend.router());
    let problem = call("GET", &format!("{url}/readyz"), &[], b"").problem(503, "schema-mismatch");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("opened for `order`") && detail.contains("`deploy`"), "{detail}");
}

#[test]
fn says_that_a_lock_is_held_and_not_that_the_database_is_away() {
    let two = Two::new();
    let [_, orders] = &two.backends();
    let url = two.serve(orders.router());
    let start = || call("POST", &format!("{url}/api/orders"), &[JSON], b"{}");
    start().ok(201);
    let mut holder = two.orders.run(SqliteConnection::connect(&two.orders.database_url)).unwrap();
    two.orders.run(holder.execute("BEGIN IMMEDIATE")).unwrap();
    let problem = start().problem(503, "unavailable");
    assert_eq!(problem["detail"], "another connection holds a lock; nothing was done");
    two.orders.run(holder.execute("ROLLBACK")).unwrap();
    start().ok(201);
}
