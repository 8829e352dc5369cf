//! The rules on phases, tried against whole workflows: every outcome of every job, every tolerated
//! report delivered and lost. No phase is shown failed whose work passed, none done whose work did
//! not, at any moment of any run.

use crate::common;
use std::collections::BTreeMap;

use crate::every_run::{JobResult, ReliedOn, Run, every_run};
use phasegate_codegen::Machine;
use phasegate_codegen::machine::{PhaseId, View};
use proptest::prelude::*;

/// What is wrong with what a stepper shows of a run, if anything.
fn lie(machine: &Machine, run: &Run<'_>) -> Option<String> {
    let views = machine.phases(&run.history, run.attempted);
    for (index, view) in views.into_iter().enumerate() {
        let phase = PhaseId::new(index);
        let passed = run.has_passed(phase);
        let lies = match view {
            View::Failed | View::Cancelled => passed == Some(true) || !run.has_broken(phase),
            View::Done => passed == Some(false),
            View::Skipped | View::Active | View::Unconfirmed | View::Upcoming => false,
        };
        if lies {
            let names: Vec<&str> =
                run.history.iter().map(|&id| machine.state(id).name.as_str()).collect();
            return Some(format!(
                "{} is shown {}: {names:?}, attempted {:?}, jobs {:?}\n{}",
                machine.phase(phase).name,
                view.as_str(),
                run.attempted.map(|id| &machine.state(id).name),
                run.results,
                run.told.join(" ")
            ));
        }
    }
    None
}

/// What was tried: the runs, the moments in them, and the views at those moments by kind.
#[derive(Debug, Default, Eq, PartialEq)]
struct Tried {
    runs: usize,
    moments: usize,
    views: BTreeMap<&'static str, usize>,
}

/// Tries every run of a table. The shortest false view is the error.
fn try_all(machine: &Machine, relied_on: ReliedOn) -> Result<Tried, String> {
    let mut lies: Vec<String> = Vec::new();
    let mut tried = Tried::default();
    let runs = every_run(
        machine,
        relied_on,
        &mut |run| {
            lies.extend(lie(machine, run));
            tried.moments += 1;
            for view in machine.phases(&run.history, run.attempted) {
                *tried.views.entry(view.as_str()).or_default() += 1;
            }
        },
        &mut |_| {},
    );
    lies.sort_by_key(String::len);
    match lies.first() {
        Some(shortest) => Err(format!("{} false views; the shortest:\n{shortest}", lies.len())),
        None => Ok(Tried { runs, ..tried }),
    }
}

#[test]
fn no_view_of_the_deploy_table_is_false_in_any_run() {
    let tried = try_all(&common::machine(common::DEPLOY), ReliedOn::MayFail);
    let views = BTreeMap::from([
        ("active", 1_534),
        ("done", 3_070),
        ("failed", 554),
        ("skipped", 566),
        ("unconfirmed", 2_570),
        ("upcoming", 2_470),
    ]);
    assert_eq!(tried, Ok(Tried { runs: 1_228, moments: 2_691, views }));
}

#[test]
fn no_phase_of_the_deploy_table_is_shown_skipped_whose_work_passed() {
    let machine = common::machine(common::DEPLOY);
    let see = &mut |run: &Run<'_>| {
        for (index, view) in machine.phases(&run.history, run.attempted).into_iter().enumerate() {
            let passed = run.has_passed(PhaseId::new(index)) == Some(true);
            assert!(!passed || view != View::Skipped, "phase {index}: {:?}", run.told);
        }
    };
    every_run(&machine, ReliedOn::MayFail, see, &mut |_| {});
}

