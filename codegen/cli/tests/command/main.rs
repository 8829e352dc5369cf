//! The command `phasegate`, as a process.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod binary;
#[path = "../../../../tests/common/backend/client.rs"]
#[allow(dead_code, unreachable_pub, reason = "a part of it is used")]
mod client;
#[path = "../../../../tests/common/cluster.rs"]
mod cluster;
#[path = "../../../tests/common/mod.rs"]
mod common;
#[path = "../../../../tests/common/backend/github.rs"]
#[allow(dead_code, unreachable_pub, reason = "a part of it is used")]
mod github;
mod hand_written;
mod migrations;

mod accepted;
mod apply;
mod artifacts;
mod audit;
#[cfg(feature = "audit")]
mod audit_logs;
mod audit_query;
mod command;
mod compat_command;
mod console;
mod contributing;
mod crash;
mod demo;
mod examples;
mod init;
mod invariants;
mod live;
mod migrate;
mod migrate_chain;
mod migrate_folders;
mod migrate_left;
mod migrate_refusals;
mod openapi;
#[cfg(feature = "otel")]
mod otel;
mod pages;
mod playground;
mod proxy;
mod rules;
mod sequences;
mod serve;
mod serve_work;
mod shipped;
mod tests_run;
mod verify_command;
mod workflow_edits;
mod workflow_reader;
mod workflows;
mod workflows_callers;
mod workflows_calls;
mod workflows_followed;
mod workflows_followed_begins;
mod workflows_followed_conclusions;
mod workflows_followed_groups;
mod workflows_followed_once;
mod workflows_followed_places;
mod workflows_form;
mod workflows_found;
mod workflows_helps;
mod workflows_inputs;
mod workflows_known;
mod workflows_own_text;
mod workflows_permissions;
mod workflows_places;
mod workflows_refused;
mod workflows_regions;
mod workflows_runs;
mod workflows_settings;
mod workflows_steps;
mod workflows_trials;
mod workflows_triggers;
mod workflows_valid;
mod workflows_work;
