//! A concluding job: whether it begins whatever became of the others, and says what did.

use super::document::Node;
use super::facts::{Decided, Facts};
use super::reading::{Reading, WrittenJob};
use super::variable::writes_variable;
use crate::finding::Severity;
use crate::machine::{Became, JobId, NeedResult, conclude};
use crate::rules::{self, Rule};
use crate::runs::Workflow;
use crate::search::closure;
use crate::suggest::shown;
use crate::workflow::expression::{self, Held, Known};

impl<'r> Reading<'r> {
    /// A concluding job knows what became of the others, and says it.
    pub(super) fn judge_conclusion(
        &self,
        id: JobId,
        written: WrittenJob<'r>,
        add: &mut impl FnMut(&'static Rule, Severity, String, &str),
    ) {
        let name = written.key.text().unwrap_or_default();
        let result = self.value(written, "env").and_then(|env| env.get("RESULT")?.text());
        let wanted = self.wanted_result(id, written, &[]);
        let reported = match result {
            None => Some(format!("the job `{name}` does not say what became of the others")),
            Some(result) => self.says_wrongly(id, written, result).map(|why| {
                format!("the job `{name}` does not say what became of the others: {why}")
            }),
        };
        if let Some(message) = reported {
            let help = format!("give it, in its `env:`, `RESULT: {wanted}`");
            add(rules::CONCLUSION, Severity::Error, message, &help);
        }
        let writes = |(_, step): &(usize, &Node)| writes_variable(step, RESULT);
        if let Some((line, _)) = self.own_steps(written).into_iter().find(writes) {
            let message = format!(
                "the job `{name}` may say something else: the step on line {line} may set `RESULT` \
                 for the steps below it"
            );
            let help = format!(
                "let the step on line {line} set a variable of another name, written out: the report says \
                 what `RESULT` does"
            );
            add(rules::CONCLUSION, Severity::Error, message, &help);
        }
        if let Some((what, help)) = self.may_not_begin(id, written) {
            let message =
                format!("the job `{name}` {what}: no one says then what became of the row");
            add(rules::CONCLUSION, Severity::Error, message, &help);
        }
    }

    /// The jobs, none of the table's, that one of those waits for that a concluding job needs.
    pub(super) fn gates(&self, id: JobId) -> Vec<&'r str> {
        let of = |name| self.job(name).map(|job| self.needs(job)).unwrap_or_default();
        let table = self.machine.job(id).needs.iter().map(|&need| &self.machine.job(need).name);
        let first: Vec<&'r str> = table.filter_map(|name| self.job(name)?.key.text()).collect();
        let all = closure(first.iter().flat_map(|name| of(name)), of);
        let is_of_table = |name: &str| self.machine.jobs.iter().any(|job| job.name == name);
        all.into_iter().filter(|name| !is_of_table(name)).collect()
    }

