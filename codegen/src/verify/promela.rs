//! The runs of a table's workflow as a model for Spin, an independent model checker: the jobs as
//! processes that report to one row, and the claims about them as formulas of linear temporal logic.
//! It is written from the table's format, not from the search next to it, so that the two can disagree;
//! what a concluding job says of the jobs that it needs (rule 9) both read from the same rows.

use askama::Template;
use phasegate::Outcome;

use crate::machine::{CONCLUSIONS, Job, JobId, Machine, NeedResult, State, StateId};
use crate::search::closure;

/// What each formula claims: its name, the proof that it corresponds to, and the formula.
pub const FORMULAS: [(&str, &str, &str); 4] = [
    ("ends_stay", "ends-stay", "[] (!left_an_end)"),
    ("accepted", "workflow-accepted", "[] (!refused)"),
    ("ends", "workflow-ends", "<> over && [] (over -> (said || mute))"),
    ("truth", "workflow-truth", "[] (over -> !lie)"),
];

/// The model; what is no name is a piece of Promela.
#[derive(Template)]
#[template(path = "verify/promela.pml", escape = "none")]
struct Model<'m> {
    states: Vec<&'m str>,
    initial: Vec<&'m str>,
    legal: String,
    ended: String,
    kept: String,
    good: String,
    bad: String,
    jobs: Vec<Process<'m>>,
    /// Whether every job is over, none could speak that says an end, all others succeeded.
    over: String,
    mute: String,
    all_good: String,
    formulas: Vec<(&'static str, &'static str)>,
}

/// A job.
struct Process<'m> {
    number: usize,
    name: &'m str,
    always: bool,
    has_start: bool,
    skippable: bool,
    /// When it begins, and what must have succeeded by then.
    begins: String,
    must: String,
    before: Vec<String>,
    success: String,
    failure: String,
    cancelled: String,
    /// Of a concluding job: what it reports when.
    conclusions: Vec<(String, String)>,
}

/// The model, with every formula that applies to the table.
pub fn promela(machine: &Machine) -> String {
    let name = |id: StateId| machine.state(id).name.as_str();
    let from = |from: StateId| {
        let next = machine.next(from).map(|to| format!("(to) == S_{}", name(to)));
        let next = any(next);
        (next != "false").then(|| format!("(row == S_{} && ({next}))", name(from)))
    };
    let legal: Vec<String> = machine.state_ids().filter_map(from).collect();
    let row = |test: &dyn Fn(&State) -> bool| {
        let states = machine.states.iter().filter(|state| test(state));
        match any(states.map(|state| format!("row == S_{}", state.name))) {
            none if none == "false" => none,
            some => format!("({some})"),
        }
    };
    let outcome = |wanted| row(&|state| state.outcome == Some(wanted));
    let jobs = |test: &dyn Fn(&Job) -> bool, what: &str| {
        let jobs = machine.jobs.iter().enumerate().filter(|(_, job)| test(job));
        all(jobs.map(|(number, _)| what.replace('#', &number.to_string())))
    };
    let says_end = |job: &Job| {
        job.always && job.outcomes().states().iter().any(|&id| machine.state(id).is_ended())
    };
    let has_mute = machine.jobs.iter().any(says_end);
    let most = if machine.jobs.is_empty() { 1 } else { FORMULAS.len() };
    let model = Model {
        states: machine.state_ids().map(name).collect(),
        initial: machine.initial.iter().map(|&id| name(id)).collect(),
        legal: any_of(&legal, " || \\\n  "),
        ended: row(&State::is_ended),
        kept: row(&|state| state.is_ended() && !state.reopens),
        good: outcome(Outcome::Success),
        bad: format!("({} || {})", outcome(Outcome::Failure), outcome(Outcome::Cancelled)),
        jobs: machine.job_ids().map(|id| process(machine, id)).collect(),
        over: jobs(&|_| true, "result_# != WAITING"),
        mute: if has_mute { jobs(&says_end, "mute_#") } else { "false".to_owned() },
        all_good: all(machine.jobs.iter().enumerate().filter(|(_, job)| !job.always).map(passed)),
        formulas: FORMULAS[..most].iter().map(|&(name, _, formula)| (name, formula)).collect(),
    };
    model.render().expect("a template that only prints cannot fail")
}

