//! What one client does too much of is answered or closed, and others notice nothing.

use crate::common::backend::client::{Stream, call};
use crate::common::backend::guarded::Guarded;
use crate::common::backend::world::{Database, World};
use phasegate::http::{Access, Backend, BearerToken, Ends, Operators, Options, Tokens, Webhook};
use serde_json::json;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::num::NonZeroU32;
use std::time::Duration;

fn world(options: Options) -> World {
    let mut world = World::deploy(Database::Sqlite);
    world.serve(options);
    world
}

fn connect(world: &World) -> TcpStream {
    let socket = TcpStream::connect(world.url.strip_prefix("http://").unwrap()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    socket
}

/// All that comes until the backend closes the connection.
fn rest(mut socket: TcpStream) -> String {
    let mut rest = Vec::new();
    match socket.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("it stays open: {error}"),
    }
    String::from_utf8_lossy(&rest).into_owned()
}

#[test]
fn a_head_that_never_ends_is_closed_and_so_is_an_idle_connection() {
    let world = world(Options::default().head_timeout(Duration::from_millis(300)));
    let mut begun = connect(&world);
    begun.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ").unwrap();
    let mut idle = connect(&world);
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert!(rest(idle).contains("\"alive\":true"));
    assert!(!rest(begun).contains("200 OK"));
    assert!(rest(connect(&world)).is_empty(), "it never said anything");
}

#[test]
fn a_body_that_never_ends_is_answered_408() {
    let world = world(Options::default().body_timeout(Duration::from_millis(200)));
    let row = world.start();
    let mut socket = connect(&world);
    let head = format!(
        "POST {}/callbacks HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"status\":",
        row.path(),
        row.token
    );
    socket.write_all(head.as_bytes()).unwrap();
    let answer = rest(socket);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("/problems/timeout"), "{answer}");
}

#[test]
fn a_head_that_is_too_large_is_answered_431() {
    let world = world(Options::default());
    let mut socket = connect(&world);
    let head = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    // It may be answered and closed before all of it is sent.
    let _ = socket.write_all(head.as_bytes());
    let mut first = [0; 12];
    if socket.read_exact(&mut first).is_ok() {
        assert_eq!(String::from_utf8_lossy(&first), "HTTP/1.1 431");
    }
    assert_eq!(world.get("/healthz").status, 200);
}

#[test]
fn more_headers_than_there_may_be_are_answered_431() {
    let world = world(Options::default());
    let mut socket = connect(&world);
    let headers: String = (0..70).map(|n| format!("X-{n}: x\r\n")).collect();
    let _ =
        socket.write_all(format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{headers}\r\n").as_bytes());
    assert!(rest(socket).starts_with("HTTP/1.1 431"));
    let mut socket = connect(&world);
    let headers: String = (0..60).map(|n| format!("X-{n}: x\r\n")).collect();
    let head = format!("GET /healthz HTTP/1.0\r\nHost: x\r\n{headers}\r\n");
    socket.write_all(head.as_bytes()).unwrap();
    assert!(rest(socket).contains("\"alive\":true"));
}

#[test]
fn connections_of_one_address_are_bounded_and_free_again() {
    let world = world(Options::default().connections_per_client(3));
    let mut open: Vec<_> = (0..3).map(|_| connect(&world)).collect();
    // Each has its place once it is answered.
    for socket in &mut open {
        socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        assert_ne!(socket.read(&mut [0; 1024]).unwrap(), 0);
    }
    assert!(rest(connect(&world)).is_empty(), "it is one more than there may be");
    open.pop();
    // The place is free as soon as the backend has seen that it was left.
    let answered = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        let mut socket = connect(&world);
        let asked = socket.write_all(b"GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n");
        asked.is_ok() && rest(socket).contains("\"alive\":true")
    });
    assert!(answered);
}

#[test]
fn streams_are_bounded_for_all_and_for_one() {
    for options in [Options::default().streams(2), Options::default().streams_per_client(2)] {
        let world = world(options);
        let row = world.start();
        let first = row.stream(None);
        let _list = Stream::of_list(&format!("{}/api/deploys", world.url));
        let events = format!("{}/events", row.path());
        let refused = world.get(&events);
        assert_ne!(refused.header("retry-after"), "");
        refused.problem(429, "too-many-requests");
        assert_eq!(row.snapshot()["seq"], 1, "all else goes on");
        drop(first);
        let is_free = (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            row.stream(None).head.contains("200 OK")
        });
        assert!(is_free);
    }
}

#[test]
fn starts_are_bounded_for_one_client() {
    let two = NonZeroU32::new(2).unwrap();
    let hour = Duration::from_secs(3600);
    let world = world(Options::default().starts(two).starts_every(hour));
    for _ in 0..2 {
        world.start().walk(&["building"]);
    }
    let refused = world.post("/api/deploys", &json!({}));
    assert_ne!(refused.header("retry-after"), "");
    refused.problem(429, "too-many-requests");
    assert_eq!(world.count("SELECT count(*) FROM deploys"), 2);
}

