//! Whether a concluding job comes to its first step whatever became of the others: what it waits for
//! besides them, and what around its steps may be an error.

use super::document::{Node, Value};
use super::facts::Facts;
use super::reading::{Reading, WrittenJob};
use crate::machine::{JobId, NeedResult};
use crate::workflow::expression::{self, Held, Known};

/// What else of a job GitHub looks at when its steps are done.
const LATER: [&str; 2] = ["steps", "outputs"];
/// What of a workflow GitHub looks at before a job's first step.
const OF_ALL: [&str; 3] = ["concurrency", "defaults", "env"];

impl<'r> Reading<'r> {
    /// What may keep a concluding job from its first step, and the way out.
    pub(super) fn may_not_begin(
        &self,
        id: JobId,
        written: WrittenJob<'r>,
    ) -> Option<(String, String)> {
        let waits = self.waits_for_more(written);
        let waits =
            waits.map(|(key, help)| (format!("may never begin, by its `{key}`"), help.to_owned()));
        waits.or_else(|| self.fails_before(id, written))
    }

    /// What a job waits for besides the others, and may wait for in vain: a key, and the way out.
    fn waits_for_more(&self, written: WrittenJob<'r>) -> Option<(&'static str, &'static str)> {
        let environment = self.value(written, "environment");
        if environment.is_some_and(|of| !of.is_null() && of.text() != Some("")) {
            let help = "take it off: it may have to be approved, and without an approval the row has \
                        no end; let a job before it have the environment";
            return Some(("environment", help));
        }
        let of_others = ["runs-on", "container", "services", "timeout-minutes", "concurrency"];
        let is_empty =
            |key: &&str| self.value(written, key).is_some_and(|of| self.is_empty_where_lost(of));
        let strategy = self.value(written, "strategy");
        // What a leg has at a key may be empty.
        let of_strategy = |key: &str| strategy.and_then(|strategy| strategy.get(key));
        let of_strategy = ["max-parallel", "fail-fast"].into_iter().filter_map(of_strategy);
        let strategy = of_strategy.into_iter().any(|of| self.is_empty_where_lost(of));
        let key = of_others.into_iter().find(is_empty).or(strategy.then_some("strategy"))?;
        let help = "write it out, or say what holds where the job that it is asked of did not end: \
                    `${{ needs.JOB.outputs.NAME || 'ubuntu-latest' }}`";
        Some((key, help))
    }

    /// Whether something in a value is empty where the jobs before did not end well.
    fn is_empty_where_lost(&self, value: &Node) -> bool {
        let facts = self.facts();
        let is_empty = |text: &str| {
            let asks = expression::asked(text, false).is_ok_and(|(of, _)| of.contains("needs"));
            asks && expression::may_be_empty(text, &Lost(&facts)).unwrap_or(true)
        };
        self.find_text(value, &|_, text| is_empty(text).then_some(())).is_some()
    }

    /// What may be an error before the first step of a job.
    fn fails_before(&self, id: JobId, written: WrittenJob<'r>) -> Option<(String, String)> {
        let is_before =
            |(key, _): &&(Node, Node)| key.text().is_none_or(|key| !LATER.contains(&key));
        let own = written.value.entries().iter().filter(is_before);
        let of_all = self.document.root.entries().iter();
        let of_all = of_all.filter(|(key, _)| key.text().is_some_and(|key| OF_ALL.contains(&key)));
        let values: Vec<&Node> = own.chain(of_all).map(|(_, value)| value).collect();
        let reads = |text: &str| text.to_lowercase().contains("fromjson");
        let asks = |value: &Node| self.find_text(value, &|_, text| reads(text).then_some(()));
        let asking: Vec<&Node> = values.into_iter().filter(|value| asks(value).is_some()).collect();
        if asking.is_empty() {
            return None;
        }
        let (facts, ends) = (self.facts(), self.ends_of_needs(id, written));
        let unread = |line: usize, text: &str| {
            let unread = |needs: &Vec<(String, NeedResult)>| {
                expression::unread_json(text, &Ended { needs, facts: &facts })
            };
            Some((line, reads(text).then(|| ends.iter().find_map(unread)).flatten()?))
        };
        let (line, unread) = asking.into_iter().find_map(|value| self.find_text(value, &unread))?;
        let read = &unread.text;
        Some(match unread.is_else_json {
            true => (
                format!(
                    "may fail before its first step: `fromJSON` on line {line} is an error where `{read}` \
                     is empty"
                ),
                format!("write `fromJSON({read} || 'null')` there"),
            ),
            false => (
                format!(
                    "may fail before its first step: `fromJSON` on line {line} is an error where `{read}` \
                     is no JSON"
                ),
                format!("write `{read}` there in the place of `fromJSON({read})`"),
            ),
        })
    }