fn any(of: impl Iterator<Item = String>) -> String {
    any_of(&of.collect::<Vec<_>>(), " || ")
}

fn any_of(of: &[String], or: &str) -> String {
    if of.is_empty() { "false".to_owned() } else { of.join(or) }
}

fn all(of: impl Iterator<Item = String>) -> String {
    let all = of.collect::<Vec<_>>().join(" && ");
    if all.is_empty() { "true".to_owned() } else { all }
}

/// That a job succeeded, or was skipped as it may be.
fn passed((number, job): (usize, &Job)) -> String {
    match job.skippable {
        true => format!("(result_{number} == SUCCESS || result_{number} == SKIPPED)"),
        false => format!("result_{number} == SUCCESS"),
    }
}

fn process(machine: &Machine, id: JobId) -> Process<'_> {
    let (job, number) = (machine.job(id), id.index());
    let reports = machine.reports(id);
    let needs = |id: JobId| machine.job(id).needs.iter().copied();
    let succeeded = |job: JobId| passed((job.index(), machine.job(job)));
    let sends = |state: Option<StateId>, tolerated, then: &str, lost: &str, refused: &str| {
        let Some(state) = state else { return format!("    {then}") };
        let [lost, refused] = [lost, refused].map(|fails| if tolerated { then } else { fails });
        // `true ->` stands before the report because Spin takes the guards of an `if` that begins an
        // option for the option's own, and then its `else` would wait for the other options.
        format!(
            "    if\n    :: lost = true; {lost}\n    :: true -> report(S_{}, {tolerated}); if :: ok -> \
             {then} :: else -> {refused} fi\n    fi",
            machine.state(state).name
        )
    };
    let tolerated = reports.iter().any(|report| report.state().is_none() && report.tolerated);
    let end = |result: &str| format!("result_{number} = {result}; goto gone");
    let ends = |state, result: &str| {
        let fails = end(if result == "SUCCESS" { "FAILURE" } else { result });
        sends(state, tolerated, &end(result), &fails, &fails)
    };
    let had = |result: NeedResult| {
        let word = result.as_str().to_uppercase();
        let counts = |need: &JobId| result != NeedResult::Skipped || !machine.job(*need).skippable;
        match any(needs(id).filter(counts).map(|n| format!("result_{} == {word}", n.index()))) {
            none if none == "false" => none,
            some => format!("({some})"),
        }
    };
    // What a concluding job says where none of the first of these has become of a job, and the next has.
    let conclusion = |at: usize| {
        let none = CONCLUSIONS[..at].iter().map(|&(one, _)| format!("!{}", had(one)));
        let this = CONCLUSIONS.get(at);
        let condition = all(none.chain(this.map(|&(one, _)| had(one))));
        let outcomes = job.outcomes();
        let state = this.map_or(outcomes.success, |&(_, outcome)| outcomes.of(outcome));
        let tolerated = reports.iter().any(|report| report.tolerated);
        let lost = format!("mute_{number} = true; {}", end("FAILURE"));
        (condition, sends(state, tolerated, &end("SUCCESS"), &lost, &end("FAILURE")))
    };
    let before = reports.iter().filter(|report| report.state().is_some());
    Process {
        number,
        name: &job.name,
        always: job.always,
        has_start: job.start.is_some(),
        skippable: job.skippable,
        begins: match job.needs.is_empty() {
            // What needs nothing begins when the row is there.
            true => "begun".to_owned(),
            false => all(needs(id).map(|need| format!("result_{} != WAITING", need.index()))),
        },
        must: all(closure(needs(id), needs).into_iter().map(succeeded)),
        before: before
            .map(|report| {
                let fails = "goto failing";
                sends(report.state(), report.tolerated, "skip", fails, fails)
            })
            .collect(),
        success: ends(job.success, "SUCCESS"),
        failure: ends(job.failure, "FAILURE"),
        cancelled: ends(job.cancelled, "CANCELLED"),
        conclusions: match job.always {
            true => (0..=CONCLUSIONS.len()).map(conclusion).collect(),
            false => Vec::new(),
        },
    }
}
