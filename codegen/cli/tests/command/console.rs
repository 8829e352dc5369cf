//! The console as a process: it serves, keeps what was started, and says why it can't run.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn console(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phasegate"));
    command.arg("console").args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

/// A console that serves, and where.
fn serving(folder: &Path) -> (Child, String) {
    let mut command = console(folder, &["--listen", "127.0.0.1:0"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("The deploy console: http://").unwrap();
    let address = address.strip_suffix('/').unwrap().to_owned();
    (child, address)
}

fn ask(address: &str, request: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let headers = format!(
        "Host: {address}\r\nContent-Type: application/json\r\nContent-Length: {}",
        body.len()
    );
    write!(stream, "{request} HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn end(mut child: Child) {
    let told = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(told.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn keeps_what_was_started_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (child, address) = serving(folder.path());
    assert!(ask(&address, "GET /", "").contains("console.js"));
    let started = ask(&address, "POST /api/deploys", r#"{"ref":"v1.2.3"}"#);
    assert!(started.starts_with("HTTP/1.1 201"), "{started}");
    end(child);
    let (child, address) = serving(folder.path());
    assert!(ask(&address, "GET /api/deploys", "").contains("v1.2.3"));
    assert!(ask(&address, "GET /readyz", "").starts_with("HTTP/1.1 200"));
    end(child);
}

#[test]
fn says_why_it_cannot_run() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let cases: [(&[&str], &str); 3] = [
        (&["--listen", &address], "choose another by --listen"),
        (
            &["--database-url", "mysql://localhost/x"],
            "an address begins with `sqlite:` or `postgres://`",
        ),
        (&["--database-url", "sqlite:no/such/folder/file.db"], "unable to open database file"),
    ];
    for (arguments, message) in cases {
        let output = console(folder.path(), arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(message), "{message:?} is not in: {said}");
    }
}
