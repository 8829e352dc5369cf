//! `phasegate serve` with the feature `otel`: traces of requests reach a collector where the environment names
//! one, and no secret is among them.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::serve::{ADA, Serving, command, shop};
use serde_json::json;

/// What came to the collector: the head of each request, and its body.
type Came = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A collector that takes all that comes, and answers with this status.
fn collector(status: &'static str) -> (String, Came) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let came = Came::default();
    let taken = came.clone();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            taken.lock().unwrap().extend(request(socket.unwrap(), status));
        }
    });
    (url, came)
}

fn request(mut socket: TcpStream, status: &str) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    socket.read_exact(&mut body).ok()?;
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    socket.write_all(answer.as_bytes()).ok()?;
    Some((head, body))
}

fn has(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

const ARGUMENTS: [&str; 9] = [
    "ticket.toml",
    "--database-url",
    "sqlite:x.db",
    "--listen",
    "127.0.0.1:0",
    "--operator-token-file",
    "tokens",
    "--trusted-proxy",
    "127.0.0.1",
];

#[test]
fn requests_are_traced_to_a_collector_by_their_routes_and_without_a_secret() {
    let (url, came) = collector("200 OK");
    let folder = shop();
    folder.write("tokens", format!("ada {ADA}\n"));
    let mut process = command(&folder, &ARGUMENTS);
    process.env("OTEL_EXPORTER_OTLP_ENDPOINT", &url);
    process.env("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a-secret-key");
    process.env("OTEL_SERVICE_NAME", "shop-backend");
    let serving = Serving::start(process);
    let operator = format!("Bearer {ADA}");
    let started = serving
        .post("/api/tickets?x=secret-query", &[("authorization", &operator)], &json!({}))
        .ok(201);
    let token = started["callback_token"].as_str().unwrap();
    let (id, bearer) = (started["id"].as_str().unwrap(), format!("Bearer {token}"));
    // The proxy in front has begun the trace.
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let parent = format!("00-{trace}-b7ad6b7169203331-01");
    let headers = [("authorization", bearer.as_str()), ("traceparent", &parent)];
    let body = json!({"status": "closed", "log_tail": "a secret log"});
    serving.post(&format!("/api/tickets/{id}/callbacks"), &headers, &body).ok(200);
    let log = serving.end();
    // The last ones are sent before the process ends.
    let came = came.lock().unwrap();
    let (head, _) = came.first().expect("traces are sent");
    assert!(head.starts_with("post /v1/traces "), "{head}");
    assert!(head.contains("content-type: application/x-protobuf"), "{head}");
    assert!(head.contains("x-key: a-secret-key"), "{head}");
    let all: Vec<u8> = came.iter().flat_map(|(_, body)| body.clone()).collect();
    for text in [
        "shop-backend",
        "POST /api/tickets/{id}/callbacks",
        "POST /api/tickets",
        "http.response.status_code",
        "applied",
        "write",
        id,
    ] {
        assert!(has(&all, text.as_bytes()), "{text} is not among the traces");
    }
    let bytes: Vec<u8> =
        (0..16).map(|at| u8::from_str_radix(&trace[at * 2..at * 2 + 2], 16).unwrap()).collect();
    assert!(has(&all, &bytes), "the proxy's trace goes on");
    let (half, _) = token.split_once('.').unwrap();
    for secret in [ADA, half, "a secret log", "secret-query", "a-secret-key"] {
        assert!(!has(&all, secret.as_bytes()) && !log.contains(secret), "{secret}");
    }
}

#[test]
fn who_is_no_trusted_proxy_begins_no_trace() {
    let (url, came) = collector("200 OK");
    let folder = shop();
    folder.write("tokens", format!("ada {ADA}\n"));
    let mut process = command(&folder, &ARGUMENTS[..7]);
    process.env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", format!("{url}/traces"));
    let serving = Serving::start(process);
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    crate::client::call("GET", &format!("{}/readyz", serving.url), &[("traceparent", parent)], b"");
    serving.end();
    let came = came.lock().unwrap();
    assert!(came[0].0.starts_with("post /traces "), "{}", came[0].0);
    let all: Vec<u8> = came.iter().flat_map(|(_, body)| body.clone()).collect();
    assert!(has(&all, b"phasegate") && has(&all, b"/readyz"));
    assert!(!has(&all, &[0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd]));
}

#[test]
fn a_collector_that_fails_is_said_once_and_stops_nothing() {
    let (url, _) = collector("403 Forbidden");
    let folder = shop();
    folder.write("tokens", format!("ada {ADA}\n"));
    let mut process = command(&folder, &ARGUMENTS);
    process.env("OTEL_EXPORTER_OTLP_ENDPOINT", &url).env("OTEL_BSP_SCHEDULE_DELAY", "50");
    let serving = Serving::start(process);
    for _ in 0..4 {
        assert_eq!(serving.get("/readyz").status, 200);
        std::thread::sleep(Duration::from_millis(100));
    }
    let log = serving.end();
    assert_eq!(log.matches("traces can't be sent").count(), 1, "{log}");
}

#[test]
fn there_are_none_where_nothing_is_said_and_another_protocol_is_refused() {
    let (url, came) = collector("200 OK");
    let folder = shop();
    folder.write("tokens", format!("ada {ADA}\n"));
    let mut process = command(&folder, &ARGUMENTS);
    process.env("OTEL_EXPORTER_OTLP_ENDPOINT", &url).env("OTEL_SDK_DISABLED", "true");
    let serving = Serving::start(process);
    assert_eq!(serving.get("/readyz").status, 200);
    serving.end();
    assert!(came.lock().unwrap().is_empty());
    let mut process = command(&folder, &ARGUMENTS);
    process.env("OTEL_EXPORTER_OTLP_ENDPOINT", &url).env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let output = process.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("OTEL_EXPORTER_OTLP_PROTOCOL=grpc"), "{said}");
}
