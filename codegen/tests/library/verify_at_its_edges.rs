//! How far `verify` goes: counts that can be made by hand, what is too large, and what it says then.

use crate::common::proofs::*;
use phasegate_codegen::Machine;
use phasegate_codegen::table::Source;
use phasegate_codegen::verify::{self, ClaimResult, Proved};

/// Jobs side by side: more situations than are explored.
fn wide(jobs: usize) -> Machine {
    machine(&wide_table(jobs))
}

fn wide_table(jobs: usize) -> String {
    let mut text = "format = 1\nmachine = { name = 'wide', initial = 'on' }\n\
        state = [{ name = 'on' }, { name = 'end', outcome = 'success' }]\n\
        transition = [{ path = ['on', 'on', 'end'] }]\n"
        .to_owned();
    for job in 0..jobs {
        text += &format!("[[job]]\nname = 'j{job}'\nstart = 'on'\n");
    }
    text += "[[job]]\nname = 'last'\nalways = true\nsuccess = 'end'\nfailure = 'end'\nneeds = [";
    text += &(0..jobs).map(|job| format!("'j{job}', ")).collect::<String>();
    text + "]\n"
}

#[test]
fn what_is_too_large_is_bounded_and_never_called_proven() {
    for machine in [machine(&unlike(&wide_table(8))), wide(600)] {
        let ClaimResult::Bounded { bound, .. } = verdict(&machine, "workflow-accepted") else {
            panic!("jobs side by side are not exhausted")
        };
        assert!(bound.contains("situations"), "{bound}");
    }
    for machine in [wide(2), wide(9), machine(&unlike(&wide_table(5)))] {
        assert!(matches!(verdict(&machine, "workflow-accepted"), ClaimResult::Proven { .. }));
    }
}

#[test]
fn what_is_bounded_is_a_finding_at_the_first_job() {
    let table = unlike(&wide_table(8));
    let proofs = verify::verify(&machine(&table));
    let findings = verify::findings(&Source::new("wide.toml", &table), &proofs);
    let bounded: Vec<_> =
        findings.iter().filter(|finding| finding.rule.id == "not-exhausted").collect();
    let [finding] = &bounded[..] else { panic!("{findings:#?}") };
    assert!(finding.is_error());
    let line = table.lines().position(|line| line.contains("name = 'j0'")).unwrap() + 1;
    assert_eq!(finding.line, Some(line));
    insta::assert_snapshot!(format!("{}\nhelp: {}", finding.message, finding.help));
}

/// A claim of which no single case was tried is bounded, too, and none that has no case.
#[test]
fn a_claim_of_which_no_case_was_tried_is_bounded() {
    let again = verdict(&wide(600), "workflow-again");
    let ClaimResult::Bounded { bound, .. } = again else { panic!("{again:?}") };
    assert!(bound.starts_with("no case was tried within "), "{bound}");
}

/// Eight jobs side by side, and one that starts with a state that may not come first.
#[test]
fn of_a_case_that_was_found_before_everything_was_tried_it_is_said_that_there_may_be_a_shorter_one()
{
    let text = unlike(&wide_table(8))
        .replace("{ name = 'on' }", "{ name = 'on' }, { name = 'off' }")
        .replace("'on', 'end']", "'on', 'end'] }, { path = ['on', 'mid', 'off', 'end']")
        .replace("{ name = 'off' }", "{ name = 'mid' }, { name = 'off' }");
    let proofs = verify::verify(&machine(&(text + "[[job]]\nname = 'x'\nstart = 'off'\n")));
    let accepted = |proof: &&Proved| proof.name == "workflow-accepted";
    let proof = proofs.iter().find(accepted).unwrap();
    let ClaimResult::Refuted { counterexample } = &proof.verdict else { panic!("{proof:?}") };
    assert!(!counterexample.shortest);
    assert_eq!(counterexample.path.len(), 2, "{counterexample:?}");
    let text = verify::text(std::slice::from_ref(proof));
    assert!(text.contains("not everything was tried: there may be a shorter case"), "{text}");
    assert_eq!(verify::json(proof)["counterexample"]["shortest"], false);
    let finding = &verify::findings(&Source::new("t.toml", ""), std::slice::from_ref(proof))[0];
    assert!(finding.help.contains("; a case, perhaps not the shortest: the row"), "{finding:?}");
    let exhausted = refuted(&without_the_deploy_jobs_needs());
    assert!(!exhausted.contains("shorter case"), "{exhausted}");
}

