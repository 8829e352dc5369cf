//! What `verify` proves of tables, and the shortest case where something does not hold.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod proofs;

use phasegate_codegen::Machine;
use phasegate_codegen::verify::{self, Proved, Verdict};
use proofs::*;

fn verdict(machine: &Machine, name: &str) -> Verdict {
    verify::verify(machine).into_iter().find(|proved| proved.name == name).unwrap().verdict
}

/// The names of the proofs that came out like this.
fn names(machine: &Machine, word: &str) -> Vec<&'static str> {
    let proofs = verify::verify(machine);
    proofs.iter().filter(|p| p.verdict.as_str() == word).map(|p| p.name).collect()
}

/// What is refuted, as people read it.
fn refuted(machine: &Machine) -> String {
    let is_refuted = |proved: &Proved| matches!(proved.verdict, Verdict::Refuted { .. });
    let proofs: Vec<Proved> = verify::verify(machine).into_iter().filter(is_refuted).collect();
    verify::text(&proofs)
}

#[track_caller]
fn is_refuted(machine: &Machine, name: &str) -> String {
    match verdict(machine, name) {
        Verdict::Refuted { counterexample } => counterexample.summary,
        other @ (Verdict::Proven { .. }
        | Verdict::Bounded { .. }
        | Verdict::NotApplicable { .. }) => panic!("{name} is {other:?}"),
    }
}

#[test]
fn everything_is_proven_of_the_deploy_table_with_these_counts() {
    let proofs = verify::verify(&deploy());
    assert!(proofs.iter().all(|proved| matches!(proved.verdict, Verdict::Proven { .. })));
    insta::assert_snapshot!(verify::text(&proofs));
}

#[test]
fn without_the_concluding_job_a_run_is_left_without_an_end() {
    insta::assert_snapshot!(refuted(&without_the_concluding_job()));
}

#[test]
fn a_freeze_check_beside_the_smoke_gate_has_reports_refused() {
    insta::assert_snapshot!(refuted(&with_the_freeze_check_beside_the_smoke_gate()));
}

#[test]
fn a_concluding_job_that_reports_failed_for_success_is_refused() {
    insta::assert_snapshot!(refuted(&with_a_concluding_job_that_reports_failed_for_success()));
}

#[test]
fn a_deploy_job_without_needs_succeeds_while_a_gate_fails() {
    insta::assert_snapshot!(refuted(&without_the_deploy_jobs_needs()));
}

#[test]
fn a_deploy_job_that_reports_succeeded_for_failure_lies() {
    let machine = with_a_deploy_job_that_reports_succeeded_for_failure();
    assert!(is_refuted(&machine, "workflow-truth").contains("`deploy` did not succeed"));
}

#[test]
fn a_state_that_nothing_leads_to_is_found() {
    let mut machine = deploy();
    machine.initial = vec![find(&machine, "building")];
    assert_eq!(is_refuted(&machine, "reachable"), "no way leads to `queued`");
}

#[test]
fn a_state_with_no_way_to_an_end_is_found() {
    let mut machine = deploy();
    for state in &mut machine.states {
        (state.terminal, state.outcome) = (false, None);
    }
    let queued = find(&machine, "queued");
    machine.states[queued.index()].terminal = true;
    assert_eq!(is_refuted(&machine, "way-to-end"), "no way leads from `smoke_running` to an end");
}

#[test]
fn an_end_that_is_left_is_found() {
    let machine = with_an_end_that_is_left();
    assert_eq!(
        is_refuted(&machine, "ends-stay"),
        "`building` is an end that does not reopen, and is left"
    );
}

#[test]
fn a_verdict_that_is_not_the_rules_is_found() {
    let mut machine = deploy();
    let building = find(&machine, "building");
    machine.states[building.index()].terminal = true;
    assert_eq!(is_refuted(&machine, "judge"), "a report of `queued` is judged Ended");
}