    /// Every way in which the jobs that a concluding one names may have ended together.
    fn ends_of_needs(&self, id: JobId, written: WrittenJob<'r>) -> Vec<Vec<(String, NeedResult)>> {
        let needs = self.needs(written);
        let named = |of: &dyn Fn(&str) -> NeedResult| -> Vec<(String, NeedResult)> {
            needs.iter().map(|need| (need.to_lowercase(), of(need))).collect()
        };
        let mut ends = Vec::new();
        for end in self.ends_before(id, written).unwrap_or_default() {
            let result = |name: &str| {
                let mut of = end.iter().filter(|(other, _)| *other == name);
                of.next().map_or(NeedResult::Skipped, |(_, result)| *result)
            };
            let end = named(&result);
            if !ends.contains(&end) {
                ends.push(end);
            }
        }
        // Where there are too many to try each, each way in which all of them were lost.
        if ends.is_empty() {
            let lost = [NeedResult::Skipped, NeedResult::Failure, NeedResult::Cancelled];
            ends.extend(lost.map(|result| named(&|_| result)));
        }
        ends
    }

    /// What is found first in the texts of a value, each with its line.
    fn find_text<T>(&self, value: &Node, of: &dyn Fn(usize, &str) -> Option<T>) -> Option<T> {
        let value = self.document.resolved(value);
        match &value.value {
            Value::Scalar { text, .. } => of(value.line, text),
            Value::List { items, .. } => items.iter().find_map(|item| self.find_text(item, of)),
            Value::Map { entries, .. } => {
                entries.iter().find_map(|(_, value)| self.find_text(value, of))
            }
            Value::Alias(_) => None,
        }
    }
}

/// A run in which nothing ran before, so that nothing has an output.
struct Lost<'a>(&'a Facts);

impl Known for Lost<'_> {
    fn need(&self, _: &str) -> Option<NeedResult> {
        Some(NeedResult::Skipped)
    }

    fn context(&self, keys: &[&str]) -> Held {
        self.0.context(keys)
    }
}

/// A run in which the jobs before ended so: what did not succeed may have no output, and what did is
/// taken to have them all.
struct Ended<'a> {
    needs: &'a [(String, NeedResult)],
    facts: &'a Facts,
}

impl Known for Ended<'_> {
    fn names(&self) -> Vec<(String, NeedResult)> {
        self.needs.to_vec()
    }

    fn is_cancelled(&self) -> bool {
        self.needs.iter().any(|(_, result)| *result == NeedResult::Cancelled)
    }

    fn context(&self, keys: &[&str]) -> Held {
        let held = self.facts.context(keys);
        match keys {
            ["needs", job, "outputs", _] if held == Held::Unknown => match self.need(job) {
                Some(NeedResult::Success) => Held::Filled,
                Some(NeedResult::Failure | NeedResult::Cancelled | NeedResult::Skipped) | None => {
                    Held::Text(String::new())
                }
            },
            _ => held,
        }
    }
}
