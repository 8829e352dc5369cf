//! What is claimed of every run of the table's own workflow, held against the runs of one that
//! somebody wrote. What breaks a claim is told at the job that begins, or does not, otherwise than
//! the table says, with the shortest run.

use std::collections::BTreeMap;

use super::document::Node;
use super::jobs::needs;
use super::model::{Decided, Facts, Unread};
use super::reading::{Found, Reading};
use crate::finding::{Findings, Severity};
use crate::machine::JobId;
use crate::rules::{self, Rule};
use crate::runs::{Departure, Workflow};
use crate::search::closure;
use crate::suggest::shown;
use crate::verify::{Broken, Claim, broken};

/// What is proven of a workflow's runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Proof {
    /// They are those of the table's own workflow, and what is proven of these.
    Own,
    /// What is claimed of the table's own holds of them, too.
    Proven,
    /// As far as they were searched it does.
    Bounded,
    /// Nothing: what was found says why.
    None,
}

/// The most unknowns of which every combination is tried.
const MOST_UNKNOWN: usize = 6;

impl<'r> Reading<'r> {
    /// Says of what the runs of the workflow break, that those of the table's own do not.
    pub(super) fn judge_runs(&self, findings: &mut Findings<'_>) -> Proof {
        if self.machine.jobs.is_empty() || self.is_as_the_tables() {
            return Proof::Own;
        }
        let own = Workflow::of(self.machine);
        let (workflow, facts) = match self.runs(&own, &Decided::new()) {
            Ok(runs) => runs,
            Err(unread) => {
                self.tell_unread(&unread, findings);
                return Proof::None;
            }
        };
        let (mut found, exhausted) = broken(&workflow);
        let held = if exhausted { Proof::Proven } else { Proof::Bounded };
        if found.is_empty() {
            return held;
        }
        let (of_table, _) = broken(&own);
        found.retain(|claim, _| !of_table.contains_key(claim));
        if let Some(cases) = cases(&facts) {
            found = self.in_one_run(&own, &found, &cases);
        }
        let job = |departure: Departure| (departure.job, departure.is_replaced);
        let mut told: Vec<Option<(usize, bool)>> = Vec::new();
        let mut found: Vec<(Claim, Broken)> = found.into_iter().collect();
        found.sort_by_key(|(claim, broken)| (broken.length, *claim));
        let proof = if found.is_empty() { held } else { Proof::None };
        for (claim, broken) in found {
            let departs = broken.path.1.map(job);
            if !told.contains(&departs) {
                told.push(departs);
                self.tell_broken(claim, &broken, findings);
            }
        }
        proof
    }

