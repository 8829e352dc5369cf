//! What must hold of every run of a generated workflow, a check each.

use std::collections::BTreeMap;

use phasegate_codegen::machine::{JobId, Machine, Outcomes, StateId};
use serde_json::{Value, json};

use super::expression;
use super::generated::{Generated, reports};
use super::runner::{Event, Fate, With, Work, run};

/// What a report says, by the table: as the script maps it.
fn state_of(machine: &Machine, outcomes: Outcomes, with: &With) -> StateId {
    match with.get("state") {
        Some(name) => machine.find(name).unwrap(),
        None => match with["outcome"].as_str() {
            "success" => outcomes.success.unwrap(),
            "failure" => outcomes.failure.unwrap(),
            "cancelled" => outcomes.cancelled.unwrap(),
            other => panic!("{other} is no outcome"),
        },
    }
}

/// The one thing that goes wrong in a run.
#[derive(Debug)]
enum Trouble {
    /// A piece of work of a job, by its number.
    Work(String, usize, Work),
    /// A report of a job that is part of it, by its place.
    Report(String, usize),
}

/// The runs of a workflow in which one thing goes wrong, or nothing.
fn troubles(machine: &Machine) -> Vec<Option<Trouble>> {
    let mut troubles = vec![None];
    for id in machine.job_ids().filter(|&id| !machine.job(id).always) {
        let job = machine.job(id);
        for number in 1..=job.milestones.len() + 1 {
            for work in [Work::Fails, Work::IsCancelled, Work::IsLost] {
                troubles.push(Some(Trouble::Work(job.name.clone(), number, work)));
            }
        }
        for (place, report) in machine.reports(id).iter().enumerate() {
            if !report.tolerated {
                troubles.push(Some(Trouble::Report(job.name.clone(), place)));
            }
        }
    }
    troubles
}

/// The tolerated reports, by job and place.
fn tolerated(machine: &Machine) -> Vec<(String, usize)> {
    let of = |id: JobId| {
        let reports = machine.reports(id).into_iter().enumerate();
        reports
            .filter(|(_, report)| report.tolerated)
            .map(move |(at, _)| (machine.job(id).name.clone(), at))
    };
    machine.job_ids().flat_map(of).collect()
}

/// What a run came to.
struct Played {
    /// The reports that were delivered, and the `attempted` of each.
    delivered: Vec<(StateId, Option<StateId>)>,
    /// What became of each job.
    results: BTreeMap<String, String>,
    /// The pieces of work that succeeded.
    done: Vec<(String, usize)>,
}

/// One run, in which some tolerated reports are lost.
fn play(
    generated: &Generated,
    workflow: &Value,
    trouble: Option<&Trouble>,
    lost: &[&(String, usize)],
) -> Played {
    let machine = &generated.machine;
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    let mut delivered = Vec::new();
    let mut done = Vec::new();
    let results = run(workflow, &generated.inputs(), &mut |event| match event {
        Event::Work { job, number } => match trouble {
            Some(Trouble::Work(bad, at, work)) if bad == job && *at == number => Fate::Work(*work),
            Some(Trouble::Work(..) | Trouble::Report(..)) | None => {
                done.push((job.to_owned(), number));
                Fate::Work(Work::Succeeds)
            }
        },
        Event::Report { job, with } => {
            // A lost report is known by its place in the job, whichever of them ran.
            let reports = machine.reports(generated.job(job));
            let count = sent.entry(job.to_owned()).or_default();
            let place = if with.contains_key("outcome") { reports.len() - 1 } else { *count };
            *count += 1;
            let is_lost = |(name, at): &(String, usize)| name == job && *at == place;
            let is_trouble =
                matches!(trouble, Some(Trouble::Report(name, at)) if name == job && *at == place);
            if is_trouble || lost.iter().copied().any(is_lost) {
                return Fate::Report(false);
            }
            let state = state_of(machine, machine.job(generated.job(job)).outcomes(), &with);
            let attempted = with.get("attempted").filter(|name| !name.is_empty());
            delivered.push((state, attempted.map(|name| machine.find(name).unwrap())));
            Fate::Report(true)
        }
    });
    Played { delivered, results, done }
}

/// Everything that can go wrong in one place, times every set of tolerated reports that is lost: no report
/// is refused, the run ends in a terminal state of the right kind, and the stepper says nothing
/// false.
pub(crate) fn tries_every_run(generated: &Generated) -> usize {
    let machine = &generated.machine;
    let workflow = generated.workflow();
    let tolerated = tolerated(machine);
    let mut cases = 0;
    for trouble in troubles(machine) {
        for set in 0..1_u32 << tolerated.len() {
            let lost: Vec<&(String, usize)> = tolerated
                .iter()
                .enumerate()
                .filter(|(at, _)| set >> at & 1 == 1)
                .map(|(_, it)| it)
                .collect();
            let Played { delivered, results, done } =
                play(generated, &workflow, trouble.as_ref(), &lost);
            let case = format!("{trouble:?}, lost {lost:?}, delivered {delivered:?}");
            let mut history = vec![machine.initial[0]];
            let mut last = None;
            for &(state, attempted) in &delivered {
                let from = *history.last().unwrap();
                if machine.can_become(from, state) {
                    history.push(state);
                    last = attempted;
                } else {
                    assert_eq!(from, state, "a report is refused: {case}");
                }
            }
            let end = machine.state(*history.last().unwrap());
            let succeeded = trouble.is_none();
            assert!(end.is_ended(), "the run ends in {}: {case}", end.name);
            assert_eq!(end.outcome == Some(phasegate::Outcome::Success), succeeded, "{case}");
            assert_eq!(results.values().all(|result| result == "success"), succeeded, "{case}");
            shows_nothing_false(machine, &history, last, &done, &case);
            cases += 1;
        }
    }
    cases
}

