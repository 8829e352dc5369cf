//! Whether an action of the repository is there when a job reports with it: a report that is
//! tolerated would be lost without a word.

use super::document::Node;
use super::reading::Reading;
use super::regions::Region;
use super::script::commands;
use crate::finding::{Findings, Severity};
use crate::rules;
use crate::suggest::shown;

/// A key of a checkout that keeps the action from being there, and its value.
type Partial<'n> = (&'n Node, &'n Node);

impl Reading<'_> {
    /// Whether the reports are sent by an action of the workflow's own repository.
    pub(super) fn is_local(&self) -> bool {
        self.target.action.starts_with("./")
    }

    /// What keeps the action from being where it is asked for after a checkout.
    fn partial<'n>(&self, step: &'n Node) -> Vec<Partial<'n>> {
        if !self.is_local() {
            return Vec::new();
        }
        let with = step.get("with").map_or(&[][..], Node::entries);
        let condition = step.entry("if");
        let keys = with.iter().chain(condition).map(|(key, value)| (key, value));
        keys.filter(|(key, value)| !self.is_harmless(key.text(), value)).collect()
    }

    fn is_harmless(&self, key: Option<&str>, value: &Node) -> bool {
        let text = value.text().unwrap_or_default().trim();
        let inner = text.strip_prefix("${{").and_then(|text| text.strip_suffix("}}"));
        let inner = inner.unwrap_or(text).trim();
        match key {
            Some("path") => value.is_null() || matches!(text, "." | "./"),
            Some("repository") => value.is_null() || inner == "github.repository",
            Some("ref") => value.is_null() || matches!(inner, "github.sha" | "github.ref"),
            Some("sparse-checkout") => {
                let action = self.target.action.trim_start_matches("./");
                let holds = |line: &str| {
                    let folder = line.trim().trim_matches('/');
                    action == folder
                        || action.strip_prefix(folder).is_some_and(|r| r.starts_with('/'))
                };
                text.is_empty() || text.lines().any(holds)
            }
            Some("if") => {
                matches!(inner, "always()" | "success()") || inner == self.github().given()
            }
            Some(_) | None => true,
        }
    }

    /// The first checkout after which an action of the repository is there; the first of all where
    /// the action is another's.
    pub(super) fn checkout(&self, own: &[(usize, &Node)]) -> Option<usize> {
        let whole =
            |(_, step): &&(usize, &Node)| is_checkout(step) && self.partial(step).is_empty();
        own.iter().find(whole).map(|(line, _)| *line)
    }

    /// What a person has to do before a job can report with an action of the repository.
    pub(super) fn lacks_checkout(&self, own: &[(usize, &Node)]) -> Option<String> {
        if !self.is_local() || self.checkout(own).is_some() {
            return None;
        }
        let first = own.iter().find(|(_, step)| is_checkout(step));
        let partial = first.and_then(|(line, step)| Some((line, self.partial(step).pop()?)));
        Some(match partial {
            Some((line, (key, value))) => {
                let key = key.text().unwrap_or_default();
                let value = value.text().unwrap_or_default().lines().next().unwrap_or_default();
                format!(
                    "the action is of this repository, and the checkout on line {line} has `{key}: \
                     {}`, so that it may not be there: check this repository out without `{key}` \
                     above the job's work; the reports go after that",
                    shown(value)
                )
            }
            None => "the action is of this repository: check it out in the job's first step, with \
                     `uses: actions/checkout` and `persist-credentials: false`; the reports go after it"
                .to_owned(),
        })
    }

    /// Says where the action is not there, or not surely, when a job first reports.
    pub(super) fn judge_checkout(
        &self,
        first: &Region,
        own: &[(usize, &Node)],
        findings: &mut Findings<'_>,
    ) {
        let before: Vec<(usize, &Node)> =
            own.iter().copied().filter(|(line, _)| *line < first.begin).collect();
        if !self.is_local() || self.checkout(&before).is_some() {
            return;
        }
        let Some((_, step)) = before.iter().find(|(_, step)| is_checkout(step)) else {
            let message = format!(
                "`{}` reports with an action of this repository, which is not checked out by then",
                first.name
            );
            let help = "put a step with `uses: actions/checkout` above it: a tolerated report would \
                        be lost for ever without a word";
            let span = self.lines.span(first.begin);
            findings.add(rules::NO_CHECKOUT, Severity::Error, span, message, help);
            return;
        };
        for (key, value) in self.partial(step) {
            let key_text = key.text().unwrap_or_default();
            let message = format!(
                "`{}` reports with `{}`, which may not be there by then: the checkout has `{key_text}: {}`",
                first.name,
                self.target.action,
                shown(value.text().unwrap_or_default().lines().next().unwrap_or_default())
            );
            let help = format!(
                "check this repository out without `{key_text}` above it, and what else is needed \
                 after it: a tolerated report would be lost for ever without a word"
            );
            let span = self.lines.span(key.line);
            findings.add(rules::PARTIAL_CHECKOUT, Severity::Error, span, message, help);
        }
    }
}

