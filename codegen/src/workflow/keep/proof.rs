//! What is claimed of every run of the table's own workflow, held against the runs of one that
//! somebody wrote. What breaks a claim is reported at the job that begins, or does not, otherwise than
//! the table says, with the shortest run.

use std::collections::BTreeMap;

use super::facts::{Decided, Facts};
use super::model::{Instead, Unread};
use super::reading::{Reading, WrittenJob};
use crate::finding::{Findings, Severity};
use crate::machine::JobId;
use crate::rules;
use crate::runs::{Departure, Workflow};
use crate::search::closure;
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
/// The most combinations, with those of inputs of which all values are known.
const MOST_CASES: usize = 64;

impl<'r> Reading<'r> {
    /// Says of what the runs of the workflow break, that those of the table's own do not.
    pub(super) fn judge_runs(&self, findings: &mut Findings<'_>) -> Proof {
        if self.machine.jobs.is_empty() || self.is_as_the_tables() {
            return Proof::Own;
        }
        let own = Workflow::of(self.machine);
        let (found, held) = match self.breaks(&own, None) {
            Ok(searched) => searched,
            Err(unread) => {
                self.tell_unread(&unread, findings);
                return Proof::None;
            }
        };
        let job = |departure: Departure| (departure.job, departure.is_replaced);
        let mut reported: Vec<Option<(usize, bool)>> = Vec::new();
        let mut found: Vec<(Claim, Broken)> = found.into_iter().collect();
        found.sort_by_key(|(claim, broken)| (broken.length, *claim));
        let proof = if found.is_empty() { held } else { Proof::None };
        if proof == Proof::Bounded {
            self.tell_bounded(findings);
        }
        for (claim, broken) in found {
            let departs = match self.unheard(claim, &broken) {
                Some(id) => Some((id.index(), false)),
                None => broken.path.1.map(job),
            };
            if !reported.contains(&departs) {
                reported.push(departs);
                self.tell_broken(&own, claim, &broken, findings);
            }
        }
        proof
    }

    /// What the runs of the workflow break that those of the table's own do not, with the shortest run
    /// of each; as it stands, or as it would be with another condition. And what is proven where that
    /// is nothing.
    ///
    /// # Errors
    /// Every condition that can't be read.
    pub(super) fn breaks(
        &self,
        own: &Workflow<'_>,
        instead: Option<&Instead>,
    ) -> Result<(BTreeMap<Claim, Broken>, Proof), Vec<Unread<'r>>> {
        let (workflow, facts) = self.runs(own, &Decided::default(), instead)?;
        let (mut found, exhausted) = broken(&workflow);
        let held = if exhausted { Proof::Proven } else { Proof::Bounded };
        if found.is_empty() {
            return Ok((found, held));
        }
        let (of_table, _) = broken(own);
        found.retain(|claim, _| !of_table.contains_key(claim));
        if let Some(cases) = cases(&facts) {
            found = self.in_one_run(own, &found, &cases, instead);
        }
        Ok((found, held))
    }

    fn tell_bounded(&self, findings: &mut Findings<'_>) {
        let line = self.document.root.entry("jobs").map_or(1, |(key, _)| key.line);
        let message = "the runs of this workflow were not all tried: what is claimed of them is bounded, \
                       not proven";
        let (rule, span) = (rules::NOT_EXHAUSTED, self.lines.span(line));
        findings.add(rule, Severity::Error, span, message, rule.mend);
    }

    fn tell_unread(&self, unread: &[Unread<'_>], findings: &mut Findings<'_>) {
        for Unread { at, why } in unread {
            let message = format!("the condition can't be read: {why}");
            let help = "write an expression that GitHub takes: it runs no workflow with this one";
            let span = self.lines.span(at.line);
            findings.add(rules::BAD_CONDITION, Severity::Error, span, message, help);
        }
    }

    /// Those of some broken claims that one run breaks in which each unknown is one thing, with the
    /// shortest such run.
    fn in_one_run(
        &self,
        own: &Workflow<'_>,
        found: &BTreeMap<Claim, Broken>,
        cases: &[Decided],
        instead: Option<&Instead>,
    ) -> BTreeMap<Claim, Broken> {
        let mut shortest: BTreeMap<Claim, Broken> = BTreeMap::new();
        for case in cases {
            let Ok((workflow, _)) = self.runs(own, case, instead) else { continue };
            for (claim, mut broken) in broken(&workflow).0 {
                let is_longer = |known: &Broken| known.length <= broken.length;
                if !found.contains_key(&claim) || shortest.get(&claim).is_some_and(is_longer) {
                    continue;
                }
                let mut said: Vec<String> = Vec::new();
                for (name, is) in &case.inputs {
                    let word = if is.is_empty() { "empty" } else { is };
                    said.push(format!("inputs.{name} is {word}"));
                }
                for (asked, is) in &case.asked {
                    said.push(format!("{asked} is {is}"));
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
        let is_as = |(id, written): (JobId, WrittenJob<'r>)| {
            let job = self.machine.job(id);
            let of = |name| self.job(name).map(|job| self.needs(job)).unwrap_or_default();
            let waits = closure(self.needs(written), of);
            let of_table =
                closure(job.needs.iter().copied(), |id| self.machine.job(id).needs.clone());
            let of_table = of_table.into_iter().map(|id| self.machine.job(id).name.as_str());
            let condition = self.condition(written).map(words);
            let is_always = job.always && condition.as_deref() == Some("always()");
            waits.into_iter().eq(of_table.collect::<std::collections::BTreeSet<_>>())
                && (is_always || condition == self.github().runs(id).as_deref().map(words))
                && self.shared_group(written).is_none()
        };
        self.jobs().map(|(id, _, written)| (id, written)).all(is_as)
    }
}

/// Every way in which the unknowns of a workflow can be decided; none where there are too many of
/// them, or none at all.
fn cases(facts: &Facts) -> Option<Vec<Decided>> {
    let asked: Vec<String> = facts.asked.lock().ok()?.iter().cloned().collect();
    let is_about = |asked: &str, name: &str| {
        let mut words = asked.split(|c: char| !(c.is_alphanumeric() || "._-".contains(c)));
        words.any(|word| word == format!("inputs.{name}"))
    };
    let mut cases = vec![Decided::default()];
    let mut open = asked.clone();
    for (name, input) in &facts.inputs {
        let Some(values) =
            input.values.as_ref().filter(|_| asked.iter().any(|of| is_about(of, name)))
        else {
            continue;
        };
        open.retain(|asked| !is_about(asked, name));
        let with = |case: &Decided, value: &String| {
            let mut case = case.clone();
            case.inputs.insert(name.clone(), value.clone());
            case
        };
        if cases.len() * values.len() > MOST_CASES {
            return None;
        }
        cases =
            cases.iter().flat_map(|case| values.iter().map(|value| with(case, value))).collect();
    }
    if asked.is_empty() || open.len() > MOST_UNKNOWN || cases.len() << open.len() > MOST_CASES {
        return None;
    }
    let with = |case: &Decided, number: usize| {
        let each = open.iter().enumerate();
        let asked = each.map(|(at, asked)| (asked.clone(), number >> at & 1 == 0)).collect();
        Decided { asked, ..case.clone() }
    };
    let all = cases.iter().flat_map(|case| (0..1 << open.len()).map(|number| with(case, number)));
    Some(all.filter(|case| is_possible(&case.asked)).collect())
}

/// Whether nothing is two things at once.
fn is_possible(case: &BTreeMap<String, bool>) -> bool {
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
        let is_odd = is && truth == Some(&is_empty);
        !is_odd && !compared().any(|case| is_other(&case))
    })
}
