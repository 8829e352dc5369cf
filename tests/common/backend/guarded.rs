//! A backend behind what guards it, and requests as any program could send them.

use super::world::World;
use phasegate::http::{self, Access, Authenticate, Backend, Options, Running};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A world's rows behind an access. It ends with the world's runtime.
pub struct Guarded {
    pub url: String,
    running: Option<Running>,
}

impl Guarded {
    pub fn new(world: &World, access: &Access, credential: impl Authenticate) -> Self {
        Self::with(world, access, credential, Options::default())
    }

    pub fn with(
        world: &World,
        access: &Access,
        credential: impl Authenticate,
        options: Options,
    ) -> Self {
        let (store, machine) = (world.store.clone(), world.machine.clone());
        let page = phasegate::axum::routing::get(|| async { "a page" });
        let pages = phasegate::axum::Router::new().route("/", page);
        let running = world.run(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let backend = Backend::with(store, machine, credential, options);
            let router = access.router([&backend], pages);
            http::serve(vec![backend], listener, router).unwrap()
        });
        Self { url: running.url(), running: Some(running) }
    }

    pub fn stop(mut self, world: &World) {
        if let Some(running) = self.running.take() {
            world.run(running.stop());
        }
    }

    /// The status and the headers of an answer, whose body may have no end. `Host` is sent where it is not
    /// among the headers.
    pub fn head(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Head {
        let host = self.url.strip_prefix("http://").unwrap();
        let mut socket = TcpStream::connect(host).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut request = format!("{method} {path} HTTP/1.1\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request += &format!("Host: {host}\r\n");
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        write!(socket, "{request}\r\n{body}").unwrap();
        let mut lines = BufReader::new(socket).lines().map(Result::unwrap);
        let status = lines.next().unwrap();
        let headers = lines.take_while(|line| !line.is_empty()).map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_owned(), value.to_owned())
        });
        let status = status.split(' ').nth(1).unwrap().parse().unwrap();
        Head { status, headers: headers.collect() }
    }
}

/// What stands before an answer's body.
#[derive(Debug)]
pub struct Head {
    pub status: u16,
    pub headers: Vec<(String, String)>,
}

impl Head {
    pub fn all(&self, name: &str) -> Vec<&str> {
        let found = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).collect()
    }
}
