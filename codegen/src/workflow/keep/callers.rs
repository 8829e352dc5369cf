//! The workflows that call one that is kept: by what stands there its jobs may be skipped, run more
//! than once, be replaced while they wait, or be given no row.

mod contract;
mod given;
mod once;
mod said;
mod skip;
mod whole;

use super::document::{Document, Node};
use super::file::File;
use super::groups::{Group, deadlock};
use super::inputs::CALLS;
use super::lines::Lines;
use super::reading::{Reading, WrittenJob};
use crate::emit::workflow::{TOKEN_INPUT, WorkflowTarget};
use crate::finding::{Finding, Findings, Severity};
use crate::machine::Machine;
use crate::rules;
use crate::suggest::shown;
use crate::table::Source;
use crate::workflow::expression::NamePart;
use given::{Given, given};
use once::Once;
use said::{Said, calls, other_id, twice, without_id, without_inputs};
use skip::may_be_skipped;
use whole::Whole;

impl Reading<'_> {
    /// Says what is wrong with the jobs that call the workflow, in whatever file they stand.
    pub(super) fn judge_callers(&self, path: &str, callers: &[File], findings: &mut Findings<'_>) {
        let mut calls = Calls {
            machine: self.machine,
            target: self.target,
            files: callers,
            seen: Vec::new(),
            leading: Vec::new(),
            findings: Vec::new(),
        };
        let called = Called {
            path,
            id: self.target.id_input.clone(),
            is_dispatched: CALLS.iter().any(|trigger| self.has_trigger(trigger)),
            groups: self.groups(),
        };
        calls.look_within(self, path, findings);
        if self.has_trigger("workflow_call") {
            calls.look_for(&called);
            Once::of(self, path, callers).judge(findings);
        }
        let leading = calls.leading;
        calls.findings.into_iter().for_each(|finding| findings.push(finding));
        Whole::of(self, path, callers).judge(&leading, findings);
    }
}

/// A workflow that others may call.
struct Called<'c> {
    /// Its file, as a job that calls it says.
    path: &'c str,
    /// The input that takes the row's id.
    id: String,
    /// Whether it is started by itself, too.
    is_dispatched: bool,
    /// Its concurrency groups, and those of what it calls.
    groups: Vec<Group>,
}

struct Calls<'c> {
    machine: &'c Machine,
    target: &'c WorkflowTarget,
    files: &'c [File],
    /// The files that were looked at, so that a ring ends.
    seen: Vec<String>,
    /// The files by which a run that a console starts comes to the kept workflow.
    leading: Vec<String>,
    findings: Vec<Finding>,
}