#[test]
fn no_run_ends_without_its_end_where_the_concluding_job_reports() {
    let machine = common::machine(common::DEPLOY);
    let (mut green, mut red) = (0, 0);
    let end = &mut |run: &Run<'_>| {
        let concluded = run.results.last() == Some(&Some(JobResult::Success));
        let last = machine.state(*run.history.last().expect("a row starts somewhere"));
        let passed = run.results[..3].iter().all(|result| *result == Some(JobResult::Success));
        if concluded {
            assert_eq!(last.name, if passed { "succeeded" } else { "failed" }, "{:?}", run.told);
        } else if last.outcome.is_some() {
            assert_eq!(last.name == "succeeded", passed, "{:?}", run.told);
        }
        *(if passed { &mut green } else { &mut red }) += 1;
    };
    every_run(&machine, ReliedOn::MayFail, &mut |_| {}, end);
    assert_eq!((green, red), (128, 1_100));
}

/// A workflow of jobs in a row, each with its start, milestones and success.
#[derive(Clone, Debug)]
struct Row {
    /// For each state before the outcome: its phase, whether it is optional, and completes.
    states: Vec<(usize, bool, bool)>,
    /// The success state: a phase, whether optional and completes; none reports the end of all.
    success: Option<(usize, bool, bool)>,
}

fn chain(rows: &[Row], conclude: bool, cancelled: bool) -> String {
    let mut states = String::from("[[state]]\nname = \"start\"\n");
    let mut path = vec!["start".to_owned()];
    let mut jobs = String::new();
    let mut names = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let mut own = Vec::new();
        for &(phase, optional, completes) in row.states.iter().chain(&row.success) {
            let name = format!("s{}", path.len());
            states += &format!(
                "[[state]]\nname = \"{name}\"\nphase = \"p{phase}\"\n\
                 optional = {optional}\ncompletes = {completes}\n"
            );
            path.push(name.clone());
            own.push(name);
        }
        let success = match row.success {
            Some(_) => own.pop().expect("it was just pushed"),
            None => "ok".to_owned(),
        };
        jobs +=
            &format!("[[job]]\nname = \"j{at}\"\nsuccess = \"{success}\"\nfailure = \"failed\"\n");
        if cancelled {
            jobs += "cancelled = \"called_off\"\n";
        }
        if at > 0 {
            jobs += &format!("needs = [\"j{}\"]\n", at - 1);
        }
        if let Some((start, milestones)) = own.split_first() {
            jobs += &format!("start = \"{start}\"\n");
            if !milestones.is_empty() {
                let milestones: Vec<String> = milestones
                    .iter()
                    .map(|m| format!("{{ name = \"{m}\", state = \"{m}\" }}"))
                    .collect();
                jobs += &format!("milestones = [{}]\n", milestones.join(", "));
            }
        }
        names.push(format!("\"j{at}\""));
    }
    path.push("ok".to_owned());
    if conclude {
        jobs += &format!(
            "[[job]]\nname = \"end\"\nalways = true\nneeds = [{}]\nsuccess = \"ok\"\nfailure = \"failed\"\n",
            names.join(", ")
        );
        if cancelled {
            jobs += "cancelled = \"called_off\"\n";
        }
    }
    let phases: String = (0..4).map(|p| format!("[[phase]]\nname = \"p{p}\"\n")).collect();
    let path: Vec<String> = path.iter().map(|s| format!("\"{s}\"")).collect();
    let (off, star) = if cancelled {
        (
            "[[state]]\nname = \"called_off\"\noutcome = \"cancelled\"\n",
            "[\"failed\", \"called_off\"]",
        )
    } else {
        ("", "\"failed\"")
    };
    format!(
        "format = 1\n[machine]\nname = \"m\"\ninitial = \"start\"\n{phases}{states}\
         [[state]]\nname = \"ok\"\noutcome = \"success\"\n[[state]]\nname = \"failed\"\noutcome = \"failure\"\n{off}\
         [[transition]]\npath = [{}]\n[[transition]]\nfrom = \"*\"\nto = {star}\n{jobs}",
        path.join(", ")
    )
}

