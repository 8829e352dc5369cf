//! Tokens of an issuer, as GitHub gives them to jobs and a login to people: a local issuer that signs,
//! rotates its keys, lies and goes away.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::common::backend::client::{Reply, call};
use crate::common::backend::guarded::Guarded;
use crate::common::backend::world::{Database, Row, World};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use phasegate::axum::Json;
use phasegate::axum::Router;
use phasegate::axum::routing::get;
use phasegate::http::{Access, BearerToken, GithubJobs, Issuer, Jobs, Operators};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};
use sha2::Sha256;

on_each_database! {
    a_job_reports_by_its_own_token
    a_row_is_the_first_run_s_that_reports_to_it
    a_token_is_good_for_one_report_and_for_the_same_again
}

const AUDIENCE: &str = "https://deploys.example.org";

/// One of the issuer's keys.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    id: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Rsa,
    Ec,
}

pub(crate) const RSA: Key = Key { id: "one", kind: Kind::Rsa };
const EC: Key = Key { id: "two", kind: Kind::Ec };

impl Key {
    pub(crate) fn public(self) -> Value {
        match self.kind {
            Kind::Ec => json!({
                "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id,
                "x": "7vvA2tFXIXV7zsgK9iB5mka_iE_Otu_5gsmxszaJXIU",
                "y": "cdPi0AcUVlI9As-oaUHW88048p8-SBgU4EmBf26WwLQ",
            }),
            Kind::Rsa => json!({
                "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "e": "AQAB",
                "n": "4suouVL0j0WazJndZ935mR20otwHzR3zSr85r1o07m0SXj9puKk33QG_1_mKJDVqdJ-vvzqYa2u2-NLM_\
                      hmZkYMEB1Iw1YwVrkTd704R3zU_dEdZsyPcBuD_NYat2WlA_pwyhVLTE-wlwhw5_x956WlkpIvBANWlPB34lH6Hjb\
                      RoIza5r2O9q2KTIyunCutZkMcO9QqJBDfynXfLBEPLSytgFTCjn3Ds6dwvp9y0T91CHC3HiYaRM2us70gY654-_G6\
                      tcLq7pHvpTdsfw7iyyDOfe3TKiq7W5cZPYxudrKwAiDDXp3N9uj6HLomK5e8kkjZFkjK-_3aEhRxlnGuSQw",
            }),
        }
    }

    fn algorithm(self) -> &'static str {
        match self.kind {
            Kind::Ec => "ES256",
            Kind::Rsa => "RS256",
        }
    }

    /// A token with these claims.
    fn signed(self, claims: &Value) -> String {
        let header = json!({"typ": "JWT", "alg": self.algorithm(), "kid": self.id});
        let said = unsigned(&header, claims);
        let random = SystemRandom::new();
        let signature = match self.kind {
            Kind::Ec => {
                let pem = der(include_str!("oidc/ec.pem"));
                let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pem, &random);
                key.unwrap().sign(&random, said.as_bytes()).unwrap().as_ref().to_vec()
            }
            Kind::Rsa => {
                let key = RsaKeyPair::from_pkcs8(&der(include_str!("oidc/rsa.pem"))).unwrap();
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, said.as_bytes(), &mut signature).unwrap();
                signature
            }
        };
        format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// A token without its signature.
fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// The key in a file of PEM.
fn der(pem: &str) -> Vec<u8> {
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    STANDARD.decode(lines.collect::<String>()).unwrap()
}

/// An issuer on the loopback.
struct Local {
    url: String,
    keys: Arc<Mutex<Vec<Value>>>,
    asked: Arc<AtomicUsize>,
}

