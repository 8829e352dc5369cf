//! Workflows that GitHub runs none of: nothing can be proven of them, and no report is ever sent.

use std::collections::BTreeSet;

use super::document::{Node, Value};
use super::form::{Add, judge_form};
use super::places::allowed;
use super::reading::{Reading, WrittenJob};
use crate::finding::{Findings, Severity};
use crate::rules;
use crate::search::closure;
use crate::suggest::{self, shown};
use crate::workflow::expression;

impl<'r> Reading<'r> {
    /// Says for what GitHub refuses the workflow.
    pub(super) fn judge_refused(&self, findings: &mut Findings<'_>) {
        self.refused(true, findings);
    }

    /// The same of one that the kept workflow calls, or that leads to it: nothing else is said of its jobs.
    pub(super) fn judge_refused_of_another(&self, findings: &mut Findings<'_>) {
        self.refused(false, findings);
    }

    fn refused(&self, is_kept: bool, findings: &mut Findings<'_>) {
        // What stands at an anchor is come to by each of its aliases, too.
        let mut reported: BTreeSet<(usize, String)> = BTreeSet::new();
        let mut add = |line: usize, message: String, help: String| {
            if !reported.insert((line, message.clone())) {
                return;
            }
            let message = format!("{message}: GitHub refuses the whole workflow");
            let span = self.lines.span(line);
            findings.add(rules::REFUSED_WORKFLOW, Severity::Error, span, message, help);
        };
        for (line, tag) in &self.document.tags {
            let said = self.lines.line(*line).split_once(": ").map(|(_, value)| value.trim());
            let said = said.filter(|said| said.starts_with('!')).unwrap_or(tag);
            let message = format!("YAML takes the `!` of `{}` for a tag", shown(said));
            add(*line, message, format!("write `${{{{ {said} }}}}`"));
        }
        for name in self.job_names() {
            let Some(job) = self.job(name) else { continue };
            let job = WrittenJob { value: self.document.resolved(job.value), ..job };
            self.refused_needs(name, job, is_kept, &mut add);
            self.refused_ids(name, job, &mut add);
        }
        let reporting = |(id, _)| self.expected_of(id).next().is_some();
        let jobs = self.machine.job_ids().map(|id| (id, self.machine.job(id).name.as_str()));
        let reported: Vec<&str> =
            jobs.filter(|job| is_kept && reporting(*job)).map(|(_, name)| name).collect();
        judge_form(self.document, &reported, &mut add);
        let mut way = Vec::new();
        self.refused_expressions(&self.document.root, is_kept, &mut way, &mut add);
    }

    fn refused_needs(&self, name: &str, job: WrittenJob<'r>, is_kept: bool, add: &mut Add<'_>) {
        let names = self.job_names();
        for need in self.needs(job) {
            // Of one of the table's it is said that it is missing.
            let is_reported = is_kept && self.machine.jobs.iter().any(|job| job.name == need);
            if names.contains(&need) || is_reported {
                continue;
            }
            let help = match suggest::nearest(need, names.iter().copied()) {
                Some(near) => format!("did you mean `{}`?", shown(near)),
                None => "take it out of `needs`, or add that job".to_owned(),
            };
            let line = job.value.entry("needs").map_or(job.key.line, |(key, _)| key.line);
            let (name, need) = (shown(name), shown(need));
            add(line, format!("the job `{name}` needs `{need}`, which is no job"), help);
        }
        let of = |name| self.job(name).map(|job| self.needs(job)).unwrap_or_default();
        let before: BTreeSet<&str> = closure(self.needs(job), of);
        let mut circle: Vec<&str> =
            names.into_iter().filter(|other| before.contains(other)).collect();
        circle.retain(|&other| closure(of(other), of).contains(name));
        // Of a circle the first job is reported.
        if circle.first() == Some(&name) {
            let message = format!("the jobs {} wait for each other", suggest::list(&circle));
            add(job.key.line, message, "take one out of the `needs` of another".to_owned());
        }
    }

