//! The dispatch inputs that the reports need: without the one they are silent, without the other
//! they cannot be authenticated.

use super::Around;
use super::document::{Node, Value};
use super::lines::{self, Edit};
use super::reading::Reading;
use crate::emit::workflow::{Credential, TOKEN_INPUT};
use crate::finding::{Findings, Severity};
use crate::rules::{self, Rule};
use crate::suggest::{self, shown};
use crate::workflow::yaml;

/// An input that the workflow lacks.
pub(super) struct Missing {
    name: String,
    description: String,
}

impl Reading<'_> {
    /// Says what the workflow lacks to be started by the console.
    pub(super) fn judge_inputs(&self, around: &Around, findings: &mut Findings<'_>) {
        let on = self.document.root.entry("on");
        let span = self.lines.span(on.map_or(1, |(key, _)| key.line));
        let mut add = |rule, message: String, help: String| {
            findings.add(rule, Severity::Error, span.clone(), message, help);
        };
        if self.target.is_payload() {
            if !self.has_trigger("repository_dispatch") {
                let message =
                    "nothing gives the workflow the row's id: it has no `repository_dispatch`";
                let help = self.written_out("repository_dispatch", "repository_dispatch:\n");
                add(rules::NO_DISPATCH, message.to_owned(), help);
            }
            return;
        }
        if !self.has_trigger("workflow_dispatch") && !self.has_trigger("workflow_call") {
            let (message, help) = self.undispatched(&around.file);
            add(rules::NO_DISPATCH, message.to_owned(), help);
            return;
        }
        if self.started_by.is_empty() && !self.has_trigger("workflow_dispatch") {
            let inputs = trigger("workflow_dispatch", &self.caller_inputs());
            let message = "no workflow that calls this one is started by a console: none has \
                           `workflow_dispatch`";
            let help = format!(
                "add to the `on:` of the one that a console is to start\n{}\nand hand the id on, by `with:` of \
                 the job that calls this one",
                lines::at_column(&inputs, 2).join("\n")
            );
            add(rules::NO_DISPATCH, message.to_owned(), help);
            return;
        }
        for (rule, message, help) in self.odd_inputs(&[&self.target.id_input, TOKEN_INPUT]) {
            add(rule, message, help);
        }
        let number = self.dispatch_inputs() + self.missing_inputs().len();
        if number > MOST_INPUTS {
            let message = format!(
                "`workflow_dispatch` would have {number} inputs with those of the reports, and GitHub \
                 takes {MOST_INPUTS}"
            );
            let help = format!(
                "take {} of your own away, for instance by giving several as one text of JSON; or \
                 start the workflow by `repository_dispatch`, with `id_input = \"client_payload.{}\"` \
                 in the table",
                number - MOST_INPUTS,
                self.target.id_input
            );
            add(rules::TOO_MANY_INPUTS, message, help);
            return;
        }
        let missing = self.missing_inputs();
        let help = match self.place_inputs(&missing) {
            Some(_) => around.adopt.clone(),
            None => self.dispatched(&missing),
        };
        let names: Vec<&str> = missing.iter().map(|input| input.name.as_str()).collect();
        if !names.is_empty() {
            let s = if names.len() > 1 { "s" } else { "" };
            let message = format!("the workflow has no input{s} {}", suggest::list(&names));
            add(rules::MISSING_INPUT, message, help);
        }
    }

    /// What is said of a workflow that nothing gives its inputs, and the way out.
    fn undispatched(&self, file: &str) -> (&'static str, String) {
        let id = &self.target.id_input;
        if !self.has_trigger("repository_dispatch") && self.has_trigger("workflow_run") {
            // What it follows could hand the id on, but the token to no one else.
            let help = format!(
                "let the workflow that it follows call it, by a job without `needs` or `if`, with\n    uses: ./{file}\n    \
                 with:\n      {}: ${{{{ {} }}}}\nand let the console start that one; here take \
                 `workflow_run` away, and {}",
                yaml::name(id),
                self.target.id(),
                self.written_out("workflow_call", &trigger("workflow_call", &[self.id_input()]))
            );
            return ("a run that follows another, by `workflow_run`, is given no inputs", help);
        }
        let mut help = self.dispatched(&self.missing_inputs());
        if self.has_trigger("repository_dispatch") {
            help = format!(
                "write `id_input = \"client_payload.{id}\"` in the table, where that brings the row's \
                 id; or {help}"
            );
        }
        ("nothing gives the workflow its inputs: it is neither dispatched nor called", help)
    }

    fn dispatched(&self, missing: &[Missing]) -> String {
        self.written_out("workflow_dispatch", &trigger("workflow_dispatch", missing))
    }

    /// What a person writes at `on:` for a trigger, in addition to the others that it has.
    fn written_out(&self, name: &str, text: &str) -> String {
        let at = |column: usize| lines::at_column(text, column).join("\n");
        let on = self.document.root.get("on");
        let Some(on) = on.filter(|on| !on.entries().is_empty()) else {
            let names = on.map(Node::texts).unwrap_or_default();
            let others = names.into_iter().filter(|other| ![name, "workflow_run"].contains(other));
            let others: String = others.map(|name| format!("\n  {name}:")).collect();
            return format!("write, in lines of its own\non:{others}\n{}", at(2));
        };
        let column = on.entries().first().map_or(2, |(key, _)| key.column);
        match (on.is_block_map(), on.entry(name)) {
            (true, None) => format!("add below `on:`\n{}", at(column)),
            (true, Some(_)) => {
                format!("write, in lines of its own, with what stands there\n{}", at(column))
            }
            (false, _) => {
                format!("write, in lines of its own, with what stands there\non:\n{}", at(2))
            }
        }
    }

    pub(super) fn inputs(&self, trigger: &str) -> Option<&Node> {
        self.document.resolved(self.document.root.get("on")?).get(trigger)?.get("inputs")
    }

    fn dispatch_inputs(&self) -> usize {
        self.inputs("workflow_dispatch").map_or(0, |inputs| inputs.entries().len())
    }

    /// What is wrong with inputs of these names: a type that takes no text, or a text that is there in runs
    /// that no console started.
    pub(super) fn odd_inputs(&self, names: &[&str]) -> Vec<(&'static Rule, String, String)> {
        let is_ours = |key: &Node| {
            key.text().is_some_and(|key| names.iter().any(|n| n.eq_ignore_ascii_case(key)))
        };
        let all =
            ["workflow_dispatch", "workflow_call"].into_iter().filter_map(|on| self.inputs(on));
        let mut odd = Vec::new();
        for (key, input) in all.flat_map(Node::entries).filter(|(key, _)| is_ours(key)) {
            let input = self.document.resolved(input);
            let name = shown(key.text().unwrap_or_default());
            let text = |key: &str| input.get(key).and_then(Node::text);
            if let Some(given) = text("type").filter(|given| *given != "string") {
                let given = shown(&suggest::cut(given));
                odd.push((
                    rules::INPUT_TYPE,
                    format!("the input `{name}` has `type: {given}`: the console gives a text"),
                    "write `type: string`".to_owned(),
                ));
            } else if let Some(default) = text("default").filter(|text| !text.is_empty()) {
                if input.get("default").is_some_and(Node::is_null) {
                    continue;
                }
                odd.push((
                    rules::INPUT_DEFAULT,
                    format!(
                        "the input `{name}` has `default: {}`: a run that somebody starts by hand would \
                         report with it",
                        shown(&suggest::cut(default))
                    ),
                    "write `default: \"\"`: left empty, the run reports nothing".to_owned(),
                ));
            }
        }
        odd
    }

    /// What triggers a run that a console starts, where only one thing can.
    pub(super) fn event(&self) -> Option<&'static str> {
        let may_be_called = self.has_trigger("workflow_call");
        if self.target.is_payload() {
            return (!may_be_called).then_some("repository_dispatch");
        }
        (!may_be_called && self.has_trigger("workflow_dispatch")).then_some("workflow_dispatch")
    }

    pub(super) fn has_trigger(&self, name: &str) -> bool {
        self.document.starts_by(name)
    }

    /// The inputs that neither a dispatch nor a caller can give.
    pub(super) fn missing_inputs(&self) -> Vec<Missing> {
        let id = &self.target.id_input;
        let mut missing = Vec::new();
        if self.target.is_payload() {
            return missing;
        }
        if !self.takes("workflow_dispatch", id) && !self.takes("workflow_call", id) {
            missing.push(self.id_input());
        }
        // The script reads the token from the event, which is the caller's in a called workflow.
        let is_called = self.has_trigger("workflow_call") && !self.has_trigger("workflow_dispatch");
        let by_token = self.target.credential == Credential::Token;
        if by_token && !is_called && !self.takes("workflow_dispatch", TOKEN_INPUT) {
            missing.push(self.token_input());
        }
        missing
    }

    /// What the workflow that a console starts gets, where it calls this one.
    fn caller_inputs(&self) -> Vec<Missing> {
        let by_token = self.target.credential == Credential::Token;
        [self.id_input()].into_iter().chain(by_token.then(|| self.token_input())).collect()
    }

    fn token_input(&self) -> Missing {
        let machine = &self.machine.name;
        Missing {
            name: TOKEN_INPUT.to_owned(),
            description: format!("Given by the console: it opens only this one {machine}."),
        }
    }

    /// Whether a trigger has an input of a name.
    pub(super) fn takes(&self, trigger: &str, name: &str) -> bool {
        let is_it = |key: &Node| key.text().is_some_and(|key| key.eq_ignore_ascii_case(name));
        self.inputs(trigger)
            .is_some_and(|inputs| inputs.entries().iter().any(|(key, _)| is_it(key)))
    }

    fn id_input(&self) -> Missing {
        let description =
            "Given by the console that starts this run; left empty, the run reports nothing.";
        Missing { name: self.target.id_input.clone(), description: description.to_owned() }
    }

    /// What a person has to do before a report can ask for its inputs.
    pub(super) fn lacks_inputs(&self) -> Option<String> {
        if !["workflow_dispatch", "workflow_call"].iter().any(|by| self.has_trigger(by))
            && !self.target.is_payload()
        {
            return Some("first let a console start it, as `no-dispatch` says".to_owned());
        }
        let missing = self.missing_inputs();
        let names: Vec<&str> = missing.iter().map(|input| input.name.as_str()).collect();
        let is_lacking = !names.is_empty() && self.place_inputs(&missing).is_none();
        is_lacking.then(|| format!("first give the workflow {}", suggest::list(&names)))
    }

    /// The change that adds inputs, where what dispatches or calls the workflow has a line of its own
    /// to add them to.
    pub(super) fn place_inputs(&self, missing: &[Missing]) -> Option<Edit> {
        let on = self.document.root.get("on")?;
        let (key, dispatch) =
            on.entry("workflow_dispatch").or_else(|| on.entry("workflow_call"))?;
        let is_full = self.dispatch_inputs() + missing.len() > MOST_INPUTS;
        if missing.is_empty() || is_full || !on.is_block_map() {
            return None;
        }
        let after = |line: usize, lines: Vec<String>| Some(Edit { at: line..line, lines });
        let all = |column: usize| {
            missing.iter().flat_map(|input| input.lines(column)).collect::<Vec<String>>()
        };
        if dispatch.is_left_out() {
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
        if entries.is_left_out() {
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

/// How a console starts a run.
pub(super) const CALLS: [&str; 2] = ["workflow_dispatch", "repository_dispatch"];

/// The most inputs that GitHub takes of a dispatch.
const MOST_INPUTS: usize = 25;

/// A trigger with inputs, from the first column on.
fn trigger(name: &str, inputs: &[Missing]) -> String {
    let mut lines = vec![format!("{name}:"), "  inputs:".to_owned()];
    lines.extend(inputs.iter().flat_map(|input| input.lines(4)));
    lines.join("\n")
}
