//! The pipeline: sources, their order, the judge, the report.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use phasegate_codegen::machine::Machine;

use crate::Error;
use crate::batch::{Batch, Trouble, TroubleKind};
use crate::columns::{Names, Wanted};
use crate::judge::{Judge, Step, Verdict};
use crate::keys::Kinds;
use crate::order::Sorter;
use crate::out::Out;
use crate::report::{self, Found, Report, SHOWN, SourceName, Stopped};
use crate::source::{self, Feed, Gone, History, Opening, Progress, Source};
use crate::vocabulary::{Coder, Vocabulary};

/// So many batches wait for the judge at most.
const WAITING: usize = 8;
/// How long is waited for a batch before it is asked whether to stop.
const PATIENCE: Duration = Duration::from_millis(100);

/// What is asked of an audit.
#[derive(Debug)]
pub struct Options {
    /// The columns.
    pub wanted: Wanted,
    /// The table of a database, `SCHEMA.NAME` too; without it the history that the machine makes.
    pub table: Option<String>,
    /// Whether they are logs of reports, in which redeliveries are passed over.
    pub reports: bool,
    /// How many bytes may be taken for ordering.
    pub memory: usize,
    /// Whether the first trouble ends it.
    pub strict: bool,
}

/// How far an audit is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Seen {
    /// How many reports were read.
    pub events: u64,
    /// How many bytes of the sources.
    pub bytes: u64,
    /// How many there are, where that is known of all.
    pub of: Option<u64>,
}

/// Sources that can be read, and have the columns.
pub(crate) struct Opened {
    pub(crate) names: Vec<SourceName>,
    /// Those that can't be opened a second time.
    open: Vec<Option<Box<dyn Source>>>,
    opening: Opening,
    of: Option<u64>,
}

impl Opened {
    /// Looks into every source.
    pub(crate) fn look(arguments: &[String], opening: Opening) -> Result<Self, Error> {
        let mut opened = Self { names: Vec::new(), open: Vec::new(), opening, of: Some(0) };
        for name in source::named(arguments)? {
            let source = source::open(&name, &opened.opening)?;
            opened.of = opened.of.zip(source.bytes()).map(|(all, more)| all + more);
            let has_lines = source.has_lines();
            let shown = source.shown().unwrap_or(&name).to_owned();
            // Of a thousand files each is opened again at its time.
            opened.open.push((!source::is_file(&name)).then_some(source));
            opened.names.push(SourceName { name: shown, has_lines });
        }
        Ok(opened)
    }

    /// Reads one source after the other, in a thread of its own.
    fn read(self, to: SyncSender<Batch>, vocabulary: &Arc<Vocabulary>) -> JoinHandle<()> {
        let vocabulary = Arc::clone(vocabulary);
        thread::spawn(move || {
            let _: Result<(), Gone> = self.read_all(&to, &vocabulary);
        })
    }

    fn read_all(
        mut self,
        to: &SyncSender<Batch>,
        vocabulary: &Arc<Vocabulary>,
    ) -> Result<(), Gone> {
        let kinds = Kinds::default();
        let open = std::mem::take(&mut self.open);
        for (number, (source, name)) in (0..).zip(open.into_iter().zip(&self.names)) {
            let coder = Coder::new(Arc::clone(vocabulary));
            let mut feed = Feed::new(number, to.clone(), coder, kinds.clone());
            let source = match source {
                Some(source) => Ok(source),
                None => source::open(&name.name, &self.opening),
            };
            match source {
                Ok(source) => source.read(&mut feed)?,
                Err(error) => feed.cut_off(None, format!("it can't be read any more: {error}"))?,
            }
            feed.flush()?;
        }
        Ok(())
    }
}

/// Everything that an audit knows while it runs.
struct Run<'r> {
    machine: &'r Machine,
    vocabulary: Arc<Vocabulary>,
    strict: bool,
    judge: Judge,
    found: Found,
    out: Option<&'r mut Out>,
    failed: Option<Error>,
}

