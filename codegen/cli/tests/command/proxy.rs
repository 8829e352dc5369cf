//! `phasegate serve` behind nginx, by the site that `docs/nginx.conf` is: TLS, what is believed of whom, and
//! event streams.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::binary::Folder;
use crate::serve::{ADA, Serving, command, shop};
use serde_json::Value;

const NAME: &str = "deploys.example.org";

/// nginx with the site in front of a backend, until it is dropped.
struct Nginx {
    child: Child,
    port: u16,
    root: PathBuf,
}

impl Nginx {
    /// It comes to the backend from an address that nobody else has.
    fn start(folder: &Folder, backend: &str) -> Self {
        let at = |name: &str| folder.path(name).display().to_string();
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
            ])
            .args(["-days", "2", "-subj", &format!("/CN={NAME}")])
            .args(["-addext", &format!("subjectAltName=DNS:{NAME}")])
            .args(["-keyout", &at("site.key"), "-out", &at("site.pem")])
            .output();
        let made = made.expect("openssl is there");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = crate::serve::free_address().rsplit_once(':').unwrap().1.parse().unwrap();
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/nginx.conf");
        let mut site = fs::read_to_string(page).unwrap();
        for (said, here) in [
            ("127.0.0.1:4747", backend.to_owned()),
            ("listen 443 ", format!("listen 127.0.0.1:{port} ")),
            ("/etc/ssl/deploys.pem", at("site.pem")),
            ("/etc/ssl/deploys.key", at("site.key")),
        ] {
            assert!(site.contains(said), "{said}");
            site = site.replace(said, &here);
        }
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary.map(|what| format!("{what}_temp_path {}/{what};", at("")));
        let main = format!(
            "user root;\nworker_processes 1;\npid {};\nerror_log stderr;\nevents {{}}\n\
             http {{\naccess_log off;\nproxy_bind 127.0.0.2;\n{}\n{site}}}\n",
            at("nginx.pid"),
            temporary.join("\n")
        );
        folder.write("nginx.conf", main);
        let program =
            ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().find(|at| Path::new(at).exists());
        let mut nginx = Command::new(program.unwrap_or("nginx"));
        nginx.args(["-p", &at(""), "-c", &at("nginx.conf"), "-g", "daemon off;"]);
        let child = nginx.stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.expect("nginx is there");
        let nginx = Self { child, port, root: folder.path("site.pem") };
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "nginx does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        nginx
    }

    /// A client that believes the site's certificate and no other.
    fn curl(&self, path: &str, arguments: &[&str]) -> Command {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--show-error",
            "--no-buffer",
            "--max-time",
            "30",
            "--noproxy",
            "*",
        ]);
        curl.arg("--cacert").arg(&self.root).arg("--connect-to");
        curl.arg(format!("{NAME}:443:127.0.0.1:{}", self.port)).args(arguments);
        curl.arg(format!("https://{NAME}{path}"));
        curl
    }

    /// The status of an answer, and its body.
    fn ask(&self, path: &str, arguments: &[&str]) -> (u16, Value) {
        let output =
            self.curl(path, &[arguments, &["--write-out", "\n%{http_code}"]].concat()).output();
        let output = output.unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let (body, status) = said.rsplit_once('\n').unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (status.parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers end with it.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs nginx: run by tests/run"]
fn behind_nginx_clients_come_by_tls_and_are_who_it_says_and_streams_pass_as_they_come() {
    let folder = shop();
    folder.write("tokens", format!("ada {ADA}\n"));
    let arguments = [
        "ticket.toml",
        "--database-url",
        "sqlite:x.db",
        "--listen",
        "127.0.0.1:0",
        "--public-url",
        "https://deploys.example.org",
        "--trusted-proxy",
        "127.0.0.2",
        "--operator-token-file",
        "tokens",
        "--log",
        "json",
    ];
    let serving = Serving::start(command(&folder, &arguments));
    let backend = serving.url.strip_prefix("http://").unwrap();
    let nginx = Nginx::start(&folder, backend);
    let ada = format!("authorization: Bearer {ADA}");
    let json = ["--header", "content-type: application/json", "--data", "{}"];

    // By its own pages a row is started, by no other site's.
    let own = ["--header", &ada, "--header", "origin: https://deploys.example.org"];
    let (status, started) = nginx.ask("/api/tickets", &[&own[..], &json].concat());
    assert_eq!(status, 201, "{started}");
    let other = ["--header", &ada, "--header", "origin: https://evil.example"];
    assert_eq!(nginx.ask("/api/tickets", &[&other[..], &json].concat()).0, 403);
    assert_eq!(nginx.ask("/api/tickets", &json).0, 401);
    // Another name reaches nginx by this address, and the backend refuses it.
    let name = ["--header", &ada, "--header", "host: evil.example"];
    assert_eq!(nginx.ask("/api/tickets", &name).0, 421);

    // A stream gives each event at once, and stays open.
    let id = started["id"].as_str().unwrap();
    let path = format!("/api/tickets/{id}");
    let mut stream = nginx.curl(&format!("{path}/events"), &["--header", &ada]);
    let mut stream = stream.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(stream.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "event: snapshot"));
    let token = started["callback_token"].as_str().unwrap();
    let bearer = format!("authorization: Bearer {token}");
    let report = ["--header", &bearer, "--header", json[1], "--data", r#"{"status":"closed"}"#];
    assert_eq!(nginx.ask(&format!("{path}/callbacks"), &report).0, 200);
    let reported = Instant::now();
    assert!(lines.any(|line| line == "event: transition"));
    assert!(reported.elapsed() < Duration::from_secs(5), "{:?}", reported.elapsed());
    let _ = stream.kill();
    stream.wait().unwrap();

    // Who asks is who comes to nginx, whatever it says; past nginx nothing of it is believed.
    let forged = [
        "--header",
        "x-forwarded-for: 9.9.9.9",
        "--header",
        "x-forwarded-host: evil.example",
        "--header",
        "x-request-id: forged-by-client",
    ];
    let from = ["--header", &ada, "--interface", "127.0.0.3"];
    assert_eq!(nginx.ask(&format!("{path}?by=proxy"), &[&forged[..], &from].concat()).0, 200);
    let bearer = format!("Bearer {ADA}");
    let direct = [
        ("authorization", bearer.as_str()),
        ("host", "evil.example"),
        ("x-forwarded-host", NAME),
        ("x-forwarded-for", "9.9.9.9"),
        ("x-request-id", "forged-by-client"),
    ];
    let past = format!("{}{path}/reports", serving.url);
    crate::client::call("GET", &past, &direct, b"").problem(421, "foreign-host");
    drop(nginx);
    let log = serving.end();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |path: &str| {
        let line = lines.iter().rfind(|line| line["message"] == "answered" && line["path"] == path);
        line.unwrap_or_else(|| panic!("{path}: {log}")).clone()
    };
    assert_eq!(of(&path)["client"], "127.0.0.3");
    assert_eq!(of(&path)["span"]["id"].as_str().unwrap().len(), 32, "nginx gave the id");
    assert_eq!(of(&format!("{path}/reports"))["client"], "127.0.0.1");
    assert!(!log.contains("9.9.9.9") && !log.contains("forged-by-client"), "{log}");
}
