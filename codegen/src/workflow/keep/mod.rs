//! Workflows written by hand, in which the report steps between two markers are kept current:
//! `generate` fills the regions, `check` says what is not as the table has it, and `workflow adopt`
//! puts the markers where they belong. Every byte outside of the regions stays as it is.

mod begins;
mod callers;
mod checkout;
mod conclusion;
mod container;
mod departure;
mod document;
mod expected;
mod facts;
mod file;
mod files;
mod followed;
mod foreign;
mod form;
mod groups;
mod held;
mod images;
mod inputs;
mod jobs;
mod judge;
mod kinds;
mod lines;
mod matrix;
mod model;
mod permissions;
mod place;
mod places;
mod position;
mod proof;
mod reading;
mod refused;
mod regions;
mod same;
mod script;
mod settings;
mod shapes;
mod skipped;
#[cfg(test)]
mod tests;
mod values;
mod variable;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use document::Document;
use expected::Expected;
use file::File;
pub use files::{adopted, kept};
use foreign::is_foreign;
use lines::{Edit, Lines};
pub use proof::Proof;
use reading::Reading;
use regions::Region;
use same::{Side, same};

use crate::artifact::Artifact;
use crate::emit::workflow::WorkflowTarget;
use crate::finding::{Finding, Findings, Severity};
use crate::machine::{JobId, Machine};
use crate::rules;
use crate::table::Source;
use crate::workflow::plan::Plan;
use crate::workflow::yaml;

/// A workflow, as the table would have it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The file, from the root.
    pub path: String,
    /// The file's text; none where there is no such file, or no text in it.
    pub on_disk: Option<String>,
    /// The text that the findings are about, and what they call it.
    pub source: Source,
    /// The text with every region as the table gives it, where that is certain; none where
    /// none was found.
    pub text: Option<String>,
    /// What is not as the table says.
    pub findings: Vec<Finding>,
    /// What is proven of its runs.
    pub proof: Proof,
}

impl Kept {
    /// The file as it is to be written.
    pub fn artifact(&self) -> Option<Artifact> {
        Some(Artifact::in_place(&self.path, self.text.as_ref()?))
    }
}

/// What is around a workflow: those that may call it, how it is named, and the commands that mend it,
/// as a shell takes them.
struct Around {
    /// The other workflows of its folder, where it may be called, or calls one.
    others: Vec<File>,
    /// The actions that it uses and that are another table's, each with that table's path.
    foreign: BTreeMap<String, String>,
    /// The workflow, as one that calls it says.
    file: String,
    /// Fills the regions.
    generate: String,
    /// Puts them where they belong.
    adopt: String,
}

const MARK: char = '\u{feff}';

/// The jobs of the table that each of some workflows is to have: those that `needs` connects with
/// one that it has, and on the first those that none of them has.
fn wanted(machine: &Machine, texts: &[&str]) -> Vec<BTreeSet<JobId>> {
    let names: Vec<Vec<String>> = texts.iter().map(|text| job_names(text)).collect();
    let has = |names: &[String], group: &BTreeSet<JobId>| {
        group.iter().any(|&id| names.contains(&machine.job(id).name))
    };
    let mut wanted = vec![BTreeSet::new(); texts.len()];
    for group in jobs::groups(machine) {
        let mut at: Vec<usize> = (0..texts.len()).filter(|&at| has(&names[at], &group)).collect();
        if at.is_empty() && !texts.is_empty() {
            at.push(0);
        }
        for at in at {
            wanted[at].extend(&group);
        }
    }
    wanted
}

fn job_names(text: &str) -> Vec<String> {
    let Ok(document) = Document::read(text.strip_prefix(MARK).unwrap_or(text)) else {
        return Vec::new();
    };
    document.jobs().iter().filter_map(|(key, _)| key.text()).map(str::to_owned).collect()
}

/// A workflow with its regions as the table gives them, and what is not as the table says.
fn keep(
    machine: &Machine,
    target: &WorkflowTarget,
    file: &File,
    wanted: &BTreeSet<JobId>,
    around: &Around,
) -> Kept {
    let source = Source::new(&file.shown, &file.text);
    let mut findings = Findings::new(&source);
    let (text, proof) =
        match kept_text(machine, target, &source.text, wanted, around, &mut findings) {
            Some((text, proof)) => (Some(text), proof),
            None => (None, Proof::None),
        };
    let findings = sorted(findings);
    let text = Some(whole(file, text.as_deref().unwrap_or(&source.text)));
    Kept {
        path: file.path.clone(),
        on_disk: Some(file.text.clone()),
        source,
        text,
        findings,
        proof,
    }
}