impl Run<'_> {
    /// What is wrong in front of a batch; a break where that is the end.
    fn troubles(&mut self, batch: &mut Batch) -> ControlFlow<()> {
        for trouble in batch.troubles.drain(..) {
            self.found.trouble(trouble);
            if self.strict {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    fn judge(&mut self, batch: &Batch, names: &[SourceName]) -> ControlFlow<()> {
        let Self { machine, vocabulary, strict, judge, found, out, failed } = self;
        judge.batch(batch, &mut |verdict: Verdict, step: &Step<'_>| match verdict {
            Verdict::TimeBack => {
                found.trouble(report::time_back(step));
                if *strict { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }
            Verdict::Violation => {
                found.violations += 1;
                let is_shown = found.violations <= SHOWN as u64;
                if !is_shown && out.is_none() {
                    return ControlFlow::Continue(());
                }
                let violation = report::violation(machine, vocabulary, step);
                if let Some(out) = out
                    && let Err(error) =
                        out.write(&violation, &names[violation.source as usize].name)
                {
                    *failed = Some(error);
                    return ControlFlow::Break(());
                }
                if is_shown {
                    found.first_violations.push(violation);
                }
                ControlFlow::Continue(())
            }
        })
    }
}

/// Judges the histories of sources by a table. `watch` is asked from time to time, and may break.
///
/// # Errors
/// Where a source can't be opened or lacks a column, or something can't be written.
pub fn audit(
    machine: &Machine,
    sources: &[String],
    options: &Options,
    mut out: Option<&mut Out>,
    watch: &mut dyn FnMut(Seen) -> ControlFlow<()>,
) -> Result<Report, Error> {
    let vocabulary = Arc::new(Vocabulary::of(machine));
    let progress = Arc::new(Progress::default());
    let opening = Opening {
        wanted: options.wanted.clone(),
        names: Names::of(machine),
        table: options.table.clone(),
        history: History::of(machine),
        progress: Arc::clone(&progress),
    };
    let opened = Opened::look(sources, opening)?;
    let (names, of) = (opened.names.clone(), opened.of);
    let (to, from) = sync_channel(WAITING);
    let reader = opened.read(to, &vocabulary);
    let mut sorter = options.wanted.order.as_ref().map(|_| Sorter::new(options.memory));
    let mut run = Run {
        machine,
        vocabulary,
        strict: options.strict,
        judge: Judge::new(machine, options.reports),
        found: Found::default(),
        out: out.take(),
        failed: None,
    };
    let mut events = 0;
    let mut watching = |events| watch(Seen { events, bytes: progress.bytes(), of });
    let mut stopped = receive(&from, |batch| {
        if let Some(batch) = batch {
            run.troubles(batch).map_break(|()| Stopped::Strict)?;
            events += batch.len() as u64;
            match &mut sorter {
                None => run.judge(batch, &names).map_break(|()| Stopped::Strict)?,
                Some(sorter) => {
                    if let Err(error) = sorter.add(batch) {
                        run.failed = Some(error);
                        return ControlFlow::Break(Stopped::Strict);
                    }
                }
            }
        }
        watching(events).map_break(|()| Stopped::Interrupted)
    });
    drop(from);
    if stopped.is_none() && reader.join().is_err() {
        // Every reader gives an error where it has one; a damaged file may find one that does not.
        run.found.trouble(Trouble {
            kind: TroubleKind::CutOff,
            source: 0,
            line: None,
            message: "the reader of the sources failed, and what follows was not read".to_owned(),
        });
    }
    let spilled = sorter.as_ref().map_or(0, Sorter::spilled);
    if let (Some(sorter), None) = (sorter, &run.failed) {
        sorter.finish(|batch| {
            let flow = run.judge(batch, &names);
            if flow.is_break() {
                stopped = Some(Stopped::Strict);
            } else if watching(events).is_break() {
                stopped = Some(Stopped::Interrupted);
                return ControlFlow::Break(());
            }
            flow
        })?;
    }
    if let Some(error) = run.failed {
        return Err(error);
    }
    let is_strict = options.strict && run.found.is_troubled();
    let mut report = report::report(machine, &run.judge, run.found, names);
    report.spilled = spilled;
    report.stopped = stopped.or(is_strict.then_some(Stopped::Strict));
    Ok(report)
}

/// Takes in batches until there are no more, or `take` breaks; it is called without one where none
/// comes for a while.
pub(crate) fn receive(
    from: &Receiver<Batch>,
    mut take: impl FnMut(Option<&mut Batch>) -> ControlFlow<Stopped>,
) -> Option<Stopped> {
    loop {
        let flow = match from.recv_timeout(PATIENCE) {
            Ok(mut batch) => take(Some(&mut batch)),
            Err(RecvTimeoutError::Timeout) => take(None),
            Err(RecvTimeoutError::Disconnected) => return None,
        };
        if let ControlFlow::Break(stopped) = flow {
            return Some(stopped);
        }
    }
}
