//! What the page on databases shows of Prisma, run by Prisma: `migrate deploy` in its own folder, and a suite that
//! empties the table between its tests. Prisma's engines are those that it has in WebAssembly (`tests/prisma`).

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use phasegate_codegen::artifact::WriteMode;
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::migrate::{Ask, migrate};

use crate::folders::Project;
use crate::rails::{block, table};

const SCHEMA: &str = r#"generator client {
  provider   = "prisma-client-js"
  output     = "../client"
  engineType = "client"
}

datasource db {
  provider = "postgresql"
  url      = env("DATABASE_URL")
}

model orders {
  id     BigInt  @id @default(autoincrement())
  status String  @default("new")
  note   String?
}
"#;

/// A suite of one test that is run twice, around the set-up of the page.
const SUITE: &str = r#"
import assert from "node:assert";
import { adapter } from "./prisma.config.mjs";
import { PrismaClient } from "./client/index.js";

const prisma = new PrismaClient({ adapter: adapter() });

async function test() {
  await prisma.orders.deleteMany();
  await prisma.$executeRaw`ALTER SEQUENCE orders_id_seq RESTART`;
  await prisma.orders.create({ data: {} });
  await prisma.orders.update({ where: { id: 1 }, data: { status: "paid" } });
}

await test();
await assert.rejects(test, /cannot be used again/);
SETUP
await test();
await test();
const refused = prisma.orders.update({ where: { id: 1 }, data: { status: "new" } });
await assert.rejects(refused, /illegal transition of order: paid -> new/);
await prisma.$disconnect();
"#;

/// Runs a program of Prisma's project.
fn run(project: &Project, program: &str, args: &[&str]) -> String {
    // It would download engines that nothing here uses; a file is all that it looks for.
    let none = project.path("none");
    let ran = Command::new(program)
        .args(args)
        .current_dir(project.path(""))
        .env("DATABASE_URL", &project.url)
        .env("PRISMA_QUERY_ENGINE_LIBRARY", &none)
        .env("PRISMA_SCHEMA_ENGINE_BINARY", &none)
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}\n{ran:?}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

#[tokio::test]
#[ignore = "needs PostgreSQL 15 and Prisma: run by tests/run"]
async fn prisma_runs_the_migrations_and_a_suite_empties_the_table() {
    let own = "CREATE TABLE orders (id bigserial PRIMARY KEY, status text NOT NULL DEFAULT 'new', note text);";
    let there = [
        ("prisma/schema.prisma", SCHEMA),
        ("prisma/migrations/migration_lock.toml", "provider = \"postgresql\"\n"),
        ("prisma/migrations/20240101000000_init/migration.sql", own),
        ("none", ""),
    ];
    let project = Project::new(Dialect::Postgres, "prisma/migrations", &there).await;
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/prisma");
    assert!(
        modules.join("node_modules/prisma").exists(),
        "run `npm ci --prefix tests/prisma` first"
    );
    symlink(modules.join("node_modules"), project.path("node_modules")).unwrap();
    for name in ["package.json", "prisma.config.mjs"] {
        fs::copy(modules.join(name), project.path(name)).unwrap();
    }
    fs::write(project.path("table.toml"), table(Dialect::Postgres, "prisma/migrations")).unwrap();
    let loaded = phasegate_codegen::load(&project.path("table.toml")).unwrap();
    let migrated = migrate(&loaded, Ask::Changes, WriteMode::Write).unwrap();
    assert!(migrated.is_possible(), "{migrated:?}");

    let prisma = "node_modules/prisma/build/index.js";
    let deployed = run(&project, "node", &[prisma, "migrate", "deploy"]);
    assert!(deployed.contains("_create_order/"), "{deployed}");
    assert!(
        run(&project, "node", &[prisma, "migrate", "deploy"]).contains("No pending migrations")
    );
    project.is_current().await;
    run(&project, "node", &[prisma, "generate"]);
    let suite = SUITE.replace("SETUP", block("await prisma."));
    fs::write(project.path("suite.mjs"), suite).unwrap();
    run(&project, "node", &["suite.mjs"]);
}
