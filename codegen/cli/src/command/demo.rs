//! `phasegate demo`: the console, with a deploy run through it from start to end by the generated
//! callback script.

mod bundle;
mod play;
mod stage;
mod tools;

use std::path::Path;
use std::time::Duration;

use clap::Args;

use super::artifacts::in_a_line;
use super::backend::{self, Stopping};
use super::{CommandResult, Exit, Failure, Format, print, print_findings, say};
use phasegate::console::Shown;
use phasegate::store::Snapshot;
use phasegate_codegen::artifact::{self, WriteMode};
use phasegate_codegen::emit::TARGETS;
use phasegate_codegen::load::Loaded;
use phasegate_codegen::machine::{JobId, Machine, StateId};
use phasegate_codegen::suggest;
use play::Play;
use stage::Stage;

#[derive(Args)]
pub(crate) struct Demo {
    /// Make this job fail
    #[arg(long, value_name = "JOB")]
    fail_at: Option<String>,
    /// Let its own condition skip this job, as if the table said `skippable = true` of it
    #[arg(long, value_name = "JOB")]
    skip: Option<String>,
    /// Run the backend on the table before the phases: the gates' reports are refused, and the
    /// deploy goes on
    #[arg(long, conflicts_with_all = ["rollback_at", "no_console_id"])]
    old_backend: bool,
    /// Swap the backend for the old one, over the same database, once the deploy is in this state
    #[arg(long, value_name = "STATE", conflicts_with = "no_console_id")]
    rollback_at: Option<String>,
    /// Run the workflow as if no console had started it: nothing is reported
    #[arg(long)]
    no_console_id: bool,
    /// Once it is over, start the run again: the jobs that failed, and those that need them; then
    /// deliver a late report of the first attempt (needs --fail-at)
    #[arg(long, requires = "fail_at", conflicts_with_all = ["no_console_id", "old_backend"])]
    rerun: bool,
    /// Once it is over, force the deploy into this state, as an operator does past the table
    #[arg(long, value_name = "STATE", conflicts_with = "old_backend")]
    force: Option<String>,
    /// Exit when the deploy has ended: 0 if it ended as the run should
    #[arg(long)]
    once: bool,
    /// How long to wait before each report
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 1000)]
    pace: u64,
}

/// The phases of a snapshot, in the words of the page.
fn shown(snapshot: &Snapshot, machine: &Machine) -> String {
    let steps = Shown::of(machine, snapshot).steps;
    let steps = steps.iter().map(|step| format!("{}: {}", step.title, step.label));
    steps.collect::<Vec<_>>().join(", ")
}

/// What is asked of a run, by the table.
struct Asked {
    fail_at: Option<JobId>,
    skip: Option<JobId>,
    rollback_at: Option<StateId>,
    force: Option<StateId>,
}

impl Demo {
    pub(crate) fn run(&self) -> CommandResult {
        let folder = tempfile::Builder::new().prefix("phasegate-demo-").tempdir()?;
        let mut loaded = bundle::unpack(folder.path())?;
        let asked = self.asked(&loaded.machine)?;
        if !check(&loaded)? {
            return Ok(Exit::Findings);
        }
        // The artifacts are those of the table as it is; only the run may skip the job.
        if let Some(job) = asked.skip {
            loaded.machine.jobs[job.index()].skippable = true;
        }
        tools::make_sure()?;
        backend::block_on(async {
            let mut stopping = Stopping::new()?;
            let mut stage = Stage::set(folder.path(), self.old_backend).await?;
            let exit = tokio::select! {
                exit = self.play(&loaded, &asked, folder.path(), &mut stage) => Some(exit?),
                stopped = stopping.asked() => stopped.map(|()| None)?,
            };
            if exit.is_some() && !self.once {
                print(&format!("\nThe console stays at {}/; Ctrl-C ends it.\n", stage.url()))?;
                stopping.asked().await?;
            }
            stage.strike().await;
            Ok(exit.unwrap_or(Exit::Well))
        })
    }

    fn asked(&self, machine: &Machine) -> Result<Asked, Failure> {
        let jobs: Vec<JobId> = machine.job_ids().filter(|&id| !machine.job(id).always).collect();
        let job_name = |&id: &JobId| machine.job(id).name.as_str();
        let job = |name: &Option<String>, what: &str| {
            let found = name.as_deref().map(|name| {
                let found = jobs.iter().find(|id| job_name(id) == name).copied();
                found.ok_or_else(|| unknown(what, name, jobs.iter().map(job_name)))
            });
            found.transpose()
        };
        let state = |name: &Option<String>| {
            let find = |name: &str| {
                let names = machine.states.iter().map(|state| state.name.as_str());
                machine.find(name).ok_or_else(|| unknown("state", name, names))
            };
            name.as_deref().map(find).transpose()
        };
        Ok(Asked {
            fail_at: job(&self.fail_at, "job that can fail")?,
            skip: job(&self.skip, "job that can be skipped")?,
            rollback_at: state(&self.rollback_at)?,
            force: state(&self.force)?,
        })
    }