impl Local {
    fn new(world: &World, keys: &[Key]) -> Self {
        let listener = world.run(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let public: Vec<Value> = keys.iter().map(|key| key.public()).collect();
        let (keys, asked) = (Arc::new(Mutex::new(public)), Arc::new(AtomicUsize::new(0)));
        let about = json!({"issuer": url, "jwks_uri": format!("{url}/keys")});
        let (shown, counted) = (keys.clone(), asked.clone());
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(move || async move { Json(about) }))
            .route(
                "/keys",
                get(move || async move {
                    counted.fetch_add(1, Ordering::SeqCst);
                    Json(json!({"keys": *shown.lock().unwrap()}))
                }),
            );
        world.runtime.spawn(async move { phasegate::axum::serve(listener, router).await });
        Self { url, keys, asked }
    }

    /// A job's token, with some claims otherwise; null takes one out.
    fn token(&self, key: Key, otherwise: Value) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        static TOKENS: AtomicUsize = AtomicUsize::new(0);
        let mut claims = json!({
            "iss": self.url, "aud": AUDIENCE, "exp": now + 300, "nbf": now - 5, "iat": now,
            "jti": format!("token-{}", TOKENS.fetch_add(1, Ordering::SeqCst)),
            "repository_id": "74", "repository": "octo/shop",
            "workflow_ref": "octo/shop/.github/workflows/deploy.yml@refs/heads/main",
            "ref": "refs/heads/main", "event_name": "workflow_dispatch",
            "run_id": "900", "run_attempt": "1", "actor": "octocat", "email": "ada@example.org",
        });
        let object = claims.as_object_mut().unwrap();
        for (claim, value) in otherwise.as_object().unwrap() {
            object.insert(claim.clone(), value.clone());
        }
        object.retain(|_, value| !value.is_null());
        key.signed(&claims)
    }

    fn issuer(&self) -> Arc<Issuer> {
        Arc::new(Issuer::new(&self.url, AUDIENCE).unwrap())
    }

    fn jobs(&self) -> GithubJobs {
        let one = |text: &str| vec![text.to_owned()];
        let jobs = Jobs {
            repository_id: one("74"),
            workflow_ref: one("octo/shop/.github/workflows/deploy.yml@refs/heads/main"),
            git_ref: one("refs/heads/main"),
            event_name: one("workflow_dispatch"),
        };
        GithubJobs::new(self.issuer(), jobs)
    }
}

fn report(guarded: &Guarded, row: &Row<'_>, token: &str, body: &Value) -> Reply {
    let bearer = format!("Bearer {token}");
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    let url = format!("{}{}/callbacks", guarded.url, row.path());
    call("POST", &url, &headers, body.to_string().as_bytes())
}

fn guarded(world: &World, issuer: &Local) -> Guarded {
    Guarded::new(world, &Access::new(Operators::Anyone), issuer.jobs())
}

fn a_job_reports_by_its_own_token(database: Database) {
    let world = World::deploy(database);
    let issuer = Local::new(&world, &[RSA]);
    let guarded = guarded(&world, &issuer);
    let row = world.start();
    let reply = report(
        &guarded,
        &row,
        &issuer.token(RSA, json!({})),
        &json!({"status": "building", "job": "deploy"}),
    );
    assert_eq!(reply.ok(200)["applied"], true);
    let event = &row.snapshot()["events"][1];
    assert_eq!(
        (&event["run_id"], &event["run_attempt"]),
        (&json!("900"), &json!(1)),
        "by the token"
    );
    assert_eq!(event["actor"], "octocat");
    assert_eq!(event["authenticated_by"], "run-token");
    // The row's own token is none of an issuer's.
    row.report(&json!({"status": "deploying"})).ok(200);
    report(&guarded, &row, &row.token, &json!({"status": "failed"})).problem(401, "unauthorized");
    guarded.stop(&world);
}

