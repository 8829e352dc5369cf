//! Where a job's reports may stand among its steps, so that what they say is true when they say it:
//! the start before the work, a milestone before the step that it is called after, the outcome last.

use super::checkout::is_checkout;
use super::document::Node;
use super::expected::Expected;
use super::reading::Reading;
use super::regions::Region;
use super::script::{Command, commands};
use crate::finding::{Findings, Severity};
use crate::machine::{Job, JobId, ReportKind};
use crate::rules;
use crate::suggest::shown;

/// Commands that only install or set up, and what the action and a checkout are made of.
const INSTALLERS: [&str; 11] = [
    "apk", "apt", "apt-get", "brew", "choco", "dnf", "microdnf", "pacman", "winget", "yum",
    "zypper",
];
const TOOLS: [&str; 5] = ["bash", "ca-certificates", "curl", "git", "jq"];

impl<'r> Reading<'r> {
    /// The first step above a line that does work: one that neither the checkout nor the action
    /// needs. What uses an action and stands above the checkout prepares it (a token, say), unless
    /// the checkout is the last thing that the job does. Where no report needs the checkout, only what
    /// sets up is taken to prepare it: a deploy may come before a checkout.
    pub(super) fn work_above(&self, line: usize, own: &[(usize, &'r Node)]) -> Option<usize> {
        let checkout = self.checkout(own).unwrap_or_default();
        let goes_on = own.last().is_some_and(|(last, _)| *last > checkout);
        let prepares = |at: usize, step: &Node| match step.get("uses").and_then(Node::text) {
            Some(uses) => {
                let may_be_for_it =
                    if self.is_local() { !uses.starts_with("./") } else { sets_up(uses) };
                goes_on && at < checkout && may_be_for_it
                    || is_checkout(step)
                    || self.is_report(step)
                    || is_guard(step)
            }
            None => step.get("run").and_then(Node::text).is_some_and(only_installs),
        };
        let mut above = own.iter().take_while(|(at, _)| *at < line);
        above.find(|(at, step)| !prepares(*at, step)).map(|(at, _)| *at)
    }

    /// The lines of the steps that a milestone may be the beginning of: those that are called as it
    /// is. Where as many milestones are called so, each has its own.
    pub(super) fn milestone_steps(
        &self,
        expected: &Expected,
        own: &[(usize, &'r Node)],
    ) -> Vec<usize> {
        let ReportKind::Milestone(place) = expected.kind else { return Vec::new() };
        let milestones = &self.machine.job(expected.job).milestones;
        let wanted = milestones[place].name.trim().to_lowercase();
        let is_it = |name: &str| name.trim().to_lowercase() == wanted;
        let named = |step: &Node| step.get("name").and_then(Node::text).is_some_and(is_it);
        let steps = own.iter().filter(|(_, step)| named(step)).map(|(line, _)| *line);
        let steps: Vec<usize> = steps.collect();
        let before = milestones[..place].iter().filter(|m| is_it(&m.name)).count();
        match milestones.iter().filter(|m| is_it(&m.name)).count() == steps.len() {
            true => vec![steps[before]],
            false => steps,
        }
    }

    /// Says of reports that stand where what they say is not true.
    pub(super) fn judge_positions(
        &self,
        job: &Job,
        regions: &[(&Region, &Expected)],
        own: &[(usize, &'r Node)],
        findings: &mut Findings<'_>,
    ) {
        for (region, expected) in regions {
            let wrong = match expected.kind {
                ReportKind::Start => self
                    .start_after_job(expected.job, region)
                    .or_else(|| self.start_after_work(region, regions, own)),
                ReportKind::Milestone(_) => self.milestone_elsewhere(region, expected, own),
                ReportKind::Outcome => {
                    self.judge_last(job, region, own, findings);
                    None
                }
            };
            self.judge_skipped(job, region, expected, own, findings);
            if let Some((message, help)) = wrong {
                let span = self.lines.span(region.begin);
                findings.add(rules::MISPLACED_REGION, Severity::Error, span, message, help);
            }
        }
    }

    /// Says of a milestone whose step may be skipped: what it reports does not happen then.
    fn judge_skipped(
        &self,
        job: &Job,
        region: &Region,
        expected: &Expected,
        own: &[(usize, &'r Node)],
        findings: &mut Findings<'_>,
    ) {
        let next = own.iter().find(|(line, _)| *line > region.end);
        let (Some((line, step)), Some(written)) = (next, self.job(&job.name)) else { return };
        if !matches!(expected.kind, ReportKind::Milestone(_)) {
            return;
        }
        if let Some(condition) = self.may_skip(written, step) {
            let message = format!(
                "`{}` says that the step on line {line} begins, which its own condition may skip",
                region.name
            );
            let span = self.lines.span(region.begin);
            let help = Self::unskipped(&condition);
            findings.add(rules::SKIPPED_STEP, Severity::Error, span, message, help);
        }
    }

    /// The start of a job that only reports, after another that does its work.
    fn start_after_job(&self, id: JobId, region: &Region) -> Option<(String, String)> {
        let job = self.machine.job(id);
        let work = *self.work_of(id, self.job(&job.name)?).first()?;
        let message = format!(
            "`{}` comes after the work, which the job `{}` does: it says too late that it began",
            region.name,
            shown(work)
        );
        Some((message, format!("{}, and remove the region", self.off(job)?)))
    }

    fn start_after_work(
        &self,
        region: &Region,
        regions: &[(&Region, &Expected)],
        own: &[(usize, &'r Node)],
    ) -> Option<(String, String)> {
        let work = self.work_above(region.begin, own)?;
        let message = format!(
            "`{}` comes after a step of the job's work, on line {work}: no one hears that it began",
            region.name
        );
        let after_work = |checkout: &usize| self.is_local() && *checkout > work;
        // Above the report that the work begins, too, where one stands right above it.
        let of_work = |of: &&Region| {
            let is_between = |(line, _): &(usize, &Node)| of.end < *line && *line < work;
            of.end < work && of.begin < region.begin && !own.iter().any(is_between)
        };
        let of_work = regions.iter().map(|(of, _)| *of).filter(of_work).map(|of| of.begin).min();
        let help = match self.checkout(own).filter(after_work) {
            Some(checkout) => format!(
                "move the checkout from line {checkout} above line {work}, and the region right \
                 below it"
            ),
            None => format!("move the region above line {}", of_work.unwrap_or(work)),
        };
        Some((message, help))
    }

    pub(super) fn milestone_elsewhere(
        &self,
        region: &Region,
        expected: &Expected,
        own: &[(usize, &'r Node)],
    ) -> Option<(String, String)> {
        let begins = own.iter().find(|(line, _)| *line > region.end).map(|(line, _)| *line);
        let steps = self.milestone_steps(expected, own);
        let (Some(first), name) = (steps.first(), &region.name) else {
            let message =
                format!("no step comes after `{}`, which says that one begins", region.name);
            let help = "move the region above the step that begins it";
            return begins.is_none().then(|| (message, help.to_owned()));
        };
        if begins.is_some_and(|line| steps.contains(&line)) {
            return None;
        }
        let step = own.iter().find(|(line, _)| line == first)?.1;
        let called = step.get("name").and_then(Node::text).unwrap_or_default();
        let message = format!("`{name}` does not stand before its step `{}`", shown(called));
        Some((message, format!("move the region right above line {first}, where that step begins")))
    }

    /// What comes after the outcome can't be reported any more; that harms where it can fail the job.
    fn judge_last(
        &self,
        job: &Job,
        region: &Region,
        own: &[(usize, &'r Node)],
        findings: &mut Findings<'_>,
    ) {
        let harmless = |step: &Node| job.always || !self.flag(step.get("continue-on-error")).no;
        let after: Vec<_> = own.iter().filter(|(line, _)| *line > region.end).collect();
        let worst = after.iter().find(|(_, step)| !harmless(step));
        let Some((line, step)) = worst.or(after.first()) else { return };
        let severity = if harmless(step) { Severity::Warning } else { Severity::Error };
        let message = format!("a step comes after `{}`", region.name);
        let help = "put the outcome's report last: it cannot say that this step failed";
        findings.add(rules::OUTCOME_NOT_LAST, severity, self.lines.span(*line), message, help);
    }
}

/// Whether a step guards those below it, and so comes before them all.
pub(super) fn is_guard(step: &Node) -> bool {
    let uses = step.get("uses").and_then(Node::text).unwrap_or_default();
    uses.starts_with("step-security/harden-runner@")
}

/// Whether an action of somebody else only sets up what others work with, by its name.
fn sets_up(uses: &str) -> bool {
    let action = uses.split('@').next().unwrap_or_default();
    let (owner, name) = action.split_once('/').unwrap_or_default();
    !matches!(owner, "." | "$") && name.starts_with("setup-")
        || ["actions/cache", "actions/create-github-app-token"].contains(&action)
}

/// Whether a script does no more than installing what the action or a checkout needs, or setting up
/// git.
fn only_installs(script: &str) -> bool {
    let commands = commands(script);
    let is_aside = |command: &Command| {
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        matches!(words[..], ["set" | "which" | "type" | "hash", ..] | ["git", "config", ..])
            || matches!(words[..], ["command", "-v", ..])
            || words.iter().any(|word| ["update", "upgrade"].contains(word)) && is_manager(&words)
    };
    let is_needed = |command: &Command| {
        command.installs().is_some_and(|of| of.iter().any(|tool| TOOLS.contains(tool)))
            || command.words.first().is_some_and(|word| word == "git")
    };
    let is_ready = |command: &Command| command.installs().is_some() || is_aside(command);
    commands.iter().all(is_ready) && commands.iter().any(is_needed)
}

/// Whether a command is a package manager's.
fn is_manager(words: &[&str]) -> bool {
    words.iter().any(|word| INSTALLERS.contains(word))
}
