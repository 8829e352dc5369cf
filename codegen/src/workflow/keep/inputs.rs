//! The dispatch inputs that the reports need: without the one they are silent, without the other
//! they cannot be authenticated.

use super::document::{Node, Value};
use super::lines::Edit;
use super::reading::Reading;
use crate::emit::workflow::TOKEN_INPUT;
use crate::finding::{Findings, Severity};
use crate::rules;
use crate::suggest;
use crate::workflow::yaml;

/// An input that the workflow lacks.
pub(super) struct Missing {
    name: String,
    description: String,
}

impl Reading<'_> {
    /// Says what the workflow lacks to be started by the console.
    pub(super) fn judge_inputs(&self, mend: &str, findings: &mut Findings<'_>) {
        let trigger = self.document.root.entry("on");
        let span = self.lines.span(trigger.map_or(1, |(key, _)| key.line));
        if !self.has_trigger("workflow_dispatch") && !self.has_trigger("workflow_call") {
            let message =
                "nothing gives the workflow its inputs: it is neither dispatched nor called";
            let help = format!("add to `on:`\n{}", dispatch(&self.missing_inputs()).join("\n"));
            findings.tell(rules::NO_DISPATCH, Severity::Error, span, message, help);
            return;
        }
        let missing = self.missing_inputs();
        let help = match self.place_inputs(&missing) {
            Some(_) => mend.to_owned(),
            None => format!("write in lines of its own\n{}", dispatch(&missing).join("\n")),
        };
        for input in &missing {
            let message = format!("the workflow has no input `{}`", input.name);
            findings.tell(
                rules::MISSING_INPUT,
                Severity::Error,
                span.clone(),
                message,
                help.clone(),
            );
        }
    }

    /// Where the row's id comes from, key by key, in small letters.
    pub(super) fn id_keys(&self) -> Vec<String> {
        self.target.id().to_lowercase().split('.').map(str::to_owned).collect()
    }

    /// What triggers a run that a console starts, where only one thing can.
    pub(super) fn event(&self) -> Option<&'static str> {
        let may_be_called = self.has_trigger("workflow_call");
        (!may_be_called && self.has_trigger("workflow_dispatch")).then_some("workflow_dispatch")
    }

    fn has_trigger(&self, name: &str) -> bool {
        let Some(on) = self.document.root.get("on") else { return false };
        on.texts().contains(&name) || on.entry(name).is_some()
    }

    /// The inputs that neither a dispatch nor a caller can give.
    pub(super) fn missing_inputs(&self) -> Vec<Missing> {
        let takes = |trigger: &str, name: &str| {
            let on = self.document.root.get("on").and_then(|on| on.get(trigger)?.get("inputs"));
            on.is_some_and(|inputs| {
                let name =
                    |key: &Node| key.text().is_some_and(|key| key.eq_ignore_ascii_case(name));
                inputs.entries().iter().any(|(key, _)| name(key))
            })
        };
        let (id, machine) = (&self.target.id_input, &self.machine.name);
        let mut missing = Vec::new();
        if !takes("workflow_dispatch", id) && !takes("workflow_call", id) {
            missing.push(Missing {
                name: id.clone(),
                description: "Given by the console that starts this run; left empty, the run \
                              reports nothing."
                    .to_owned(),
            });
        }
        // The script reads the token from the event, which is the caller's in a called workflow.
        let is_called = self.has_trigger("workflow_call") && !self.has_trigger("workflow_dispatch");
        if !is_called && !takes("workflow_dispatch", TOKEN_INPUT) {
            missing.push(Missing {
                name: TOKEN_INPUT.to_owned(),
                description: format!("Given by the console: it opens this one {machine} alone."),
            });
        }
        missing
    }

    /// What a person has to do before a report can ask for its inputs.
    pub(super) fn lacks_inputs(&self) -> Option<String> {
        let missing = self.missing_inputs();
        let names: Vec<&str> = missing.iter().map(|input| input.name.as_str()).collect();
        let is_lacking = !names.is_empty() && self.place_inputs(&missing).is_none();
        is_lacking.then(|| format!("first give the workflow {}", suggest::list(&names)))
    }

    /// The change that adds inputs, where `workflow_dispatch` has a line of its own to add them to.
    pub(super) fn place_inputs(&self, missing: &[Missing]) -> Option<Edit> {
        let (key, dispatch) = self.document.root.get("on")?.entry("workflow_dispatch")?;
        if missing.is_empty() || !self.document.root.get("on")?.is_block_map() {
            return None;
        }
        let after = |line: usize, lines: Vec<String>| Some(Edit { at: line..line, lines });
        let all = |column: usize| {
            missing.iter().flat_map(|input| input.lines(column)).collect::<Vec<String>>()
        };
        if dispatch.is_null() {
            let mut lines = vec![format!("{}inputs:", " ".repeat(key.column + 2))];
            lines.extend(all(key.column + 4));
            return after(key.line, lines);
        }
        if !dispatch.is_block_map() {
            return None;
        }
        let Some((inputs, entries)) = dispatch.entry("inputs") else {
            let column = dispatch.entries().first()?.0.column;
            let mut lines = vec![format!("{}inputs:", " ".repeat(column))];
            lines.extend(all(column + 2));
            return after(key.line, lines);
        };
        if entries.is_null() {
            return after(inputs.line, all(inputs.column + 2));
        }
        match &entries.value {
            Value::Map { entries: all_of_them, is_flow: false } => {
                let column = all_of_them.first()?.0.column;
                let last = self.last_line(inputs.line, self.document.until(entries));
                after(last, all(column))
            }
            Value::Map { .. } | Value::List { .. } | Value::Scalar { .. } | Value::Alias(_) => None,
        }
    }
}

impl Missing {
    fn lines(&self, column: usize) -> Vec<String> {
        let indentation = " ".repeat(column);
        let name = yaml::name(&self.name);
        vec![
            format!("{indentation}{name}:"),
            format!("{indentation}  description: \"{}\"", self.description),
            format!("{indentation}  type: string"),
            format!("{indentation}  required: false"),
            format!("{indentation}  default: \"\""),
        ]
    }
}

/// What a person would write.
fn dispatch(missing: &[Missing]) -> Vec<String> {
    let mut lines = vec!["workflow_dispatch:".to_owned(), "  inputs:".to_owned()];
    lines.extend(missing.iter().flat_map(|input| input.lines(4)));
    lines
}
