//! The concurrency groups that runs of several rows wait in: a run that waits and is replaced by a
//! later one ends without a report.

use super::document::Node;
use super::reading::{Found, Reading};
use crate::workflow::expression;

impl<'r> Reading<'r> {
    /// The concurrency group in which the job or the whole run waits beside those of other rows: one
    /// that waits is cancelled where a later one comes, and nothing of it runs.
    pub(super) fn shared_group(&self, job: Found<'r>) -> Option<&'r Node> {
        let whole =
            self.document.root.get("concurrency").map(|value| self.document.resolved(value));
        let group =
            |value: &'r Node| value.get("group").or(Some(value).filter(|v| v.text().is_some()));
        // One that lets more than one wait replaces none.
        let is_queue = |value: &&Node| value.get("queue").and_then(Node::text) == Some("max");
        let both = [whole, self.value(job, "concurrency")].into_iter().flatten();
        both.filter(|value| !is_queue(value)).filter_map(group).find(|group| self.is_shared(group))
    }

    /// Whether two runs can wait in a group of that name.
    fn is_shared(&self, group: &Node) -> bool {
        let text = group.text().unwrap_or_default();
        let is_own = expression::is_own(text, &self.facts(), &self.own_keys());
        !group.is_null() && !is_own.unwrap_or(false)
    }

    /// Where what no other run has comes from, key by key, in small letters.
    fn own_keys(&self) -> Vec<Vec<String>> {
        let keys = |way: &str| way.split('.').map(str::to_owned).collect();
        let mut own = vec![self.id_keys.clone(), keys("github.run_id")];
        if self.event() == Some("workflow_dispatch") {
            own.push([keys("github.event"), self.id_keys.clone()].concat());
        }
        // Runs of each workflow are counted by themselves: two that call this one may have one number.
        if self.event().is_some() {
            own.push(keys("github.run_number"));
        }
        own
    }
}
