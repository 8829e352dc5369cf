//! Plays the generated workflow: the same plan that the template prints, step by step, each report
//! by the generated script, in the environment that the generated YAML gives it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use phasegate::store::Started;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::command::{Failure, print};
use phasegate_codegen::load::Loaded;
use phasegate_codegen::machine::{Became, JobId, Machine, NeedResult, StateId, conclude};
use phasegate_codegen::workflow::plan::{Attempted, Plan, ReportStep, Says, Step};

pub(super) struct Play<'a> {
    pub(super) machine: &'a Machine,
    id_input: &'a str,
    script: PathBuf,
    event: PathBuf,
    /// What the console gave to the run, where one started it.
    id: Option<String>,
    pace: Duration,
    /// Which attempt of the run it is, from 1.
    attempt: u32,
    /// The job whose first piece of work fails.
    pub(super) fail_at: Option<JobId>,
    /// The job that its own condition skips.
    pub(super) skip: Option<JobId>,
    results: BTreeMap<JobId, NeedResult>,
    current: Option<Current>,
}

/// The job that runs.
struct Current {
    job: JobId,
    steps: std::vec::IntoIter<Step>,
    /// What became of it so far; of a concluding job what became of the jobs that it needs.
    result: Became,
    /// Whether its own steps went well.
    status: Became,
    /// The reports that it came to, by their numbers.
    came_to: Vec<usize>,
}

impl<'a> Play<'a> {
    /// A run that no one has started from a console yet.
    pub(super) fn new(loaded: &'a Loaded, folder: &Path, pace: Duration) -> Result<Self, Failure> {
        let machine = &loaded.machine;
        let Some(target) = machine.targets.workflow() else {
            return Err(Failure::Message("the table has no [target.workflow]".to_owned()));
        };
        let script = format!("{}/notify-{}-status/notify.sh", target.path, machine.name);
        let play = Self {
            machine,
            id_input: &target.id_input,
            script: folder.join(script),
            event: folder.join("event.json"),
            id: None,
            pace,
            attempt: 1,
            fail_at: None,
            skip: None,
            results: BTreeMap::new(),
            current: None,
        };
        play.dispatch(&json!({}))?;
        Ok(play)
    }

    /// Gives the run what the console gives it.
    pub(super) fn started_by_console(&mut self, started: &Started) -> Result<(), Failure> {
        self.id = Some(started.id.clone());
        self.dispatch(&json!({ self.id_input: started.id, "callback_token": started.token }))
    }

    /// What GitHub hands to a run that was dispatched with these inputs.
    fn dispatch(&self, inputs: &Value) -> Result<(), Failure> {
        Ok(fs::write(&self.event, json!({ "inputs": inputs }).to_string())?)
    }

    /// Whether every job that ran succeeded.
    pub(super) fn all_well(&self) -> bool {
        let mut jobs = self.machine.job_ids().filter(|&id| !self.machine.job(id).always);
        jobs.all(|id| self.passed(id))
    }

    /// Starts the run again: the jobs that failed, and those that need them.
    pub(super) fn again(&mut self) {
        let is_kept =
            |id: &JobId| self.result(*id) == NeedResult::Success && self.ancestors_passed(*id);
        let kept: Vec<JobId> = self.machine.job_ids().filter(is_kept).collect();
        self.results.retain(|id, _| kept.contains(id));
        self.attempt += 1;
        self.fail_at = None;
    }

    /// Whether a job had its turn.
    pub(super) fn is_over(&self, id: JobId) -> bool {
        self.results.contains_key(&id)
    }

    /// What a concluding job of the first attempt said, on its way until now.
    pub(super) async fn late(&mut self, url: &str) -> Result<(), Failure> {
        let newest = std::mem::replace(&mut self.attempt, 1);
        for job in self.machine.jobs.iter().filter(|job| job.always) {
            let environment = [
                ("NOTIFY_ID", self.id.clone().unwrap_or_default()),
                ("NOTIFY_URL", url.to_owned()),
                ("NOTIFY_JOB", job.name.clone()),
                ("NOTIFY_OUTCOME", Became::Failure.as_str().to_owned()),
            ];
            self.notify(&environment).await?;
        }
        self.attempt = newest;
        Ok(())
    }

    /// Begins a job, where its condition holds.
    pub(super) fn begin(&mut self, id: JobId) -> Result<(), Failure> {
        let job = self.machine.job(id);
        print(&format!("\n{} ({})\n", job.name, job.title))?;
        let result = match job.always {
            true => self.concludes(&self.machine.concluding_attempted(id)).0,
            false => Became::Success,
        };
        let starts = match job.always {
            true => self.id.is_some(),
            false => self.ancestors_passed(id) && self.skip != Some(id),
        };
        if starts {
            let steps = Plan::of(self.machine, id).steps.into_iter();
            let status = Became::Success;
            self.current = Some(Current { job: id, steps, result, status, came_to: Vec::new() });
        } else {
            let why = if job.always {
                "no console started this run"
            } else if self.skip == Some(id) {
                "its own condition does not hold"
            } else {
                "a job before it did not succeed"
            };
            print(&format!("  skipped: {why}\n"))?;
            self.results.insert(id, NeedResult::Skipped);
        }
        Ok(())
    }

    /// The next step of the job that runs; none where it is through.
    pub(super) fn next_step(&mut self) -> Option<Step> {
        self.current.as_mut()?.steps.next()
    }

