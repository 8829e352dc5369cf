//! What `phasegate serve` answers is what its document says: schemathesis, which no one here wrote, makes
//! requests of the document, good and bad ones, and finds nothing.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::binary::Folder;
use crate::client::call;
use crate::serve::{ADA, JSON, Serving, command};

/// How many requests are made for each operation at random: `PHASEGATE_CASES`, or this.
fn cases() -> String {
    std::env::var("PHASEGATE_CASES").unwrap_or_else(|_| "25".to_owned())
}

#[test]
#[ignore = "needs Python's schemathesis: run by tests/run"]
fn a_backend_answers_as_its_document_says() {
    let folder = Folder::with("deploy.toml", include_str!("../../../../deploy.toml"));
    assert_eq!(folder.run(&["migrate", "deploy.toml"]).code, Some(0));
    folder.write("tokens", format!("ada {ADA}\n"));
    let arguments = [
        "deploy.toml",
        "--database-url",
        "sqlite:x.db",
        "--listen",
        "127.0.0.1:0",
        "--operator-token-file",
        "tokens",
        "--log-level",
        "warn",
    ];
    let serving = Serving::start(command(&folder, &arguments));
    let operator = format!("Bearer {ADA}");
    let by_operator = [("authorization", operator.as_str())];
    let document = call("GET", &format!("{}/api/openapi.json", serving.url), &by_operator, b"");
    folder.write("openapi.json", &document.text);
    // A row whose stream ends, and one that takes reports by its own token.
    let start = || serving.post("/api/deploys", &by_operator, &json!({})).ok(201);
    let (ended, open) = (start(), start());
    let bearer = |row: &Value| format!("Bearer {}", row["callback_token"].as_str().unwrap());
    let to = format!("{}/api/deploys/{}/callbacks", serving.url, ended["id"].as_str().unwrap());
    let body = br#"{"status": "failed"}"#;
    call("POST", &to, &[JSON, ("authorization", &bearer(&ended))], body).ok(200);
    // What a report may say the row's state decides, and which page there is the rows do: a good request may
    // be refused for that.
    folder.write(
        "schemathesis.toml",
        format!(
            "[[operations]]\ninclude-operation-id = \"events_deploys\"\nparameters = {{ id = {} }}\n\
             [[operations]]\ninclude-operation-id = \"report_deploys\"\nparameters = {{ id = {} }}\n\
             headers = {{ Authorization = \"{}\" }}\n[operations.checks]\n\
             positive_data_acceptance.expected-statuses = [\"2xx\", \"401\", \"403\", \"404\", \"409\", \"422\", \"429\"]\n\
             [[operations]]\ninclude-operation-id = \"list_deploys\"\n[operations.checks]\n\
             positive_data_acceptance.expected-statuses = [\"2xx\", \"400\", \"401\", \"403\", \"404\", \"429\"]\n",
            ended["id"],
            open["id"],
            bearer(&open),
        ),
    );
    let ran = Command::new("schemathesis")
        .args(["run", "openapi.json", "--url", &serving.url, "--request-timeout", "20"])
        .args(["--header", &format!("Authorization: {operator}"), "--max-examples", &cases()])
        .args(["--seed", "1"])
        .current_dir(folder.path(""))
        .stdin(Stdio::null())
        .output()
        .expect("schemathesis is missing: pip install --requirement tests/requirements.txt");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    // It was not content with being refused.
    let reports = call("GET", &format!("{}/metrics", serving.url), &by_operator, b"").text;
    for answer in ["malformed", "duplicate"] {
        assert!(reports.contains(&format!("answer=\"{answer}\"")), "{answer}: {said}\n{reports}");
    }
    serving.end();
}
