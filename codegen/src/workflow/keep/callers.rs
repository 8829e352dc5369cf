//! The workflows that call one that is kept: by what stands there its jobs may be skipped, run more
//! than once, be replaced while they wait, or be given no row.

use super::MARK;
use super::document::{Document, Node};
use super::files::File;
use super::inputs::CALLS;
use super::lines::Lines;
use super::reading::{Found, Reading};
use crate::emit::workflow::{Credential, TOKEN_INPUT, WorkflowTarget};
use crate::finding::{Finding, Findings, Severity};
use crate::machine::{Machine, NeedResult};
use crate::rules::{self, Rule};
use crate::suggest::shown;
use crate::table::Source;
use crate::workflow::expression::{self, Condition, Held, Known};
use crate::workflow::yaml;

impl Reading<'_> {
    /// Says what is wrong with the jobs that call the workflow, in whatever file they stand.
    pub(super) fn judge_callers(&self, path: &str, callers: &[File], findings: &mut Findings<'_>) {
        let mut calls = Calls {
            machine: self.machine,
            target: self.target,
            files: callers,
            seen: Vec::new(),
            found: Vec::new(),
        };
        let called = Called {
            path,
            id: self.target.id_input.clone(),
            is_dispatched: CALLS.iter().any(|trigger| self.has_trigger(trigger)),
        };
        if self.has_trigger("workflow_call") {
            calls.look_for(&called);
        }
        calls.found.into_iter().for_each(|finding| findings.push(finding));
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
}

struct Calls<'c> {
    machine: &'c Machine,
    target: &'c WorkflowTarget,
    files: &'c [File],
    /// The files that were looked at, so that a ring ends.
    seen: Vec<String>,
    found: Vec<Finding>,
}

/// What a job gives the workflow that it calls as the row's id.
enum Given {
    /// What stands at some keys of a context.
    Context(Vec<String>),
    /// Something that nobody knows before.
    Unknown,
    /// Nothing, or what is no row's id.
    Nothing,
}

