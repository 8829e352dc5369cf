//! A report as findings, as text for people, and as JSON.

use std::fmt::Write as _;

use phasegate_codegen::finding::{Finding, Severity};
use phasegate_codegen::machine::{Machine, StateId};
use phasegate_codegen::rules::{self, Rule};
use phasegate_codegen::suggest::{list, shown};
use serde_json::{Value, json};

use crate::batch::{Trouble, TroubleKind};
use crate::report::{Report, SHOWN, Stopped, Taken, Violation};
use crate::stays::words;
use crate::time;

/// What a step begins with that begins nowhere.
pub(crate) const START: &str = "start";

impl Report {
    /// The first of every kind, and stuck rows.
    pub fn findings(&self, machine: &Machine) -> Vec<Finding> {
        let violations = self.first_violations.iter().map(|it| self.violation(it));
        let troubles = self.first_troubles.iter().map(|it| self.trouble(it));
        let mut findings: Vec<Finding> = violations.chain(troubles).collect();
        findings.extend(self.stuck.iter().map(|stuck| {
            let longest = stuck.longest.iter();
            let longest: Vec<String> = longest
                .map(|(seconds, row)| format!("{} ({})", shown(row), words(*seconds)))
                .collect();
            let (rows, state) = (count(stuck.rows, "row"), &machine.state(stuck.state).name);
            let is = if stuck.rows == 1 { "is" } else { "are" };
            Finding::about(
                rules::STUCK_ROWS,
                Severity::Warning,
                &self.sources[0].name,
                format!(
                    "{rows} {is} in `{state}` for longer than {}: {}{}",
                    stuck.expect,
                    longest.join(", "),
                    if stuck.rows > stuck.longest.len() as u64 { ", and so on" } else { "" }
                ),
                format!("look after them, or change `expect` of `{state}` if that is usual"),
            )
        }));
        findings
    }

    fn violation(&self, violation: &Violation) -> Finding {
        let Violation { row, position, from, to, at, source, line, legal, .. } = violation;
        let from = from.as_deref().map_or_else(|| START.to_owned(), shown);
        let at = at.map_or_else(String::new, |at| format!(" at {}", time::print(at)));
        let message = format!("step {position} of `{}`{at}: {from} -> {}", shown(row), shown(to));
        let help = match (violation.is_known, legal.is_empty()) {
            (false, _) => "the table does not have this state".to_owned(),
            (true, false) => format!("legal after {from}: {}", legal.join(", ")),
            (true, true) => format!("nothing is legal after {from}"),
        };
        self.at(rules::VIOLATION, Severity::Error, *source, Some(*line), message, help)
    }

    fn trouble(&self, trouble: &Trouble) -> Finding {
        let (rule, severity, help) = match trouble.kind {
            TroubleKind::BadRow => (rules::UNREADABLE_REPORT, Severity::Error, ""),
            TroubleKind::CutOff => (rules::CUT_OFF, Severity::Error, "copy or export it again"),
            TroubleKind::TimeBack => (
                rules::TIME_BACK,
                Severity::Warning,
                "if the reports are not in their order, name the column that orders them by --order",
            ),
            TroubleKind::UnknownTable => (
                rules::UNKNOWN_FINGERPRINT,
                Severity::Warning,
                "keep the tables that were migrated to: they lie with the migrations, in tables/",
            ),
        };
        let message = trouble.message.clone();
        self.at(rule, severity, trouble.source, trouble.line, message, help.to_owned())
    }

    /// A finding at a place of a source.
    fn at(
        &self,
        rule: &'static Rule,
        severity: Severity,
        source: u32,
        line: Option<u64>,
        message: String,
        help: String,
    ) -> Finding {
        let source = &self.sources[source as usize];
        let row = line.filter(|_| !source.has_lines);
        let message = match row {
            Some(row) => format!("{message} (row {row})"),
            None => message,
        };
        let mut finding = Finding::about(rule, severity, &source.name, message, help);
        let line = line.filter(|_| source.has_lines).and_then(|line| usize::try_from(line).ok());
        (finding.line, finding.column) = (line, line.map(|_| 1));
        finding
    }