    /// Whether a job is one of the table's, or before one.
    fn is_looked_at(&self, name: &str) -> bool {
        let of = |name| self.job(name).map(|job| self.needs(job)).unwrap_or_default();
        let table = self.machine.jobs.iter().filter_map(|job| self.job(&job.name)?.key.text());
        closure(table, of).contains(name)
    }

    fn refused_ids(&self, name: &str, job: WrittenJob<'r>, add: &mut Add<'_>) {
        let name = shown(name);
        let mut seen: Vec<(String, usize)> = Vec::new();
        let steps = self.value(job, "steps").map_or(&[][..], Node::items);
        let own = self.own_steps(job);
        for step in steps.iter().map(|step| self.document.resolved(step)) {
            // One that a report has is reported with the report.
            let is_own = own.iter().any(|(_, own)| own.line == step.line);
            let Some(id) = step.get("id").and_then(Node::text).filter(|_| is_own) else { continue };
            let is_same = |(other, _): &&(String, usize)| other.eq_ignore_ascii_case(id);
            if let Some((_, line)) = seen.iter().find(is_same) {
                let message = format!("the id `{}` stands twice in the job `{name}`", shown(id));
                let help = format!("give one of the two another: it is on line {line}, too");
                add(step.line, message, help);
            }
            seen.push((id.to_owned(), step.line));
        }
    }

    /// Says of expressions that can't be read, or that ask for what is not there.
    fn refused_expressions(
        &self,
        node: &'r Node,
        is_kept: bool,
        way: &mut Vec<&'r str>,
        add: &mut Add<'_>,
    ) {
        match &node.value {
            Value::Map { entries, .. } => {
                for (key, value) in entries {
                    way.push(key.text().unwrap_or_default());
                    self.refused_expressions(value, is_kept, way, add);
                    way.pop();
                }
            }
            Value::List { items, .. } => {
                for item in items {
                    self.refused_expressions(item, is_kept, way, add);
                }
            }
            Value::Alias(_) => {}
            // A condition that the runs are looked at by is reported there, where it can't be read.
            Value::Scalar { text, .. } => {
                let is_reported =
                    is_kept && matches!(way[..], ["jobs", job, "if"] if self.is_looked_at(job));
                refused_text(text, node.line, way, is_reported, add);
            }
        }
    }
}

fn refused_text(text: &str, line: usize, way: &[&str], is_reported: bool, add: &mut Add<'_>) {
    let Some(allowed) = allowed(way) else { return };
    let key = way.last().copied().unwrap_or_default();
    let asked = match (key == "if", text.contains("${{")) {
        (_, true) => expression::asked(text, false),
        (true, false) => expression::asked(text, true),
        (false, false) => return,
    };
    let asked = match asked {
        Ok(asked) => asked,
        Err(_) if is_reported => return,
        Err(why) => {
            let help = "write an expression that GitHub takes".to_owned();
            add(line, format!("an expression of `{}` can't be read: {why}", shown(key)), help);
            return;
        }
    };
    let (contexts, functions) = asked;
    let is_there = |context: &&String| !allowed.has(context);
    if let Some(context) = contexts.iter().find(is_there) {
        let help = match context.as_str() {
            "secrets" if key == "if" => {
                "give it to the job's `env:`, and ask for that in a step's `if:`".to_owned()
            }
            "env" | "steps" | "job" | "runner" if way.len() == 3 => {
                "let a job before it say that by one of its `outputs`".to_owned()
            }
            _ => format!("there it can ask for {}", suggest::list(&allowed.contexts())),
        };
        add(
            line,
            format!("`{}` asks for `{}`, which is not there", shown(key), shown(context)),
            help,
        );
    }
    if let Some(function) = functions.iter().find(|function| !allowed.takes(function)) {
        let function = expression::written(function);
        let message = format!("`{}` asks for `{function}()`, which is not there", shown(key));
        add(line, message, "ask for that in a step's `if:`".to_owned());
    }
}
