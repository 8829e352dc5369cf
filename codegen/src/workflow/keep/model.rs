//! A workflow that somebody wrote as the runs that it can have: when each of its jobs begins, by its
//! `if`, by what it waits for, and by what became of that.

use std::sync::Arc;

use super::document::Node;
use super::facts::{Decided, Facts};
use super::reading::{Reading, WrittenJob};
use crate::machine::{Became, JobId, NeedResult};
use crate::runs::{Decides, Workflow, Written};
use crate::search::closure;
use crate::workflow::expression::{self, Both, Condition, Held, Known};

/// When a job begins, and what it says at its end where it concludes.
#[derive(Debug)]
struct Decider {
    condition: Condition,
    /// What it says became of the others, where it says that.
    says: Option<String>,
    /// The jobs that it names in `needs`, in small letters, each with its place.
    needs: Vec<(String, usize)>,
    /// Every job before it.
    before: Vec<usize>,
    /// Those of them that may be cancelled while the run goes on.
    alone: Vec<usize>,
    facts: Arc<Facts>,
}

/// A decider when it is asked.
struct Here<'a> {
    of: &'a Decider,
    result: &'a dyn Fn(usize) -> NeedResult,
    cancelled: bool,
}

impl Decides for Decider {
    fn begins(&self, result: &dyn Fn(usize) -> NeedResult, cancelled: bool) -> Both {
        let is_cancelled = |place: &&usize| result(**place) == NeedResult::Cancelled;
        let mut before = self.before.iter().filter(is_cancelled).peekable();
        let any = before.peek().is_some();
        let holds = |cancelled| self.condition.holds(&Here { of: self, result, cancelled });
        let of_run = holds(cancelled || any);
        // A job is cancelled where its run is, or by itself: `cancelled()` asks for the run only.
        if cancelled || !any || !before.all(|place| self.alone.contains(place)) {
            return of_run;
        }
        let by_itself = holds(false);
        Both { yes: of_run.yes || by_itself.yes, no: of_run.no || by_itself.no }
    }

    fn says(&self, result: &dyn Fn(usize) -> NeedResult) -> Option<Vec<Became>> {
        let here = Here { of: self, result, cancelled: false };
        let texts = expression::texts(self.says.as_ref()?, &here).ok()??;
        let became = |text: &String| Became::ALL.into_iter().find(|of| of.as_str() == text);
        texts.iter().map(became).collect()
    }
}

impl Known for Here<'_> {
    fn need(&self, job: &str) -> Option<NeedResult> {
        let (_, place) = self.of.needs.iter().find(|(name, _)| name == job)?;
        Some((self.result)(*place))
    }

    fn before(&self) -> Vec<NeedResult> {
        self.of.before.iter().map(|&place| (self.result)(place)).collect()
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    fn context(&self, keys: &[&str]) -> Held {
        self.of.facts.context(keys)
    }

    fn decided(&self, atom: &str) -> Option<bool> {
        self.of.facts.decide(atom)
    }

    fn names(&self) -> Vec<(String, NeedResult)> {
        self.of.needs.iter().map(|(name, place)| (name.clone(), (self.result)(*place))).collect()
    }

    fn outputs(&self, job: &str) -> Option<Vec<String>> {
        self.of.facts.outputs(job)
    }
}

/// A job of one leg.
struct OfLeg<'a> {
    leg: &'a [(String, Held)],
    facts: &'a Facts,
}

impl Known for OfLeg<'_> {
    fn context(&self, keys: &[&str]) -> Held {
        match keys {
            ["matrix", key] => match self.leg.iter().find(|(name, _)| name == key) {
                Some((_, held)) => held.clone(),
                None => self.facts.context(keys),
            },
            _ => self.facts.context(keys),
        }
    }
}

/// A job as it would be with another condition.
pub(super) struct Instead {
    /// What it is called.
    pub(super) job: String,
    /// What would stand at its `if:`.
    pub(super) condition: String,
    /// What it would wait for besides.
    pub(super) needs: Vec<String>,
}

/// What keeps a workflow from being read as runs.
pub(super) struct Unread<'r> {
    /// The node that can't be read.
    pub(super) at: &'r Node,
    /// Why.
    pub(super) why: String,
}