#[test]
fn a_state_is_followed_by_itself_where_that_is_declared_and_never_by_a_skip() {
    let machine = machine(
        "format = 1\nmachine = { name = 'a', initial = 'on' }\n\
         state = [{ name = 'on' }, { name = 'busy', optional = true }, { name = 'again' }]\n\
         transition = [{ path = ['on', 'busy', 'on', 'again', 'again', 'on'] }]",
    );
    let Verdict::Proven { covered } = verdict(&machine, "judge") else { panic!("{machine:?}") };
    assert_eq!(
        covered.text(),
        "9 pairs, 5 applied, 2 duplicate, 0 rejected as ended, 2 rejected as illegal"
    );
}

#[test]
fn a_loss_that_is_missed_is_found() {
    let mut machine = deploy();
    let building = find(&machine, "building");
    machine.states[building.index()].optional = true;
    let Verdict::Refuted { counterexample } = verdict(&machine, "loss") else { panic!() };
    assert_eq!(counterexample.summary, "a report of `deploying` is refused");
    let path = ["the row starts in queued", "reports building: lost", "reports deploying"];
    assert_eq!(counterexample.path, path);
}

#[test]
fn a_phase_that_is_done_before_its_work_is_found() {
    let mut machine = deploy();
    let smoke = machine.states[find(&machine, "smoke_running").index()].phase;
    let freeze = find(&machine, "freeze_checking");
    machine.states[freeze.index()].phase = smoke;
    assert_eq!(
        is_refuted(&machine, "workflow-views"),
        "`smoke_gate` is shown as done, and its work is not"
    );
}

/// A machine that no table gives: `failed` is called terminal, and is left.
#[test]
fn a_row_that_leaves_its_end_when_the_run_is_started_again_is_found() {
    let mut machine = deploy_with(&[
        (
            "to   = \"failed\"\n",
            "to   = \"failed\"\n[[transition]]\npath = [\"failed\", \"queued\"]\n",
        ),
        ("outcome = \"failure\"", "outcome = \"failure\"\nreopens = true"),
    ]);
    machine.jobs[0].start = Some(machine.initial[0]);
    let failed = find(&machine, "failed");
    machine.states[failed.index()].terminal = true;
    assert_eq!(
        is_refuted(&machine, "workflow-again"),
        "the row has ended in `failed`, and leaves it"
    );
}

#[test]
fn a_late_loss_that_nobody_hears_of_is_found() {
    let machine = deploy_with(&[(
        "needs   = [\"smoke\", \"freeze-check\", \"deploy\"]\nalways",
        "needs   = [\"smoke\", \"freeze-check\"]\nalways",
    )]);
    assert!(is_refuted(&machine, "workflow-late-loss").contains("no concluding job fails"));
}

#[test]
fn a_phase_that_goes_back_from_done_is_found() {
    // A state in the middle of a phase that does not belong to it.
    let pod = table("tests/tables/pod.toml");
    let outside = pod.replace("value = \"Unknown\"\nphase = \"run\"", "value = \"Unknown\"");
    assert_ne!(outside, pod);
    insta::assert_snapshot!(refuted(&machine(&outside)));
}

#[test]
fn a_phase_that_is_unconfirmed_though_nothing_is_missing_is_found() {
    let machine = machine(
        "format = 1\nmachine = { name = 'a', initial = 'new' }\nphase = [{ name = 'p' }]\n\
         state = [{ name = 'new' }, { name = 'on', phase = 'p' },\n\
         { name = 'off', phase = 'p', completes = true }, { name = 'end', outcome = 'success' }]\n\
         transition = [{ path = ['new', 'on', 'off', 'end'] }, { path = ['on', 'end'] }]",
    );
    assert_eq!(
        is_refuted(&machine, "phases-unconfirmed"),
        "`p` is unconfirmed, and no report of it can be missing"
    );
}

