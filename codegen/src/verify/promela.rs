//! The runs of a table's workflow as a model for Spin, an independent model checker: the jobs as
//! processes that report to one row, and the claims about them as formulas of linear temporal logic.
//! It is written from the table's format, not from the search beside it, so that the two can disagree;
//! what a concluding job says of the jobs that it needs (rule 9) both read from the same rows.

use std::fmt::Write as _;

use phasegate::Outcome;

use crate::machine::{CONCLUSIONS, Job, JobId, Machine, NeedResult, StateId};
use crate::search::closure;

/// What each formula claims: its name, the proof that it corresponds to, and the formula.
pub const FORMULAS: [(&str, &str, &str); 4] = [
    ("ends_stay", "ends-stay", "[] (!left_an_end)"),
    ("accepted", "workflow-accepted", "[] (!refused)"),
    ("ends", "workflow-ends", "<> over && [] (over -> (said || mute))"),
    ("truth", "workflow-truth", "[] (over -> !lie)"),
];

/// The model, with every formula that applies to the table.
pub fn promela(machine: &Machine) -> String {
    let mut out = String::new();
    let w = &mut out;
    line(w, "/* Written by `phasegate verify --export promela`. Try a formula with");
    line(w, "   spin -a MODEL && cc -O2 -o pan pan.c && ./pan -a -N FORMULA */");
    constants(w, machine);
    row(w, machine);
    start(w, machine);
    if machine.jobs.is_empty() {
        stranger(w, machine);
        line(w, "");
        let (name, _, formula) = FORMULAS[0];
        line(w, &format!("ltl {name} {{ {formula} }}"));
        return out;
    }
    for id in machine.job_ids() {
        if machine.job(id).always { concluding(w, machine, id) } else { working(w, machine, id) }
    }
    over(w, machine);
    for (name, _, formula) in FORMULAS {
        line(w, &format!("ltl {name} {{ {formula} }}"));
    }
    out
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{text}").expect("a string takes all that is written");
}

fn constants(w: &mut String, machine: &Machine) {
    line(w, "");
    for (number, state) in machine.states.iter().enumerate() {
        line(w, &format!("#define S_{} {number}", state.name));
    }
    line(
        w,
        "#define WAITING 0\n#define SUCCESS 1\n#define FAILURE 2\n#define CANCELLED 3\n#define SKIPPED 4",
    );
    line(w, "\nshort row;\nbool begun;");
    line(w, "bool lost, said, mute, refused, left_an_end, over, lie;\nbool ok;");
    for number in 0..machine.jobs.len() {
        line(w, &format!("byte result_{number} = WAITING;"));
    }
}

/// Whether the row is in one of these states.
fn among(var: &str, states: impl Iterator<Item = StateId>, machine: &Machine) -> String {
    let each: Vec<String> =
        states.map(|id| format!("{var} == S_{}", machine.state(id).name)).collect();
    if each.is_empty() { "false".to_owned() } else { format!("({})", each.join(" || ")) }
}

fn row(w: &mut String, machine: &Machine) {
    let legal: Vec<String> = machine
        .state_ids()
        .filter(|&from| machine.next(from).next().is_some())
        .map(|from| {
            let name = &machine.state(from).name;
            format!("(row == S_{name} && {})", among("to", machine.next(from), machine))
        })
        .collect();
    let legal = if legal.is_empty() { "false".to_owned() } else { legal.join(" || \\\n  ") };
    line(
        w,
        &format!(
            "\n#define LEGAL(to) ( \\\n  {} )",
            legal.replace("(to ", "((to) ").replace(" to ", " (to) ")
        ),
    );
    let is = |test: &dyn Fn(&crate::machine::State) -> bool, var: &str| {
        among(var, machine.state_ids().filter(|&id| test(machine.state(id))), machine)
    };
    let kept = is(&|state| state.is_ended() && !state.reopens, "row");
    line(w, &format!("#define ENDED {}", is(&crate::machine::State::is_ended, "row")));
    line(w, &format!("#define KEPT {kept}"));
    let outcome = |wanted: Outcome| is(&|state| state.outcome == Some(wanted), "row");
    line(w, &format!("#define GOOD {}", outcome(Outcome::Success)));
    line(
        w,
        &format!("#define BAD ({} || {})", outcome(Outcome::Failure), outcome(Outcome::Cancelled)),
    );
    line(
        w,
        "
/* A report comes in: a legal step is taken, the state that the row is in already changes nothing. */
inline report(to, tolerated) {
  if
  :: LEGAL(to) ->
    if :: KEPT && row != (to) -> left_an_end = true :: else fi;
    row = (to); said = false; ok = true
  :: else -> ok = (row == (to))
  fi;
  if :: ok && !(tolerated) && ENDED -> said = true :: else fi;
  if :: !ok && !((tolerated) && lost) -> refused = true :: else fi
}",
    );
}

