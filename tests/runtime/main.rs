//! What a backend that embeds the runtime does, over HTTP and through the library, and what the console
//! shows of it.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../common/mod.rs"]
#[macro_use]
mod common;

// Formatted by what generates it.
#[path = "../../generated/deploy.rs"]
mod deploy;

mod access;
mod apply;
mod at_once;
mod browser;
mod callbacks;
mod columns;
mod compat;
mod console;
mod dispatch;
mod dropped;
mod embed;
mod http;
mod kept;
mod limits;
mod oidc;
mod openapi;
mod races;
mod renames;
mod roles;
mod rollback;
mod routes;
mod shown;
mod skew;
mod stream;
mod tls;
mod tokens;
mod up;
mod webhook;
