//! All workflows of a run that a console starts: GitHub looks at each of them before any job runs, and
//! refuses the run for what is wrong with one.

use std::collections::BTreeSet;

use super::super::document::{Document, Node};
use super::super::file::File;
use super::super::lines::Lines;
use super::super::readable;
use super::super::reading::Reading;
use super::contract::{Call, Fault, called_path};
use crate::emit::workflow::Credential;
use crate::finding::{Finding, Findings, Severity};
use crate::rules;
use crate::suggest::{self, shown};
use crate::table::Source;

/// The workflows of a folder, the kept one among them.
pub(super) struct Whole<'w> {
    kept: &'w Reading<'w>,
    path: &'w str,
    others: &'w [File],
    /// What was read of the others; none where that can't be.
    read: Vec<Option<Document>>,
}

impl<'w> Whole<'w> {
    pub(super) fn of(kept: &'w Reading<'w>, path: &'w str, others: &'w [File]) -> Self {
        let read = others.iter().map(|file| Document::read(file.body()).ok()).collect();
        Self { kept, path, others, read }
    }

    /// Says for what GitHub refuses a run of the kept workflow, or of those that lead to it.
    pub(super) fn judge(&self, leading: &[String], findings: &mut Findings<'_>) {
        let mut run = Run { whole: self, seen: BTreeSet::new(), findings };
        run.seen.insert(self.path.to_owned());
        run.visit(self.path, None, &mut vec![self.path.to_owned()]);
        for path in leading {
            run.enter(path, None, &mut Vec::new());
        }
        // One that can't be read may be what a console starts.
        let starts = ["workflow_dispatch", "workflow_call", "repository_dispatch"];
        for (file, read) in self.others.iter().zip(&self.read) {
            let calls = format!("/{}", self.path);
            let is_meant =
                file.text.contains(&calls) && starts.iter().any(|on| file.text.contains(on));
            if read.is_none() && is_meant && run.seen.insert(file.from_root.clone()) {
                run.shape(file);
            }
        }
    }

    fn file(&self, path: &str) -> Option<&'w File> {
        self.others.iter().find(|file| file.from_root == path)
    }

    fn document(&self, path: &str) -> Option<&Document> {
        if path == self.path {
            return Some(self.kept.document);
        }
        let at = self.others.iter().position(|file| file.from_root == path)?;
        self.read[at].as_ref()
    }

    /// The folder where all workflows of the repository lie, where the kept one does.
    fn folder(&self) -> Option<&str> {
        let (folder, _) = self.path.rsplit_once('/')?;
        (folder == ".github/workflows").then_some(folder)
    }
}

/// What was come to of a run.
struct Run<'r, 'f, 's> {
    whole: &'r Whole<'r>,
    seen: BTreeSet<String>,
    findings: &'f mut Findings<'s>,
}

impl<'r> Run<'r, '_, '_> {
    /// Looks at a workflow and at those that it calls, where that was not done.
    fn enter(&mut self, path: &str, inherited: Option<&'r Node>, way: &mut Vec<String>) {
        let Some(file) = self.whole.file(path).filter(|_| self.seen.insert(path.to_owned())) else {
            return;
        };
        self.shape(file);
        way.push(path.to_owned());
        self.visit(path, inherited, way);
        way.pop();
    }

    /// Whether a workflow has the form that GitHub takes.
    fn shape(&mut self, file: &File) {
        let source = Source::new(&file.shown, file.body());
        let mut found = Findings::new(&source);
        if let Some(document) = readable(&source.text, &mut found) {
            let lines = Lines::of(&source.text);
            let kept = self.whole.kept;
            let reading = Reading::new(kept.machine, kept.target, &document, &lines, Vec::new());
            reading.judge_keys(&mut found);
            reading.judge_refused_of_another(&mut found);
        }
        // What is shown next to a finding is a line of the kept workflow.
        let found = found.finish().into_iter().map(|finding| Finding { span: None, ..finding });
        found.for_each(|finding| self.findings.push(finding));
    }

    /// Looks at the jobs of a workflow that call another.
    fn visit(&mut self, path: &str, inherited: Option<&'r Node>, way: &mut Vec<String>) {
        let whole = self.whole;
        let Some(caller) = whole.document(path) else { return };
        for (key, job) in caller.jobs() {
            let job = caller.resolved(job);
            let Some(called) = called_path(job) else { continue };
            let name = shown(key.text().unwrap_or_default());
            if way.iter().any(|before| before == called) {
                let message =
                    format!("the job `{name}` calls `{}`, which it is called by", shown(called));
                let help = "take the job off: no workflow can call itself, or one that calls it"
                    .to_owned();
                self.add(path, &Fault { line: key.line, message, help });
                continue;
            }
            match whole.document(called) {
                None if whole.file(called).is_none() => self.missing(path, key, called),
                None => self.enter(called, None, way),
                Some(document) => {
                    let target = whole.kept.target;
                    let is_kept = called == whole.path;
                    let call = Call {
                        caller,
                        key,
                        job,
                        path: called,
                        called: document,
                        inherited,
                        reported: is_kept.then_some(target.id_input.as_str()),
                        is_token_reported: is_kept && target.credential == Credential::Oidc,
                    };
                    for fault in call.faults() {
                        self.add(path, &fault);
                    }
                    let allowed = call.allowed();
                    self.enter(called, allowed, way);
                }
            }
        }
    }

    fn missing(&mut self, path: &str, key: &Node, called: &str) {
        let Some(folder) = self.whole.folder() else { return };
        // Of one that lies elsewhere the form says so.
        if called.rsplit_once('/').is_none_or(|(of, _)| of != folder) {
            return;
        }
        let name = shown(key.text().unwrap_or_default());
        let all = self.whole.others.iter().map(|file| file.from_root.as_str());
        let help = match suggest::nearest(called, all) {
            Some(near) => format!("did you mean `{}`?", shown(near)),
            None => "write that workflow, or take the job off".to_owned(),
        };
        let message = format!("the job `{name}` calls `{}`, which is no file", shown(called));
        self.add(path, &Fault { line: key.line, message, help });
    }

    fn add(&mut self, path: &str, Fault { line, message, help }: &Fault) {
        let message = format!("{message}: GitHub refuses the run");
        let Some(file) = self.whole.file(path) else {
            let span = self.whole.kept.lines.span(*line);
            self.findings.add(rules::REFUSED_CALL, Severity::Error, span, message, help.clone());
            return;
        };
        let source = Source::new(&file.shown, file.body());
        let span = Lines::of(&source.text).span(*line);
        let finding =
            source.finding(rules::REFUSED_CALL, Severity::Error, span, message, help.clone());
        self.findings.push(Finding { span: None, ..finding });
    }
}
