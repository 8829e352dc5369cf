//! A row's token over its life: for how long it is good, given out anew, taken back.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::common::backend::client::{Reply, call};
use crate::common::backend::world::{Database, World};
use phasegate::http::Options;
use serde_json::json;

on_each_database! {
    a_token_that_was_given_out_anew_opens_and_the_one_before_does_not
    a_token_that_was_taken_back_opens_nothing
    a_token_is_good_for_as_long_as_is_set
}

const JSON: (&str, &str) = ("content-type", "application/json");

fn at(world: &World, id: &str) -> String {
    format!("{}/api/deploys/{id}/token", world.url)
}

fn report(world: &World, id: &str, token: &str, status: &str) -> Reply {
    let bearer = format!("Bearer {token}");
    let url = format!("{}/api/deploys/{id}/callbacks", world.url);
    let body = json!({ "status": status }).to_string();
    call("POST", &url, &[JSON, ("authorization", &bearer)], body.as_bytes())
}

fn a_token_that_was_given_out_anew_opens_and_the_one_before_does_not(database: Database) {
    let world = World::deploy(database);
    let (row, other) = (world.start(), world.start());
    row.walk(&["building"]);
    let reply = call("POST", &at(&world, &row.id), &[JSON], b"");
    assert_eq!(reply.header("cache-control"), "no-store");
    let new = reply.ok(200)["callback_token"].as_str().unwrap().to_owned();
    report(&world, &row.id, &row.token, "deploying").problem(401, "unauthorized");
    report(&world, &other.id, &new, "building").problem(403, "forbidden");
    assert_eq!(report(&world, &row.id, &new, "deploying").ok(200)["applied"], true);
    other.walk(&["building"]);
    for id in ["nobody", "%00"] {
        call("POST", &at(&world, id), &[JSON], b"").problem(404, "not-found");
        call("DELETE", &at(&world, id), &[], b"").problem(404, "not-found");
    }
    // As with a start: a page of another origin has to ask first.
    call("POST", &at(&world, &row.id), &[], b"").problem(415, "unsupported-media-type");
}

fn a_token_that_was_taken_back_opens_nothing(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    for _ in 0..2 {
        assert_eq!(call("DELETE", &at(&world, &row.id), &[], b"").status, 204);
    }
    report(&world, &row.id, &row.token, "building").problem(401, "unauthorized");
    assert_eq!(row.snapshot()["status"], "queued");
    let new = call("POST", &at(&world, &row.id), &[JSON], b"").ok(200);
    let new = new["callback_token"].as_str().unwrap();
    report(&world, &row.id, new, "building").ok(200);
}

fn a_token_is_good_for_as_long_as_is_set(database: Database) {
    let mut world = World::deploy(database);
    world.serve(Options::default().token_lifetime(Duration::ZERO).burst(NonZeroU32::MAX));
    let row = world.start();
    let problem = report(&world, &row.id, &row.token, "building").problem(401, "unauthorized");
    assert_eq!(problem["detail"], "the token's time is over");
    // No one can say otherwise than what was given out.
    let (secret, key) = row.token.split_once('.').unwrap();
    let (secret, _) = secret.split_once('-').unwrap();
    for longer in [format!("{secret}.{key}"), format!("{secret}-ffffffffff.{key}")] {
        report(&world, &row.id, &longer, "building").problem(401, "unauthorized");
    }
    world.serve(Options::default().token_lifetime(Duration::from_secs(3600)));
    let row = world.start();
    assert_eq!(report(&world, &row.id, &row.token, "building").ok(200)["applied"], true);
    let new = call("POST", &at(&world, &row.id), &[JSON], b"").ok(200);
    let new = new["callback_token"].as_str().unwrap();
    assert!(new.split_once('.').unwrap().0.contains('-'), "it has a time, too");
    report(&world, &row.id, new, "deploying").ok(200);
}