/// The row is started in one of the states that rows start in, and then the jobs may begin.
fn start(w: &mut String, machine: &Machine) {
    line(w, "\nactive proctype start() {\n  atomic {\n    if");
    for &id in &machine.initial {
        line(w, &format!("    :: row = S_{}", machine.state(id).name));
    }
    line(w, "    fi;\n    begun = true\n  }\n}");
}

/// Any legal steps, for tables without jobs.
fn stranger(w: &mut String, machine: &Machine) {
    line(w, "\nactive proctype stranger() {\n  (begun);\nend: do");
    for id in machine.state_ids() {
        let name = &machine.state(id).name;
        line(w, &format!("  :: atomic {{ LEGAL(S_{name}) -> report(S_{name}, false) }}"));
    }
    line(w, "  :: false -> skip\n  od\n}");
}

/// A step in which a report is sent; `then` and `fails` are what comes of it. `true ->` stands before
/// the report because Spin takes the guards of an `if` that begins an option for the option's own, and
/// then its `else` would wait for the other options.
fn sends(state: &str, tolerated: bool, then: &str, lost: &str, refused: &str) -> String {
    let [lost, refused] = [lost, refused].map(|fails| if tolerated { then } else { fails });
    format!(
        "    if\n    :: lost = true; {lost}\n    :: true -> report(S_{state}, {tolerated}); if :: ok -> {then} \
         :: else -> {refused} fi\n    fi"
    )
}

fn all_succeeded(machine: &Machine, id: JobId) -> String {
    let needs = |job: JobId| machine.job(job).needs.iter().copied();
    let all = closure(needs(id), needs);
    let each: Vec<String> =
        all.into_iter().map(|job| passed(machine.job(job), job.index())).collect();
    if each.is_empty() { "true".to_owned() } else { each.join(" && ") }
}

/// That a job succeeded, or was skipped as it may be.
fn passed(job: &Job, number: usize) -> String {
    match job.skippable {
        true => format!("(result_{number} == SUCCESS || result_{number} == SKIPPED)"),
        false => format!("result_{number} == SUCCESS"),
    }
}

fn needs_over(job: &Job) -> String {
    let each: Vec<String> =
        job.needs.iter().map(|need| format!("result_{} != WAITING", need.index())).collect();
    // What needs nothing begins when the row is there.
    if each.is_empty() { "begun".to_owned() } else { each.join(" && ") }
}

/// The last report, of what became of the job, and then its result.
fn ends_with(
    machine: &Machine,
    number: usize,
    state: Option<StateId>,
    tolerated: bool,
    result: &str,
) -> String {
    let end = |result: &str| format!("result_{number} = {result}; goto gone");
    match state {
        None => format!("    {}", end(result)),
        Some(state) => {
            let worse = if result == "SUCCESS" { "FAILURE" } else { result };
            let (then, fails) = (end(result), end(worse));
            sends(&machine.state(state).name, tolerated, &then, &fails, &fails)
        }
    }
}

fn working(w: &mut String, machine: &Machine, id: JobId) {
    let job = machine.job(id);
    let number = id.index();
    let reports = machine.reports(id);
    let tolerated = reports.iter().any(|report| report.state().is_none() && report.tolerated);
    line(w, &format!("\n/* {} */\nactive proctype job_{number}() {{", job.name));
    line(w, &format!("  ({});", needs_over(job)));
    line(w, "  atomic { if");
    line(
        w,
        &format!("  :: !({}) -> result_{number} = SKIPPED; goto gone", all_succeeded(machine, id)),
    );
    line(w, "  :: else -> skip\n  fi };");
    line(w, &format!("  atomic {{ if\n  :: result_{number} = CANCELLED; goto gone"));
    line(w, &format!("  :: result_{number} = FAILURE; goto gone\n  :: skip"));
    if job.start.is_some() {
        line(w, "  :: goto failing");
    }
    if job.skippable {
        line(w, &format!("  :: result_{number} = SKIPPED; goto gone"));
    }
    line(w, "  fi };");
    let before = job.before_outcome();
    let states: Vec<bool> =
        reports.iter().filter(|r| r.state().is_some()).map(|r| r.tolerated).collect();
    let troubles = |w: &mut String| {
        line(w, &format!("  :: result_{number} = FAILURE; goto gone"));
        line(w, "  :: goto failing_at_work\n  :: goto cancelled");
    };
    for (at, (&state, &tolerated)) in before.iter().zip(&states).enumerate() {
        let is_start = at == 0 && job.start.is_some();
        line(w, "  atomic { if");
        if !is_start {
            troubles(w);
        }
        line(w, "  :: true ->");
        let fails = "goto failing";
        line(w, &sends(&machine.state(state).name, tolerated, "skip", fails, fails));
        line(w, "  fi };");
    }
    line(w, "  atomic { if");
    troubles(w);
    line(w, "  :: true ->");
    line(w, &ends_with(machine, number, job.success, tolerated, "SUCCESS"));
    line(w, "  fi };");
    line(w, &format!("failing:\n  atomic {{ if\n  :: result_{number} = FAILURE; goto gone"));
    line(w, "  :: goto cancelled\n  :: true -> skip\n  fi };");
    line(w, "failing_at_work:\n  atomic {");
    line(w, &ends_with(machine, number, job.failure, tolerated, "FAILURE"));
    line(w, "  };\ncancelled:\n  atomic {");
    line(w, &ends_with(machine, number, job.cancelled, tolerated, "CANCELLED"));
    line(w, "  };\ngone: skip\n}");
}

