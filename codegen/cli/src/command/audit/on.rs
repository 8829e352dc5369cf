//! The run of `phasegate audit`.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use phasegate_audit::{Options, Out, Seen, Stopped, Wanted};

use super::{Audit, History};
use crate::command::{CommandResult, Exit, Failure, Format, print, print_findings, say};
use phasegate_codegen::load::{self, Loaded};
use phasegate_codegen::machine::Machine;
use phasegate_codegen::migrate;

impl From<phasegate_audit::Error> for Failure {
    fn from(error: phasegate_audit::Error) -> Self {
        Self::Message(error.to_string())
    }
}

impl Audit {
    pub(super) fn judge(&self) -> CommandResult {
        let loaded = load::load(&self.table)?;
        let machine = &loaded.machine;
        let mut out = self.out.as_deref().map(Out::create).transpose()?;
        let options = self.history.options(self.reports, self.strict);
        let sources = &self.history.sources;
        let watch = Watch::new()?;
        let past = past(&loaded)?;
        let report =
            phasegate_audit::audit(machine, &past, sources, &options, out.as_mut(), &mut |seen| {
                watch.see(seen)
            });
        watch.end();
        let report = report?;
        if let Some(out) = out {
            out.finish()?;
        }
        if let Some(path) = &self.html {
            let written = std::fs::write(path, report.html(machine));
            written.map_err(|error| Failure::Message(format!("{}: {error}", path.display())))?;
        }
        let format = self.format.format;
        print_findings(format, &report.findings(machine), None, report.json(machine))?;
        if format == Format::Text {
            print(&report.text(machine))?;
        }
        match report.stopped {
            Some(Stopped::Interrupted) => {
                say("phasegate: stopped: the report is of what was seen until then");
                Err(Failure::Told)
            }
            Some(Stopped::Strict) => {
                say("phasegate: --strict: stopped at the first trouble");
                Err(Failure::Told)
            }
            None if report.has_findings() => Ok(Exit::Findings),
            None => Ok(Exit::Well),
        }
    }
}

impl History {
    /// What is asked of what reads it.
    pub(crate) fn options(&self, reports: bool, strict: bool) -> Options {
        let wanted = Wanted {
            id: self.id.clone(),
            status: self.status.clone(),
            order: self.order.clone(),
            at: self.at.clone(),
            fingerprint: self.fingerprint.clone(),
            only: self.only.clone(),
        };
        let memory = usize::try_from(self.memory << 20).unwrap_or(usize::MAX);
        Options { wanted, table: self.of_database.clone(), reports, memory, strict }
    }
}

/// The tables that were migrated to before, oldest first.
fn past(loaded: &Loaded) -> Result<Vec<Machine>, Failure> {
    let mut past: Vec<Machine> = Vec::new();
    for dialect in loaded.machine.targets.sql().map_or(&[][..], |sql| &sql.dialects) {
        for known in migrate::known(loaded, *dialect)? {
            let is_there =
                |machine: &Machine| machine.fingerprints.table == known.machine.fingerprints.table;
            if !past.iter().any(is_there) {
                past.push(known.machine);
            }
        }
    }
    Ok(past)
}

/// What looks on: a line of progress where there is a terminal, and the one who stops it.
pub(crate) struct Watch {
    bar: ProgressBar,
    is_stopped: Arc<AtomicBool>,
}

impl Watch {
    pub(crate) fn new() -> Result<Self, Failure> {
        let is_stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&is_stopped);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (listens, listening) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            runtime.block_on(async {
                let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
                let is_first = tokio::select! {
                    biased;
                    interrupted = &mut interrupt => Some(interrupted),
                    // Once it was asked for, it is listened for.
                    () = std::future::ready(()) => None,
                };
                let _ = listens.send(());
                let interrupted = match is_first {
                    Some(interrupted) => interrupted,
                    None => interrupt.await,
                };
                if interrupted.is_ok() {
                    stop.store(true, Ordering::Relaxed);
                }
                // The second time nothing is waited for any more.
                if tokio::signal::ctrl_c().await.is_ok() {
                    std::process::exit(130);
                }
            });
        });
        // Where the thread is gone already, nothing listens.
        let _ = listening.recv();
        // It draws on a terminal only.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        Ok(Self { bar, is_stopped })
    }

    /// Takes the line of progress away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }

    pub(crate) fn see(&self, seen: Seen) -> ControlFlow<()> {
        self.bar.set_position(seen.bytes);
        if self.bar.length() != seen.of {
            let known = "{bar:24} {percent}% of {total_bytes}, {bytes_per_sec}, {msg}, {eta} left";
            let unknown = "{spinner} {bytes}, {bytes_per_sec}, {msg}";
            let form = if seen.of.is_some() { known } else { unknown };
            if let Ok(style) = ProgressStyle::with_template(form) {
                self.bar.set_style(style);
            }
            match seen.of {
                Some(of) => self.bar.set_length(of),
                None => self.bar.unset_length(),
            }
        }
        let seconds = self.bar.elapsed().max(Duration::from_millis(1)).as_micros();
        let rate = u128::from(seen.events) * 1_000_000 / seconds;
        self.bar.set_message(format!("{} reports, {rate}/s", seen.events));
        match self.is_stopped.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}