impl Calls<'_> {
    fn look_for(&mut self, called: &Called<'_>) {
        self.seen.push(called.path.to_owned());
        let name = called.path.rsplit('/').next().unwrap_or(called.path);
        let mut calls = Vec::new();
        for file in self.files.iter().filter(|file| file.text.contains(name)) {
            let text = file.text.strip_prefix(MARK).unwrap_or(&file.text);
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
                (*file, source, reading)
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
        let mut silent = 0;
        for (file, source, mut reading) in calling {
            let mut given: Vec<(String, Vec<String>)> = Vec::new();
            for name in jobs(&reading) {
                let before = self.found.len();
                self.judge(called, is_enough, file, source, &mut reading, &name);
                let is_silent = |finding: &Finding| finding.help.starts_with(GIVE);
                if self.found.get(before).is_some_and(is_silent) {
                    silent += 1;
                    self.found.truncate(before + usize::from(silent == 1));
                }
                let Some(Given::Context(keys)) = given_by(&reading, &name, called) else {
                    continue;
                };
                if let Some((first, _)) = given.iter().find(|(_, other)| *other == keys) {
                    self.found.push(twice(called, source, &reading, first, &name));
                }
                given.push((name, keys));
            }
        }
        let first = self.found.iter_mut().find(|finding| finding.help.starts_with(GIVE));
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
        if !(is_started || is_called) || is_none_of_ours {
            return;
        }
        let mut id = called.id.clone();
        let said = match given {
            Given::Nothing => vec![without_id(called, name)],
            Given::Unknown => self.broken(called, reading, name),
            Given::Context(keys) => {
                let mut said = Vec::new();
                if let [context, input] = &keys[..] {
                    id.clone_from(input);
                    said = without_inputs(called, reading, name, context, input);
                }
                reading.id_keys = keys;
                said.extend(self.broken(called, reading, name));
                said
            }
        };
        let lines = Lines::of(&source.text);
        let finding = |Said(rule, message, help)| {
            let span = lines.span(job.key.line);
            // What is shown beside it is a line of the called workflow's.
            Finding { span: None, ..source.finding(rule, Severity::Error, span, message, help) }
        };
        self.found.extend(said.into_iter().map(finding));
        if is_called && !is_silent && !self.seen.contains(&file.from_root) {
            let path = file.from_root.clone();
            self.look_for(&Called { path: &path, id, is_dispatched: is_started });
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
                "call it once, or give each leg a row of its own".to_owned(),
            ));
        }
        // Where none concludes, a run that never began is like one that was lost.
        if !self.machine.jobs.iter().any(|job| job.always) {
            return said;
        }
        if let Some(group) = reading.shared_group(job) {
            let own = reading.id_keys.join(".");
            said.push(Said(
                rules::SHARED_GROUP,
                format!(
                    "{says} or its run waits in the concurrency group `{}`, and is cancelled where a \
                     later one comes: nobody says what became of the row",
                    shown(group.text().unwrap_or_default())
                ),
                format!("give the row's id to that group, as `…-${{{{ {own} }}}}`"),
            ));
        }
        if let Some(why) = may_be_skipped(reading, job) {
            said.push(Said(
                rules::JOB_CONDITION,
                format!("{says} may be skipped{why}: nobody says what became of the row"),
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

/// What is said of a job that calls a workflow: the rule, the message, and the help.
struct Said(&'static Rule, String, String);

/// The job, as what is said of it begins.
fn calls(called: &Called<'_>, name: &str) -> String {
    format!("the job `{}`, which calls `{}`,", shown(name), called.path)
}

/// How the help begins for a job that gives no row's id.
const GIVE: &str = "give the job";

fn given_by(reading: &Reading<'_>, name: &str, called: &Called<'_>) -> Option<Given> {
    Some(given(reading, reading.job(name)?, called))
}

/// What is said where two jobs of a run call the workflow for one row.
fn twice(
    called: &Called<'_>,
    source: &Source,
    reading: &Reading<'_>,
    first: &str,
    name: &str,
) -> Finding {
    let line = reading.job(name).map_or(1, |job| job.key.line);
    let message = format!(
        "{} does so for the row for which `{}` does: both report it",
        calls(called, name),
        shown(first)
    );
    let help = "call it once in a run, or give each call a row of its own";
    let span = Lines::of(&source.text).span(line);
    let finding = source.finding(rules::MATRIX_JOB, Severity::Error, span, message, help);
    Finding { span: None, ..finding }
}

fn without_id(called: &Called<'_>, name: &str) -> Said {
    let id = yaml::name(&called.id);
    Said(
        rules::MISSING_INPUT,
        format!("{} does not give it the row's id: its reports are silent", calls(called, name)),
        format!(
            "{GIVE}\n    with:\n      {id}: ${{{{ inputs.{id} }}}}\nand its workflow the inputs \
             `{id}` and `{TOKEN_INPUT}`, each a text that the console gives"
        ),
    )
}

/// Says of the inputs that the workflow of a calling job lacks.
fn without_inputs(
    called: &Called<'_>,
    reading: &Reading<'_>,
    name: &str,
    context: &str,
    id: &str,
) -> Vec<Said> {
    let is_there = |input: &str| {
        ["workflow_dispatch", "workflow_call"].iter().any(|by| reading.takes(by, input))
    };
    if context != "inputs" || !reading.has_trigger("workflow_dispatch") {
        return Vec::new();
    }
    let token = (reading.target.credential == Credential::Token).then_some(TOKEN_INPUT);
    let missing = [id].into_iter().chain(token).filter(|input| !is_there(input));
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
    missing.map(said).collect()
}

/// Whether a job calls the workflow at a path of its own repository.
fn is_call(job: Found<'_>, path: &str) -> bool {
    let uses = job.value.get("uses").and_then(Node::text).unwrap_or_default().trim();
    let of_this = |own: &str| uses.strip_prefix(own).is_some_and(|called| called == path);
    of_this("./") || of_this("$/")
}

/// What a job gives as the row's id.
fn given(reading: &Reading<'_>, job: Found<'_>, called: &Called<'_>) -> Given {
    // What came with the event of a dispatch is there in whatever it calls.
    if reading.target.is_payload() {
        return Given::Context(
            reading.target.id().to_lowercase().split('.').map(str::to_owned).collect(),
        );
    }
    let with = reading.value(job, "with").map_or(&[][..], Node::entries);
    let is_id = |key: &Node| key.text().is_some_and(|key| key.eq_ignore_ascii_case(&called.id));
    let value = with.iter().find(|(key, _)| is_id(key)).and_then(|(_, value)| value.text());
    match value.map(|text| (expression::way(text), text)) {
        Some((Some(keys), _)) => match &keys.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["github", "event", "inputs", name] => {
                Given::Context(vec!["inputs".to_owned(), (*name).to_owned()])
            }
            ["inputs", _] | ["github", "event", "client_payload", ..] => Given::Context(keys),
            _ => Given::Unknown,
        },
        Some((None, text)) if text.contains("${{") => Given::Unknown,
        Some(_) | None => Given::Nothing,
    }
}

/// Where a job that calls a workflow may not run in a run that a console started: by what.
fn may_be_skipped(reading: &Reading<'_>, job: Found<'_>) -> Option<String> {
    let text = reading.condition(job);
    // What can't be read is told where it stands.
    let condition = Condition::read(text.unwrap_or_default()).ok()?;
    let needs = reading.needs(job);
    let facts = reading.facts();
    let holds = |results: Vec<NeedResult>, cancelled: bool| {
        let needs = needs.iter().map(|need| need.to_lowercase()).zip(results).collect();
        !condition.holds(&Before { needs, cancelled, facts: &facts }).no
    };
    let all = |result| vec![result; needs.len()];
    if !holds(all(NeedResult::Success), false) {
        let text = text.map(|text| shown(text.trim())).unwrap_or_default();
        return Some(format!(" (`if: {text}`)"));
    }
    let one_is = |result| {
        (0..needs.len()).find(|&at| {
            let mut results = all(NeedResult::Success);
            results[at] = result;
            !holds(results, result == NeedResult::Cancelled)
        })
    };
    let ends = [NeedResult::Failure, NeedResult::Cancelled, NeedResult::Skipped];
    let (at, result) = ends.into_iter().find_map(|result| Some((one_is(result)?, result)))?;
    Some(format!(" where `{}` ends as {}", shown(needs[at]), result.as_str()))
}

/// The jobs before one that calls a workflow.
struct Before<'a> {
    needs: Vec<(String, NeedResult)>,
    cancelled: bool,
    facts: &'a dyn Known,
}

impl Known for Before<'_> {
    fn need(&self, job: &str) -> Option<NeedResult> {
        self.needs.iter().find(|(name, _)| name == job).map(|(_, result)| *result)
    }

    fn needs(&self) -> Vec<NeedResult> {
        self.needs.iter().map(|(_, result)| *result).collect()
    }

    fn before(&self) -> Vec<NeedResult> {
        self.needs()
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    fn context(&self, keys: &[&str]) -> Held {
        self.facts.context(keys)
    }
}