impl Calls<'_> {
    /// Says where a workflow that the kept one calls is in a group that the kept one, or the job that
    /// calls it, has already.
    fn look_within(&self, reading: &Reading<'_>, path: &str, findings: &mut Findings<'_>) {
        for name in reading.job_names() {
            let Some(job) = reading.job(name) else { continue };
            let file = self.files.iter().find(|file| is_call(job, &file.from_root));
            let Some(file) = file.filter(|file| file.from_root != path) else { continue };
            let text = file.body();
            let Ok(document) = Document::read(text) else { continue };
            let lines = Lines::of(text);
            let inner = Reading::new(self.machine, self.target, &document, &lines, Vec::new());
            let called = Called {
                path: &file.from_root,
                id: self.target.id_input.clone(),
                is_dispatched: false,
                groups: inner.groups(),
            };
            let mut said = Vec::new();
            meeting(&called, reading, name, &mut said);
            for Said(rule, message, help) in said {
                let span = reading.lines.span(job.key.line);
                findings.add(rule, Severity::Error, span, message, help);
            }
        }
    }

    fn look_for(&mut self, called: &Called<'_>) {
        self.seen.push(called.path.to_owned());
        let name = called.path.rsplit('/').next().unwrap_or(called.path);
        let mut calls = Vec::new();
        for file in self.files.iter().filter(|file| file.text.contains(name)) {
            let text = file.body();
            if let Ok(document) = Document::read(text) {
                calls.push((file, text, document));
            }
        }
        let each: Vec<(&File, Source, Lines<'_>, &Document)> = calls
            .iter()
            .map(|(file, text, document)| {
                (*file, Source::new(&file.shown, text), Lines::of(text), document)
            })
            .collect();
        let calling: Vec<(&File, &Source, Reading<'_>)> = each
            .iter()
            .map(|(file, source, lines, document)| {
                let reading = Reading::new(self.machine, self.target, document, lines, Vec::new());
                (*file, source, reading.in_file(&file.from_root))
            })
            .collect();
        let jobs = |reading: &Reading<'_>| -> Vec<String> {
            let names = reading.job_names().into_iter();
            let calls =
                |name: &&str| reading.job(name).is_some_and(|job| is_call(job, called.path));
            names.filter(calls).map(str::to_owned).collect()
        };
        let hands_on = |reading: &Reading<'_>| {
            let given = |name: &String| reading.job(name).map(|job| given(reading, job, called));
            jobs(reading).iter().any(|name| !matches!(given(name), None | Some(Given::Nothing)))
        };
        let is_enough = called.is_dispatched || calling.iter().any(|(_, _, of)| hands_on(of));
        // Where none gives a row's id, that is one thing to say.
        let (mut silent, mut first_silent) = (0, None);
        for (file, source, mut reading) in calling {
            let mut given: Vec<(String, Vec<String>)> = Vec::new();
            for name in jobs(&reading) {
                let before = self.findings.len();
                self.judge(called, is_enough, file, source, &mut reading, &name);
                let is_silent = matches!(given_by(&reading, &name, called), Some(Given::Nothing));
                if is_silent && self.findings.len() > before {
                    silent += 1;
                    self.findings.truncate(before + usize::from(silent == 1));
                    first_silent = first_silent.or(Some(before));
                }
                let Some(Given::Context(keys)) = given_by(&reading, &name, called) else {
                    continue;
                };
                if let Some((first, other)) = given.first() {
                    let is_same = *other == keys;
                    self.findings.push(twice(called, source, &reading, first, &name, is_same));
                }
                given.push((name, keys));
            }
        }
        let first = first_silent.and_then(|at| self.findings.get_mut(at));
        if let Some(first) = first.filter(|_| silent > 1) {
            first.message += &format!("; nor do {} other jobs that call it", silent - 1);
        }
    }

    /// Says what is wrong with one job that calls a workflow.
    fn judge(
        &mut self,
        called: &Called<'_>,
        is_enough: bool,
        file: &File,
        source: &Source,
        reading: &mut Reading<'_>,
        name: &str,
    ) {
        let is_started = CALLS.iter().any(|trigger| reading.has_trigger(trigger));
        let is_called = reading.has_trigger("workflow_call");
        let Some(job) = reading.job(name) else { return };
        let given = given(reading, job, called);
        let is_silent = matches!(given, Given::Nothing);
        // Somebody starts it who knows of no row.
        let is_none_of_ours =
            is_silent && is_enough && !reading.takes("workflow_dispatch", TOKEN_INPUT);
        let is_other = matches!(given, Given::Other(..));
        if !(is_started || is_called || is_other) || is_none_of_ours {
            return;
        }
        if is_started || is_called {
            self.leading.push(file.from_root.clone());
        }
        let mut id = called.id.clone();
        let mut groups = Vec::new();
        let said = match given {
            Given::Nothing => vec![without_id(called, reading, name)],
            Given::Other(text, input) => {
                vec![other_id(called, name, &text, input, is_started || is_called)]
            }
            Given::Context(keys) => {
                let mut said = Vec::new();
                if let [context, input] = &keys[..] {
                    id.clone_from(input);
                    said = without_inputs(called, reading, name, context, input);
                }
                reading.id_keys = keys;
                said.extend(self.broken(called, reading, name));
                groups = meeting(called, reading, name, &mut said);
                said
            }
        };
        let lines = Lines::of(&source.text);
        let finding = |Said(rule, message, help)| {
            let span = lines.span(job.key.line);
            // What is shown next to it is a line of the called workflow's.
            Finding { span: None, ..source.finding(rule, Severity::Error, span, message, help) }
        };
        self.findings.extend(said.into_iter().map(finding));
        if is_called && !is_silent && !is_other && !self.seen.contains(&file.from_root) {
            let path = file.from_root.clone();
            self.look_for(&Called { path: &path, id, is_dispatched: is_started, groups });
        }
    }

    /// What keeps the called jobs from running once in each run, as far as it stands at the job that
    /// calls them.
    fn broken(&self, called: &Called<'_>, reading: &Reading<'_>, name: &str) -> Vec<Said> {
        let Some(job) = reading.job(name) else { return Vec::new() };
        let says = calls(called, name);
        let mut said = Vec::new();
        if reading.value(job, "strategy").is_some_and(|strategy| reading.has_legs(strategy)) {
            said.push(Said(
                rules::MATRIX_JOB,
                format!("{says} has a matrix: each leg would report for the same row"),
                "call it once: a run has one token, which opens one row".to_owned(),
            ));
        }
        if let Some(help) = reading.lacks_token(job) {
            said.push(Said(
                rules::MISSING_PERMISSION,
                format!(
                    "{says} may not ask for a token of its own, and no called job may then: GitHub refuses \
                     the run"
                ),
                help,
            ));
        }
        // Where none concludes, a run that never began is like one that was lost.
        if !self.machine.jobs.iter().any(|job| job.always) {
            return said;
        }
        if let Some(group) = reading.shared_group(job) {
            said.push(Said(
                rules::SHARED_GROUP,
                format!(
                    "{says} or its run waits in the concurrency group `{}`, and is cancelled where a \
                     later one comes: no one says what became of the row",
                    shown(group.text().unwrap_or_default())
                ),
                format!("let that group be `{}`", reading.own_group(job)),
            ));
        }
        if let Some(why) = may_be_skipped(reading, job) {
            said.push(Said(
                rules::JOB_CONDITION,
                format!("{says} may be skipped{why}: no one says what became of the row"),
                format!(
                    "move what it waits for, and what its `if:` asks for, into `{}`: the concluding job \
                     there says what became of them",
                    called.path
                ),
            ));
        }
        said
    }
}

