//! What is said of a job that calls a workflow.

use super::super::document::Node;
use super::super::lines::Lines;
use super::super::reading::Reading;
use super::Called;
use crate::emit::workflow::{Credential, TOKEN_INPUT};
use crate::finding::{Finding, Severity};
use crate::rules::{self, Rule};
use crate::suggest::{self, shown};
use crate::table::Source;
use crate::workflow::yaml;

/// What is said of a job that calls a workflow: the rule, the message, and the help.
pub(super) struct Said(pub(super) &'static Rule, pub(super) String, pub(super) String);

/// The job, as what is said of it begins.
pub(super) fn calls(called: &Called<'_>, name: &str) -> String {
    format!("the job `{}`, which calls `{}`,", shown(name), called.path)
}

/// What is said where two jobs of a run call the workflow for one row.
pub(super) fn twice(
    called: &Called<'_>,
    source: &Source,
    reading: &Reading<'_>,
    first: &str,
    name: &str,
    is_same: bool,
) -> Finding {
    let line = reading.job(name).map_or(1, |job| job.key.line);
    let why = match is_same {
        true => "for the row for which `{}` does: both report it",
        false => "in the run in which `{}` does: a run has one token, which opens one row",
    };
    let message = format!("{} does so {}", calls(called, name), why.replace("{}", &shown(first)));
    let help = "call it once in a run";
    let span = Lines::of(&source.text).span(line);
    let finding = source.finding(rules::MATRIX_JOB, Severity::Error, span, message, help);
    Finding { span: None, ..finding }
}

/// What is said of a job that gives no row's id.
pub(super) fn without_id(called: &Called<'_>, reading: &Reading<'_>, name: &str) -> Said {
    let id = yaml::name(&called.id);
    let with = reading.job(name).and_then(|job| reading.value(job, "with"));
    let is_given = |key: &Node| key.text().is_some_and(|key| key.eq_ignore_ascii_case(&called.id));
    let line = format!("{id}: ${{{{ inputs.{} }}}}", called.id);
    let help = match with.map(Node::entries) {
        Some(entries) if entries.iter().any(|(key, _)| is_given(key)) => {
            format!("write `{line}` there")
        }
        Some([_, ..]) => format!("add to its `with:`\n      {line}\n"),
        Some([]) | None => format!("give the job\n    with:\n      {line}\n"),
    };
    let token = (reading.target.credential == Credential::Token).then_some(TOKEN_INPUT);
    let inputs = [called.id.as_str()].into_iter().chain(token);
    let missing: Vec<&str> =
        inputs.filter(|input| !reading.takes("workflow_dispatch", input)).collect();
    let and = match missing.is_empty() || !reading.has_trigger("workflow_dispatch") {
        true => String::new(),
        false => format!(
            "and its workflow the inputs {}, each a text that the console gives",
            suggest::list(&missing)
        ),
    };
    Said(
        rules::MISSING_INPUT,
        format!("{} does not give it the row's id: its reports are silent", calls(called, name)),
        format!("{help}{and}").trim_end().to_owned(),
    )
}

/// What is said of a job that gives something else as the row's id, or not in every run.
pub(super) fn other_id(
    called: &Called<'_>,
    name: &str,
    text: &str,
    input: Option<String>,
    may_be_ours: bool,
) -> Said {
    let id = yaml::name(&called.id);
    let message = format!(
        "{} gives it, as the row's id, `{}`, which is not in every run the one that the console gives",
        calls(called, name),
        shown(text.trim())
    );
    let help = match may_be_ours {
        true => format!(
            "write `{id}: ${{{{ inputs.{} }}}}` and no more: where no console started the run it is empty, and \
             the reports are silent",
            input.unwrap_or_else(|| called.id.clone())
        ),
        false => format!(
            "take `{id}` off: no console starts that workflow, and the reports are silent then"
        ),
    };
    Said(rules::MISSING_INPUT, message, help)
}

/// Says of the inputs that the workflow of a calling job lacks, or has of another type than a text.
pub(super) fn without_inputs(
    called: &Called<'_>,
    reading: &Reading<'_>,
    name: &str,
    context: &str,
    id: &str,
) -> Vec<Said> {
    let is_there = |input: &str| {
        ["workflow_dispatch", "workflow_call"].iter().any(|by| reading.takes(by, input))
    };
    if context != "inputs" {
        return Vec::new();
    }
    let token = (reading.target.credential == Credential::Token).then_some(TOKEN_INPUT);
    let inputs: Vec<&str> = [id].into_iter().chain(token).collect();
    let reported = |(rule, message, help)| {
        Said(rule, format!("{message}, in the workflow of the job `{}`", shown(name)), help)
    };
    let mut all: Vec<Said> = reading.odd_inputs(&inputs).into_iter().map(reported).collect();
    if !reading.has_trigger("workflow_dispatch") {
        return all;
    }
    let missing = inputs.into_iter().filter(|input| !is_there(input));
    let said = |input| {
        Said(
            rules::MISSING_INPUT,
            format!("the workflow of the job `{}` has no input `{input}`", shown(name)),
            format!(
                "add the input `{input}`, a text, to its `workflow_dispatch`: {} reports by it",
                calls(called, name)
            ),
        )
    };
    all.extend(missing.map(said));
    all
}