    /// What is not in the findings, for people.
    pub fn text(&self, machine: &Machine) -> String {
        let mut out = String::new();
        let mut line = |text: String| writeln!(out, "{text}").expect("a string takes it");
        let unshown = self.violations.saturating_sub(self.first_violations.len() as u64);
        if unshown > 0 {
            line(format!("and {} more; --out FILE has them all\n", count(unshown, "violation")));
        }
        for (kind, times) in &self.troubles {
            let more = times.saturating_sub(SHOWN as u64);
            let what = match kind {
                TroubleKind::BadRow => "row that can't be read",
                TroubleKind::CutOff => "part that is cut off",
                TroubleKind::TimeBack => "time that goes back",
                TroubleKind::UnknownTable => "fingerprint that no table has",
            };
            if more > 0 {
                line(format!("and {} more: {what}\n", thousands(*times - SHOWN as u64)));
            }
        }
        line(self.summary());
        line(format!("rows: {}", self.rows_in_words()));
        let name = |state: Option<StateId>| state.map_or(START, |id| &machine.state(id).name);
        let taken: Vec<(String, String, String)> = self
            .taken
            .iter()
            .filter(|taken| taken.times > 0)
            .map(|taken| {
                let step = format!("{} -> {}", name(taken.from), name(Some(taken.to)));
                let mark = match taken.violations {
                    0 => String::new(),
                    all if all == taken.times => "  not legal".to_owned(),
                    some => format!("  {} not legal", thousands(some)),
                };
                (step, thousands(taken.times), mark)
            })
            .collect();
        let steps = taken.iter().map(|(step, _, _)| step.len()).max().unwrap_or_default();
        let times = taken.iter().map(|(_, times, _)| times.len()).max().unwrap_or_default();
        line("\nsteps".to_owned());
        for (step, number, mark) in &taken {
            line(format!("  {step:<steps$}  {number:>times$}{mark}"));
        }
        let untaken = self.taken.iter().filter(|taken| taken.times == 0).count();
        if untaken > 0 {
            line(format!("  ({} of the legal ones never)", thousands(untaken as u64)));
        }
        if !self.never_reached.is_empty() {
            let names = self.never_reached.iter().map(|&id| machine.state(id).name.as_str());
            line(format!("\nnever reached: {}", names.collect::<Vec<_>>().join(", ")));
        }
        if !self.stays.is_empty() {
            let width = self.stays.iter().map(|(id, _)| machine.state(*id).name.len()).max();
            let width = width.unwrap_or_default().max("time in each state".len() - 2);
            line(format!(
                "\n{:<width$}  {:>10} {:>9} {:>9} {:>9}",
                "time in each state",
                "left",
                "p50",
                "p95",
                "p99",
                width = width + 2
            ));
            for (id, stay) in &self.stays {
                line(format!(
                    "  {:<width$}  {:>10} {:>9} {:>9} {:>9}",
                    machine.state(*id).name,
                    thousands(stay.left as u64),
                    words(stay.p50),
                    words(stay.p95),
                    words(stay.p99),
                ));
            }
        }
        match self.stopped {
            Some(Stopped::Interrupted) => {
                line("\nstopped: this is what was seen until then".to_owned())
            }
            Some(Stopped::Strict) => {
                line("\n--strict: this is what was seen until the first trouble".to_owned());
            }
            None => {}
        }
        out
    }

    /// What was judged, in a line.
    pub fn summary(&self) -> String {
        let names: Vec<&str> = self.sources.iter().map(|source| source.name.as_str()).collect();
        let from = match &names[..] {
            names if names.len() <= 3 => list(names),
            names => format!("{} sources", names.len()),
        };
        let mut text =
            format!("{} of {} in {from}", count(self.events, "report"), count(self.rows, "row"));
        for (number, what) in [
            (self.redeliveries, "redelivered"),
            (self.unjudged, "not judged: after a state that the table lacks"),
        ] {
            if number > 0 {
                write!(text, " ({} {what})", thousands(number)).expect("a string takes it");
            }
        }
        write!(text, ": {}", count(self.violations, "violation")).expect("a string takes it");
        text
    }

    fn rows_in_words(&self) -> String {
        let mut text = format!("{} ended, {} open", thousands(self.ended), thousands(self.open));
        if self.elsewhere > 0 {
            write!(text, ", {} in states that the table lacks", thousands(self.elsewhere))
                .expect("a string takes it");
        }
        text
    }

    /// What stands next to the findings in JSON.
    pub fn json(&self, machine: &Machine) -> Value {
        let name = |id: StateId| machine.state(id).name.clone();
        let violation = |violation: &Violation| {
            let source = &self.sources[violation.source as usize].name;
            json!({
                "row": violation.row, "position": violation.position,
                "from": violation.from, "to": violation.to, "at": violation.at.map(time::print),
                "source": source, "line": violation.line, "legal": violation.legal,
            })
        };
        let step = |taken: &Taken| {
            json!({
                "from": taken.from.map(name), "to": name(taken.to), "legal": taken.is_legal,
                "kind": taken.kind.map(|kind| kind.as_str()), "times": taken.times,
                "violations": taken.violations,
            })
        };
        let troubles = |kind| self.troubles.get(&kind).copied().unwrap_or_default();
        json!({
            "sources": self.sources.iter().map(|source| &source.name).collect::<Vec<_>>(),
            "reports": self.events,
            "redeliveries": self.redeliveries,
            "unjudged": self.unjudged,
            "rows": { "all": self.rows, "ended": self.ended, "open": self.open, "unknown": self.elsewhere },
            "violations": {
                "all": self.violations,
                "first": self.first_violations.iter().map(violation).collect::<Vec<_>>(),
            },
            "troubles": {
                "unreadable": troubles(TroubleKind::BadRow),
                "cut_off": troubles(TroubleKind::CutOff),
                "time_back": troubles(TroubleKind::TimeBack),
                "unknown_fingerprint": troubles(TroubleKind::UnknownTable),
            },
            "steps": self.taken.iter().map(step).collect::<Vec<_>>(),
            "never_reached": self.never_reached.iter().copied().map(name).collect::<Vec<_>>(),
            "times": self.stays.iter().map(|(id, stay)| json!({
                "state": name(*id), "left": stay.left,
                "p50": stay.p50, "p95": stay.p95, "p99": stay.p99,
            })).collect::<Vec<_>>(),
            "stuck": self.stuck.iter().map(|stuck| json!({
                "state": name(stuck.state), "expect": stuck.expect.seconds(), "rows": stuck.rows,
                "longest": stuck.longest.iter().map(|(seconds, row)| json!({
                    "row": row, "seconds": seconds,
                })).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "stopped": self.stopped.map(|stopped| match stopped {
                Stopped::Interrupted => "interrupted",
                Stopped::Strict => "strict",
            }),
        })
    }
}

/// A number and what it counts.
fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", thousands(number))
}

/// A number with commas.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
