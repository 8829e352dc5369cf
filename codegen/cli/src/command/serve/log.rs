//! The log, on standard error.

use std::io;

use clap::{Args, ValueEnum};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::traces::Traces;
use crate::command::Failure;

#[derive(Args)]
pub(super) struct LogArgs {
    /// How lines of the log are written, on standard error
    #[arg(long, value_enum, env = "PHASEGATE_LOG", default_value = "text")]
    log: Form,
    /// Which lines are written: a level, and others for parts (`info,sqlx=warn`)
    #[arg(
        long,
        value_name = "LEVELS",
        env = "PHASEGATE_LOG_LEVEL",
        default_value = "info,sqlx=warn"
    )]
    log_level: Targets,
}

/// How lines of the log are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Form {
    /// An object of JSON a line.
    Json,
    /// For people.
    Text,
}

impl LogArgs {
    /// Writes the log from here on, and sends traces where they are asked for.
    pub(super) fn begin(&self) -> Result<Traces, Failure> {
        let (layer, traces) = Traces::begin()?;
        let registry = tracing_subscriber::registry().with(layer);
        let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false);
        let level = self.log_level.clone();
        // A second one in a process (a test's) leaves the first.
        let _ = match self.log {
            Form::Json => {
                let lines =
                    lines.json().flatten_event(true).with_current_span(true).with_span_list(false);
                registry.with(lines.with_filter(level)).try_init()
            }
            Form::Text => registry.with(lines.with_filter(level)).try_init(),
        };
        traces.said();
        Ok(traces)
    }
}
