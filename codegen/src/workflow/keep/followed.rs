//! A job that can't report is followed by one that does, which takes its name. What others ask of that
//! name is handed on, or named.

use std::collections::BTreeSet;

use super::document::{Node, Value};
use super::reading::{Reading, WrittenJob};
use crate::machine::Job;
use crate::suggest;
use crate::workflow::expression;

impl<'r> Reading<'r> {
    /// How a job that can't report is followed by one that does.
    pub(super) fn followed(&self, job: &Job, written: WrittenJob<'r>) -> String {
        let name = &job.name;
        let is_free = |other: &String| self.job(other).is_none();
        let mut other = (1..).map(|number| match number {
            1 => format!("{name}-work"),
            _ => format!("{name}-work-{number}"),
        });
        let other = other.find(is_free).unwrap_or_default();
        let off = self.off(job).map(|off| off + ", ").unwrap_or_default();
        let asked = self.asked_of(name);
        let results = match asked.results.is_empty() {
            true => String::new(),
            false => format!(
                "let what asks for `needs.{name}.result` (in {}) need `{other}` and ask for that, ",
                suggest::list(&asked.results.iter().copied().collect::<Vec<_>>())
            ),
        };
        // Each is called as the job has it, where the job says so.
        let own = self.value(written, "outputs").map_or(&[][..], Node::entries);
        let called = |output: &String| {
            let own = own.iter().filter_map(|(key, _)| key.text());
            let mut own = own.filter(|own| own.eq_ignore_ascii_case(output));
            own.next().unwrap_or(output).to_owned()
        };
        let outputs = asked.outputs.iter().map(called);
        let outputs: String = outputs
            .map(|output| format!("      {output}: ${{{{ needs.{other}.outputs.{output} }}}}\n"))
            .collect();
        let outputs = match outputs.is_empty() {
            true => String::new(),
            false => format!("    outputs:\n{outputs}"),
        };
        format!(
            "{off}{results}call this job `{other}`, and let a job `{name}` follow it, which \
             reports:\n  {name}:\n    needs: {other}\n    runs-on: ubuntu-latest\n{outputs}    steps:"
        )
    }

    /// What the table is to say no more of a job that reports after its work only, in the words of a help:
    /// that it began, and what it was at.
    pub(super) fn off(&self, job: &Job) -> Option<String> {
        let keys = [("start", job.start.is_some()), ("milestones", !job.milestones.is_empty())];
        let keys: Vec<&str> = keys.iter().filter(|(_, is)| *is).map(|(key, _)| *key).collect();
        let states = job.before_outcome().into_iter().map(|state| self.machine.state(state));
        let required: Vec<&str> =
            states.filter(|state| !state.optional).map(|state| state.name.as_str()).collect();
        let optional = match required.is_empty() {
            true => String::new(),
            false => format!(", and write `optional = true` at {}", suggest::list(&required)),
        };
        let taken =
            format!("take {} off `{}` in the table{optional}", suggest::list(&keys), job.name);
        (!keys.is_empty()).then_some(taken)
    }

    /// What is asked of a job, anywhere in the workflow.
    fn asked_of(&self, name: &str) -> Asked<'r> {
        let mut asked = Asked::default();
        for (key, job) in self.document.jobs() {
            let Some(by) = key.text() else { continue };
            let is_of_table = self.machine.jobs.iter().any(|job| job.name == by);
            let mut ways = Vec::new();
            collect(job, false, &mut ways);
            for way in
                ways.iter().filter(|way| way.get(1).is_some_and(|of| of.eq_ignore_ascii_case(name)))
            {
                match way.get(2).map(String::as_str) {
                    Some("outputs") => asked.outputs.extend(way.get(3).cloned()),
                    Some("result") if !is_of_table => drop(asked.results.insert(by)),
                    Some(_) | None => {}
                }
            }
        }
        asked
    }
}

/// What is asked of a job.
#[derive(Default)]
struct Asked<'r> {
    /// Its outputs, in small letters.
    outputs: BTreeSet<String>,
    /// The jobs, none of the table's, that ask for its result.
    results: BTreeSet<&'r str>,
}

/// The ways into `needs` of every expression in a node; `is_bare` where a text is one without `${{ }}`.
fn collect(node: &Node, is_bare: bool, ways: &mut Vec<Vec<String>>) {
    match &node.value {
        Value::Map { entries, .. } => {
            for (key, value) in entries {
                collect(value, key.text() == Some("if"), ways);
            }
        }
        Value::List { items, .. } => items.iter().for_each(|item| collect(item, false, ways)),
        Value::Alias(_) => {}
        Value::Scalar { text, .. } if is_bare && !text.contains("${{") => {
            ways.extend(expression::ways(&format!("${{{{ {text} }}}}"), "needs"));
        }
        Value::Scalar { text, .. } => ways.extend(expression::ways(text, "needs")),
    }
}