#[test]
fn what_a_table_does_not_have_is_neither_proven_nor_refuted() {
    let tcp = machine(&table("tests/tables/tcp.toml"));
    assert_eq!(names(&tcp, "proven"), ["reachable", "judge", "redelivery"]);
    assert_eq!(names(&tcp, "refuted"), [""; 0]);
    let Verdict::NotApplicable { why } = verdict(&tcp, "way-to-end") else { panic!("{tcp:?}") };
    assert_eq!(why, "the table has no ended state");
    let Verdict::NotApplicable { why } = verdict(&tcp, "late-duplicate") else { panic!("{tcp:?}") };
    assert!(why.starts_with("the table lets a row come back: "), "{why}");
}

#[test]
fn every_table_of_the_tests_comes_out_as_it_should() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/tables");
    let mut tables: Vec<_> = std::fs::read_dir(root).unwrap().map(|e| e.unwrap().path()).collect();
    tables.sort();
    let told: String = tables
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let proofs = verify::verify(&machine(&std::fs::read_to_string(path).unwrap()));
            format!("{name}: {}\n", verify::summary(&proofs))
        })
        .collect();
    insta::assert_snapshot!(told);
}

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
    for jobs in [9, 600] {
        let machine = wide(jobs);
        let Verdict::Bounded { bound, .. } = verdict(&machine, "workflow-accepted") else {
            panic!("{jobs} jobs side by side are not exhausted")
        };
        assert!(bound.contains("situations"), "{bound}");
    }
    assert!(matches!(verdict(&wide(2), "workflow-accepted"), Verdict::Proven { .. }));
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
fn losses_and_histories_are_bounded_too_and_say_how_far_they_went() {
    let told = |machine: &Machine, name: &str| match verdict(machine, name) {
        Verdict::Bounded { covered, bound } => (covered.text(), bound),
        other @ (Verdict::Proven { .. }
        | Verdict::Refuted { .. }
        | Verdict::NotApplicable { .. }) => panic!("{name} is {other:?}"),
    };
    let machine = optional_chain(120, "", |_| String::new());
    insta::assert_debug_snapshot!([told(&machine, "loss")]);
    // Phases without states make each memory large.
    let phases: String = (0..300).map(|n| format!("[[phase]]\nname = 'p{n}'\n")).collect();
    let machine = optional_chain(12, &phases, |n| format!("phase = 'p{n}'\n"));
    insta::assert_debug_snapshot!(
        ["phases-total", "phases-done-stays", "phases-one-active"].map(|name| told(&machine, name))
    );
}

/// Nine jobs side by side, and one that starts with a state that may not come first.
#[test]
fn of_a_case_that_was_found_before_everything_was_tried_it_is_said_that_there_may_be_a_shorter_one()
{
    let text = wide_table(9)
        .replace("{ name = 'on' }", "{ name = 'on' }, { name = 'off' }")
        .replace("'on', 'end']", "'on', 'end'] }, { path = ['on', 'mid', 'off', 'end']")
        .replace("{ name = 'off' }", "{ name = 'mid' }, { name = 'off' }");
    let proofs = verify::verify(&machine(&(text + "[[job]]\nname = 'x'\nstart = 'off'\n")));
    let accepted = |proof: &&Proved| proof.name == "workflow-accepted";
    let proof = proofs.iter().find(accepted).unwrap();
    let Verdict::Refuted { counterexample } = &proof.verdict else { panic!("{proof:?}") };
    assert!(!counterexample.shortest);
    assert_eq!(counterexample.path.len(), 2, "{counterexample:?}");
    let text = verify::text(std::slice::from_ref(proof));
    assert!(text.contains("not everything was tried: there may be a shorter case"), "{text}");
    assert_eq!(verify::json(proof)["counterexample"]["shortest"], false);
    let finding = &verify::findings("t.toml", std::slice::from_ref(proof))[0];
    assert!(finding.help.contains("; a case, perhaps not the shortest: the row"), "{finding:?}");
    let exhausted = refuted(&without_the_deploy_jobs_needs());
    assert!(!exhausted.contains("shorter case"), "{exhausted}");
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
    let Verdict::NotApplicable { why } = verdict(&table("['x', 'y', 'z', 'y']"), "late-duplicate")
    else {
        panic!("`y` comes back")
    };
    let says = "the table lets a row come back: y -> z -> y; a report that found the row in such";
    assert!(why.starts_with(says), "{why}");
    let straight = verdict(&table("['x', 'y', 'z']"), "late-duplicate");
    let Verdict::Proven { covered } = straight else { panic!("{straight:?}") };
    // Each state's report, in it and in all that comes after it.
    assert_eq!(covered.text(), "6 redeliveries");
    // A report that is a transition whenever it comes is none that changes nothing.
    let Verdict::Proven { covered } = verdict(&table("['x', 'y', 'y', 'z']"), "late-duplicate")
    else {
        panic!("a state that is entered from itself alone does not come back")
    };
    assert_eq!(covered.text(), "4 redeliveries");
}