fn a_row_is_the_first_run_s_that_reports_to_it(database: Database) {
    let world = World::deploy(database);
    let issuer = Local::new(&world, &[RSA]);
    let guarded = guarded(&world, &issuer);
    let row = world.start();
    let by = |run: &str, attempt: &str, body: &Value| {
        let token = issuer.token(RSA, json!({"run_id": run, "run_attempt": attempt}));
        report(&guarded, &row, &token, body)
    };
    // A refusal binds nothing.
    by("901", "1", &json!({"status": "succeeded"})).problem(422, "illegal-transition");
    assert_eq!(by("900", "1", &json!({"status": "building"})).ok(200)["applied"], true);
    let problem = by("901", "1", &json!({"status": "failed"})).problem(403, "other-run");
    assert_eq!((&problem["run_id"], &problem["first"]), (&json!("901"), &json!("900")));
    // Nor does what is said in the body.
    by("901", "1", &json!({"status": "failed", "run_id": "900"})).problem(403, "forbidden");
    assert_eq!(by("900", "2", &json!({"status": "deploying"})).ok(200)["applied"], true);
    by("900", "1", &json!({"status": "failed"})).problem(409, "stale-attempt");
    assert_eq!(
        row.recorded(),
        ["illegal-transition", "applied", "other-run", "applied", "stale-attempt"]
    );
    guarded.stop(&world);
}

fn a_token_is_good_for_one_report_and_for_the_same_again(database: Database) {
    let world = World::deploy(database);
    let issuer = Local::new(&world, &[EC]);
    let guarded = guarded(&world, &issuer);
    let (row, other) = (world.start(), world.start());
    let token = issuer.token(EC, json!({}));
    let building = json!({"status": "building", "job": "deploy"});
    assert_eq!(report(&guarded, &row, &token, &building).ok(200)["applied"], true);
    assert_eq!(report(&guarded, &row, &token, &building).ok(200)["duplicate"], true);
    report(&guarded, &row, &token, &json!({"status": "failed"})).problem(403, "forbidden");
    report(&guarded, &other, &token, &building).problem(403, "forbidden");
    assert_eq!(other.snapshot()["status"], "queued");
    guarded.stop(&world);
}

