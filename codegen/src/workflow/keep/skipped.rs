//! Steps that a milestone is the beginning of, and that their own `if:` may skip: the report above
//! would say what does not happen.

use super::document::Node;
use super::facts::Facts;
use super::reading::{Reading, WrittenJob};
use crate::machine::NeedResult;
use crate::suggest::shown;
use crate::workflow::expression::{Condition, Held, Known};

/// Machines by what their label begins with, and how a runner calls them.
const SYSTEMS: [(&str, &str); 3] =
    [("ubuntu-", "Linux"), ("windows-", "Windows"), ("macos-", "macOS")];

impl<'r> Reading<'r> {
    /// What stands at a step's `if:`, where the step may be skipped though all steps above it
    /// succeeded.
    pub(super) fn may_skip(&self, job: WrittenJob<'r>, step: &Node) -> Option<String> {
        let text = step.get("if").map(|value| self.document.resolved(value))?.text()?;
        // What can't be read is reported where conditions are.
        let condition = Condition::read(text).ok()?;
        let facts = self.facts();
        let may_not_hold = |skipped: NeedResult| {
            let result = |name: &&str| {
                let id = self.machine.job_ids().find(|&id| self.machine.job(id).name == **name);
                let may_skip = id.is_none_or(|id| self.machine.job(id).skippable);
                (name.to_lowercase(), if may_skip { skipped } else { NeedResult::Success })
            };
            let needs = self.needs(job).iter().map(result).collect();
            let above =
                Above { needs, facts: &facts, system: self.system(job), sure: self.sure(job) };
            condition.holds(&above).no
        };
        let is_skipped = [NeedResult::Success, NeedResult::Skipped].into_iter().any(may_not_hold);
        is_skipped.then(|| shown(text.trim()))
    }

    /// What to do about a milestone whose step may be skipped.
    pub(super) fn unskipped(condition: &str) -> String {
        format!(
            "take its `if: {condition}` off, and let its script ask for that; or put the milestone before \
             a step that is never skipped; or take it out of the table"
        )
    }

    /// The operating system of the machine that a job runs on, where its label says so.
    fn system(&self, job: WrittenJob<'r>) -> Option<&'static str> {
        let label = self.value(job, "runs-on")?.text()?;
        SYSTEMS.into_iter().find(|(of, _)| label.starts_with(of)).map(|(_, system)| system)
    }

    /// The ids of steps that succeeded where a step below them begins.
    fn sure(&self, job: WrittenJob<'r>) -> Vec<String> {
        let is_sure =
            |step: &Node| step.get("if").is_none() && step.get("continue-on-error").is_none();
        let sure = self.own_steps(job).into_iter().filter(|(_, step)| is_sure(step));
        sure.filter_map(|(_, step)| Some(step.get("id")?.text()?.to_lowercase())).collect()
    }
}

/// What is known above a step that is about to begin.
struct Above<'a> {
    needs: Vec<(String, NeedResult)>,
    facts: &'a Facts,
    system: Option<&'static str>,
    sure: Vec<String>,
}

impl Known for Above<'_> {
    fn names(&self) -> Vec<(String, NeedResult)> {
        self.needs.clone()
    }

    /// In a step the functions of status are about the steps above.
    fn before(&self) -> Vec<NeedResult> {
        Vec::new()
    }

    fn context(&self, keys: &[&str]) -> Held {
        match keys {
            ["job", "status"] => Held::Text("success".to_owned()),
            ["runner", "os"] => self.system.map_or(Held::Filled, |of| Held::Text(of.to_owned())),
            ["steps", id, "outcome" | "conclusion"] if self.sure.iter().any(|sure| sure == id) => {
                Held::Text("success".to_owned())
            }
            _ => self.facts.context(keys),
        }
    }
}
