//! The pipeline: sources, their order, the judge, the report.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use phasegate_codegen::machine::Machine;

use crate::Error;
use crate::batch::{Batch, Id, NO_TIME, Trouble, TroubleKind};
use crate::columns::{UsualNames, Wanted};
use crate::judge::{Fault, Judge, Step};
use crate::order::Sorter;
use crate::out::Out;
use crate::report::{self, Report, SHOWN, SourceName, Stopped, Tally};
use crate::source::{History, Opened, Opening, Progress};
use crate::swift::Swift;
use crate::versions::{self, Version};
use crate::vocabulary::Vocabulary;

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

/// Everything that an audit knows while it runs.
struct Run<'r> {
    /// None where nothing is judged.
    tables: Option<(&'r Machine, &'r [Version])>,
    vocabulary: &'r Arc<Vocabulary>,
    strict: bool,
    judge: Judge,
    found: Tally,
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
        let Self { tables, vocabulary, strict, judge, found, out, failed } = self;
        judge.batch(batch, &mut |verdict: Fault, step: &Step<'_>| match verdict {
            Fault::TimeBack => {
                found.trouble(report::time_back(step));
                if *strict { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }
            Fault::Violation => {
                let Some((machine, versions)) = tables else {
                    return ControlFlow::Continue(());
                };
                found.violations += 1;
                let is_shown = found.violations <= SHOWN as u64;
                if !is_shown && out.is_none() {
                    return ControlFlow::Continue(());
                }
                let violation = report::violation(machine, versions, vocabulary, step);
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

/// Judges the histories of sources by a table, and where they say it each event by the one of its time,
/// of those of the `past`, oldest first. `watch` is asked from time to time, and may break.
///
/// # Errors
/// Where a source can't be opened or lacks a column, or something can't be written.
pub fn audit(
    machine: &Machine,
    past: &[Machine],
    sources: &[String],
    options: &Options,
    out: Option<&mut Out>,
    watch: &mut dyn FnMut(Seen) -> ControlFlow<()>,
) -> Result<Report, Error> {
    let mut vocabulary = Vocabulary::of(machine);
    let versions = Arc::new(versions::versions(machine, past, &mut vocabulary));
    let vocabulary = Arc::new(vocabulary);
    let opened = || {
        let opening = Opening {
            wanted: options.wanted.clone(),
            names: UsualNames::of(machine),
            table: options.table.clone(),
            history: History::of(machine),
            progress: Arc::new(Progress::default()),
        };
        Opened::look(sources, opening)
    };
    let first = opened()?;
    let judge = || Judge::new(machine, Arc::clone(&versions), options.reports);
    let tables = Some((machine, &versions[..]));
    let can_be_swift = first.is_swift && !options.reports && !options.strict;
    let (span, keeps_all) = (first.span, out.is_some());
    let new = |span| Swift::new(machine, span, keeps_all).filter(|_| can_be_swift);
    let Some(swift) = new(span) else {
        let done = judged(first, judge(), &vocabulary, options, tables, out, watch)?;
        return Ok(whole(machine, done));
    };
    let is_near = swift.is_near();
    let mut quickly = quick(first, swift, &vocabulary, watch);
    // Where the ids are not what the files say of them, nothing is expected of them.
    if let (None, true, Some(swift)) = (&quickly.swift, is_near, new(None)) {
        quickly = quick(opened()?, swift, &vocabulary, watch);
    }
    let Quick { swift, found, stopped } = quickly;
    let Some(swift) = swift else {
        let done = judged(opened()?, judge(), &vocabulary, options, tables, out, watch)?;
        return Ok(whole(machine, done));
    };
    let again = opened()?;
    let names = again.names.clone();
    let (vocabulary, strict) = (&vocabulary, options.strict);
    let mut run = Run { tables, vocabulary, strict, judge: judge(), found, out, failed: None };
    let mut stopped = stopped;
    if !swift.is_clean() {
        stopped = stopped.or(closely(again, &swift, &mut run, stopped.is_some(), watch));
    }
    if let Some(error) = run.failed {
        return Err(error);
    }
    run.found.violations = swift.count(machine, run.judge.counts_mut());
    let rows = |see: &mut dyn FnMut(Id<'_>, u16, i64)| {
        swift.each_row(|row, state| see(Id::Number(row), state, NO_TIME));
    };
    let mut report = report::report(machine, &run.judge, rows, run.found, names);
    report.stopped = stopped;
    Ok(report)
}

/// The report of a judge that has seen all.
fn whole(machine: &Machine, done: Done) -> Report {
    let rows = |see: &mut dyn FnMut(Id<'_>, u16, i64)| done.judge.each_row(see);
    let mut report = report::report(machine, &done.judge, rows, done.found, done.names);
    (report.spilled, report.stopped) = (done.spilled, done.stopped);
    report
}

/// What the fast way came to; none where the sources are not such that it can be taken.
struct Quick {
    swift: Option<Swift>,
    found: Tally,
    stopped: Option<Stopped>,
}

/// Judges sources by the fast way.
fn quick(
    opened: Opened,
    mut swift: Swift,
    vocabulary: &Arc<Vocabulary>,
    watch: &mut dyn FnMut(Seen) -> ControlFlow<()>,
) -> Quick {
    let (of, progress) = (opened.of, opened.progress());
    let (to, from) = sync_channel(WAITING);
    let reader = opened.read(to, vocabulary);
    let mut found = Tally::default();
    let mut is_judged = true;
    let stopped = receive(&from, |batch| {
        if let Some(batch) = batch {
            batch.troubles.drain(..).for_each(|trouble| found.trouble(trouble));
            is_judged = swift.batch(batch);
            if !is_judged {
                return ControlFlow::Break(Stopped::Strict);
            }
        }
        watch(Seen { events: swift.events, bytes: progress.bytes(), of })
            .map_break(|()| Stopped::Interrupted)
    });
    drop(from);
    // The slower way says what a reader that failed has failed at.
    is_judged &= stopped.is_some() || reader.join().is_ok();
    Quick { swift: is_judged.then_some(swift), found, stopped }
}

/// Judges the rows with a violation again, of as many events as it takes to know all of them.
fn closely(
    opened: Opened,
    swift: &Swift,
    run: &mut Run<'_>,
    is_stopped: bool,
    watch: &mut dyn FnMut(Seen) -> ControlFlow<()>,
) -> Option<Stopped> {
    let (of, progress) = (opened.of, opened.progress());
    let names = opened.names.clone();
    let (to, from) = sync_channel(WAITING);
    let vocabulary = Arc::clone(run.vocabulary);
    let _reader = opened.read(to, &vocabulary);
    let mut events = 0;
    let stopped = receive(&from, |batch| {
        if let Some(batch) = batch {
            let some = swift.violated(batch);
            run.judge(&some, &names).map_break(|()| Stopped::Strict)?;
            events += batch.len() as u64;
            if events >= swift.again() {
                return ControlFlow::Break(Stopped::Strict);
            }
        }
        if is_stopped {
            return ControlFlow::Continue(());
        }
        watch(Seen { events, bytes: progress.bytes(), of }).map_break(|()| Stopped::Interrupted)
    });
    // That all was seen is no reason to say so.
    stopped.filter(|stopped| *stopped == Stopped::Interrupted)
}

/// What came of it.
pub(crate) struct Done {
    pub(crate) judge: Judge,
    pub(crate) found: Tally,
    pub(crate) names: Vec<SourceName>,
    pub(crate) spilled: usize,
    pub(crate) stopped: Option<Stopped>,
}

/// Takes the events of sources to a judge, in their order; violations are kept where there is a
/// machine.
pub(crate) fn judged(
    opened: Opened,
    judge: Judge,
    vocabulary: &Arc<Vocabulary>,
    options: &Options,
    tables: Option<(&Machine, &[Version])>,
    out: Option<&mut Out>,
    watch: &mut dyn FnMut(Seen) -> ControlFlow<()>,
) -> Result<Done, Error> {
    let (names, of, progress) = (opened.names.clone(), opened.of, opened.progress());
    let (to, from) = sync_channel(WAITING);
    let reader = opened.read(to, vocabulary);
    let mut sorter = options.wanted.order.as_ref().map(|_| Sorter::new(options.memory));
    let mut run = Run {
        tables,
        vocabulary,
        strict: options.strict,
        judge,
        found: Tally::default(),
        out,
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
    let stopped = stopped.or(is_strict.then_some(Stopped::Strict));
    Ok(Done { judge: run.judge, found: run.found, names, spilled, stopped })
}

/// Takes in batches until there are no more, or `take` breaks; it is called without one where none
/// comes for a while.
fn receive(
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