/// Chains of jobs in which phases only go on, only the last state of a phase may complete it, and
/// the success of a job does.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    let state = || (0_usize..2, any::<bool>(), any::<bool>());
    let row = (proptest::collection::vec(state(), 1..4), state());
    proptest::collection::vec(row, 1..4).prop_map(|rows| {
        let mut phase = 0;
        let last = rows.len() - 1;
        let mut step = |(by, optional, completes): (usize, bool, bool)| {
            phase = (phase + by).min(3);
            (phase, optional, completes)
        };
        let mut rows: Vec<Row> = rows
            .into_iter()
            .enumerate()
            .map(|(at, (states, success))| Row {
                states: states.into_iter().map(&mut step).collect(),
                success: (at < last).then(|| step((0, success.1, true))),
            })
            .collect();
        let mut next = None;
        for row in rows.iter_mut().rev() {
            for state in row.states.iter_mut().chain(&mut row.success).rev() {
                state.2 &= next != Some(state.0);
                next = Some(state.0);
            }
        }
        rows
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_view_of_a_chain_of_jobs_is_false_in_any_run(
        mut rows in rows(),
        conclude: bool,
        cancelled: bool,
    ) {
        for row in &mut rows {
            // See `a_job_whose_milestone_completes_its_only_phase`.
            if conclude && row.states.iter().all(|state| state.0 == row.states[0].0) {
                row.states.iter_mut().for_each(|state| state.2 = false);
            }
        }
        let machine = common::machine(&chain(&rows, conclude, cancelled));
        if let Err(lie) = try_all(&machine, ReliedOn::Delivered) {
            return Err(TestCaseError::fail(lie));
        }
    }
}

// Where the rules themselves give a false view: each the shortest case. They stay here until the
// rules say something else.

/// The one false view of a chain of jobs with a concluding one.
#[track_caller]
fn falls_short(rows: &[Row], relied_on: ReliedOn, shown: &str) {
    let machine = common::machine(&chain(rows, true, false));
    let lie = try_all(&machine, relied_on).expect_err("the rules gave a false view here");
    assert!(lie.contains(shown), "{lie}");
}

/// Its runner is lost after the milestone was reported. The concluding job says that its start was
/// attempted (rule 9), whose phase is thereby shown failed, completed as it is.
#[test]
fn a_job_whose_milestone_completes_its_only_phase() {
    let rows = [Row { states: vec![(0, false, false), (0, false, true)], success: None }];
    falls_short(
        &rows,
        ReliedOn::Delivered,
        "p0 is shown failed: [\"start\", \"s1\", \"s2\", \"failed\"]",
    );
}

/// The report of `s2` cannot be delivered, so the job fails with `s2` attempted. That completes its
/// phase, so rule 6 goes on to the state before the end: of a phase that the job had left.
#[test]
fn an_attempted_that_completes_its_phase_and_was_not_delivered() {
    let rows = [Row { states: vec![(0, false, false), (1, false, true)], success: None }];
    falls_short(&rows, ReliedOn::MayFail, "p0 is shown failed: [\"start\", \"s1\", \"failed\"]");
}

/// The report of `s2` cannot be delivered, so the job fails; that is lost too, and the concluding
/// job attempted nothing. The step from `s1` to the end can hide nothing, for `s2` is relied on.
#[test]
fn a_failure_to_report_that_only_the_concluding_job_tells_of() {
    let rows = [Row { states: vec![(0, false, false), (1, false, false)], success: None }];
    falls_short(&rows, ReliedOn::MayFail, "p0 is shown failed: [\"start\", \"s1\", \"failed\"]");
}

/// The first job passed, and its success completes nothing; the second dies before its first
/// report, and the concluding job attempted nothing, for its states share no phase.
#[test]
fn a_success_that_completes_nothing_before_a_job_that_never_reports() {
    let rows = [
        Row { states: vec![(0, false, false)], success: Some((0, false, false)) },
        Row { states: vec![(1, false, false), (2, false, false)], success: None },
    ];
    falls_short(
        &rows,
        ReliedOn::Delivered,
        "p0 is shown failed: [\"start\", \"s1\", \"s2\", \"failed\"]",
    );
}
