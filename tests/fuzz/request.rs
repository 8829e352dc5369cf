//! Requests: whatever comes, it is answered in JSON or refused by name, and never with a fault of the backend's.
//! The first byte says which route, a line what stands in its address, and the rest is the body.
#![no_main]

use std::sync::OnceLock;

use hmac::{Hmac, KeyInit as _, Mac as _};
use libfuzzer_sys::fuzz_target;
use phasegate::axum::Router;
use phasegate::axum::body::{Body, to_bytes};
use phasegate::axum::http::{Request, header};
use phasegate::console::{self, Deploy};
use phasegate::http::{Backend, Ends, Webhook};
use phasegate::store::Start;
use phasegate::{Schema, Store};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

const SECRET: &str = "a secret of the webhook's";

/// A backend over a file of its own, and a row with its token.
struct World {
    runtime: Runtime,
    router: Router,
    id: String,
    token: String,
    _folder: tempfile::TempDir,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("x.db").display());
        let (router, started) = runtime.block_on(async {
            let store = Store::open(&url, Schema::of(&Deploy)).await.unwrap();
            console::migrate(&store, None).await.unwrap();
            let started = store.start(&Deploy, &Start::new()).await.unwrap();
            let backend = Backend::new(store, std::sync::Arc::new(Deploy));
            let hook = Webhook::new(SECRET, vec!["74".to_owned()], Ends::of(&Deploy));
            (backend.router().merge(backend.webhook(hook)), started)
        });
        let token = started.token.unwrap();
        World { runtime, router, id: started.id, token, _folder: folder }
    })
}

fuzz_target!(|data: &[u8]| {
    let world = world();
    let Some((route, rest)) = data.split_first() else { return };
    let at = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let (place, body) = (&rest[..at], rest.get(at + 1..).unwrap_or_default());
    let place: String = place.iter().map(|byte| format!("%{byte:02X}")).collect();
    let row = format!("/api/deploys/{}", world.id);
    let (method, path) = match route % 8 {
        0 => ("POST", format!("{row}/callbacks")),
        1 => ("POST", "/api/deploys".to_owned()),
        2 => ("POST", "/webhooks/deploys".to_owned()),
        3 => ("GET", format!("/api/deploys?limit={place}")),
        4 => ("GET", format!("/api/deploys?before={place}")),
        5 => ("GET", format!("{row}/reports?before={place}")),
        6 => ("GET", format!("/api/deploys/{place}")),
        _ => ("POST", format!("/api/deploys/{place}/callbacks")),
    };
    let mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let signed = mac.chain_update(body).finalize().into_bytes();
    let signed: String = signed.iter().map(|byte| format!("{byte:02x}")).collect();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {}", world.token))
        .header("x-github-event", "workflow_run")
        .header("x-hub-signature-256", format!("sha256={signed}"))
        .body(Body::from(body.to_vec()));
    // An address that is none never comes so far.
    let Ok(request) = request else { return };
    world.runtime.block_on(async {
        let answer = world.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        assert!(status < 500, "{status}");
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        serde_json::from_slice::<serde_json::Value>(&body).unwrap();
    });
});