impl<'r> Reading<'r> {
    /// Says where the action was taken away again, or may be another commit's, when a job reports.
    pub(super) fn judge_workspace(
        &self,
        regions: &[&Region],
        own: &[(usize, &'r Node)],
        findings: &mut Findings<'_>,
    ) {
        if !self.is_local() {
            return;
        }
        let Some((lost, line, what)) = regions.iter().find_map(|region| {
            let (line, what) = self.lost_by(region, own)?;
            Some((region, line, what))
        }) else {
            return;
        };
        let message = format!(
            "`{}` reports with `{}`, which may be another or none by then: {what} above it",
            lost.name, self.target.action
        );
        let help = format!(
            "write `action = \"$/{}\"` in the table: that is the action at the running commit, \
             whatever is in the workspace; where the runner is older than 2.336.0, check this \
             repository out once more, as the job does first, between line {line} and the region on line {}",
            self.target.action.trim_start_matches("./"),
            lost.begin
        );
        findings.add(rules::LOST_ACTION, Severity::Error, self.lines.span(line), message, help);
    }

    /// What took the action away that a checkout brought, and was not made good, before a region.
    fn lost_by(&self, region: &Region, own: &[(usize, &'r Node)]) -> Option<(usize, String)> {
        let mut lost = None;
        let checkout = self.checkout(own)?;
        for (line, step) in own.iter().filter(|(line, _)| checkout < *line && *line < region.begin)
        {
            if is_checkout(step) && self.partial(step).is_empty() {
                lost = None;
            } else if let Some(what) = self.wipes(step) {
                lost = Some((*line, what));
            }
        }
        lost
    }

    /// What a step does that takes an action of the workspace away.
    fn wipes(&self, step: &Node) -> Option<String> {
        if is_checkout(step) {
            // Into a folder of its own it leaves the others as they are.
            let is_own_folder = |(key, value): &Partial<'_>| {
                key.text() == Some("path") && !self.is_harmless(key.text(), value)
            };
            let partial = self.partial(step);
            let other = partial.iter().find(|(key, _)| key.text() != Some("if"))?;
            let what = format!("a second checkout has `{}`", other.0.text().unwrap_or_default());
            return (!partial.iter().any(is_own_folder)).then_some(what);
        }
        let script = step.get("run").and_then(Node::text)?;
        let is_said = |command: &&str| script.contains(command);
        let git = WIPING.into_iter().find(is_said).map(str::trim);
        let folder = step.get("working-directory").and_then(Node::text).unwrap_or_default();
        let wiping = git.map(str::to_owned).or_else(|| self.removal(script, folder));
        wiping.map(|command| format!("`{}` stands", shown(&command)))
    }

    /// The command of a script that removes the action, or a folder around it.
    fn removal(&self, script: &str, folder: &str) -> Option<String> {
        let mut is_in_workspace = is_workspace(folder.trim());
        for command in commands(&workspace_named(script)) {
            let mut words = command.words.iter().map(String::as_str).skip_while(|w| *w == "sudo");
            match words.next() {
                Some("cd" | "pushd") => is_in_workspace = words.next().is_some_and(is_workspace),
                Some("popd") => is_in_workspace = is_workspace(folder.trim()),
                Some("rm") => {
                    let is_of_folders = command.words.iter().any(|word| {
                        let flags = word.strip_prefix('-').filter(|word| !word.starts_with('-'));
                        flags.is_some_and(|flags| flags.contains(['r', 'R']))
                            || word == "--recursive"
                    });
                    let mut targets = words.filter(|word| !word.starts_with('-'));
                    if is_of_folders && targets.any(|to| self.is_around(to, is_in_workspace)) {
                        return Some(command.words.join(" "));
                    }
                }
                Some(_) | None => {}
            }
        }
        None
    }

    /// Whether a path is the action's, that of a folder around it, or all that is in one.
    fn is_around(&self, path: &str, is_in_workspace: bool) -> bool {
        let action = self.target.action.trim_start_matches("./").trim_end_matches('/');
        let below = WORKSPACE.into_iter().find_map(|of| path.strip_prefix(of));
        let is_there = is_in_workspace && !path.starts_with('/');
        let Some(path) = below.or(is_there.then_some(path)) else { return false };
        let all = path.trim_start_matches("./").trim_matches('/');
        let folder = all.strip_suffix('*').unwrap_or(all).trim_end_matches('/');
        let is_whole = all.is_empty() || matches!(folder, "" | ".");
        is_whole
            || action == folder
            || action.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// How a script calls the workspace.
const WORKSPACE: [&str; 2] = ["$GITHUB_WORKSPACE", "${GITHUB_WORKSPACE}"];

fn is_workspace(path: &str) -> bool {
    let path = workspace_named(path);
    let path = path.trim_end_matches('/');
    matches!(path, "" | ".") || WORKSPACE.contains(&path)
}

/// A script with the workspace by one name, where an expression gives it.
fn workspace_named(script: &str) -> String {
    let mut rest = script;
    let mut named = String::new();
    while let Some((before, after)) = rest.split_once("${{") {
        named += before;
        let Some((inner, behind)) = after.split_once("}}") else {
            rest = &rest[before.len()..];
            break;
        };
        match inner.trim() {
            "github.workspace" => named += WORKSPACE[0],
            // It is one word, whatever it is.
            _ => named.push('?'),
        }
        rest = behind;
    }
    named + rest
}

/// Commands after which the workspace may hold another commit.
const WIPING: [&str; 4] = ["git clean", "git checkout ", "git switch ", "git reset --hard "];

/// Whether a step checks a repository out.
pub(super) fn is_checkout(step: &Node) -> bool {
    let uses = step.get("uses").and_then(Node::text).unwrap_or_default();
    uses.split_once('@').is_some_and(|(action, _)| action.eq_ignore_ascii_case("actions/checkout"))
}
