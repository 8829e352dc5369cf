//! What the proofs cost: `verify` of workflows of 6 to 48 jobs in a row, and of jobs side by side;
//! `compat` of jobs in a row and the same with one more; and in the same run how many states a second it explores, next to two model checkers on the same
//! workflow: stateright on a model written here, Spin on the model that `verify --promela` prints.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use divan::Bencher;
use phasegate::{Machine as _, Verdict};
use phasegate_codegen::compat::{Version, compare};
use phasegate_codegen::{Machine, machine, verify};
use stateright::{Checker as _, Model, Property};

fn main() {
    for jobs in [6, 12] {
        let machine = in_a_row(jobs);
        println!("{jobs} jobs in a row, states explored:");
        print("verify", prove_and_count(&machine));
        print("stateright", by_stateright(machine.clone(), jobs));
        match by_spin(&machine) {
            Ok(explored) => print("Spin", explored),
            Err(error) => println!("  Spin: {error}; on Debian: apt-get install spin gcc"),
        }
    }
    divan::main();
}

type Explored = (usize, Duration);

fn print(name: &str, (states, time): Explored) {
    #[expect(clippy::cast_precision_loss, reason = "it is a figure to read")]
    let rate = states as f64 / time.as_secs_f64();
    println!("  {name}: {states} in {time:.2?}, {rate:.0} a second");
}

/// Every search of `verify`.
fn prove_and_count(machine: &Machine) -> Explored {
    let start = Instant::now();
    let proofs = verify::verify(machine);
    let time = start.elapsed();
    let situations = |proved: &verify::Proved| match &proved.verdict {
        verify::ClaimResult::Proven { covered } => {
            let counts = covered.counts.iter().filter(|(_, of)| *of == "situations");
            counts.map(|(count, _)| usize::try_from(*count).unwrap_or(usize::MAX)).sum()
        }
        verify::ClaimResult::Bounded { .. }
        | verify::ClaimResult::NotApplicable { .. }
        | verify::ClaimResult::Refuted { .. } => 0,
    };
    (proofs.iter().map(situations).sum(), time)
}

