//! Who may do what: every route by every credential, under which names, from which pages.

use crate::common::backend::client::call;
use crate::common::backend::guarded::Guarded;
use crate::common::backend::world::{Database, World};
use phasegate::http::{Access, BearerToken, Operators, Options, Tokens, Unsafe};
use serde_json::json;
use std::num::NonZeroU32;

const ADA: &str = "ada-0123456789abcdef0123456789abcdef";
const JSON: (&str, &str) = ("content-type", "application/json");

fn tokens() -> Operators {
    Operators::Tokens(Tokens::read(&format!("ada {ADA}\nbob bob-{ADA}\n")).unwrap())
}

/// `ada` and a password, as browsers send them.
fn basic(name: &str, password: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = format!("{name}:{password}");
    let mut out = String::from("Basic ");
    for three in text.as_bytes().chunks(3) {
        let mut held = 0_u32;
        for at in 0..3 {
            held = held << 8 | u32::from(*three.get(at).unwrap_or(&0));
        }
        for at in 0..4 {
            let digit = DIGITS[(held >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= three.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

/// What guards a route.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Nothing,
    Operators,
    Row,
}

#[test]
fn every_route_takes_its_own_credential_and_no_other() {
    let world = World::deploy(Database::Sqlite);
    let [own, other, third, last] = [(); 4].map(|()| world.start());
    // As many wrong ones as are tried here.
    let options = Options::default().wrong(NonZeroU32::MAX);
    let guarded = Guarded::with(&world, &Access::new(tokens()), BearerToken, options);
    let row = own.path();
    let routes = [
        ("GET", "/", "", By::Operators, 200),
        ("GET", "/api/deploys", "", By::Operators, 200),
        ("POST", "/api/deploys", "{}", By::Operators, 201),
        ("GET", &row, "", By::Operators, 200),
        ("GET", &format!("{row}/events"), "", By::Operators, 200),
        ("GET", &format!("{row}/reports"), "", By::Operators, 200),
        ("GET", "/metrics", "", By::Operators, 200),
        ("DELETE", &format!("{}/token", last.path()), "", By::Operators, 204),
        ("POST", &format!("{}/token", third.path()), "", By::Operators, 200),
        ("DELETE", "/api/deploys", "", By::Operators, 405),
        // Again and again: a redelivery is a duplicate.
        ("POST", &format!("{row}/callbacks"), r#"{"status":"building"}"#, By::Row, 200),
        ("GET", "/healthz", "", By::Nothing, 200),
        ("GET", "/readyz", "", By::Nothing, 200),
        ("GET", "/problems/ended", "", By::Nothing, 200),
        ("GET", "/nothing/here", "", By::Nothing, 404),
    ];
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    let credentials = [
        ("none", None),
        ("an operator's token", bearer(ADA)),
        ("an operator's password", Some(basic("ada", ADA))),
        ("another operator's name", Some(basic("bob", ADA))),
        ("no one's token", bearer("0123456789abcdef0123456789abcdef")),
        ("an empty token", bearer("")),
        ("no scheme", Some("x".to_owned())),
        ("the row's token", bearer(&own.token)),
        ("another row's token", bearer(&other.token)),
    ];
    for (method, path, body, by, well) in routes {
        for (what, credential) in &credentials {
            let mut headers = vec![JSON];
            headers.extend(credential.as_deref().map(|credential| ("authorization", credential)));
            let head = guarded.head(method, path, &headers, body);
            let is_operator = matches!(*what, "an operator's token" | "an operator's password");
            let expected = match by {
                By::Nothing => well,
                By::Operators if is_operator => well,
                By::Operators => 401,
                By::Row if *what == "the row's token" => well,
                By::Row if *what == "another row's token" => 403,
                By::Row => 401,
            };
            assert_eq!(head.status, expected, "{method} {path} by {what}: {head:?}");
            // Whatever it is, no browser guesses, frames or keeps it.
            assert_eq!(head.all("x-content-type-options"), ["nosniff"], "{path}");
            assert_eq!(head.all("x-frame-options"), ["DENY"], "{path}");
            assert_eq!(head.all("x-request-id").len(), 1, "{path}");
            let kept = head.all("cache-control");
            assert!(
                kept.len() == 1 && (kept[0].contains("no-store") || kept[0] == "no-cache"),
                "{path} {kept:?}"
            );
            let asks = head.all("www-authenticate");
            let ways: &[&str] = match (expected, by) {
                (401, By::Operators) => &["Bearer", "Basic"],
                (401, By::Row) => &["Bearer"],
                _ => &[],
            };
            let names: Vec<&str> = asks.iter().map(|ask| ask.split(' ').next().unwrap()).collect();
            assert_eq!(names, ways, "{path} by {what}");
        }
    }
    guarded.stop(&world);
}

#[test]
fn who_started_a_row_is_who_the_credential_says() {
    let world = World::deploy(Database::Sqlite);
    let guarded = Guarded::new(&world, &Access::new(tokens()), BearerToken);
    let bearer = format!("Bearer {ADA}");
    let body = json!({"requested_by": "someone else", "ref": "main"}).to_string();
    let url = format!("{}/api/deploys", guarded.url);
    let started = call("POST", &url, &[JSON, ("authorization", &bearer)], body.as_bytes()).ok(201);
    assert_eq!(started["events"][0]["actor"], "ada");
    assert_eq!(started["events"][0]["authenticated_by"], "operator-token");
    let list = call("GET", &url, &[("authorization", &bearer)], b"").ok(200);
    assert_eq!(list["deploys"][0]["columns"]["requested_by"], "ada");
    guarded.stop(&world);
    // Where anyone may, the request says it.
    let guarded = Guarded::new(&world, &Access::new(Operators::Anyone), BearerToken);
    let url = format!("{}/api/deploys", guarded.url);
    let started = call("POST", &url, &[JSON], body.as_bytes()).ok(201);
    assert_eq!(started["events"][0]["actor"], "someone else");
    assert_eq!(started["events"][0]["authenticated_by"], "nothing");
    guarded.stop(&world);
}

#[test]
fn a_page_that_gives_its_own_name_this_address_gets_nothing() {
    let world = World::deploy(Database::Sqlite);
    let row = world.start();
    let access = Access::new(Operators::Anyone).name("deploys.example.org");
    let guarded = Guarded::new(&world, &access, BearerToken);
    for (method, path, body) in [
        ("GET", "/", ""),
        ("GET", "/api/deploys", ""),
        ("GET", &row.path(), ""),
        ("POST", "/api/deploys", "{}"),
        ("GET", "/metrics", ""),
    ] {
        let asked = |host| guarded.head(method, path, &[JSON, ("host", host)], body).status;
        assert_eq!(asked("rebound.example:4747"), 421, "{method} {path}");
        assert!([200, 201].contains(&asked("deploys.example.org")), "{method} {path}");
        assert!([200, 201].contains(&asked("localhost:4747")), "{method} {path}");
    }
    // What probes the backend knows only its address.
    assert_eq!(guarded.head("GET", "/readyz", &[("host", "10.1.2.3:4747")], "").status, 200);
    assert_eq!(world.count("SELECT count(*) FROM deploys"), 3);
    guarded.stop(&world);
}

#[test]
fn a_page_of_another_site_starts_and_reads_nothing() {
    let world = World::deploy(Database::Sqlite);
    let guarded = Guarded::new(&world, &Access::new(Operators::Anyone), BearerToken);
    let own = guarded.url.clone();
    let post = |headers: &[(&str, &str)]| {
        let headers = [&[JSON], headers].concat();
        guarded.head("POST", "/api/deploys", &headers, "{}").status
    };
    assert_eq!(post(&[("origin", "https://evil.example")]), 403);
    assert_eq!(post(&[("origin", "null")]), 403);
    assert_eq!(post(&[("sec-fetch-site", "cross-site")]), 403);
    assert_eq!(post(&[("sec-fetch-site", "same-site"), ("origin", &own)]), 403);
    assert_eq!(world.count("SELECT count(*) FROM deploys"), 0);
    assert_eq!(post(&[("sec-fetch-site", "same-origin"), ("origin", &own)]), 201);
    assert_eq!(post(&[]), 201, "no browser");
    let stream = [("accept", "text/event-stream"), ("sec-fetch-site", "cross-site")];
    assert_eq!(guarded.head("GET", "/api/deploys", &stream, "").status, 403);
    guarded.stop(&world);
}

#[test]
fn a_proxy_names_operators_where_it_is_trusted_and_no_one_else_does() {
    let world = World::deploy(Database::Sqlite);
    let by = |network: &str| {
        let header = "x-forwarded-user".parse().unwrap();
        Access::new(Operators::Proxy { header, proxies: vec![network.parse().unwrap()] })
    };
    let named = [JSON, ("x-forwarded-user", "ada")];
    let trusted = Guarded::new(&world, &by("127.0.0.0/8"), BearerToken);
    let url = format!("{}/api/deploys", trusted.url);
    let started = call("POST", &url, &named, b"{}").ok(201);
    assert_eq!(started["events"][0]["actor"], "ada");
    assert_eq!(started["events"][0]["authenticated_by"], "proxy");
    call("POST", &url, &[JSON], b"{}").problem(401, "unauthorized");
    call("POST", &url, &[JSON, ("x-forwarded-user", "")], b"{}").problem(401, "unauthorized");
    let two = [JSON, ("x-forwarded-user", "ada"), ("x-forwarded-user", "bob")];
    assert_eq!(trusted.head("POST", "/api/deploys", &two, "{}").status, 401);
    trusted.stop(&world);
    let elsewhere = Guarded::new(&world, &by("10.0.0.0/8"), BearerToken);
    let url = format!("{}/api/deploys", elsewhere.url);
    call("POST", &url, &named, b"{}").problem(401, "unauthorized");
    elsewhere.stop(&world);
    assert_eq!(world.count("SELECT count(*) FROM deploys"), 1);
}

#[test]
fn what_is_not_safe_is_known_before_it_listens() {
    let (loopback, open) = ("127.0.0.1:1".parse().unwrap(), "0.0.0.0:1".parse().unwrap());
    let by = |networks: &[&str]| {
        let proxies = networks.iter().map(|network| network.parse().unwrap()).collect();
        Access::new(Operators::Proxy { header: "x-user".parse().unwrap(), proxies })
    };
    assert_eq!(Access::new(Operators::Anyone).check(loopback), Ok(()));
    assert_eq!(Access::new(Operators::Anyone).check("[::1]:1".parse().unwrap()), Ok(()));
    assert_eq!(Access::new(Operators::Anyone).name("x.example").check(open), Err(Unsafe::Anyone));
    assert_eq!(Access::new(tokens()).check(open), Err(Unsafe::NoName));
    assert_eq!(Access::new(tokens()).name("x.example").check(open), Ok(()));
    assert_eq!(by(&[]).name("x.example").check(open), Err(Unsafe::AnyProxy));
    assert_eq!(by(&["10.0.0.0/8", "::/0"]).check(loopback), Err(Unsafe::AnyProxy));
    assert_eq!(by(&["10.0.0.0/8"]).name("x.example").check(open), Ok(()));
}