fn concluding(w: &mut String, machine: &Machine, id: JobId) {
    let job = machine.job(id);
    let number = id.index();
    let tolerated = machine.reports(id).iter().any(|report| report.tolerated);
    line(w, &format!("\n/* {} */\nbool mute_{number};", job.name));
    line(w, &format!("active proctype job_{number}() {{\n  ({});", needs_over(job)));
    line(w, "  atomic { if");
    line(w, &format!("  :: mute_{number} = true; result_{number} = FAILURE; goto gone"));
    let had = |result: NeedResult| {
        let word = result.as_str().to_uppercase();
        let counts =
            |need: &&JobId| result != NeedResult::Skipped || !machine.job(**need).skippable;
        let each = job.needs.iter().filter(counts);
        let each: Vec<String> = each.map(|n| format!("result_{} == {word}", n.index())).collect();
        if each.is_empty() { "false".to_owned() } else { format!("({})", each.join(" || ")) }
    };
    let none_before =
        |at: usize| CONCLUSIONS[..at].iter().map(|&(one, _)| format!("!{}", had(one)));
    let mut cases: Vec<(String, Option<StateId>)> = Vec::new();
    for (at, &(one, outcome)) in CONCLUSIONS.iter().enumerate() {
        let fits: Vec<String> = none_before(at).chain([had(one)]).collect();
        cases.push((fits.join(" && "), job.outcomes().of(outcome)));
    }
    let none: Vec<String> = none_before(CONCLUSIONS.len()).collect();
    cases.push((none.join(" && "), job.outcomes().success));
    for (condition, state) in cases {
        line(w, &format!("  :: ({condition}) ->"));
        let then = format!("result_{number} = SUCCESS; goto gone");
        let refused = format!("result_{number} = FAILURE; goto gone");
        let lost = format!("mute_{number} = true; {refused}");
        let report = match state {
            None => format!("    {then}"),
            Some(state) => sends(&machine.state(state).name, tolerated, &then, &lost, &refused),
        };
        line(w, &report);
    }
    line(w, "  fi };\ngone: skip\n}");
}

/// When every job is over: who could not speak, and whether the end is true.
fn over(w: &mut String, machine: &Machine) {
    let each = |test: &dyn Fn(&Job) -> bool, what: &str| -> Vec<String> {
        let jobs = machine.jobs.iter().enumerate().filter(|(_, job)| test(job));
        jobs.map(|(number, _)| what.replace('#', &number.to_string())).collect()
    };
    let all = each(&|_| true, "result_# != WAITING").join(" && ");
    let says_end = |job: &Job| {
        job.always && job.outcomes().states().iter().any(|&id| machine.state(id).is_ended())
    };
    let mute = each(&says_end, "mute_#");
    let mute = if mute.is_empty() { "false".to_owned() } else { mute.join(" && ") };
    let good = machine.jobs.iter().enumerate().filter(|(_, job)| !job.always);
    let good: Vec<String> = good.map(|(number, job)| passed(job, number)).collect();
    let good = if good.is_empty() { "true".to_owned() } else { good.join(" && ") };
    line(
        w,
        &format!(
            "\n/* The run is over. */\nactive proctype ending() {{\n  atomic {{\n    ({all});\n    \
         mute = {mute};\n    lie = (GOOD && !({good})) || (BAD && ({good}));\n    over = true\n  }}\n}}\n"
        ),
    );
}