fn given_by(reading: &Reading<'_>, name: &str, called: &Called<'_>) -> Option<Given> {
    Some(given(reading, reading.job(name)?, called))
}

/// Says where the called workflow, or a job of it, is in a group that is there around it; gives all the
/// groups that one who calls the calling workflow meets.
fn meeting(
    called: &Called<'_>,
    reading: &Reading<'_>,
    name: &str,
    said: &mut Vec<Said>,
) -> Vec<Group> {
    let Some(job) = reading.job(name) else { return Vec::new() };
    let given = inputs_given(reading, job);
    let inner: Vec<Group> =
        called.groups.iter().map(|group| group.called(called.path, &given)).collect();
    let own = reading.groups();
    let around = own.iter().filter(|group| group.job.as_deref().is_none_or(|job| job == name));
    for outer in around {
        for group in inner.iter().filter(|group| group.may_be(outer)) {
            let (message, help) = deadlock(outer, group);
            said.push(Said(rules::GROUP_TWICE, message, help));
        }
    }
    own.into_iter().chain(inner).collect()
}

/// What a job gives the workflow that it calls: its inputs, in small letters, and what each is made of.
fn inputs_given(reading: &Reading<'_>, job: WrittenJob<'_>) -> Vec<(String, Vec<NamePart>)> {
    let with = reading.value(job, "with").map_or(&[][..], Node::entries).iter();
    let each = with.filter_map(|(name, value)| {
        Some((name.text()?.to_lowercase(), reading.name_of(value.text()?)))
    });
    each.collect()
}

/// Whether a job calls the workflow at a path of its own repository.
fn is_call(job: WrittenJob<'_>, path: &str) -> bool {
    let uses = job.value.get("uses").and_then(Node::text).unwrap_or_default().trim();
    let of_this = |own: &str| uses.strip_prefix(own).is_some_and(|called| called == path);
    of_this("./") || of_this("$/")
}