    /// The whole run, from the click on Deploy to its end.
    async fn play(
        &self,
        loaded: &Loaded,
        asked: &Asked,
        folder: &Path,
        stage: &mut Stage,
    ) -> CommandResult {
        let machine = &loaded.machine;
        let started = stage.start().await?;
        print(&format!("\nThe console: {}/?{}={}\n", stage.url(), machine.name, started.id))?;
        if self.old_backend {
            print("Its backend is the one from before the phases.\n")?;
        }
        let mut play = Play::new(loaded, folder, Duration::from_millis(self.pace))?;
        play.fail_at = asked.fail_at;
        play.skip = asked.skip;
        if !self.no_console_id {
            play.started_by_console(&started)?;
        }
        let mut rollback = asked.rollback_at.map(|state| &machine.state(state).value);
        let attempts = if self.rerun { 2 } else { 1 };
        let turns = (0..attempts).flat_map(|at| machine.job_ids().map(move |job| (at, job)));
        let mut attempt = 0;
        for (at, job) in turns {
            if std::mem::replace(&mut attempt, at) < at {
                print(
                    "\n-- the run is started again: the jobs that failed, and those that need them --\n",
                )?;
                play.again();
            }
            if play.is_over(job) {
                continue;
            }
            play.begin(job)?;
            loop {
                let status = stage.snapshot(&started.id).await?.status;
                if rollback.take_if(|value| **value == status).is_some() {
                    stage.roll_back().await?;
                    print(
                        "  -- the backend is rolled back to the one from before the phases --\n",
                    )?;
                }
                let Some(step) = play.next_step() else { break };
                play.run(step, &stage.url()).await?;
            }
            play.end();
        }
        if self.rerun {
            print("\n-- a report of the first attempt comes late --\n")?;
            play.late(&stage.url()).await?;
        }
        let force = asked.force.map(|state| machine.state(state).value.as_str());
        if let Some(value) = force {
            print(&format!("\n-- an operator forces the deploy into {value} --\n"))?;
            stage.force(&started.id, value).await?;
        }
        let exit = self.verdict(stage, &play, &started.id, force).await?;
        if rollback.is_some() {
            say("phasegate: the deploy did not come to the state of --rollback-at");
            return Ok(Exit::Findings);
        }
        Ok(exit)
    }

    /// How it ended, and whether that is how it should have.
    async fn verdict(
        &self,
        stage: &Stage,
        play: &Play<'_>,
        id: &str,
        force: Option<&str>,
    ) -> CommandResult {
        let snapshot = stage.snapshot(id).await?;
        let walked: Vec<&str> = snapshot.events.iter().map(|event| event.to.as_str()).collect();
        print(&format!("\nThe deploy went {}.\n", walked.join(" -> ")))?;
        print(&format!("The stepper shows {}.\n", shown(&snapshot, play.machine)))?;
        let well = if let Some(value) = force {
            snapshot.status == value
        } else if self.no_console_id {
            // A job may fail as it was told to; nothing may have been reported.
            snapshot.seq == 1 && (self.fail_at.is_some() || play.all_well())
        } else {
            let expected = if self.fail_at.is_some() { "failure" } else { "success" };
            snapshot.outcome == Some(expected)
        };
        if !well {
            say("phasegate: the deploy did not end as it should have");
        }
        Ok(if well { Exit::Well } else { Exit::Findings })
    }
}

/// Prints the summary line of `check`, and what it found, where it found something.
fn check(loaded: &Loaded) -> Result<bool, Failure> {
    let generated = phasegate_codegen::sync(loaded, TARGETS, WriteMode::Check)?;
    let findings = artifact::findings(&generated.outcomes, &generated.command);
    print_findings(Format::Text, &findings, None, serde_json::json!({}))?;
    let end = if findings.is_empty() { "all current" } else { "not current" };
    let count = generated.outcomes.len();
    print(&format!("{}: {end}\n", in_a_line(bundle::TABLE, &loaded.machine, count)))?;
    Ok(findings.is_empty())
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Failure {
    let known: Vec<&str> = known.collect();
    let nearest = suggest::nearest(name, known.iter().copied());
    let hint = nearest.map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default();
    let (name, known) = (suggest::shown(name), suggest::list(&known));
    Failure::Message(format!("the table has no {what} `{name}`, but {known}{hint}"))
}
