//! The interface as OpenAPI: checked in, served, and held to what a backend answers by schemathesis.

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