/// Jobs in a row as one who uses stateright would write them: where each job is, and the row.
#[derive(Clone)]
struct Chain {
    machine: Machine,
    jobs: usize,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Stage {
    Waiting,
    Working,
    Passed,
    Failed,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct State {
    jobs: Vec<Stage>,
    row: phasegate::StateId,
    concluded: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Action {
    Start { delivered: bool },
    Ends { passed: bool, delivered: bool },
    Concludes { delivered: bool },
}

impl Model for Chain {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let jobs = vec![Stage::Waiting; self.jobs];
        vec![State { jobs, row: phasegate::Machine::initial(&self.machine), concluded: false }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let open = state.jobs.iter().find(|stage| **stage != Stage::Passed);
        for delivered in [true, false] {
            match open {
                Some(Stage::Waiting) => {
                    actions.push(Action::Start { delivered });
                    actions.push(Action::Ends { passed: false, delivered });
                }
                Some(Stage::Working) => {
                    actions.push(Action::Ends { passed: true, delivered });
                    actions.push(Action::Ends { passed: false, delivered });
                }
                Some(Stage::Failed | Stage::Passed) | None if !state.concluded => {
                    actions.push(Action::Concludes { delivered });
                }
                Some(Stage::Failed | Stage::Passed) | None => {}
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        let at = state.jobs.iter().position(|stage| *stage != Stage::Passed);
        let job = at.map(|at| &self.machine.jobs[at]);
        let (report, delivered) = match action {
            Action::Start { delivered } => {
                next.jobs[at?] = Stage::Working;
                (job?.start, delivered)
            }
            Action::Ends { passed, delivered } => {
                next.jobs[at?] = if passed { Stage::Passed } else { Stage::Failed };
                (if passed { job?.success } else { job?.failure }, delivered)
            }
            Action::Concludes { delivered } => {
                next.concluded = true;
                let last = self.machine.jobs.last()?;
                (if at.is_none() { last.success } else { last.failure }, delivered)
            }
        };
        let to = report?;
        if delivered && self.machine.judge(state.row, to) == Verdict::Applied {
            next.row = to;
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("an end is true", |chain: &Chain, state: &State| {
            let passed = state.jobs.iter().all(|stage| *stage == Stage::Passed);
            chain.machine.outcome(state.row) != Some(phasegate::Outcome::Success) || passed
        })]
    }
}

fn by_stateright(machine: Machine, jobs: usize) -> Explored {
    let start = Instant::now();
    let checker = Chain { machine, jobs }.checker().spawn_bfs().join();
    checker.assert_properties();
    (checker.unique_state_count(), start.elapsed())
}

fn by_spin(machine: &Machine) -> Result<Explored, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let run = |program: &str, arguments: &[&str]| -> Result<String, String> {
        let output = Command::new(program).args(arguments).current_dir(folder.path()).output();
        let output = output.map_err(|error| format!("{program}: {error}"))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let model: &Path = &folder.path().join("model.pml");
    std::fs::write(model, verify::promela(machine)).map_err(|error| error.to_string())?;
    run("spin", &["-a", "model.pml"])?;
    run("cc", &["-O2", "-w", "-DNOCLAIM", "-o", "pan", "pan.c"])?;
    let start = Instant::now();
    let said = run("./pan", &["-m1000000"])?;
    let time = start.elapsed();
    let stored = said.lines().find(|line| line.contains("states, stored"));
    let states = stored.and_then(|line| line.split_whitespace().next()?.parse().ok());
    Ok((states.ok_or("its verifier does not say how many states it stored")?, time))
}

/// Jobs in a row, each with a phase, a start and an outcome, all of them optional, and a conclusion.
fn in_a_row(jobs: usize) -> Machine {
    read(&table(jobs, true))
}

/// The same jobs side by side, each of whose reports may come at any time.
fn side_by_side(jobs: usize) -> Machine {
    read(&table(jobs, false))
}

fn read(text: &str) -> Machine {
    machine("m.toml", text.as_bytes()).unwrap_or_else(|error| panic!("{error:?}")).1
}

fn table(jobs: usize, in_a_row: bool) -> String {
    let each = |of: &dyn Fn(usize) -> String| (0..jobs).map(of).collect::<String>();
    let phases = each(&|job| format!("[[phase]]\nname = 'p{job}'\n"));
    let states = each(&|job| {
        format!(
            "[[state]]\nname = 'on{job}'\nphase = 'p{job}'\noptional = true\n\
             [[state]]\nname = 'done{job}'\nphase = 'p{job}'\ncompletes = true\noptional = true\n"
        )
    });
    let all = each(&|job| format!("'on{job}', 'done{job}', "));
    let transitions = if in_a_row {
        format!("[[transition]]\npath = ['new', {all}'good']\n")
    } else {
        format!("[[transition]]\nfrom = ['new', {all}]\nto = [{all}'good']\n")
    };
    let needs = |job: usize| match job.checked_sub(1) {
        Some(before) if in_a_row => format!("needs = ['j{before}']\n"),
        Some(_) | None => String::new(),
    };
    let rows = each(&|job| {
        format!(
            "[[job]]\nname = 'j{job}'\n{}start = 'on{job}'\nsuccess = 'done{job}'\nfailure = 'bad'\n",
            needs(job)
        )
    });
    let names = each(&|job| format!("'j{job}', "));
    format!(
        "format = 1\nmachine = {{ name = 'm', initial = 'new' }}\n{phases}[[state]]\nname = 'new'\n\
         {states}[[state]]\nname = 'good'\noutcome = 'success'\n[[state]]\nname = 'bad'\n\
         outcome = 'failure'\n{transitions}[[transition]]\nfrom = '*'\nto = 'bad'\n{rows}[[job]]\n\
         name = 'end'\nalways = true\nneeds = [{names}]\nsuccess = 'good'\nfailure = 'bad'\n"
    )
}

/// Every claim is proven.
fn prove(machine: &Machine) {
    let proofs = verify::verify(machine);
    let bounded = proofs.iter().find(|proved| proved.verdict.as_str() == "bounded");
    assert!(bounded.is_none(), "{bounded:?}");
}

#[divan::bench(args = [6, 12, 24, 48], sample_count = 3)]
fn jobs_in_a_row(bencher: Bencher<'_, '_>, jobs: usize) {
    let machine = in_a_row(jobs);
    bencher.bench(|| prove(&machine));
}

#[divan::bench(args = [4, 6, 8], sample_count = 3)]
fn jobs_side_by_side(bencher: Bencher<'_, '_>, jobs: usize) {
    let machine = side_by_side(jobs);
    bencher.bench(|| prove(&machine));
}

#[divan::bench(args = [6, 12], sample_count = 3)]
fn jobs_in_a_row_and_one_more(bencher: Bencher<'_, '_>, jobs: usize) {
    let targets = "[target.sql]\n[target.js]\n[target.workflow]\n";
    let version = |label, jobs| {
        let text = table(jobs, true) + targets;
        Version::new(label, "m.toml", text.as_bytes()).unwrap_or_else(|error| panic!("{error:?}"))
    };
    let versions = [version("old", jobs), version("new", jobs + 1)];
    bencher.bench(|| assert!(compare(&versions, 0, 1).exhausted));
}