    /// Ends the job that runs.
    pub(super) fn end(&mut self) {
        if let Some(current) = self.current.take() {
            self.results.insert(current.job, NeedResult::of(current.status));
        }
    }

    fn ancestors_passed(&self, id: JobId) -> bool {
        let mut needs = self.machine.job(id).needs.iter();
        needs.all(|&need| self.passed(need) && self.ancestors_passed(need))
    }

    /// Whether a job succeeded, or was skipped as it may be.
    fn passed(&self, id: JobId) -> bool {
        match self.result(id) {
            NeedResult::Success => true,
            NeedResult::Skipped => self.machine.job(id).skippable,
            NeedResult::Failure | NeedResult::Cancelled => false,
        }
    }

    fn concludes(&self, needed: &[(JobId, Option<StateId>)]) -> (Became, Option<StateId>) {
        let is_skippable = |need: JobId| self.machine.job(need).skippable;
        conclude(needed, is_skippable, |need| self.result(need))
    }

    /// What a job that is over is to those that need it: all that are needed have had their turn.
    fn result(&self, id: JobId) -> NeedResult {
        self.results.get(&id).copied().unwrap_or(NeedResult::Skipped)
    }

    /// Runs a step, where its condition holds.
    pub(super) async fn run(&mut self, step: Step, url: &str) -> Result<(), Failure> {
        let Some(current) = &mut self.current else { return Ok(()) };
        match step {
            Step::Work(work) => {
                if current.status != Became::Success {
                    return Ok(());
                }
                let fails = self.fail_at == Some(current.job) && work.number == 1;
                if fails {
                    current.status = Became::Failure;
                    current.result = Became::Failure;
                }
                let end = if fails { ": fails" } else { "" };
                print(&format!("  work: {}{end}\n", work.title))?;
                Ok(())
            }
            Step::Report(report) => self.report(&report, url).await,
        }
    }

    async fn report(&mut self, report: &ReportStep, url: &str) -> Result<(), Failure> {
        let Some(current) = &self.current else { return Ok(()) };
        let mut environment = vec![
            ("NOTIFY_ID", self.id.clone().unwrap_or_default()),
            ("NOTIFY_URL", url.to_owned()),
            ("NOTIFY_JOB", self.machine.job(current.job).name.clone()),
            ("NOTIFY_TOLERATED", report.tolerated.to_string()),
        ];
        match &report.says {
            Says::State { state, occurrence } => {
                if current.status != Became::Success {
                    return Ok(());
                }
                environment.push(("NOTIFY_STATE", self.machine.state(*state).name.clone()));
                environment.push(("NOTIFY_OCCURRENCE", occurrence.to_string()));
            }
            Says::Outcome => {
                let outcomes = self.machine.job(current.job).outcomes();
                if outcomes.of(current.result).is_none() {
                    return Ok(());
                }
                environment.push(("NOTIFY_OUTCOME", current.result.as_str().to_owned()));
            }
        }
        if let Some(state) = self.attempted(&report.attempted, current) {
            environment.push(("NOTIFY_ATTEMPTED", self.machine.state(state).name.clone()));
        }
        tokio::time::sleep(self.pace).await;
        let delivered = self.notify(&environment).await?;
        if let Some(current) = &mut self.current {
            current.came_to.push(report.number);
            if !delivered && !report.tolerated && current.status == Became::Success {
                current.status = Became::Failure;
                current.result = Became::Failure;
            }
        }
        Ok(())
    }

    fn attempted(&self, attempted: &Attempted, current: &Current) -> Option<StateId> {
        match attempted {
            Attempted::Nothing => None,
            Attempted::State(state) => Some(*state),
            Attempted::LastOf(reports) => {
                let mut came_to =
                    reports.iter().rev().filter(|(at, _)| current.came_to.contains(at));
                came_to.next().map(|(_, state)| *state)
            }
            Attempted::FirstNeeded(needed) => self.concludes(needed).1,
        }
    }

    /// Runs the script, and prints what it says as the runner would show it.
    async fn notify(&self, environment: &[(&str, String)]) -> Result<bool, Failure> {
        let output = Command::new("bash")
            .arg(&self.script)
            .envs(environment.iter().map(|(key, value)| (key, value)))
            .env("GITHUB_EVENT_PATH", &self.event)
            .env("GITHUB_RUN_ID", "1")
            .env("GITHUB_RUN_ATTEMPT", self.attempt.to_string())
            .env_remove("GITHUB_SERVER_URL")
            // A proxy has no way to this machine's own loopback.
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await?;
        for text in [&output.stdout, &output.stderr] {
            for line in String::from_utf8_lossy(text).lines() {
                if let Some(line) = shown(line) {
                    print(&format!("  {line}\n"))?;
                }
            }
        }
        Ok(output.status.success())
    }
}

/// A line as a log on GitHub shows it: what is masked is not shown at all.
fn shown(line: &str) -> Option<String> {
    let Some((command, message)) = line.strip_prefix("::").and_then(|rest| rest.split_once("::"))
    else {
        return Some(line.to_owned());
    };
    let plain = message.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%");
    (command != "add-mask").then(|| format!("{command}: {plain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_line_is_not_shown_and_commands_are_words() {
        assert_eq!(shown("::add-mask::secret"), None);
        assert_eq!(shown("::warning::50%25 lost").as_deref(), Some("warning: 50% lost"));
        assert_eq!(shown("smoke's report: 200").as_deref(), Some("smoke's report: 200"));
    }
}
