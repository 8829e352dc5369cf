//! A client of the HTTP interface.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
}

impl Reply {
    /// The body, which has to be JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// That it is this status, and JSON.
    #[track_caller]
    pub fn ok(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/json", "{self:?}");
        self.json()
    }

    /// That it is this problem.
    #[track_caller]
    pub fn problem(self, status: u16, name: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["type"], format!("/problems/{name}"), "{problem}");
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        problem
    }
}

/// One request.
pub fn call(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let reply = if body.is_empty() && method == "GET" {
        agent.run(request.body(()).unwrap())
    } else {
        agent.run(request.body(body.to_vec()).unwrap())
    };
    let reply = reply.unwrap_or_else(|error| panic!("{method} {url}: {error}"));
    let (parts, mut body) = reply.into_parts();
    let text = body.read_to_string().unwrap();
    Reply { status: parts.status.as_u16(), headers: parts.headers, text }
}

/// What comes of a request that is sent again, as the generated script does, while the backend says that
/// nothing was done: on a busy machine the database may take longer to answer than is waited for.
pub fn until_done(send: impl Fn() -> Reply) -> Reply {
    for _ in 0..10 {
        let reply = send();
        if reply.status != 503 {
            return reply;
        }
        std::thread::sleep(Duration::from_millis(300));
    }
    send()
}

/// An open event stream.
pub struct Stream {
    lines: BufReader<TcpStream>,
    pub head: String,
}

/// One event of a stream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sent {
    pub id: i64,
    pub event: String,
    pub data: Value,
}

impl Stream {
    /// Opens the stream at an address like `http://127.0.0.1:1/api/deploys/x/events`.
    pub fn open(url: &str, last_event_id: Option<&str>) -> Self {
        let last = last_event_id.map(|id| format!("Last-Event-ID: {id}\r\n"));
        Self::open_with(url, &last.unwrap_or_default())
    }

    /// Opens the stream of a list, at an address like `http://127.0.0.1:1/api/deploys?limit=2`.
    pub fn of_list(url: &str) -> Self {
        Self::open_with(url, "Accept: text/event-stream\r\n")
    }

    fn open_with(url: &str, headers: &str) -> Self {
        let rest = url.strip_prefix("http://").unwrap();
        let (host, path) = rest.split_once('/').unwrap();
        let mut socket = TcpStream::connect(host).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        // HTTP/1.0: the body is not chunked, and lasts as long as the connection.
        write!(socket, "GET /{path} HTTP/1.0\r\nHost: {host}\r\n{headers}\r\n").unwrap();
        let mut lines = BufReader::new(socket);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(lines.read_line(&mut head).unwrap(), 0, "{head}");
        }
        Self { lines, head }
    }

    /// The next event that is no heartbeat; none where the stream ends.
    pub fn next(&mut self) -> Option<Sent> {
        let (mut id, mut event, mut data) = (0, String::new(), String::new());
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            let line = line.trim_end_matches('\n');
            match line.split_once(": ").unwrap_or((line, "")) {
                ("id", text) => id = text.parse().unwrap(),
                ("event", text) => text.clone_into(&mut event),
                ("data", text) => data.push_str(text),
                ("", "") if event == "heartbeat" => {
                    event.clear();
                    data.clear();
                }
                ("", "") if !event.is_empty() => {
                    return Some(Sent { id, event, data: serde_json::from_str(&data).unwrap() });
                }
                _ => {}
            }
        }
    }

    /// All that is left of a stream that is over.
    pub fn rest(mut self) -> String {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        rest
    }
}