/// A chain of optional states, each of which may be passed over.
fn optional_chain(states: usize, rest: &str, of: impl Fn(usize) -> String) -> Machine {
    let mut text = format!("format = 1\nmachine = {{ name = 'a', initial = 'on' }}\n{rest}");
    text += "[[state]]\nname = 'on'\n[[state]]\nname = 'end'\noutcome = 'success'\n";
    for n in 0..states {
        text += &format!("[[state]]\nname = 's{n}'\noptional = true\n{}", of(n));
    }
    let path: Vec<String> = (0..states).map(|n| format!("'s{n}', ")).collect();
    machine(&(text + &format!("[[transition]]\npath = ['on', {}'end']\n", path.concat())))
}

#[test]
fn losses_are_bounded_too_and_say_how_far_they_went() {
    let told = |machine: &Machine, name: &str| match verdict(machine, name) {
        ClaimResult::Bounded { covered, bound, .. } => (covered.text(), bound),
        other @ (ClaimResult::Proven { .. }
        | ClaimResult::Refuted { .. }
        | ClaimResult::NotApplicable { .. }) => panic!("{name} is {other:?}"),
    };
    let machine = optional_chain(300, "", |_| String::new());
    insta::assert_debug_snapshot!(["loss"].map(|name| told(&machine, name)));
    for name in ["redelivery", "late-duplicate"] {
        assert!(matches!(verdict(&machine, name), ClaimResult::Proven { .. }), "{name}");
    }
}

#[test]
fn of_a_long_way_the_two_ends_are_shown() {
    let chain = |states: usize| {
        let mut text = "format = 1\nmachine = { name = 'a', initial = 's0' }\n".to_owned();
        (0..states).for_each(|n| text += &format!("[[state]]\nname = 's{n}'\n"));
        let path: Vec<String> = (0..states).map(|n| format!("'s{n}'")).collect();
        let text = text + &format!("[[transition]]\npath = [{}]\n", path.join(", "));
        let ClaimResult::Proven { covered } = verdict(&machine(&text), "reachable") else {
            panic!()
        };
        covered.notes[0].clone()
    };
    let names = |numbers: std::ops::Range<usize>| {
        numbers.map(|n| format!("s{n}")).collect::<Vec<_>>().join(" -> ")
    };
    assert_eq!(chain(24), format!("the longest shortest way: {}", names(0..24)));
    assert_eq!(
        chain(40),
        format!("the longest shortest way: {} -> (16 more) -> {}", names(0..12), names(28..40))
    );
}

/// One job `a` and its conclusion. `a` is cancelled or lost before it begins (2), fails before its
/// report and then fails, is cancelled or lost (3), reports and then passes, fails, is cancelled or
/// lost (4), or cannot report and then fails, is cancelled or lost (3). The conclusion is delivered,
/// undelivered or its runner lost (3).
#[test]
fn the_runs_of_a_job_and_its_conclusion_are_as_many_as_by_hand() {
    let ClaimResult::Proven { covered } = verdict(&wide(1), "workflow-accepted") else { panic!() };
    assert_eq!(covered.counts[0], ((2 + 3 + 4 + 3) * 3, "runs"));
    // Two of those: 2 ways of one step and 10 of two, one next to the other in every order.
    let ClaimResult::Proven { covered } = verdict(&wide(2), "workflow-accepted") else { panic!() };
    let orders = 2 * 2 * 2 + 2 * (2 * 10) * 3 + 10 * 10 * 6;
    assert_eq!(covered.counts[0], (orders * 3, "runs"));
}

/// Two jobs that report nothing each succeed in one way, fail in two (in their work, with their
/// runner) and are cancelled in two (in their work, before it), in either order.
#[test]
fn a_concluding_job_says_what_became_of_the_jobs_that_it_needs() {
    let machine = machine(
        "format = 1\nmachine = { name = 'a', initial = 'on' }\nstate = [{ name = 'on' },\n\
         { name = 'good', outcome = 'success' }, { name = 'bad', outcome = 'failure' },\n\
         { name = 'off', outcome = 'cancelled' }]\n\
         transition = [{ from = 'on', to = ['good', 'bad', 'off'] }]\n\
         job = [{ name = 'a' }, { name = 'b' }, { name = 'end', needs = ['a', 'b'],\n\
         always = true, success = 'good', failure = 'bad', cancelled = 'off' }]",
    );
    let ClaimResult::Proven { covered } = verdict(&machine, "workflow-truth") else { panic!() };
    let mute = 2 * 2 * 25;
    assert_eq!(
        covered.notes,
        [format!(
            "the row is left in on ({mute}), good ({}), bad ({}), off ({})",
            2,
            2 * (25 - 9),
            2 * (9 - 1)
        )]
    );
}

