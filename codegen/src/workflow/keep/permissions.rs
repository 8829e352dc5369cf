//! The permission by which a job gets a token of its own: what it reports without one is refused.

use super::document::{Node, Value};
use super::inputs::CALLS;
use super::reading::{Reading, WrittenJob};
use crate::emit::workflow::Credential;
use crate::finding::{Findings, Severity};
use crate::machine::JobId;
use crate::rules;

impl<'r> Reading<'r> {
    /// Says of a job that reports by its own token and may not ask for it.
    pub(super) fn judge_permissions(
        &self,
        id: JobId,
        written: WrittenJob<'r>,
        findings: &mut Findings<'_>,
    ) {
        let reports = self.expected_of(id).next().is_some();
        if let Some(help) = self.lacks_token(written).filter(|_| reports) {
            let message = format!(
                "the job `{}` may not ask for a token of its own: `credential` is `oidc`, and its reports \
                 would be refused",
                self.machine.job(id).name
            );
            let span = self.lines.span(written.key.line);
            findings.add(rules::MISSING_PERMISSION, Severity::Error, span, message, help);
        }
    }

    /// Where a job may not ask for a token that its reports, or those of the jobs that it calls, need:
    /// the way out.
    pub(super) fn lacks_token(&self, job: WrittenJob<'r>) -> Option<String> {
        if self.target.credential != Credential::Oidc {
            return None;
        }
        let whole = self.document.root.get("permissions").map(|of| self.document.resolved(of));
        let given = self.value(job, "permissions").or(whole);
        let is_given = match given.map(|given| (given.text(), given.get("id-token"))) {
            // What its callers are given is looked at there.
            None => {
                let is_dispatched = CALLS.iter().any(|trigger| self.has_trigger(trigger));
                self.has_trigger("workflow_call") && !is_dispatched
            }
            Some((text, token)) => {
                text == Some("write-all") || token.and_then(Node::text) == Some("write")
            }
        };
        if is_given {
            return None;
        }
        // With a `permissions` of its own a job has what stands there, and no more.
        let others: Vec<String> = match given.map(|given| &given.value) {
            Some(Value::Map { entries, .. }) => entries
                .iter()
                .filter_map(|(key, value)| Some((key.text()?, value.text()?)))
                .filter(|(key, _)| *key != "id-token")
                .map(|(key, value)| format!("{key}: {value}"))
                .collect(),
            Some(Value::Scalar { .. } | Value::List { .. } | Value::Alias(_)) | None => {
                vec!["contents: read".to_owned()]
            }
        };
        let lines: String = others.iter().map(|line| format!("      {line}\n")).collect();
        let rest = match given.map(|given| &given.value) {
            Some(Value::Map { .. }) => "",
            Some(_) | None => {
                "\nand what else its steps need: it has what stands there, and no more"
            }
        };
        Some(format!("give it\n    permissions:\n{lines}      id-token: write{rest}"))
    }
}
