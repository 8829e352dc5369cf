//! The runs that a workflow is read as, held to what GitHub's documentation says of small ones: a
//! table of them, each with its source.

use serde::Deserialize;

use super::document::Document;
use super::facts::Decided;
use super::lines::Lines;
use super::reading::Reading;
use crate::machine::{Machine, NeedResult};
use crate::runs::{Layout, Receive, Run, Runs, Sent, Step, Workflow};
use crate::search::{Known, Limits, Model, explore};
use crate::verify::{Claim, broken};

/// Small workflows, and what becomes of one of their jobs.
const CASES: &str = include_str!("../../../tests/library/github.toml");

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    /// Where GitHub says so: page, section.
    cite: String,
    /// What it says, in short.
    says: String,
    /// The jobs, without what does not matter here.
    jobs: String,
    /// What becomes of some of them: `a failure`.
    #[serde(default)]
    given: Vec<String>,
    /// What may become of others: `b runs`, `b skipped`, `b may`.
    then: Vec<String>,
}

/// A receiver that takes everything.
struct Takes;

impl Receive for Takes {
    type Row = ();

    fn take(&self, (): &mut (), _: Sent) -> bool {
        true
    }
}

/// Every end of a workflow's runs: what each job is to those that need it.
struct Ends<'w, 'm> {
    runs: Runs<'w, 'm, Takes>,
    found: Vec<Vec<NeedResult>>,
}

impl Model for Ends<'_, '_> {
    type Node = Run<()>;
    type Step = Step;

    fn starts(&self) -> Vec<Run<()>> {
        vec![Run { jobs: self.runs.waiting(), row: () }]
    }

    fn steps(&self, now: &Run<()>, steps: &mut Vec<(Step, Run<()>)>) {
        for &job in &self.runs.workflow.order {
            self.runs.next(now, job, false, &mut |taken| steps.push((taken.step, taken.run)));
        }
    }

    fn look(&mut self, known: &Known<Self>, at: usize) {
        let jobs = &known.state(at).jobs;
        if self.runs.is_over(jobs) {
            let all = 0..self.runs.workflow.plans.len();
            self.found.push(all.map(|job| self.runs.need(jobs, job)).collect());
        }
    }
}

/// The workflow's jobs as a table has them, which say nothing of each other.
fn table(names: &[&str]) -> Machine {
    let states = "state = [{ name = 'new' }, { name = 'good', outcome = 'success' }]\n\
                  transition = [{ path = ['new', 'good'] }]\n\
                  target.workflow = { id_input = 'row_id' }\n";
    let jobs: String = names.iter().map(|name| format!("[[job]]\nname = '{name}'\n")).collect();
    let text = format!("format = 1\nmachine = {{ name = 'm', initial = 'new' }}\n{states}{jobs}");
    match crate::machine("m.toml", text.as_bytes()) {
        Ok((_, machine, _)) => machine,
        Err(error) => panic!("the table is valid: {error}"),
    }
}

/// Asks of the runs of a workflow as it is read next to a table.
fn read<T>(machine: &Machine, jobs: &str, ask: impl FnOnce(&Workflow<'_>) -> T) -> T {
    let indented: String = jobs.lines().map(|line| format!("  {line}\n")).collect();
    let on = "on:\n  workflow_dispatch:\n    inputs:\n      row_id: {type: string}\n      dry: {type: boolean}\n";
    let text = format!("{on}jobs:\n{indented}");
    let document = Document::read(&text).expect("it is a workflow");
    let target = machine.targets.workflow().expect("the table has one");
    let lines = Lines::of(&text);
    let reading = Reading::new(machine, target, &document, &lines, Vec::new());
    let own = Workflow::of(machine);
    let Ok((workflow, _)) = reading.runs(&own, &Decided::default(), None) else {
        panic!("{jobs}: its conditions can be read")
    };
    ask(&workflow)
}

#[test]
fn a_job_that_is_lost_after_its_success_is_a_run_of_a_kept_workflow_too() {
    let table = "format = 1\nmachine = { name = 'm', initial = 'new' }\n\
        state = [{ name = 'new' }, { name = 'good', outcome = 'success' }, { name = 'bad', outcome = 'failure' }]\n\
        transition = [{ from = 'new', to = ['good', 'bad'] }]\n\
        target.workflow = { id_input = 'row_id' }\n\
        [[job]]\nname = 'a'\nsuccess = 'good'\nfailure = 'bad'\n\
        [[job]]\nname = 'z'\nneeds = ['a']\nalways = true\nfailure = 'bad'\n";
    let machine = match crate::machine("m.toml", table.as_bytes()) {
        Ok((_, machine, _)) => machine,
        Err(error) => panic!("the table is valid: {error}"),
    };
    for (condition, is_silent) in [
        ("always()", false),
        ("'!success()'", false),
        // A job that runs out of time is cancelled by itself, which neither of the two asks for.
        ("failure() || cancelled()", true),
        ("success()", true),
        ("false", true),
    ] {
        let jobs = format!("a: {{}}\nz: {{needs: a, if: {condition}}}\n");
        let (found, exhausted) = read(&machine, &jobs, broken);
        assert!(exhausted && found.contains_key(&Claim::Late) == is_silent, "{jobs}: {found:#?}");
    }
}

fn ends(case: &Case) -> (Vec<String>, Vec<Vec<NeedResult>>) {
    let document = Document::read(&case.jobs).expect("it is a part of a workflow");
    let jobs = document.root.entries().iter();
    let names: Vec<&str> = jobs.filter_map(|(key, _)| key.text()).collect();
    let found = read(&table(&names), &case.jobs, |workflow| {
        let layout = Layout::of(workflow, false);
        let runs = Runs { workflow, layout, receiver: Takes };
        let limits = Limits { states: 1 << 16, steps: 1 << 20 };
        let explored = explore(Ends { runs, found: Vec::new() }, limits);
        assert!(explored.exhausted);
        explored.model.found
    });
    (names.iter().map(|name| (*name).to_owned()).collect(), found)
}

#[test]
fn workflows_run_as_github_says_that_they_do() {
    let Cases { case: cases } = toml::from_str(CASES).expect("the table can be read");
    assert!(cases.len() >= 40, "{}", cases.len());
    for case in &cases {
        let reported = format!("{}\n{}\n{}", case.cite, case.says, case.jobs);
        assert!(case.cite.contains(", "), "a page and a section: {reported}");
        let (names, ends) = ends(case);
        let at = |name: &str| names.iter().position(|known| known == name).expect(&reported);
        let is_given = |end: &&Vec<NeedResult>| {
            case.given.iter().all(|given| {
                let (name, result) = given.split_once(' ').expect(&reported);
                end[at(name)].as_str() == result
            })
        };
        let of_these: Vec<&Vec<NeedResult>> = ends.iter().filter(is_given).collect();
        assert!(!of_these.is_empty(), "no run is so: {reported}");
        for then in &case.then {
            let (name, what) = then.split_once(' ').expect(&reported);
            let can = |result| of_these.iter().any(|end| end[at(name)] == result);
            let found = match (can(NeedResult::Success), can(NeedResult::Skipped)) {
                (true, false) => "runs",
                (false, true) => "skipped",
                (true, true) => "may",
                (false, false) => "neither",
            };
            assert_eq!(found, what, "{name}: {reported}");
        }
    }
}
