//! The deploy table and its artifacts as text, built in: who runs the console from anywhere has them.

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../", $path)))),*]
    };
}

/// The deploy table and all that is generated from it, each with its path: the demo unpacks them.
pub const FILES: &[(&str, &str)] = &files![
    "deploy.toml",
    "generated/deploy-status.d.ts",
    "generated/deploy-status.js",
    "generated/deploy.json",
    "generated/deploy.md",
    "generated/deploy.rs",
    "generated/deploy.schema.json",
    "generated/machine.schema.json",
    "generated/sql/postgres.sql",
    "generated/sql/sqlite-guards.sql",
    "generated/sql/sqlite.sql",
    "generated/workflow/deploy-console.yml",
    "generated/workflow/jobs/conclude.yml",
    "generated/workflow/jobs/deploy.yml",
    "generated/workflow/jobs/freeze-check.yml",
    "generated/workflow/jobs/smoke.yml",
    "generated/workflow/notify-deploy-status/action.yml",
    "generated/workflow/notify-deploy-status/notify.sh",
];

/// The deploy table before its fine-grained phases.
pub const BEFORE: &str = include_str!("../../migrations/tables/0001.toml");