/// A phase is done where all work that reports it succeeded, and failed where some did not.
fn shows_nothing_false(
    machine: &Machine,
    history: &[StateId],
    attempted: Option<StateId>,
    done: &[(String, usize)],
    case: &str,
) {
    let views = machine.phases(history, attempted);
    for (at, phase) in machine.phases.iter().enumerate() {
        let mut whole = true;
        for job in machine.jobs.iter().filter(|job| !job.always) {
            for (number, state) in job.before_outcome().iter().enumerate() {
                let here = machine.state(*state).phase.is_some_and(|phase| phase.index() == at);
                whole &= !here || done.contains(&(job.name.clone(), number + 1));
            }
        }
        let view = views[at];
        assert!(view != phasegate::View::Done || whole, "{} is shown as done: {case}", phase.name);
        let ended = [phasegate::View::Failed, phasegate::View::Cancelled].contains(&view);
        assert!(!ended || !whole, "{} is shown as {view:?}: {case}", phase.name);
    }
}

/// What the conclusion says for these results of the jobs that it needs.
fn concludes(generated: &Generated, results: &BTreeMap<&str, &str>) -> (String, String) {
    let workflow = generated.workflow();
    let job = generated.machine.jobs.iter().find(|job| job.always).unwrap();
    let needs: serde_json::Map<String, Value> = results
        .iter()
        .map(|(name, result)| ((*name).to_owned(), json!({ "result": result })))
        .collect();
    let mut context = json!({ "inputs": {}, "vars": {}, "needs": needs });
    let yaml = &workflow["jobs"][&job.name];
    let result = expression::interpolate(yaml["env"]["RESULT"].as_str().unwrap(), &context);
    context["env"] = json!({ "RESULT": result });
    let action = &generated.machine.targets.workflow().unwrap().action;
    let with = &reports(yaml, action)[0]["with"];
    let outcome = expression::interpolate(with["outcome"].as_str().unwrap(), &context);
    let attempted = with
        .get("attempted")
        .map_or(String::new(), |text| expression::interpolate(text.as_str().unwrap(), &context));
    (outcome, attempted)
}

pub(crate) fn a_run_that_no_console_started_reports_nothing_and_does_its_work(
    generated: &Generated,
) {
    let mut works = 0;
    let results = run(&generated.workflow(), &json!({}), &mut |event| match event {
        Event::Work { .. } => {
            works += 1;
            Fate::Work(Work::Succeeds)
        }
        Event::Report { job, .. } => panic!("{job} reports"),
    });
    assert!(works > 0);
    for job in &generated.machine.jobs {
        assert_eq!(results[&job.name], if job.always { "skipped" } else { "success" });
    }
}

pub(crate) fn the_conclusion_is_what_rule_9_says_for_all_results(generated: &Generated) {
    let words = ["success", "failure", "cancelled", "skipped"];
    let machine = &generated.machine;
    let Some(id) = machine.job_ids().find(|&id| machine.job(id).always) else { return };
    let needs = &machine.job(id).needs;
    for number in 0..words.len().pow(u32::try_from(needs.len()).unwrap()) {
        let results: Vec<&str> = (0..needs.len())
            .map(|at| words[number / words.len().pow(u32::try_from(at).unwrap()) % words.len()])
            .collect();
        let expected = if results.contains(&"failure") {
            "failure"
        } else if results.contains(&"cancelled") {
            "cancelled"
        } else if results.contains(&"skipped") {
            "failure"
        } else {
            "success"
        };
        let first = results.iter().position(|result| *result == expected);
        let attempted = first.and_then(|at| {
            let job = machine.job(needs[at]);
            let mut states = vec![job.start?];
            states.extend(job.milestones.iter().map(|milestone| milestone.state));
            let phase = machine.state(states[0]).phase?;
            states
                .iter()
                .all(|&state| machine.state(state).phase == Some(phase))
                .then_some(states[0])
        });
        let named: BTreeMap<&str, &str> =
            needs.iter().map(|&need| machine.job(need).name.as_str()).zip(results).collect();
        assert_eq!(
            concludes(generated, &named),
            (
                expected.to_owned(),
                attempted.map_or(String::new(), |id| machine.state(id).name.clone())
            ),
            "{named:?}"
        );
    }
}