#[test]
fn a_token_that_is_not_of_this_workflow_now_or_by_a_key_of_the_issuer_s_is_refused() {
    let world = World::deploy(Database::Sqlite);
    let issuer = Local::new(&world, &[RSA, EC]);
    let guarded = guarded(&world, &issuer);
    let row = world.start();
    let body = json!({"status": "building"});
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for (otherwise, status, name) in [
        (json!({"aud": "https://other.example"}), 401, "unauthorized"),
        (json!({"aud": null}), 401, "unauthorized"),
        (json!({"iss": "https://other.example"}), 401, "unauthorized"),
        (json!({"iss": null}), 401, "unauthorized"),
        (json!({"exp": now - 60}), 401, "unauthorized"),
        (json!({"exp": null}), 401, "unauthorized"),
        (json!({"nbf": now + 120}), 401, "unauthorized"),
        (json!({"repository_id": "75"}), 403, "forbidden"),
        (json!({"repository_id": null, "repository": "octo/shop"}), 403, "forbidden"),
        (
            json!({"workflow_ref": "octo/shop/.github/workflows/other.yml@refs/heads/main"}),
            403,
            "forbidden",
        ),
        (json!({"ref": "refs/heads/other"}), 403, "forbidden"),
        (json!({"event_name": "pull_request"}), 403, "forbidden"),
        (json!({"run_id": null}), 403, "forbidden"),
        (json!({"run_attempt": null}), 403, "forbidden"),
        (json!({"jti": null}), 403, "forbidden"),
    ] {
        let reply = report(&guarded, &row, &issuer.token(RSA, otherwise.clone()), &body);
        assert_eq!(reply.status, status, "{otherwise}: {reply:?}");
        reply.problem(status, name);
    }
    // A signature of another's, one by another key, and none.
    let good = issuer.token(RSA, json!({}));
    let (said, _) = good.rsplit_once('.').unwrap();
    let (_, signature) = issuer
        .token(RSA, json!({"run_id": "1"}))
        .rsplit_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    report(&guarded, &row, &format!("{said}.{signature}"), &body).problem(401, "unauthorized");
    let swapped = Key { id: EC.id, ..RSA };
    report(&guarded, &row, &issuer.token(swapped, json!({})), &body).problem(401, "unauthorized");
    // {"alg":"none","kid":"one"}
    let (_, claims) = said.split_once('.').unwrap();
    let none = format!("eyJhbGciOiJub25lIiwia2lkIjoib25lIn0.{claims}.");
    report(&guarded, &row, &none, &body).problem(401, "unauthorized");
    // A public key as if it were a secret.
    let header = json!({"typ": "JWT", "alg": "HS256", "kid": RSA.id});
    let said = unsigned(&header, &json!({"iss": issuer.url, "aud": AUDIENCE, "exp": now + 60}));
    let secret = RSA.public()["n"].as_str().unwrap().to_owned();
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(&said);
    let confused = format!("{said}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    report(&guarded, &row, &confused, &body).problem(401, "unauthorized");
    assert_eq!(row.snapshot()["status"], "queued");
    assert_eq!(report(&guarded, &row, &good, &body).ok(200)["applied"], true);
    guarded.stop(&world);
}

#[test]
fn keys_are_kept_and_a_new_one_is_asked_for_but_not_for_every_name() {
    let world = World::deploy(Database::Sqlite);
    let local = Local::new(&world, &[RSA]);
    let issuer = local.issuer();
    let verified = |issuer: &Arc<Issuer>, key| {
        world.run(issuer.verified(&local.token(key, json!({})))).is_ok()
    };
    assert!(verified(&issuer, RSA) && verified(&issuer, RSA));
    assert_eq!(local.asked.load(Ordering::SeqCst), 1);
    // Names that are made up lead to no more requests.
    for id in ["a", "b", "c"] {
        assert!(!verified(&issuer, Key { id, ..RSA }));
    }
    assert_eq!(local.asked.load(Ordering::SeqCst), 1);
    // Another key is the issuer's now: who never asked finds it at once.
    *local.keys.lock().unwrap() = vec![EC.public()];
    assert!(verified(&local.issuer(), EC) && !verified(&local.issuer(), RSA));
}

#[test]
fn an_issuer_that_is_away_is_said_to_be_and_nothing_is_done() {
    let world = World::deploy(Database::Sqlite);
    let local = Local::new(&world, &[RSA]);
    let token = local.token(RSA, json!({}));
    // No one listens there.
    let gone =
        world.run(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap().local_addr().unwrap();
    let issuer = Arc::new(Issuer::new(&format!("http://{gone}"), AUDIENCE).unwrap());
    let jobs = GithubJobs::new(issuer, Jobs::default());
    let guarded = Guarded::new(&world, &Access::new(Operators::Anyone), jobs);
    let row = world.start();
    let reply = report(&guarded, &row, &token, &json!({"status": "building"}));
    assert_eq!(reply.header("retry-after"), "2");
    reply.problem(503, "unavailable");
    assert_eq!(row.snapshot()["status"], "queued");
    guarded.stop(&world);
}

#[test]
fn an_operator_comes_by_an_issuer_s_token_under_the_name_of_a_claim() {
    let world = World::deploy(Database::Sqlite);
    let local = Local::new(&world, &[EC]);
    let operators = Operators::Issuer { issuer: local.issuer(), claim: "email".to_owned() };
    let guarded = Guarded::new(&world, &Access::new(operators), BearerToken);
    let start = |token: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        call("POST", &format!("{}/api/deploys", guarded.url), &headers, b"{}")
    };
    let started = start(&local.token(EC, json!({}))).ok(201);
    assert_eq!(started["events"][0]["actor"], "ada@example.org");
    assert_eq!(started["events"][0]["authenticated_by"], "issuer-token");
    start(&local.token(EC, json!({"email": null}))).problem(401, "unauthorized");
    start(&local.token(EC, json!({"aud": "other"}))).problem(401, "unauthorized");
    start("x").problem(401, "unauthorized");
    guarded.stop(&world);
}