    fn tell_unread(&self, unread: &[Unread<'_>], findings: &mut Findings<'_>) {
        for Unread { at, why } in unread {
            let message = format!("the condition can't be read: {why}");
            let help = "write an expression that GitHub takes: it runs no workflow with this one";
            let span = self.lines.span(at.line);
            findings.tell(rules::BAD_CONDITION, Severity::Error, span, message, help);
        }
    }

    /// Those of some broken claims that one run breaks in which each unknown is one thing, with the
    /// shortest such run.
    fn in_one_run(
        &self,
        own: &Workflow<'_>,
        found: &BTreeMap<Claim, Broken>,
        cases: &[Decided],
    ) -> BTreeMap<Claim, Broken> {
        let mut shortest: BTreeMap<Claim, Broken> = BTreeMap::new();
        for case in cases {
            let Ok((workflow, _)) = self.runs(own, case) else { continue };
            for (claim, mut broken) in broken(&workflow).0 {
                let is_longer = |known: &Broken| known.length <= broken.length;
                if !found.contains_key(&claim) || shortest.get(&claim).is_some_and(is_longer) {
                    continue;
                }
                let mut said: Vec<String> = Vec::new();
                for (atom, is) in case {
                    said.push(format!("{atom} is {is}"));
                }
                if let Some(first) = broken.path.0.first_mut().filter(|_| !said.is_empty()) {
                    *first += &format!(", where {}", said.join(" and "));
                }
                shortest.insert(claim, broken);
            }
        }
        shortest
    }

    /// Whether every run of the workflow is one of the table's own: its jobs wait for each other as
    /// the table's do, for no others, and begin as those that are generated.
    fn is_as_the_tables(&self) -> bool {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_as = |(id, found): (JobId, Found<'r>)| {
            let job = self.machine.job(id);
            let of = |name| self.job(name).map(needs).unwrap_or_default();
            let waits = closure(needs(found), of);
            let of_table =
                closure(job.needs.iter().copied(), |id| self.machine.job(id).needs.clone());
            let of_table = of_table.into_iter().map(|id| self.machine.job(id).name.as_str());
            let condition = self.condition(found).map(words);
            let is_always = job.always && condition.as_deref() == Some("always()");
            waits.into_iter().eq(of_table.collect::<std::collections::BTreeSet<_>>())
                && (is_always || condition == self.github().runs(id).as_deref().map(words))
                && self.shared_group(found).is_none()
        };
        self.jobs().map(|(id, _, found)| (id, found)).all(is_as)
    }

    fn tell_broken(&self, claim: Claim, broken: &Broken, findings: &mut Findings<'_>) {
        let departed = broken.path.1.and_then(|departure| {
            let id = JobId::new(departure.job);
            Some((departure, id, self.job(&self.machine.job(id).name)?))
        });
        let why = &broken.why;
        let run = format!("the shortest run: {}", broken.path.0.join("; "));
        let (rule, line, message, help) = match departed {
            None => {
                let line = self.document.root.entry("jobs").map_or(1, |(key, _)| key.line);
                let message =
                    format!("by this workflow it does not hold what the table proves: {why}");
                (rule_of(claim), line, message, rule_of(claim).mend.to_owned())
            }
            Some((departure, id, found)) => {
                let (rule, message, help) = self.departs(departure, id, found, why);
                (rule, found.key.line, message, help)
            }
        };
        let help = format!("{help}; {run}");
        findings.tell(rule, Severity::Error, self.lines.span(line), message, help);
    }

    fn departs(
        &self,
        departure: Departure,
        id: JobId,
        found: Found<'r>,
        why: &str,
    ) -> (&'static Rule, String, String) {
        let name = &self.machine.job(id).name;
        let condition = self.condition(found).map(|text| shown(text.trim()));
        let said = condition.as_ref().map(|text| format!(" (`if: {text}`)")).unwrap_or_default();
        let generated = self.github().runs(id);
        if departure.is_replaced {
            let group = self.shared_group(found).and_then(Node::text).unwrap_or_default();
            let message = format!(
                "`{name}` is cancelled where its run or it waits in the concurrency group `{}` and a \
                 later one comes: {why}",
                shown(group)
            );
            let help = format!(
                "give the row's id to that group, as `…-${{{{ {} }}}}`, and a group of its own to the \
                 job that has to be the only one of its kind",
                self.target.id()
            );
            return (rules::SHARED_GROUP, message, help);
        }
        if self.machine.job(id).always {
            let message = format!("the job `{name}` does not run in every run{said}: {why}");
            let help = format!(
                "give it `if: {}`: it says what became of the others",
                generated.unwrap_or_default()
            );
            return (rules::CONCLUSION, message, help);
        }
        if departure.begins {
            let message = format!(
                "the job `{name}` runs though what it waits for did not succeed{said}: {why}"
            );
            let help = match generated {
                Some(generated) => format!("give it `if: {generated}`"),
                None => "take its `if:` off, or let it ask for `success()` as well".to_owned(),
            };
            return (rules::JOB_CONDITION, message, help);
        }
        let message = match condition {
            Some(_) => {
                format!("the job `{name}` may be skipped{said}, which counts as a failure: {why}")
            }
            None => format!("the job `{name}` is skipped where one before it was: {why}"),
        };
        let help = match (condition, generated) {
            (Some(_), None) => match self.unskippable(id) {
                None => {
                    "where that is meant, write `skippable = true` of the job in the table; else \
                         take its `if:` off"
                        .to_owned()
                }
                Some(state) => format!(
                    "take its `if:` off, or let nothing start a run in which it does not hold: where \
                     the job is skipped, `{state}` is not reported"
                ),
            },
            (_, Some(generated)) => format!("give it `if: {generated}`"),
            (None, None) => {
                "where that is meant, give it `if: ${{ !failure() && !cancelled() }}`; \
                             else let the one before it always run"
                    .to_owned()
            }
        };
        (rules::JOB_CONDITION, message, help)
    }
}

impl Reading<'_> {
    /// A state for whose sake a job can't be skippable: nothing passes over it.
    fn unskippable(&self, id: JobId) -> Option<&str> {
        let job = self.machine.job(id);
        let mut states = job.before_outcome().into_iter().chain(job.success);
        let state = states.find(|&state| !self.machine.state(state).optional)?;
        Some(&self.machine.state(state).name)
    }
}

/// Every way in which the unknowns of a workflow can be decided; none where there are too many of
/// them, or none at all.
fn cases(facts: &Facts) -> Option<Vec<Decided>> {
    let atoms: Vec<String> = facts.asked.lock().ok()?.iter().cloned().collect();
    if atoms.is_empty() || atoms.len() > MOST_UNKNOWN {
        return None;
    }
    let case = |number: usize| -> Decided {
        let each = atoms.iter().enumerate();
        each.map(|(at, atom)| (atom.clone(), number >> at & 1 == 0)).collect()
    };
    Some((0..1 << atoms.len()).map(case).filter(is_possible).collect())
}

/// Whether nothing is two things at once.
fn is_possible(case: &Decided) -> bool {
    let compared = || {
        let parts = case.iter().map(|(atom, is)| (atom.split_once(" == "), *is));
        parts.filter_map(|(parts, is)| Some((parts?, is)))
    };
    compared().all(|((one, value), is)| {
        let is_other = |&((other, with), also): &((&str, &str), bool)| {
            is && also && one == other && value.to_lowercase() != with.to_lowercase()
        };
        let is_empty = value == "''";
        let truth = case.get(one);
        !compared().any(|case| is_other(&case)) && !(is && truth == Some(&is_empty))
    })
}

/// The rule that a table breaks of whose own runs this is claimed.
const fn rule_of(claim: Claim) -> &'static Rule {
    match claim {
        Claim::Accepted => rules::WORKFLOW_ACCEPTED,
        Claim::Ends => rules::WORKFLOW_ENDS,
        Claim::Truth => rules::WORKFLOW_TRUTH,
        Claim::Views => rules::WORKFLOW_VIEWS,
        Claim::Again => rules::WORKFLOW_AGAIN,
        Claim::Late => rules::WORKFLOW_LATE_LOSS,
    }
}