#[test]
fn wrong_tokens_of_one_client_are_bounded_and_a_right_one_is_taken_still() {
    let two = NonZeroU32::new(2).unwrap();
    let hour = Duration::from_secs(3600);
    let world = world(Options::default().wrong(two).wrong_every(hour));
    let row = world.start();
    for n in 0..4 {
        let wrong = format!("Bearer {n:064}.{}", row.id);
        let answer = row.send(br#"{"status":"building"}"#, &[("authorization", &wrong)]);
        match n {
            0 | 1 => answer.problem(401, "unauthorized"),
            _ => answer.problem(429, "too-many-requests"),
        };
    }
    row.walk(&["building"]);
}

#[test]
fn wrong_signatures_of_webhooks_are_bounded_as_wrong_tokens_are_and_a_right_one_is_taken_still() {
    let two = NonZeroU32::new(2).unwrap();
    let hour = Duration::from_secs(3600);
    let world = World::deploy(Database::Sqlite);
    let options = Options::default().wrong(two).wrong_every(hour);
    let backend = Backend::with(world.store.clone(), world.machine.clone(), BearerToken, options);
    let webhook = Webhook::new("a secret of the webhook's", Vec::new(), Ends::default());
    let router = backend.router().merge(backend.webhook(webhook));
    let running = world.run(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        phasegate::http::serve(vec![backend], listener, router).unwrap()
    });
    let url = format!("{}/webhooks/deploys", running.url());
    let sent = |signature: &str| {
        let headers = [("x-hub-signature-256", signature), ("x-github-event", "ping")];
        call("POST", &url, &headers, b"{}")
    };
    sent("sha256=00").problem(401, "unauthorized");
    sent("").problem(401, "unauthorized");
    let refused = sent("sha256=00");
    assert_ne!(refused.header("retry-after"), "");
    refused.problem(429, "too-many-requests");
    // Wrong tokens of the same client are among them.
    let callbacks = format!("{}/api/deploys/x/callbacks", running.url());
    let wrong = [("authorization", "Bearer wrong"), ("content-type", "application/json")];
    call("POST", &callbacks, &wrong, br#"{"status":"building"}"#).problem(429, "too-many-requests");
    // `printf '{}' | openssl dgst -sha256 -hmac "a secret of the webhook's"`
    sent("sha256=2d8b3d28d0d79ecc7c20bfc4f42fbf4a0c8b6d1abd991ac20edfd7932a5b2205").ok(200);
    world.run(running.stop());
}

#[test]
fn wrong_tokens_of_operators_are_bounded_and_a_right_one_is_taken_still() {
    let world = World::deploy(Database::Sqlite);
    let two = NonZeroU32::new(2).unwrap();
    let options = Options::default().wrong(two).wrong_every(Duration::from_secs(3600));
    let token = "0123456789abcdef0123456789abcdef";
    let tokens = Tokens::read(&format!("ada {token}")).unwrap();
    let access = Access::new(Operators::Tokens(tokens));
    let at = Guarded::with(&world, &access, BearerToken, options);
    let ask = |token: &str| {
        let bearer = format!("Bearer {token}");
        at.head("GET", "/api/deploys", &[("authorization", &bearer)], "").status
    };
    let none = || at.head("GET", "/api/deploys", &[], "").status;
    assert_eq!([none(), none(), none()], [401; 3], "it is asked for, and not wrong");
    assert_eq!([ask("x"), ask("y"), ask("z")], [401, 401, 429]);
    assert_eq!(ask(token), 200);
    at.stop(&world);
}

#[test]
fn behind_a_trusted_proxy_each_client_has_limits_of_its_own() {
    let world = World::deploy(Database::Sqlite);
    let one = NonZeroU32::new(1).unwrap();
    let hour = Duration::from_secs(3600);
    let options = || {
        let options =
            Options::default().starts(one).starts_every(hour).wrong(one).wrong_every(hour);
        options.connections_per_client(2)
    };
    let loopback = || vec!["127.0.0.1".parse().unwrap()];
    let access = Access::new(Operators::Anyone);
    let start = |at: &Guarded, client: &str| {
        let headers = [("content-type", "application/json"), ("x-forwarded-for", client)];
        at.head("POST", "/api/deploys", &headers, "{}").status
    };
    let report = |at: &Guarded, client: &str| {
        let headers = [
            ("content-type", "application/json"),
            ("x-forwarded-for", client),
            ("authorization", "Bearer wrong"),
        ];
        at.head("POST", "/api/deploys/x/callbacks", &headers, r#"{"status":"building"}"#).status
    };
    let trusting = Guarded::with(
        &world,
        &access.clone().proxies(loopback()),
        BearerToken,
        options().proxies(loopback()),
    );
    assert_eq!([start(&trusting, "1.1.1.1"), start(&trusting, "1.1.1.1")], [201, 429]);
    assert_eq!(
        start(&trusting, "9.9.9.9, 2.2.2.2"),
        201,
        "whom the proxy names, and no one before"
    );
    assert_eq!(start(&trusting, "2.2.2.2"), 429);
    assert_eq!([report(&trusting, "1.1.1.1"), report(&trusting, "1.1.1.1")], [401, 429]);
    assert_eq!(report(&trusting, "2.2.2.2"), 401);
    // The connections of many come from one address.
    let host = trusting.url.strip_prefix("http://").unwrap();
    let open: Vec<TcpStream> = (0..5).map(|_| TcpStream::connect(host).unwrap()).collect();
    assert_eq!(start(&trusting, "3.3.3.3"), 201);
    drop(open);
    trusting.stop(&world);
    // A client that is no proxy is who its connection is of, whatever it says.
    let plain = Guarded::with(&world, &access, BearerToken, options());
    assert_eq!([start(&plain, "1.1.1.1"), start(&plain, "2.2.2.2")], [201, 429]);
    assert_eq!([report(&plain, "1.1.1.1"), report(&plain, "2.2.2.2")], [401, 429]);
    plain.stop(&world);
}
