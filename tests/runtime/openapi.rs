//! The interface as OpenAPI: checked in, served, and held to what a backend answers by schemathesis.

use crate::common::backend::client::call;
use crate::common::backend::world::{Database, World};
use crate::common::root;
use phasegate::Schema;
use phasegate::http::openapi;
use serde_json::Value;

#[test]
fn the_document_of_the_deploy_table_is_checked_in() {
    let path = root().join("docs/openapi.json");
    let deploy = phasegate::console::Deploy;
    let now = openapi([(&deploy as _, &Schema::of(&deploy))], true);
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(&path, &now).unwrap();
    }
    let held = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(held, now, "INSTA_UPDATE=always writes it anew");
}

#[test]
fn has_the_rows_of_each_table_with_their_columns() {
    let order = Schema::named("order").columns([
        ("title", phasegate::ColumnType::Text),
        ("budget", phasegate::ColumnType::Bigint),
        ("due", phasegate::ColumnType::Timestamptz),
        ("more", phasegate::ColumnType::Jsonb),
    ]);
    let deploy = phasegate::console::Deploy;
    let text = openapi([(&deploy as _, &Schema::of(&deploy)), (&deploy as _, &order)], false);
    let document: Value = serde_json::from_str(&text).unwrap();
    let paths: Vec<&str> =
        document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    for table in ["deploys", "orders"] {
        for rest in ["", "/{id}", "/{id}/events", "/{id}/reports", "/{id}/callbacks", "/{id}/token"]
        {
            let path = format!("/api/{table}{rest}");
            assert!(paths.contains(&path.as_str()), "{path}: {paths:?}");
        }
    }
    let start = &document["paths"]["/api/orders"]["post"];
    let given = &start["requestBody"]["content"]["application/json"]["schema"]["properties"];
    let kinds = ["title", "budget", "due", "more", "requested_by"]
        .map(|name| given[name]["type"][0].clone());
    assert_eq!(
        kinds,
        ["string".into(), "integer".into(), "string".into(), Value::Null, "string".into()]
    );
    // Without a credential of operators none is asked for; a report has one always.
    assert_eq!(start["security"], Value::Null);
    let report = &document["paths"]["/api/orders/{id}/callbacks"]["post"]["security"];
    assert!(report[0]["report"].is_array(), "{report}");
    // Whatever is referred to is there, and nothing else is.
    let shapes = document["components"]["schemas"].as_object().unwrap();
    for shape in shapes.keys() {
        assert!(text.contains(&format!("#/components/schemas/{shape}\"")), "{shape}");
    }
    for part in text.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(shapes.contains_key(name), "{name}");
    }
}

#[test]
fn every_answer_to_a_wrong_request_stands_in_the_document() {
    let world = World::deploy(Database::Sqlite);
    let row = world.start();
    let document = world.get("/api/openapi.json").ok(200);
    let mut tried = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let known = operation["responses"].as_object().unwrap();
            let method = method.to_uppercase();
            let bearer = format!("Bearer {}", row.token);
            let json = ("content-type", "application/json");
            // A row that there is not, one that there is, bodies that are none, and no credential.
            for id in ["nobody", row.id.as_str()] {
                let to = path.replace("{id}", id).replace("{name}", "nothing");
                for (headers, body) in [
                    (vec![json], "{}"),
                    (vec![json, ("authorization", bearer.as_str())], "[]"),
                    (vec![("content-type", "text/plain")], "x"),
                    (vec![json, ("authorization", bearer.as_str())], "{\"status\": \"x\"}"),
                ] {
                    let is_stream = to.ends_with("/events") && id != "nobody";
                    if is_stream || (method == "GET" && body != "{}") {
                        continue;
                    }
                    let url = format!("{}{to}", world.url);
                    let sent = if method == "POST" { body.as_bytes() } else { b"" };
                    let reply = call(&method, &url, &headers, sent);
                    let status = reply.status.to_string();
                    assert!(known.contains_key(&status), "{method} {to} {body}: {reply:?}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 40, "{tried}");
}
