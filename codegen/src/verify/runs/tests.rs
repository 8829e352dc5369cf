//! Every workflow of a family of small ones: what keeps searches small changes nothing that they find.

use super::views::Watch;
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
/// Where rows start, and how they go on.
const WAYS: [[&str; 2]; 2] = [
    [
        "['new', 'a', 'c']",
        "{ from = ['new', 'a', 'b', 'c', 'd'], to = ['a', 'b', 'c', 'd', 'good'] }",
    ],
    ["'new'", "{ path = ['new', 'a', 'b', 'c', 'd', 'good'] }"],
];

/// Two jobs that start, succeed and fail in any of these states or say nothing of it, one after the
/// other or not, with a conclusion and without.
fn family() -> Vec<Machine> {
    let line = |key: &str, state: &str| match state {
        "" => String::new(),
        state => format!("{key} = '{state}'\n"),
    };
    let mut jobs = Vec::new();
    for start in ["", "a", "c"] {
        for success in ["", "b", "d"] {
            for failure in ["", "bad"] {
                let lines = [("start", start), ("success", success), ("failure", failure)];
                jobs.push(lines.map(|(key, state)| line(key, state)).concat());
            }
        }
    }
    let end = "[[job]]\nname = 'end'\nalways = true\nneeds = ['j', 'k']\nsuccess = 'good'\nfailure = 'bad'\n";
    let mut family = Vec::new();
    for [initial, ways] in WAYS {
        for (at, one) in jobs.iter().enumerate() {
            // Of jobs next to each other the second is not before the first.
            let next_to = jobs[at..].iter().flat_map(|other| [(other, "", ""), (other, "", end)]);
            let after = jobs.iter().map(|other| (other, "needs = ['j']\n", end));
            for (other, needs, end) in next_to.chain(after) {
                let text = format!(
                    "format = 1\nmachine = {{ name = 'm', initial = {initial} }}\n{STATES}\
                     transition = [{ways}, {{ from = '*', to = 'bad' }}]\n\
                     [[job]]\nname = 'j'\n{one}[[job]]\nname = 'k'\n{needs}{other}{end}"
                );
                if let Ok((_, machine, _)) = crate::machine("m.toml", text.as_bytes()) {
                    family.push(machine);
                }
            }
        }
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
    assert!(alike > 20, "{alike}");
}

#[test]
fn the_own_jobs_of_a_phase_prove_nothing_that_a_run_refutes() {
    let (mut proven, mut refuted) = (0, 0);
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
        }
    }
    assert!(proven > 200 && refuted > 50, "{proven} proven, {refuted} refuted");
}