/// A workflow with markers where its regions belong, and these filled.
fn adopt(
    machine: &Machine,
    target: &WorkflowTarget,
    file: &File,
    wanted: &BTreeSet<JobId>,
    around: &Around,
) -> Kept {
    let source = Source::new(&file.shown, &file.text);
    let marked = adopted_text(machine, target, &source.text, wanted, around);
    let mut ignored = Findings::new(&source);
    let text = kept_text(machine, target, &marked, wanted, around, &mut ignored);
    let text = whole(file, text.as_ref().map_or(&marked, |(text, _)| text));
    // What is left to say is said of the text as it is now.
    let now = File { text, ..file.clone() };
    Kept { on_disk: Some(file.text.clone()), ..keep(machine, target, &now, wanted, around) }
}

/// What may start a run that a console started: of a workflow that others call, what starts those.
fn starting(reading: &Reading<'_>, around: &Around) -> Vec<&'static str> {
    let payload = reading.target.is_payload();
    let is_ours = |trigger: &&str| !payload || *trigger == "repository_dispatch";
    let own = |trigger: &&'static str| match payload {
        true => reading.has_trigger(trigger),
        false => *trigger == "workflow_dispatch" && reading.has_trigger(trigger),
    };
    let mut all: Vec<&'static str> =
        inputs::CALLS.into_iter().filter(is_ours).filter(own).collect();
    if reading.has_trigger("workflow_call") {
        let name = around.file.rsplit('/').next().unwrap_or_default();
        let calling = around.others.iter().filter(|file| file.text.contains(name));
        let documents: Vec<Document> =
            calling.filter_map(|file| Document::read(file.body()).ok()).collect();
        let has = |trigger: &str| documents.iter().any(|document| document.starts_by(trigger));
        // What is called itself may be started by whatever starts those that call it.
        let is_open = documents.is_empty() || has("workflow_call");
        all.extend(inputs::CALLS.into_iter().filter(is_ours).filter(|t| is_open || has(t)));
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn sorted(findings: Findings<'_>) -> Vec<Finding> {
    let mut findings = findings.finish();
    // Those of another file come after those that have a place in this one.
    findings.sort_by_key(|finding| (finding.span.is_none(), finding.line, finding.column));
    findings
}

/// A text with the byte order mark that was found.
fn whole(file: &File, text: &str) -> String {
    let mark = if file.text.starts_with(MARK) { "\u{feff}" } else { "" };
    format!("{mark}{text}")
}

fn kept_text(
    machine: &Machine,
    target: &WorkflowTarget,
    text: &str,
    wanted: &BTreeSet<JobId>,
    around: &Around,
    findings: &mut Findings<'_>,
) -> Option<(String, Proof)> {
    let document = readable(text, findings)?;
    let lines = Lines::of(text);
    let regions = regions::find(&document, &lines, target, findings)?;
    if is_foreign(&document, &lines, &regions, around, findings) {
        return None;
    }
    let reading = Reading::new(machine, target, &document, &lines, regions).in_file(&around.file);
    let given = reading.given_inputs(around);
    let reading = Reading { started_by: starting(&reading, around), given, ..reading };
    reading.judge_keys(findings);
    reading.judge_refused(findings);
    reading.judge_settings(findings);
    reading.judge_inputs(around, findings);
    reading.judge_missing_jobs(wanted, &around.adopt, findings);
    for (id, _, written) in reading.jobs() {
        if reading.judge_job(id, written, findings) {
            reading.judge_permissions(id, written, findings);
            reading.judge_completeness(id, written, &around.adopt, findings);
        }
    }
    for (id, _, written) in reading.jobs() {
        reading.judge_beginning(id, written, findings);
        reading.judge_work(id, written, findings);
    }
    let sound = reading.judge_regions(findings);
    // Of a workflow that does not report as it is to nothing can be proven.
    let proof = if findings.has_errors() { Proof::None } else { reading.judge_runs(findings) };
    reading.judge_groups(findings);
    reading.judge_callers(&around.file, &around.others, findings);
    reading.judge_adoption(&around.adopt, findings);
    let mut edits = Vec::new();
    for (region, expected) in sound {
        let edit = filled(&lines, &region, expected);
        if lines.between(region.begin, region.end) == edit.lines {
            continue;
        }
        let span = lines.span(region.begin);
        if is_sound(&reading, &edit) {
            let message = format!("the region `{}` is not what the table gives", region.name);
            let help = format!("run `{}`", around.generate);
            findings.add(rules::STALE_REGION, Severity::Error, span, message, help);
            edits.push(edit);
        } else {
            let message =
                format!("the region `{}` cannot be filled without changing the rest", region.name);
            let help = "give it lines of its own between two steps, indented as they are";
            findings.add(rules::MISPLACED_REGION, Severity::Error, span, message, help);
        }
    }
    Some((lines.with(&edits), proof))
}

/// The workflow, where it can be read.
fn readable(text: &str, findings: &mut Findings<'_>) -> Option<Document> {
    let place = |line: usize| Lines::of(text).span(line);
    let mut add = |span, message: String, help: &str| {
        findings.add(rules::UNREADABLE_WORKFLOW, Severity::Error, span, message, help);
    };
    if text.replace("\r\n", "\n").contains('\r') {
        let line = text.split('\n').position(|line| line.trim_end_matches('\r').contains('\r'));
        let message = "a line ends with only a carriage return".to_owned();
        add(place(line.unwrap_or(0) + 1), message, "end each line with a line feed");
        return None;
    }
    match Document::read(text) {
        Ok(document)
            if document.root.get("runs").is_some() && document.root.get("jobs").is_none() =>
        {
            let line = document.root.entry("runs").map_or(1, |(key, _)| key.line);
            let message =
                "this is an action and no workflow: it has no job to report from".to_owned();
            let help = "adopt the workflows that use it: of a composite action's steps none knows what \
                        became of the job";
            add(place(line), message, help);
            None
        }
        Ok(document) => Some(document),
        Err((line, _, message)) => {
            let message = format!("this is no workflow: {}", crate::suggest::cut(&message));
            add(place(line), message, "a workflow is one document of YAML");
            None
        }
    }
}

/// A region's lines as the table gives them.
fn filled(lines: &Lines<'_>, region: &Region, expected: &Expected) -> Edit {
    let column = lines.indentation(region.begin);
    Edit { at: region.begin..region.end - 1, lines: lines::at_column(&expected.text, column) }
}

/// Whether a change to a region leaves all else as it is, by what YAML makes of it.
fn is_sound(reading: &Reading<'_>, edit: &Edit) -> bool {
    let text = reading.lines.with(std::slice::from_ref(edit));
    let Ok(document) = Document::read(&text) else { return false };
    let lines = Lines::of(&text);
    let source = Source::new("", &text);
    let mut ignored = Findings::new(&source);
    let Some(regions) = regions::find(&document, &lines, reading.target, &mut ignored) else {
        return false;
    };
    let before =
        Side { document: reading.document, lines: reading.lines, regions: &reading.regions };
    same(&before, &Side { document: &document, lines: &lines, regions: &regions })
}

/// A text with empty regions where they are lacking, and with what else can be added.
fn adopted_text(
    machine: &Machine,
    target: &WorkflowTarget,
    text: &str,
    wanted: &BTreeSet<JobId>,
    around: &Around,
) -> String {
    let source = Source::new("", text);
    let mut ignored = Findings::new(&source);
    let lines = Lines::of(text);
    let Some(document) = readable(text, &mut ignored) else { return text.to_owned() };
    let Some(regions) = regions::find(&document, &lines, target, &mut ignored) else {
        return text.to_owned();
    };
    if is_foreign(&document, &lines, &regions, around, &mut ignored) {
        return text.to_owned();
    }
    let reading = Reading::new(machine, target, &document, &lines, regions);
    let mut edits: Vec<Edit> =
        reading.place_inputs(&reading.missing_inputs()).into_iter().collect();
    for (id, _, written) in reading.jobs() {
        if !reading.judge_job(id, written, &mut ignored) {
            continue;
        }
        for expected in reading.expected_of(id).filter(|expected| !reading.has(expected)) {
            edits.extend(reading.place(written, expected).unwrap_or_default());
        }
    }
    for &id in wanted.iter().filter(|&&id| reading.job(&machine.job(id).name).is_none()) {
        edits.extend(appended(&reading, id));
    }
    lines.with(&edits)
}

/// A concluding job below the others: nothing in it is anybody's own.
fn appended(reading: &Reading<'_>, id: JobId) -> Option<Edit> {
    let machine = reading.machine;
    let (key, jobs) = reading.document.root.entry("jobs")?;
    reading.can_append(id).ok()?;
    let column = jobs.entries().first()?.0.column;
    let expected = reading.expected_of(id).next();
    let job = reading.github().job(&Plan::of(machine, id));
    let text = match expected {
        Some(expected) => {
            let step = yaml::indented(&expected.text, 4);
            let markers = format!("{}\n{}\n", regions::begin(&expected.name), regions::END);
            job.replace(step.trim_end(), yaml::indented(&markers, 4).trim_end())
        }
        None => job,
    };
    let last = reading.last_line(key.line, reading.document.until(jobs));
    let mut lines = vec![String::new()];
    lines.extend(lines::at_column(text.trim_end(), column));
    Some(Edit { at: last..last, lines })
}