impl<'r> Reading<'r> {
    /// A key's value of a job, or what an alias there stands for.
    pub(super) fn value(&self, job: WrittenJob<'r>, key: &str) -> Option<&'r Node> {
        job.value.get(key).map(|value| self.document.resolved(value))
    }

    /// What stands at a job's `if`.
    pub(super) fn condition(&self, job: WrittenJob<'r>) -> Option<&'r str> {
        self.value(job, "if").filter(|value| !value.is_null()).and_then(Node::text)
    }

    /// The runs of the workflow, as it stands, or as it would be with another condition. What no one
    /// knows before is taken both ways, but for what is decided.
    ///
    /// # Errors
    /// Every condition that can't be read.
    pub(super) fn runs<'m>(
        &self,
        own: &Workflow<'m>,
        decided: &Decided,
        instead: Option<&Instead>,
    ) -> Result<(Workflow<'m>, Arc<Facts>), Vec<Unread<'r>>> {
        let facts = Arc::new(self.facts_where(decided.clone()));
        let of_table: Vec<(JobId, WrittenJob<'r>)> =
            self.jobs().map(|(id, _, job)| (id, job)).collect();
        let supposed =
            |job: WrittenJob<'r>| instead.filter(|other| job.key.text() == Some(&other.job));
        let needs = |job: WrittenJob<'r>| {
            let more = supposed(job).map_or(&[][..], |other| &other.needs);
            let mut needs = self.needs(job);
            needs.extend(more.iter().filter_map(|name| self.job(name)?.key.text()));
            needs
        };
        let names = |job: &str| self.job(job).map(needs).unwrap_or_default();
        let first = of_table.iter().filter_map(|(_, job)| job.key.text());
        let all = closure(first, names);
        let is_of_table = |name: &str| self.machine.jobs.iter().any(|job| job.name == name);
        let others: Vec<WrittenJob<'r>> =
            all.into_iter().filter(|name| !is_of_table(name)).filter_map(|n| self.job(n)).collect();
        let place = |name: &str| {
            let of_table = self.machine.jobs.iter().position(|job| job.name == name);
            let other = || others.iter().position(|other| other.key.text() == Some(name));
            of_table.or_else(|| Some(self.machine.jobs.len() + other()?))
        };
        let mut unread = Vec::new();
        let mut written = |job: WrittenJob<'r>, concludes: bool| {
            let now = || self.condition(job).unwrap_or_default();
            let text = supposed(job).map_or_else(now, |other| &other.condition);
            let condition = match Condition::read(text) {
                Ok(condition) => condition,
                Err(why) => {
                    unread.extend(job.value.get("if").map(|at| Unread { at, why }));
                    return None;
                }
            };
            let direct = needs(job);
            let before = closure(direct.iter().copied(), names);
            // One that is given no limit has GitHub's, of hours: no conclusion may hang on that.
            let is_alone = |name: &&&str| {
                concludes || self.job(name).is_some_and(|job| self.stopped_by(job).is_some())
            };
            let alone = before.iter().filter(is_alone).filter_map(|name| place(name)).collect();
            let says = self.value(job, "env").and_then(|env| env.get("RESULT")?.text());
            let needs: Vec<(String, usize)> = direct
                .iter()
                .filter_map(|name| Some((name.to_lowercase(), place(name)?)))
                .collect();
            Some(Written {
                needs: needs.iter().map(|(_, place)| *place).collect(),
                // Where no one knows, it may fail, and it may succeed: that is all there is.
                tolerated: !self.is_tolerated(job).no,
                may_be_replaced: self.shared_group(job).is_some(),
                condition: Arc::new(Decider {
                    condition,
                    says: says.filter(|_| concludes).map(str::to_owned),
                    needs,
                    before: before.into_iter().filter_map(place).collect(),
                    alone,
                    facts: Arc::clone(&facts),
                }),
            })
        };
        let of_table: Vec<(JobId, Written)> = of_table
            .into_iter()
            .filter_map(|(id, job)| Some((id, written(job, self.machine.job(id).always)?)))
            .collect();
        let others: Vec<(String, Written)> = others
            .iter()
            .filter_map(|&job| Some((job.key.text()?.to_owned(), written(job, false)?)))
            .collect();
        if unread.is_empty() { Ok((own.written(of_table, others), facts)) } else { Err(unread) }
    }

    /// Whether a job that fails counts as one that succeeded, as far as that is known before.
    pub(super) fn is_tolerated(&self, job: WrittenJob<'r>) -> Both {
        let leg = self.value(job, "strategy").map(|strategy| self.of_only_leg(strategy));
        self.flag_of(self.value(job, "continue-on-error"), &leg.unwrap_or_default())
    }

    /// The key by which a job may be cancelled while its run goes on: a limit of time that it is given, or
    /// the concurrency group in which another comes after it.
    pub(super) fn stopped_by(&self, job: WrittenJob<'r>) -> Option<&'static str> {
        let is_given = |key: &&&str| self.value(job, key).is_some_and(|value| !value.is_null());
        let is_limited = ["timeout-minutes"].iter().find(is_given);
        let of_group =
            || ["concurrency"].iter().find(is_given).filter(|_| self.shared_group(job).is_some());
        is_limited.or_else(of_group).copied()
    }

    /// Whether a flag is set, and whether it is not, as far as that is known before.
    pub(super) fn flag(&self, flag: Option<&Node>) -> Both {
        self.flag_of(flag, &[])
    }

    /// The same of a job that has such a leg.
    fn flag_of(&self, flag: Option<&Node>, leg: &[(String, Held)]) -> Both {
        let text = flag.filter(|flag| !flag.is_null()).and_then(Node::text).unwrap_or_default();
        let asks = expression::asked(text, false).is_ok_and(|(of, _)| of.contains("needs"));
        match expression::flag(text, &OfLeg { leg, facts: &self.facts() }) {
            Ok(is) if !asks => is,
            Ok(_) | Err(_) => Both { yes: true, no: true },
        }
    }
}
