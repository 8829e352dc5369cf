//! A backend whose role owns nothing: what it may, what it says it lacks, and what it can't do.

use crate::common::backend::client::call;
use crate::common::backend::world::{DEPLOY, Database, World, schema};
use phasegate::http::Options;
use phasegate::{Schema, Store};
use serde_json::json;

/// What docs/databases.md gives an application, less DELETE, which no report needs.
const GRANTS: [(&str, &str); 10] = [
    ("SELECT", "deploys"),
    ("INSERT", "deploys"),
    ("UPDATE", "deploys"),
    ("SELECT", "deploy_reports"),
    ("INSERT", "deploy_reports"),
    ("SELECT", "deploy_events"),
    ("SELECT", "deploy_states"),
    ("SELECT", "deploy_transitions"),
    ("SELECT", "deploy_language"),
    ("SELECT", "deploy_pruned"),
];

/// A world whose store is a role's that owns nothing and was granted nothing.
fn world(role: &str) -> World {
    let mut world = World::empty(
        Database::Postgres,
        crate::common::backend::world::machine(DEPLOY),
        Schema::named("deploy"),
    );
    world.sql(&schema(DEPLOY, Database::Postgres));
    world.sql(&format!("CREATE ROLE {role} LOGIN"));
    let url = world.database_url.replace("postgres@", &format!("{role}@"));
    world.store = world.run(Store::open(&url, Schema::named("deploy"))).unwrap();
    world
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn serves_all_of_the_interface_with_what_is_documented_and_no_more() {
    let mut world = world("app_all");
    for (right, table) in GRANTS {
        world.sql(&format!("GRANT {right} ON {table} TO app_all"));
    }
    world.sql("GRANT SELECT ON deploy_renames TO app_all");
    assert_eq!(world.run(world.store.fit()).unwrap().missing, [""; 0]);
    world.serve(Options::default());
    let row = world.start();
    row.walk(&["building", "deploying"]);
    row.report(&json!({"status": "queued"})).problem(422, "illegal-transition");
    let url = format!("{}{}/token", world.url, row.path());
    let token = call("POST", &url, &[("content-type", "application/json")], b"").ok(200);
    assert_ne!(token["callback_token"], row.token.as_str());
    assert_eq!(row.stream(None).next().unwrap().data["status"], "deploying");
    assert_eq!(world.get("/api/deploys").ok(200)["deploys"][0]["status"], "deploying");
    world.get("/readyz").ok(200);
    // Neither the history nor the guards are its own.
    let own = |sql: &str| {
        use sqlx::{AssertSqlSafe, Connection as _};
        let url = world.database_url.replace("postgres@", "app_all@");
        world.run(async {
            let mut conn = sqlx::PgConnection::connect(&url).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.map(drop)
        })
    };
    for sql in [
        "ALTER TABLE deploys DISABLE TRIGGER \"000_deploy_guard\"",
        "DROP TRIGGER \"000_deploy_guard\" ON deploys",
        "UPDATE deploy_events SET to_state = 'succeeded'",
        "DELETE FROM deploy_events",
        "INSERT INTO deploy_transitions VALUES ('queued', 'succeeded')",
        "SET session_replication_role = replica",
        "UPDATE deploys SET status = 'queued'",
    ] {
        assert!(own(sql).is_err(), "{sql}");
    }
}

#[test]
#[ignore = "needs PostgreSQL: run by tests/run"]
fn says_which_grant_is_missing_each_by_the_statement_that_gives_it() {
    let mut world = world("app_lacks");
    let missing = |world: &World| world.run(world.store.fit()).unwrap().missing;
    // Each statement is what was missing: following them all leads there.
    let said = missing(&world);
    assert!(said.len() >= GRANTS.len(), "{said:#?}");
    for line in &said {
        let (lacks, grant) = line.split_once(": ").unwrap();
        assert!(lacks.starts_with("the role app_lacks lacks "), "{line}");
        world.sql(grant);
    }
    assert_eq!(missing(&world), [""; 0]);
    world.serve(Options::default());
    world.start().walk(&["building"]);
    for (right, table) in GRANTS {
        world.sql(&format!("REVOKE {right} ON {table} FROM app_lacks"));
        let own = format!("lacks {right} on \"public\".\"{table}\"");
        assert_eq!(missing(&world).len(), 1, "{right} {table}");
        assert!(missing(&world)[0].contains(&own), "{own}: {:?}", missing(&world));
        let problem = world.get("/readyz").problem(503, "schema-mismatch");
        assert!(problem["detail"].as_str().unwrap().contains(&own), "{problem}");
        world.sql(&format!("GRANT {right} ON {table} TO app_lacks"));
    }
    // A right of the columns that are written is enough.
    world.sql("REVOKE UPDATE ON deploys FROM app_lacks; GRANT UPDATE (status, token_hash) ON deploys TO app_lacks");
    assert_eq!(missing(&world), [""; 0]);
    world.start().walk(&["building"]);
}
