//! Jobs that report what others did, or that no run of a console has.

use std::fmt::Write as _;

use super::departure::{EVER, NEVER};
use super::facts::Before;
use super::reading::{Reading, WrittenJob};
use crate::finding::{Findings, Severity};
use crate::machine::{JobId, NeedResult};
use crate::rules;
use crate::suggest::{self, shown};
use crate::workflow::expression::Condition;

impl<'r> Reading<'r> {
    /// The jobs that do the work of one that only reports: those that it needs, where the table lacks them.
    pub(super) fn work_of(&self, id: JobId, written: WrittenJob<'r>) -> Vec<&'r str> {
        let job = self.machine.job(id);
        if job.always || job.success.is_none() || !self.own_steps(written).is_empty() {
            return Vec::new();
        }
        let is_of_table = |name: &&str| self.machine.jobs.iter().any(|job| job.name == *name);
        self.needs(written).into_iter().filter(|name| !is_of_table(name)).collect()
    }

    /// Says of a job that only reports that it reports its success though the job that does its work did
    /// not succeed.
    pub(super) fn judge_work(
        &self,
        id: JobId,
        written: WrittenJob<'r>,
        findings: &mut Findings<'_>,
    ) {
        let work = self.work_of(id, written);
        let Ok(condition) = Condition::read(self.condition(written).unwrap_or_default()) else {
            return;
        };
        let facts = self.facts();
        let begins = |other: &str, result: NeedResult| {
            let needs = self.needs(written).into_iter().map(|need| match need == other {
                true => (need.to_lowercase(), result),
                false => (need.to_lowercase(), NeedResult::Success),
            });
            condition.holds(&Before { needs: needs.collect(), cancelled: false, facts: &facts }).yes
        };
        let lost = [NeedResult::Skipped, NeedResult::Failure, NeedResult::Cancelled];
        for other in work {
            let Some(result) = lost.into_iter().find(|&result| begins(other, result)) else {
                continue;
            };
            let what = match result {
                NeedResult::Skipped => "is skipped",
                NeedResult::Failure => "failed",
                NeedResult::Cancelled | NeedResult::Success => "was cancelled",
            };
            let name = &self.machine.job(id).name;
            let message = format!(
                "the job `{name}` only reports, and reports its success where `{other}`, which does its \
                 work, {what}"
            );
            let instead = self.asks_all(id, written, false);
            let mut help = format!("give it `if: {}`", instead.condition);
            if !instead.needs.is_empty() {
                let _ = write!(help, ", and add {} to its `needs`", suggest::list(&instead.needs));
            }
            if result == NeedResult::Skipped && !self.machine.job(id).skippable {
                help += "; where the work may be skipped, write `skippable = true` of the job in the table";
            }
            let span = self.lines.span(written.key.line);
            findings.add(rules::JOB_CONDITION, Severity::Error, span, message, help);
            return;
        }
    }

    /// Says of a skippable job that no run of a console has it: what may be skipped has to be done by some.
    pub(super) fn judge_beginning(
        &self,
        id: JobId,
        written: WrittenJob<'r>,
        findings: &mut Findings<'_>,
    ) {
        let job = self.machine.job(id);
        if !job.skippable || job.always || !self.never_begins(written) {
            return;
        }
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let message = format!(
            "the job `{}` is skipped in every run that a console starts (`if: {}`): it never reports",
            job.name,
            shown(&words(self.condition(written).unwrap_or_default()))
        );
        let span = self.lines.span(written.key.line);
        let help = if self.is_constant(written) { NEVER } else { EVER };
        findings.add(rules::JOB_CONDITION, Severity::Error, span, message, help);
    }
}
