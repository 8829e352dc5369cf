//! A local double of GitHub's API, as far as workflows are started by it: it answers as the documentation of
//! "Create a workflow dispatch event", "List workflow runs for a workflow", "Get a repository installation for
//! the authenticated app" and "Create an installation access token for an app" says.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The token that may ask.
pub const TOKEN: &str = "github_pat_0123456789abcdef";
/// What an app's installation asks with.
pub const INSTALLED: &str = "ghs_0123456789abcdef";

/// How a dispatch is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Mood {
    /// As documented.
    #[default]
    Well,
    /// The run starts, and the answer is a 502.
    BrokenAfter,
    /// The run starts, and there is no answer for a while.
    SilentAfter,
    /// Nothing starts, and the answer is a 502.
    BrokenBefore,
    /// An input that the workflow does not have.
    Refuses,
    /// A server that knows nothing of `return_run_details`.
    Older,
}

/// One request that came.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub bearer: String,
    pub version: String,
    pub body: Value,
}

#[derive(Debug, Default)]
pub struct State {
    pub mood: Mood,
    pub calls: Vec<Call>,
    /// Id and title.
    pub runs: Vec<(u64, String)>,
}

/// The double.
#[derive(Clone)]
pub struct Double {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Double {
    /// `is_app`: whether a bearer is the app's own.
    pub fn new(is_app: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let double = Self { url, state: Arc::default() };
        let (own, is_app) = (double.clone(), Arc::new(is_app));
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let (own, is_app) = (own.clone(), is_app.clone());
                std::thread::spawn(move || own.answer(socket.unwrap(), &*is_app));
            }
        });
        double
    }

    /// One that no one answers at.
    pub fn nobody() -> Self {
        Self { url: "http://127.0.0.1:9".to_owned(), state: Arc::default() }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set(&self, mood: Mood) {
        self.state().mood = mood;
    }

    /// The dispatches that came.
    pub fn dispatches(&self) -> Vec<Call> {
        let calls = self.state().calls.clone();
        calls.into_iter().filter(|call| call.path.ends_with("/dispatches")).collect()
    }

    fn answer(&self, socket: TcpStream, is_app: &dyn Fn(&str) -> bool) {
        let mut lines = BufReader::new(socket.try_clone().unwrap());
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if lines.read_line(&mut head).unwrap_or_default() == 0 {
                return;
            }
        }
        let header = |name: &str| {
            let mut found = head.lines().filter_map(|line| line.split_once(": "));
            let found = found.find(|(own, _)| own.eq_ignore_ascii_case(name));
            found.map_or(String::new(), |(_, value)| value.to_owned())
        };
        let mut body = vec![0; header("content-length").parse().unwrap_or_default()];
        lines.read_exact(&mut body).unwrap();
        let mut words = head.split(' ').map(str::to_owned);
        let call = Call {
            method: words.next().unwrap(),
            path: words.next().unwrap(),
            bearer: header("authorization").trim_start_matches("Bearer ").to_owned(),
            version: header("x-github-api-version"),
            body: serde_json::from_slice(&body).unwrap_or_default(),
        };
        self.state().calls.push(call.clone());
        let (status, said) = self.judge(&call, is_app);
        let text = if said.is_null() { String::new() } else { said.to_string() };
        let kind = "Content-Type: application/json; charset=utf-8";
        let mut socket = socket;
        // The one who asked may be gone.
        let _ = write!(
            socket,
            "HTTP/1.1 {status} x\r\n{kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
            text.len()
        );
    }

    fn judge(&self, call: &Call, is_app: &dyn Fn(&str) -> bool) -> (u16, Value) {
        let no = |status: u16, message: &str| {
            (
                status,
                json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string()}),
            )
        };
        let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
        let by_app = is_app(&call.bearer);
        match (call.method.as_str(), path) {
            ("GET", "/repos/octo/shop/installation") if by_app => {
                (200, json!({"id": 42, "app_slug": "starter", "permissions": {"actions": "write"}}))
            }
            ("POST", "/app/installations/42/access_tokens") if by_app => {
                (201, json!({"token": INSTALLED, "expires_at": "2999-01-01T00:00:00Z"}))
            }
            (_, "/repos/octo/shop/installation" | "/app/installations/42/access_tokens") => {
                no(401, "A JSON web token could not be decoded")
            }
            _ if ![TOKEN, INSTALLED].contains(&call.bearer.as_str()) => no(401, "Bad credentials"),
            ("POST", "/repos/octo/shop/actions/workflows/deploy.yml/dispatches") => {
                self.dispatch(call)
            }
            ("GET", "/repos/octo/shop/actions/workflows/deploy.yml/runs") => {
                assert!(
                    query.contains("event=workflow_dispatch") && query.contains("created=%3E%3D2"),
                    "{query}"
                );
                let state = self.state();
                // Newest first.
                let runs = state.runs.iter().rev().map(|(id, title)| {
                    json!({
                        "id": id, "name": "Deploy", "display_title": title, "event": "workflow_dispatch",
                        "status": "queued", "run_attempt": 1,
                        "html_url": format!("https://github.com/octo/shop/actions/runs/{id}"),
                    })
                });
                let runs: Vec<Value> = runs.collect();
                (200, json!({"total_count": runs.len(), "workflow_runs": runs}))
            }
            _ => no(404, "Not Found"),
        }
    }

    fn dispatch(&self, call: &Call) -> (u16, Value) {
        let no = |status: u16, message: &str| {
            (
                status,
                json!({"message": message, "documentation_url": "https://docs.github.com/rest"}),
            )
        };
        let mood = self.state().mood;
        let (body, details) = (&call.body, &call.body["return_run_details"]);
        let Some(inputs) = body["inputs"].as_object().filter(|_| body["ref"].is_string()) else {
            return no(422, "Invalid request.\n\n\"ref\" wasn't supplied.");
        };
        match mood {
            Mood::Refuses => return no(422, "Unexpected inputs provided: [\"callback_token\"]"),
            Mood::BrokenBefore => return no(502, "Server Error"),
            Mood::Older if !details.is_null() => {
                return no(
                    422,
                    "Invalid request.\n\n\"return_run_details\" is not a permitted key.",
                );
            }
            Mood::Well | Mood::BrokenAfter | Mood::SilentAfter | Mood::Older => {}
        }
        let id = {
            let mut state = self.state();
            let id = 9_007_199_254_740_000 + state.runs.len() as u64;
            // As the generated workflow's `run-name` has it.
            let (input, key) = inputs.iter().find(|(input, _)| input.ends_with("_id")).unwrap();
            let machine = input.trim_start_matches("console_").trim_end_matches("_id");
            state.runs.push((id, format!("{machine} {}", key.as_str().unwrap())));
            id
        };
        match mood {
            Mood::BrokenAfter => return no(502, "Server Error"),
            Mood::SilentAfter => std::thread::sleep(Duration::from_secs(3)),
            Mood::Well | Mood::BrokenBefore | Mood::Refuses | Mood::Older => {}
        }
        if details != true {
            return (204, Value::Null);
        }
        let said = json!({
            "workflow_run_id": id,
            "run_url": format!("https://api.github.com/repos/octo/shop/actions/runs/{id}"),
            "html_url": format!("https://github.com/octo/shop/actions/runs/{id}"),
        });
        (200, said)
    }
}