#[test]
fn every_claim_says_what_to_change_where_it_does_not_hold() {
    let mut remedies = std::collections::BTreeMap::new();
    for proved in verify::verify(&deploy()) {
        remedies.entry(proved.proof.remedy()).or_insert_with(Vec::new).push(proved.name);
    }
    insta::assert_debug_snapshot!(remedies);
}

#[test]
fn of_a_long_way_the_two_ends_are_shown() {
    let chain = |states: usize| {
        let mut text = "format = 1\nmachine = { name = 'a', initial = 's0' }\n".to_owned();
        (0..states).for_each(|n| text += &format!("[[state]]\nname = 's{n}'\n"));
        let path: Vec<String> = (0..states).map(|n| format!("'s{n}'")).collect();
        let text = text + &format!("[[transition]]\npath = [{}]\n", path.join(", "));
        let Verdict::Proven { covered } = verdict(&machine(&text), "reachable") else { panic!() };
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

#[test]
fn proofs_are_told_in_json_and_as_findings() {
    let machine = without_the_concluding_job();
    let proofs = verify::verify(&machine);
    let json: Vec<_> = proofs.iter().map(verify::json).collect();
    assert_eq!(json[0]["covered"]["states"], 10);
    let ends = json.iter().find(|proof| proof["name"] == "workflow-ends").unwrap();
    assert_eq!(ends["verdict"], "refuted");
    assert!(ends["counterexample"]["path"].as_array().unwrap().len() > 1);
    let findings = verify::findings("deploy.toml", &proofs);
    assert!(findings.iter().any(|finding| finding.rule == "workflow-ends" && finding.is_error()));
}

/// One job `a` and its conclusion. `a` is cancelled or lost before it begins (2), fails before its
/// report and then fails, is cancelled or lost (3), reports and then passes, fails, is cancelled or
/// lost (4), or cannot report and then fails, is cancelled or lost (3). The conclusion is delivered,
/// undelivered or its runner lost (3).
#[test]
fn the_runs_of_a_job_and_its_conclusion_are_as_many_as_by_hand() {
    let Verdict::Proven { covered } = verdict(&wide(1), "workflow-accepted") else { panic!() };
    assert_eq!(covered.counts[0], ((2 + 3 + 4 + 3) * 3, "runs"));
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
    let Verdict::Proven { covered } = verdict(&machine, "workflow-truth") else { panic!() };
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

/// `c` may only come after `a`'s report, which may be lost: then it is refused, and that is fine.
#[test]
fn a_report_that_may_be_lost_may_be_refused_where_another_was_lost() {
    let table = "format = 1\nmachine = { name = 'a', initial = 'on' }\n\
        state = [{ name = 'on' }, { name = 'ok' }, { name = 'bad' }, { name = 'd', optional = true }]\n\
        transition = [{ path = ['on', 'ok', 'd', 'ok', 'bad'] }, { path = ['on', 'bad'] }]\n\
        job = [{ name = 'a', success = 'ok', failure = 'bad' },\n\
        { name = 'c', needs = ['a'], start = 'd' }, { name = 'end', needs = ['a'], always = true,\n\
        success = 'ok', failure = 'bad' }]";
    let verdict = verdict(&machine(table), "workflow-accepted");
    assert!(matches!(verdict, Verdict::Proven { .. }), "{verdict:?}");
}
