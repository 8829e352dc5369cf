//! A concluding job: whether it begins whatever became of the others, and says what did.

use super::document::Node;
use super::facts::Facts;
use super::reading::{Found, Reading};
use crate::finding::Severity;
use crate::machine::{JobId, NeedResult, conclude};
use crate::rules::{self, Rule};
use crate::workflow::expression::{self, Held, Known};

impl<'r> Reading<'r> {
    /// A concluding job knows what became of the others, and says it.
    pub(super) fn judge_conclusion(
        &self,
        id: JobId,
        found: Found<'r>,
        tell: &mut impl FnMut(&'static Rule, Severity, String, &str),
    ) {
        let name = found.key.text().unwrap_or_default();
        let result = self.value(found, "env").and_then(|env| env.get("RESULT")?.text());
        let wanted = self.github().result(id);
        if !result.is_some_and(|result| self.says_the_same(id, found, result)) {
            let message = format!("the job `{name}` does not say what became of the others");
            let help = format!("give it, in its `env:`, `RESULT: {wanted}`");
            tell(rules::CONCLUSION, Severity::Error, message, &help);
        }
        if let Some(line) = self.says_otherwise(found) {
            let message = format!(
                "the job `{name}` may say something else: the step on line {line} writes `RESULT` for \
                 the steps below it"
            );
            let help =
                "let that step call its variable otherwise: the report says what `RESULT` does";
            tell(rules::CONCLUSION, Severity::Error, message, help);
        }
        if let Some((key, help)) = self.waits_for_more(found) {
            let message = format!(
                "the job `{name}` may never begin, by its `{key}`: nobody says then what became of the row"
            );
            tell(rules::CONCLUSION, Severity::Error, message, help);
        }
    }

    /// The line of a step that writes the variable by which the outcome is reported.
    fn says_otherwise(&self, found: Found<'r>) -> Option<usize> {
        let writes = |step: &Node| {
            let script = step.get("run").and_then(Node::text).unwrap_or_default();
            let is_word = |at: usize| {
                let before = script[..at].chars().next_back();
                let after = script[at + RESULT.len()..].trim_start();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
                    && (after.starts_with('=') || after.starts_with("<<"))
            };
            let is_file = script.to_uppercase().contains("GITHUB_ENV");
            is_file && script.match_indices(RESULT).any(|(at, _)| is_word(at))
        };
        self.own_steps(found).into_iter().find(|(_, step)| writes(step)).map(|(line, _)| line)
    }

    /// What a job waits for besides the others, and may wait for in vain: a key, and the way out.
    fn waits_for_more(&self, found: Found<'r>) -> Option<(&'static str, &'static str)> {
        let environment = self.value(found, "environment");
        if environment.is_some_and(|of| !of.is_null() && of.text() != Some("")) {
            let help = "take it off: it may have to be approved, and whoever doesn't leaves the row without \
                        an end; let a job before it have the environment";
            return Some(("environment", help));
        }
        let of_others = ["runs-on", "container", "services", "timeout-minutes", "concurrency"];
        let is_empty =
            |key: &&str| self.value(found, key).is_some_and(|of| self.is_empty_where_lost(of));
        let key = of_others.into_iter().find(is_empty)?;
        let help = "write it out, or say what holds where the job that it is asked of did not end: \
                    `${{ needs.JOB.outputs.NAME || 'ubuntu-latest' }}`";
        Some((key, help))
    }

    /// Whether something in a value is empty where the jobs before did not end well.
    fn is_empty_where_lost(&self, value: &Node) -> bool {
        if value.items().iter().any(|item| self.is_empty_where_lost(item)) {
            return true;
        }
        let mut of_keys = value.entries().iter().map(|(_, of)| of);
        if of_keys.any(|of| self.is_empty_where_lost(self.document.resolved(of))) {
            return true;
        }
        let text = value.text().unwrap_or_default();
        let asks = expression::asked(text, false).is_ok_and(|(of, _)| of.contains("needs"));
        asks && expression::may_be_empty(text, &Lost(&self.facts())).unwrap_or(true)
    }

    /// Whether an expression says of the table's jobs what the table says, whatever became of them.
    fn says_the_same(&self, id: JobId, found: Found<'r>, result: &str) -> bool {
        let needed = &self.machine.job(id).needs;
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        if words(result) == words(&self.github().result(id)) {
            return true;
        }
        if needed.len() > MOST_COMBINED {
            return false;
        }
        let attempted = self.machine.concluding_attempted(id);
        (0..NeedResult::ALL.len().pow(needed.len() as u32)).all(|number| {
            let of = |need: JobId| {
                let at = needed.iter().position(|&other| other == need).unwrap_or_default();
                NeedResult::ALL
                    [number / NeedResult::ALL.len().pow(at as u32) % NeedResult::ALL.len()]
            };
            let named = |name: &&str| {
                let need = needed.iter().find(|&&need| self.machine.job(need).name == **name);
                (name.to_lowercase(), need.map_or(NeedResult::Success, |&need| of(need)))
            };
            let results = Results(self.needs(found).iter().map(named).collect());
            let is_skippable = |need: JobId| self.machine.job(need).skippable;
            let wanted = conclude(&attempted, is_skippable, of).0.as_str();
            let said = expression::texts(result, &results).ok().flatten();
            said.is_some_and(|said| said.iter().all(|text| text == wanted))
        })
    }
}

/// The most jobs of which every combination of results is tried.
const MOST_COMBINED: usize = 8;

/// What became of the jobs that a job needs.
struct Results(Vec<(String, NeedResult)>);

impl Known for Results {
    fn need(&self, job: &str) -> Option<NeedResult> {
        self.0.iter().find(|(name, _)| name == job).map(|(_, result)| *result)
    }

    fn needs(&self) -> Vec<NeedResult> {
        self.0.iter().map(|(_, result)| *result).collect()
    }

    fn before(&self) -> Vec<NeedResult> {
        self.needs()
    }

    fn is_cancelled(&self) -> bool {
        false
    }

    fn context(&self, _: &[&str]) -> Held {
        Held::Unknown
    }
}

/// The variable that says what became of the others.
const RESULT: &str = "RESULT";

/// A run in which nothing ran before, so that nothing has an output.
struct Lost<'a>(&'a Facts);

impl Known for Lost<'_> {
    fn need(&self, _: &str) -> Option<NeedResult> {
        Some(NeedResult::Skipped)
    }

    fn needs(&self) -> Vec<NeedResult> {
        Vec::new()
    }

    fn before(&self) -> Vec<NeedResult> {
        Vec::new()
    }

    fn is_cancelled(&self) -> bool {
        false
    }

    fn context(&self, keys: &[&str]) -> Held {
        self.0.context(keys)
    }
}
