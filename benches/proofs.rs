//! What the proofs cost: `verify` of workflows of 6 to 48 jobs in a row, and of jobs side by side.

use divan::Bencher;
use phasegate_codegen::{Machine, machine, verify};

fn main() {
    divan::main();
}

/// Jobs in a row, each with a phase, a start and an outcome, all of them optional, and a conclusion.
fn in_a_row(jobs: usize) -> Machine {
    table(jobs, true)
}

/// The same jobs side by side, each of whose reports may come at any time.
fn side_by_side(jobs: usize) -> Machine {
    table(jobs, false)
}

fn table(jobs: usize, in_a_row: bool) -> Machine {
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
    let text = format!(
        "format = 1\nmachine = {{ name = 'm', initial = 'new' }}\n{phases}[[state]]\nname = 'new'\n\
         {states}[[state]]\nname = 'good'\noutcome = 'success'\n[[state]]\nname = 'bad'\n\
         outcome = 'failure'\n{transitions}[[transition]]\nfrom = '*'\nto = 'bad'\n{rows}[[job]]\n\
         name = 'end'\nalways = true\nneeds = [{names}]\nsuccess = 'good'\nfailure = 'bad'\n"
    );
    machine("m.toml", text.as_bytes()).unwrap_or_else(|error| panic!("{error:?}")).1
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
