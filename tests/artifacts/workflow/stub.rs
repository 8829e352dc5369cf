//! A console that answers as it is told, on a loopback port of its own, and remembers what it got.

#![allow(dead_code, reason = "each test file takes what it needs")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// One answer.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A status, more headers, a body.
    Http(u16, &'static str, String),
    /// The connection closes without a word.
    Nothing,
    /// The answer breaks off in the middle.
    Half,
    /// Nothing comes while the client waits.
    Hangs,
    /// An answer that does not say how large it is, and never ends.
    Endless,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) authorization: String,
    pub(crate) body: Value,
}

/// The console; the last answer is given again and again.
pub(crate) struct Stub {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Stub {
    pub(crate) fn answering(answers: Vec<Answer>) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), answers)
    }

    pub(crate) fn on(listener: TcpListener, answers: Vec<Answer>) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for (at, stream) in listener.incoming().enumerate() {
                let answer = &answers[at.min(answers.len() - 1)];
                serve(stream.unwrap(), answer, &seen);
            }
        });
        Self { url, requests }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, answer: &Answer, seen: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim_end().is_empty() {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let header = |name: &str| {
        lines.iter().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let mut body = vec![0; header("content-length").map_or(0, |len| len.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    seen.lock().unwrap().push(Request {
        line: lines[0].clone(),
        authorization: header("authorization").unwrap_or_default(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    });
    // A client that went away is the client's affair.
    let _ = match answer {
        Answer::Http(status, headers, body) => write!(
            stream,
            "HTTP/1.1 {status} Such\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ),
        Answer::Nothing => Ok(()),
        Answer::Half => {
            write!(stream, "HTTP/1.1 200 Such\r\nContent-Length: 100\r\n\r\n{{\"applied\"")
        }
        Answer::Hangs => {
            // Another client may come meanwhile.
            thread::spawn(move || stream.read(&mut [0]));
            Ok(())
        }
        Answer::Endless => {
            let begun = write!(stream, "HTTP/1.1 200 Such\r\n\r\n");
            begun.and_then(|()| {
                loop {
                    stream.write_all(&[b' '; 65536])?;
                }
            })
        }
    };
}
