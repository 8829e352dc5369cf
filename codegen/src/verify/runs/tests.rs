//! Every workflow of a family of small ones: what keeps searches small changes nothing that they find.

use super::reports::RunCounts;
use super::watch::Watch;
use super::{Claim, Mode, Runs, alone};
use crate::machine::Machine;
use crate::machine::stepper::Stepper;
use crate::runs::{Alike, Workflow};

/// Two phases, each with a state of work and one that completes it.
const STATES: &str = "phase = [{ name = 'p' }, { name = 'q' }]\n\
    state = [{ name = 'new' }, { name = 'a', phase = 'p', optional = true },\n\
    { name = 'b', phase = 'p', completes = true, optional = true },\n\
    { name = 'c', phase = 'q', optional = true },\n\
    { name = 'd', phase = 'q', completes = true, optional = true },\n\
    { name = 'good', outcome = 'success' }, { name = 'bad', outcome = 'failure' }]\n";
const WAYS: [&str; 2] = [
    "{ from = ['new', 'a', 'b', 'c', 'd'], to = ['a', 'b', 'c', 'd', 'good'] }",
    "{ path = ['new', 'a', 'b', 'c', 'd', 'good'] }",
];

/// What a job reports.
fn jobs() -> Vec<String> {
    let line = |key: &str, state: &str| match state {
        "" => String::new(),
        state => format!("{key} = '{state}'\n"),
    };
    let mut jobs = Vec::new();
    for success in ["", "b", "d"] {
        for (start, failure) in [("", ""), ("", "bad"), ("a", "bad"), ("c", "bad")] {
            let lines = [("start", start), ("success", success), ("failure", failure)];
            jobs.push(lines.map(|(key, state)| line(key, state)).concat());
        }
    }
    for (start, milestone) in [("a", "b"), ("c", "d")] {
        for success in ["", "good"] {
            let lines = [("start", start), ("success", success), ("failure", "bad")];
            let lines = lines.map(|(key, state)| line(key, state)).concat();
            jobs.push(format!("milestones = [{{ name = 's', state = '{milestone}' }}]\n{lines}"));
        }
    }
    jobs
}

/// Two jobs, one after the other or not, by themselves, with a conclusion, and with a third job
/// after the first.
fn family() -> Vec<Machine> {
    let end = |needs: &str| {
        format!(
            "[[job]]\nname = 'end'\nalways = true\nneeds = [{needs}]\nsuccess = 'good'\nfailure = 'bad'\n"
        )
    };
    let third = "[[job]]\nname = 'l'\nneeds = ['j']\nstart = 'c'\nfailure = 'bad'\n";
    let tails = [String::new(), end("'j', 'k'"), third.to_owned() + &end("'j', 'l', 'k'")];
    let jobs = jobs();
    let mut family = Vec::new();
    for ways in WAYS {
        let before = family.len();
        for (at, one) in jobs.iter().enumerate() {
            // Of jobs next to each other the second is not before the first.
            let next_to =
                jobs[at..].iter().flat_map(|job| tails.each_ref().map(|tail| (job, "", tail)));
            let after = jobs.iter().map(|job| (job, "needs = ['j']\n", &tails[1]));
            for (other, needs, tail) in next_to.chain(after) {
                let text = format!(
                    "format = 1\nmachine = {{ name = 'm', initial = 'new' }}\n{STATES}\
                     transition = [{ways}, {{ from = '*', to = 'bad' }}]\n\
                     [[job]]\nname = 'j'\n{one}[[job]]\nname = 'k'\n{needs}{other}{tail}"
                );
                if let Ok((_, machine, _)) = crate::machine("m.toml", text.as_bytes()) {
                    family.push(machine);
                }
            }
        }
        assert!(family.len() > before + 300, "{before}, {}", family.len());
    }
    family
}

/// The claims that do not hold, each with what is wrong and in how many steps.
fn broken(runs: &Runs) -> Vec<(Claim, u32)> {
    assert!(runs.searched.exhausted);
    runs.broken.iter().map(|(&claim, broken)| (claim, broken.length.0)).collect()
}

#[test]
fn jobs_that_are_taken_for_alike_change_nothing_of_what_is_found() {
    let mut alike = 0;
    for machine in family() {
        let workflow = Workflow::of(&machine);
        // No jobs are alike where every way is wanted in which a claim is broken.
        let [reports, reports_of_each] =
            [false, true].map(|ways| Runs::of_reports(&workflow, Mode::all(true, ways)));
        assert_eq!(broken(&reports), broken(&reports_of_each), "{machine:#?}");
        let counts = |runs: &Runs| format!("{:?}", runs.reports);
        assert_eq!(counts(&reports), counts(&reports_of_each), "{machine:#?}");
        let [views, views_of_each] =
            [false, true].map(|ways| Runs::of_views(&workflow, Mode::all(true, ways)));
        assert_eq!(broken(&views), broken(&views_of_each), "{machine:#?}");
        alike += usize::from(Alike::of(&workflow, None) != Alike::default());
    }
    assert!(alike > 50, "{alike}");
}

#[test]
fn the_own_jobs_of_a_phase_prove_nothing_that_a_run_refutes() {
    let (mut proven, mut refuted, mut again) = (0, 0, 0);
    for machine in family() {
        let workflow = Workflow::of(&machine);
        let stepper = Stepper::of(&machine);
        for phase in machine.phase_ids() {
            // Of this phase alone, all runs.
            let mut of_one = Workflow::of(&machine);
            for other in machine.phase_ids().filter(|&other| other != phase) {
                of_one.work[other.index()].clear();
            }
            let lies = broken(&Runs::of_views(&of_one, Mode::all(true, false)));
            let is_proven = alone::search(&workflow, Watch { stepper: &stepper, phase }).is_some();
            assert!(!is_proven || lies.is_empty(), "{lies:?}: {phase:?} of {machine:#?}");
            proven += usize::from(is_proven);
            refuted += usize::from(!lies.is_empty());
            again += usize::from(matches!(lies[..], [(Claim::Again, _)]));
        }
    }
    let tried = format!("{proven} proven; {refuted} refuted, {again} when started again alone");
    println!("{tried}");
    assert!(proven > 200 && refuted > 50, "{tried}");
}

/// Where the runs that were not all searched finished more, those in turn are still the ones that came to
/// be started again: that no case was tried would not be so.
#[test]
fn runs_that_are_started_again_are_counted_by_the_search_that_came_to_them() {
    let found = |runs, again| RunCounts { runs, again, again_ended: again, ..RunCounts::default() };
    let most = found(9, 0).or_more(found(4, 3));
    assert_eq!((most.runs, most.again, most.again_ended), (9, 3, 3));
    let most = found(4, 3).or_more(found(9, 0));
    assert_eq!((most.runs, most.again, most.again_ended), (9, 3, 3));
}