#[test]
fn a_report_that_changed_nothing_can_move_a_row_that_came_back_and_no_other() {
    let table = |path: &str| {
        machine(&format!(
            "format = 1\nmachine = {{ name = 'a', initial = 'x' }}\n\
             state = [{{ name = 'x' }}, {{ name = 'y' }}, {{ name = 'z' }}]\n\
             transition = [{{ path = {path} }}]"
        ))
    };
    let back = verdict(&table("['x', 'y', 'z', 'y']"), "late-duplicate");
    let ClaimResult::Proven { covered } = back else { panic!("{back:?}") };
    // That of only `x`, in it and in the two others.
    assert_eq!(covered.text(), "3 redeliveries");
    let says = "not claimed of the states that a row can come back to (y -> z -> y): y, z";
    assert_eq!(covered.notes, [says]);
    let round = verdict(&table("['x', 'y', 'z', 'x']"), "late-duplicate");
    let ClaimResult::NotApplicable { why } = round else { panic!("{round:?}") };
    let says = "the table lets a row come back: x -> y -> z -> x; a report that found the row in";
    assert!(why.starts_with(says), "{why}");
    let declared = verdict(&table("['x', 'x', 'y', 'y', 'z', 'z']"), "late-duplicate");
    let ClaimResult::NotApplicable { why } = declared else { panic!("{declared:?}") };
    assert_eq!(why, "every report is a transition, whenever it comes");
    let straight = verdict(&table("['x', 'y', 'z']"), "late-duplicate");
    let ClaimResult::Proven { covered } = straight else { panic!("{straight:?}") };
    // Each state's report, in it and in all that comes after it.
    assert_eq!(covered.text(), "6 redeliveries");
    // A report that is a transition whenever it comes is none that changes nothing.
    let ClaimResult::Proven { covered } = verdict(&table("['x', 'y', 'y', 'z']"), "late-duplicate")
    else {
        panic!("a state that is entered only from itself does not come back")
    };
    assert_eq!(covered.text(), "4 redeliveries");
}

/// Each of as many states as a table may have, and every one that can follow it.
#[test]
fn redeliveries_are_proven_of_the_largest_table() {
    let states = 4_096_u64;
    let mut text = "format = 1\nmachine = { name = 'a', initial = 's0' }\n".to_owned();
    (0..states).for_each(|n| text += &format!("[[state]]\nname = 's{n}'\n"));
    let path: Vec<String> = (0..states).map(|n| format!("'s{n}'")).collect();
    let machine = machine(&(text + &format!("[[transition]]\npath = [{}]\n", path.join(", "))));
    let pairs = states * (states + 1) / 2;
    for (name, cases) in [("redelivery", pairs - states), ("late-duplicate", pairs)] {
        let ClaimResult::Proven { covered } = verdict(&machine, name) else { panic!("{name}") };
        assert_eq!(covered.text(), format!("{cases} redeliveries"), "{name}");
    }
}

/// Of many jobs a phase is proven by only its own jobs: what is counted then is not called views.
#[test]
fn what_is_counted_is_called_what_it_is_however_many_jobs_there_are() {
    let counted = |jobs: usize| -> Vec<&'static str> {
        let machine = crate::common::machine(&row_of_jobs(jobs));
        let ClaimResult::Proven { covered } = verdict(&machine, "workflow-views") else {
            panic!("{jobs} jobs are not proven")
        };
        covered.counts.into_iter().map(|(_, what)| what).collect()
    };
    assert_eq!(counted(4), ["views", "situations"]);
    assert_eq!(counted(40), ["situations of phases by their own jobs only", "situations"]);
}

/// Jobs in a row, each with a phase, a start and a success, and a conclusion.
fn row_of_jobs(jobs: usize) -> String {
    let each = |of: &dyn Fn(usize) -> String| (0..jobs).map(of).collect::<String>();
    let phases = each(&|job| format!("[[phase]]\nname = 'p{job}'\n"));
    let states = each(&|job| {
        format!(
            "[[state]]\nname = 'on{job}'\nphase = 'p{job}'\noptional = true\n\
             [[state]]\nname = 'done{job}'\nphase = 'p{job}'\ncompletes = true\noptional = true\n"
        )
    });
    let path = each(&|job| format!("'on{job}', 'done{job}', "));
    let rows = each(&|job| {
        let needs = job.checked_sub(1).map(|before| format!("needs = ['j{before}']\n"));
        let needs = needs.unwrap_or_default();
        format!(
            "[[job]]\nname = 'j{job}'\n{needs}start = 'on{job}'\nsuccess = 'done{job}'\nfailure = 'bad'\n"
        )
    });
    let names = each(&|job| format!("'j{job}', "));
    format!(
        "format = 1\nmachine = {{ name = 'm', initial = 'new' }}\n{phases}[[state]]\nname = 'new'\n\
         {states}[[state]]\nname = 'good'\noutcome = 'success'\n[[state]]\nname = 'bad'\n\
         outcome = 'failure'\n[[transition]]\npath = ['new', {path}'good']\n[[transition]]\n\
         from = '*'\nto = 'bad'\n{rows}[[job]]\nname = 'end'\nalways = true\nneeds = [{names}]\n\
         success = 'good'\nfailure = 'bad'\n"
    )
}

