//! What a database lets through, keeps and becomes: the guards, the history, migrations, and what
//! `check --database` says of it.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../common/mod.rs"]
#[macro_use]
mod common;

mod adopt;
mod ahead;
mod columns;
mod derive;
mod django;
mod draft;
mod evolution;
mod folders;
mod force;
mod live;
mod live_holes;
mod live_objects;
mod migrations;
mod observe;
mod observed;
mod overdue;
mod postgres;
mod prisma;
mod rails;
mod removal;
mod shapes;
mod shapes_sqlite;
mod sqlite;
mod sqlx_suite;
mod ways_out;
