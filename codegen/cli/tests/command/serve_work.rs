//! `phasegate serve` and the runs that do the work: started for each row, and ended by webhooks.

use crate::client::call;
use crate::serve::{ADA, Serving, command, shop};
use serde_json::{Value, json};

#[test]
fn webhooks_end_the_rows_of_each_table_by_its_own_words() {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let folder = shop();
    let secret = "a secret of the webhook's";
    folder.write("hook", format!("{secret}\n"));
    folder.write("tokens", format!("ada {ADA}\n"));
    let arguments = [
        "order.toml",
        "ticket.toml",
        "--database-url",
        "sqlite:shop.db",
        "--listen",
        "127.0.0.1:0",
        "--operator-token-file",
        "tokens",
        "--webhook-secret-file",
        "hook",
        "--report-repository-id",
        "74",
    ];
    let serving = Serving::start(command(&folder, &arguments));
    let operator = format!("Bearer {ADA}");
    let start =
        |path: &str| serving.post(path, &[("authorization", &operator)], &json!({})).ok(201);
    let order = start("/api/shop_orders")["id"].as_str().unwrap().to_owned();
    start("/api/tickets");
    let deliver = |to: &str, secret: &str, repository: u64, title: &str| {
        let body = json!({
            "action": "completed", "repository": {"id": repository},
            "workflow_run": {
                "id": 900, "run_attempt": 1, "conclusion": "success", "display_title": title,
                "html_url": "https://github.com/octo/shop/actions/runs/900",
            },
        });
        let mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        let bytes = mac.chain_update(body.to_string()).finalize().into_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let signature = format!("sha256={hex}");
        let headers =
            [("x-github-event", "workflow_run"), ("x-hub-signature-256", signature.as_str())];
        serving.post(&format!("/webhooks/{to}"), &headers, &body)
    };
    let title = format!("order {order}");
    // By the signature and no operator's credential; of this repository only.
    deliver("shop_orders", "another secret", 74, &title).problem(401, "unauthorized");
    deliver("shop_orders", secret, 75, &title).problem(403, "forbidden");
    assert_eq!(deliver("tickets", secret, 74, &title).ok(200)["rows"], json!([]));
    assert_eq!(deliver("nothing", secret, 74, &title).status, 404);
    let rows = deliver("shop_orders", secret, 74, &title).ok(200)["rows"].clone();
    assert_eq!(rows, json!([{"id": order, "answer": "applied"}]));
    let url = format!("{}/api/shop_orders/{order}", serving.url);
    let snapshot = call("GET", &url, &[("authorization", &operator)], b"").ok(200);
    assert_eq!(
        (&snapshot["status"], &snapshot["outcome"]),
        (&json!("it's paid"), &json!("success"))
    );
    assert_eq!(snapshot["events"][1]["actor"], "reconciler");
    let log = serving.end();
    assert!(!log.contains(secret), "{log}");
    // Without the secret there is no such route, and without the repositories no start.
    let serving = Serving::start(command(&folder, &arguments[..8]));
    assert_eq!(serving.post("/webhooks/shop_orders", &[], &json!({})).status, 404);
    serving.end();
    let output = command(&folder, &arguments[..10]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("--report-repository-id"), "{said}");
}

#[test]
fn starts_a_run_for_each_row_of_the_tables_that_have_a_workflow() {
    let double = crate::github::Double::new(|_| false);
    let folder = shop();
    folder.write("token", format!("{}\n", crate::github::TOKEN));
    let arguments = [
        "order.toml",
        "ticket.toml",
        "--database-url",
        "sqlite:shop.db",
        "--listen",
        "127.0.0.1:0",
        "--dispatch-api",
        &double.url,
        "--dispatch-repository",
        "octo/shop",
        "--dispatch-workflow",
        "shop_orders=deploy.yml",
        "--dispatch-ref",
        "release",
        "--dispatch-token-file",
        "token",
    ];
    let serving = Serving::start(command(&folder, &arguments));
    let order = serving.post("/api/shop_orders", &[], &json!({})).ok(201);
    assert_eq!(order["run"]["started"], true, "{order}");
    let asked = double.dispatches().remove(0).body;
    assert_eq!(
        (&asked["ref"], &asked["inputs"]),
        (
            &json!("release"),
            &json!({"order_id": order["id"], "callback_token": order["callback_token"]})
        )
    );
    let ticket = serving.post("/api/tickets", &[], &json!({})).ok(201);
    assert_eq!((&ticket["run"], double.dispatches().len()), (&Value::Null, 1));
    let log = serving.end();
    assert!(log.contains("shop_orders=deploy.yml of octo/shop"), "{log}");
    assert!(!log.contains(crate::github::TOKEN), "{log}");
    // What is half said is refused by its name.
    folder.write("key", "no key");
    let db = ["ticket.toml", "--database-url", "sqlite:x.db"];
    let to = ["--dispatch-repository", "octo/shop", "--dispatch-workflow", "deploy.yml"];
    let cases: &[(&[&str], &str)] = &[
        (&to[..2], "--dispatch-workflow"),
        (&to, "--dispatch-repository without --dispatch-token-file or --dispatch-app-id"),
        (&["--dispatch-app-id", "1"], "--dispatch-app-key-file"),
    ];
    for (arguments, message) in cases {
        let output = command(&folder, &[&db[..], arguments].concat()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(message), "{message:?} is not in: {said}");
    }
    let app = ["--dispatch-app-id", "1", "--dispatch-app-key-file", "key"];
    let plain = ["--dispatch-token-file", "token", "--dispatch-api", "http://api.example"];
    for (more, message) in [(&app[..], "key: no `-----BEGIN RSA"), (&plain, "no https address")] {
        let output = command(&folder, &[&db[..], &to, more].concat()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(message), "{message:?} is not in: {said}");
    }
}