/// A job that its own condition skips is to all that follow one that passed: situations do not double with
/// each.
#[test]
fn rows_of_skippable_jobs_are_proven_however_long_they_are() {
    let skippable =
        row_of_jobs(24).replace("[[job]]\nname = 'j", "[[job]]\nskippable = true\nname = 'j");
    assert_eq!(skippable.matches("skippable").count(), 24);
    for Proved { name, verdict, .. } in verify::verify(&machine(&skippable)) {
        assert!(!matches!(verdict, ClaimResult::Bounded { .. }), "{name}: {verdict:?}");
    }
}

#[test]
fn a_workflow_of_one_job_is_explored() {
    let machine = machine(
        "format = 1\nmachine = { name = 'm', initial = 'on' }\n\
         state = [{ name = 'on' }, { name = 'end', outcome = 'success' }]\n\
         transition = [{ path = ['on', 'end'] }]\njob = [{ name = 'j', success = 'end' }]",
    );
    // It passes (its report delivered or lost), fails, or is cancelled or lost before or in it.
    let ClaimResult::Proven { covered } = verdict(&machine, "workflow-accepted") else { panic!() };
    assert_eq!(covered.counts[..2], [(6, "runs"), (1, "of them without a flaw")]);
}

/// The concluding job names the start of the job that failed, whose phase was completed since.
#[test]
fn a_phase_that_a_conclusion_calls_attempted_though_its_work_passed_is_found() {
    let machine = machine(
        "format = 1\nmachine = { name = 'm', initial = 'new' }\nphase = [{ name = 'p' }]\n\
         state = [{ name = 'new' }, { name = 'on', phase = 'p' },\n\
         { name = 'done', phase = 'p', completes = true }, { name = 'good', outcome = 'success' },\n\
         { name = 'bad', outcome = 'failure' }]\n\
         transition = [{ path = ['new', 'on', 'done', 'good'] }, { from = '*', to = 'bad' }]\n\
         job = [{ name = 'j', start = 'on', milestones = [{ name = 'm', state = 'done' }],\n\
         success = 'good', failure = 'bad' }, { name = 'end', needs = ['j'], always = true,\n\
         success = 'good', failure = 'bad' }]",
    );
    assert_eq!(
        is_refuted(&machine, "workflow-views"),
        "`p` is shown as failed, and its work passed"
    );
}

/// What was done when a run is started again is remembered beyond the jobs, a bit a phase.
#[test]
fn what_was_done_before_a_run_is_started_again_is_remembered_of_seventy_phases() {
    let phases: String = (0..70).map(|n| format!("[[phase]]\nname = 'p{n}'\n")).collect();
    let machine = machine(&format!(
        "format = 1\nmachine = {{ name = 'm', initial = 'new' }}\n{phases}\
         [[state]]\nname = 'new'\n[[state]]\nname = 'on'\nphase = 'p69'\n\
         [[state]]\nname = 'done'\nphase = 'p69'\ncompletes = true\n\
         [[state]]\nname = 'end'\noutcome = 'success'\n[[state]]\nname = 'bad'\noutcome = 'failure'\n\
         [[transition]]\npath = ['new', 'on', 'done', 'end']\n[[transition]]\nfrom = '*'\nto = 'bad'\n\
         [[job]]\nname = 'j'\nstart = 'on'\nsuccess = 'done'\nfailure = 'bad'\n\
         [[job]]\nname = 'end'\nneeds = ['j']\nalways = true\nsuccess = 'end'\nfailure = 'bad'\n"
    ));
    for name in ["workflow-views", "workflow-again"] {
        let verdict = verdict(&machine, name);
        assert!(matches!(verdict, ClaimResult::Proven { .. }), "{verdict:?}");
    }
}

#[test]
fn of_the_runs_with_an_end_that_is_no_longer_true_the_shortest_is_shown() {
    let machine = machine(
        "format = 1\nmachine = { name = 'm', initial = 'on' }\n\
         state = [{ name = 'on' }, { name = 'good', outcome = 'success' },\n\
         { name = 'bad', outcome = 'failure' }]\n\
         transition = [{ path = ['on', 'good'] }, { path = ['on', 'bad'] }]\n\
         job = [{ name = 'a', success = 'good' }, { name = 'b', start = 'on' },\n\
         { name = 'end', needs = ['a', 'b'], always = true, success = 'good', failure = 'bad' }]",
    );
    let ClaimResult::Proven { covered } = verdict(&machine, "workflow-late-loss") else { panic!() };
    assert_eq!(
        covered.notes,
        ["such a run, shortest: the row starts in on; a succeeds: on -> good; then its runner is \
          lost; b is cancelled before it begins; end concludes that not all succeeded: its report \
          of bad is refused, the row has ended in good; the job fails"]
    );
}
