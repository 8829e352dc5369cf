//! The console's files as they are served: each with its kind, asked for again each time, and
//! under a policy that lets in nothing from elsewhere.
use crate::common::backend::client::call;
use crate::common::backend::world::{DEPLOY, Database, World, machine};
use phasegate::Schema;
use phasegate::console::Page;
use phasegate::http::Backend;
use std::io::{Read, Write};
use std::net::TcpStream;

const FILES: [(&str, &str); 15] = [
    ("/", "text/html; charset=utf-8"),
    ("/rows/any", "text/html; charset=utf-8"),
    ("/audit.js", "text/javascript; charset=utf-8"),
    ("/console.css", "text/css; charset=utf-8"),
    ("/console.js", "text/javascript; charset=utf-8"),
    ("/dom.js", "text/javascript; charset=utf-8"),
    ("/icon.svg", "image/svg+xml"),
    ("/icon-active.svg", "image/svg+xml"),
    ("/icon-done.svg", "image/svg+xml"),
    ("/icon-failed.svg", "image/svg+xml"),
    ("/page.js", "text/javascript; charset=utf-8"),
    ("/phasegate-stepper.js", "text/javascript; charset=utf-8"),
    ("/row.js", "text/javascript; charset=utf-8"),
    ("/simulate.js", "text/javascript; charset=utf-8"),
    ("/status-map.js", "text/javascript; charset=utf-8"),
];

#[test]
fn every_file_is_served_as_what_it_is_and_kept_only_while_it_is_current() {
    let world = World::empty(Database::Sqlite, machine(DEPLOY), Schema::named("deploy"));
    let backend = Backend::new(world.store.clone(), world.machine.clone());
    let running = world.run(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        backend.serve(listener, Page::deploys().router()).unwrap()
    });
    for (path, kind) in FILES {
        let url = format!("{}{path}", running.url());
        let reply = call("GET", &url, &[], &[]);
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("content-type"), kind, "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("x-frame-options"), "DENY");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
        assert_eq!(reply.header("cache-control"), "no-cache");
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        assert!(!reply.text.is_empty(), "{path}");

        let tag = reply.header("etag").to_owned();
        let again = call("GET", &url, &[("if-none-match", &tag)], &[]);
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}");
        assert_eq!(again.header("etag"), tag);
        assert_eq!(reply.header("vary"), "accept-encoding", "{path}");
        let packed = [("accept-encoding", "br, gzip"), ("if-none-match", tag.as_str())];
        let packed = head(&url, &packed);
        assert!(packed.contains("200 OK") && packed.contains("content-encoding: gzip"), "{packed}");
        let other = call("GET", &url, &[("if-none-match", "\"of another version\"")], &[]);
        assert_eq!((other.status, other.text == reply.text), (200, true), "{path}");
        assert_eq!(call("POST", &url, &[], b"{}").status, 405, "{path}");
    }
    world.run(running.stop());
}

/// The head of an answer whose body is no text.
fn head(url: &str, headers: &[(&str, &str)]) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut socket = TcpStream::connect(host).unwrap();
    let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let headers = headers.collect::<String>();
    write!(socket, "GET /{path} HTTP/1.0\r\nHost: {host}\r\n{headers}\r\n").unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    String::from_utf8(answer[..end].to_vec()).unwrap()
}

#[test]
fn the_page_of_another_table_says_its_words() {
    let table = DEPLOY.replace("name    = \"deploy\"", "name    = \"stock_order\"");
    let machine = machine(&table);
    let page = Page::new(&*machine, "stock_orders", "");
    assert_eq!(page.title, "Stock order");
    assert_eq!(page.heading, "Stock orders");
    assert_eq!(page.collection, "/api/stock_orders");
    assert_eq!(page.id_input, "stock_order_id");
}