    /// What a concluding job is to say, where it needs these jobs, too.
    pub(super) fn wanted_result(
        &self,
        id: JobId,
        written: WrittenJob<'r>,
        more: &[&'r str],
    ) -> String {
        let gates = self.gates(id);
        let needs: Vec<&str> =
            self.needs(written).into_iter().chain(more.iter().copied()).collect();
        let is_of_table = |name: &str| self.machine.jobs.iter().any(|job| job.name == name);
        let before: Vec<&str> = needs.iter().copied().filter(|name| gates.contains(name)).collect();
        let has_others = needs.iter().any(|name| !is_of_table(name) && !gates.contains(name));
        self.github().result_beside(id, &before, has_others)
    }

    /// Where an expression does not say of the table's jobs what the table says: of what becomes of the
    /// others in some run. Of the jobs before them it may say that they failed or were cancelled, too.
    fn says_wrongly(&self, id: JobId, written: WrittenJob<'r>, result: &str) -> Option<String> {
        let needed = &self.machine.job(id).needs;
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let needs = self.needs(written);
        // Of one that it does not wait for it can say nothing, which is reported.
        if needed.iter().any(|&need| !needs.contains(&self.machine.job(need).name.as_str())) {
            return None;
        }
        if needs.len() == needed.len() && words(result) == words(&self.github().result(id)) {
            return None;
        }
        let attempted = self.machine.concluding_attempted(id);
        let is_skippable = |need: JobId| self.machine.job(need).skippable;
        // Two words for one state say the same.
        let job = self.machine.job(id);
        let state = |word: &str| {
            let became = Became::ALL.into_iter().find(|of| of.as_str() == word)?;
            Some(match became {
                Became::Success => job.success,
                Became::Failure => job.failure,
                Became::Cancelled => job.cancelled.or(job.failure),
            })
        };
        let gates = self.gates(id);
        let (read, facts) = (expression::reader(result), self.facts());
        let Some(ends) = self.ends_before(id, written) else {
            return Some("it has too many jobs before it for every run to be tried".to_owned());
        };
        ends.into_iter().find_map(|results| {
            let of = |name: &str| {
                let is_it = |(other, _): &&(&str, NeedResult)| *other == name;
                results.iter().find(is_it).map_or(NeedResult::Skipped, |(_, result)| *result)
            };
            let of_table = |need: JobId| of(&self.machine.job(need).name);
            let wanted = conclude(&attempted, is_skippable, of_table).0.as_str();
            let was = |result| {
                let direct = gates.iter().filter(|gate| needs.contains(*gate));
                needed.iter().any(|&need| of_table(need) == result)
                    || direct.into_iter().any(|gate| of(gate) == result)
            };
            let with_gates = [NeedResult::Failure, NeedResult::Cancelled].into_iter();
            let with_gates =
                with_gates.filter(|&result| was(result)).map(NeedResult::as_str).next();
            let lower = results.iter().map(|(name, result)| (name.to_lowercase(), *result));
            let known = Results {
                all: lower.collect(),
                needs: needs.iter().map(|name| name.to_lowercase()).collect(),
                facts: &facts,
            };
            let said = read.as_ref().ok().and_then(|read| read(&known));
            let is_right = |text: &String| {
                let is_same = state(text).is_some_and(|is| state(wanted) == Some(is));
                text == wanted || is_same || Some(text.as_str()) == with_gates
            };
            if said.as_ref().is_some_and(|said| said.iter().all(is_right)) {
                return None;
            }
            let says = match said.as_deref() {
                Some([one]) => format!("says `{}`", shown(one)),
                Some(_) | None => "may say anything".to_owned(),
            };
            let each = needs.iter().map(|name| format!("`{name}` ends as {}", of(name).as_str()));
            let each: Vec<String> = each.collect();
            Some(format!("where {}, it {says}, and the table `{wanted}`", each.join(", ")))
        })
    }

    /// What may have become of all jobs before a concluding one, run by run; the best first. None where
    /// there are too many.
    pub(super) fn ends_before(
        &self,
        id: JobId,
        written: WrittenJob<'r>,
    ) -> Option<Vec<Vec<(&'r str, NeedResult)>>> {
        let own = Workflow::of(self.machine);
        // What can't be read is reported where it stands.
        let Ok((workflow, _)) = self.runs(&own, &Decided::default(), None) else {
            return Some(Vec::new());
        };
        let of = |name| self.job(name).map(|job| self.needs(job)).unwrap_or_default();
        let table = self.machine.job(id).needs.iter();
        let table = table.filter_map(|&need| self.job(&self.machine.job(need).name)?.key.text());
        let before = closure(self.needs(written).into_iter().chain(table), of);
        let mut ends: Vec<Vec<Option<NeedResult>>> = vec![vec![None; workflow.plans.len()]];
        let is_before = |job: &&usize| before.contains(workflow.plans[**job].name.as_str());
        for &job in workflow.order.iter().filter(is_before) {
            let mut next = Vec::new();
            for end in ends {
                let result = |need: usize| end[need].unwrap_or(NeedResult::Skipped);
                for may in workflow.plans[job].may_end(&result) {
                    let mut end = end.clone();
                    end[job] = Some(may);
                    next.push(end);
                }
            }
            if next.len() > MOST_COMBINED {
                return None;
            }
            ends = next;
        }
        let named = |end: Vec<Option<NeedResult>>| {
            let of = |name: &&'r str| {
                let place = workflow.plans.iter().position(|plan| plan.name == **name)?;
                Some((*name, end[place]?))
            };
            before.iter().filter_map(of).collect()
        };
        Some(ends.into_iter().map(named).collect())
    }
}

/// The most runs of the jobs before a concluding one that are tried.
const MOST_COMBINED: usize = 1 << 16;

/// What became of the jobs before one, and those among them that it needs.
struct Results<'a> {
    all: Vec<(String, NeedResult)>,
    needs: Vec<String>,
    facts: &'a Facts,
}

impl Results<'_> {
    fn of(&self, job: &str) -> Option<NeedResult> {
        self.all.iter().find(|(name, _)| name == job).map(|(_, result)| *result)
    }
}

impl Known for Results<'_> {
    fn before(&self) -> Vec<NeedResult> {
        self.all.iter().map(|(_, result)| *result).collect()
    }

    fn names(&self) -> Vec<(String, NeedResult)> {
        let of = |need: &String| Some((need.clone(), self.of(need)?));
        self.needs.iter().filter_map(of).collect()
    }

    fn context(&self, keys: &[&str]) -> Held {
        self.facts.context(keys)
    }

    fn outputs(&self, job: &str) -> Option<Vec<String>> {
        self.facts.outputs(job)
    }
}

/// The variable that says what became of the others.
const RESULT: &str = "RESULT";
