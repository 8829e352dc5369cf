//! What the stepper shows (rule 6 of the format), by hand straight from its wording.

use crate::common;
use crate::common::machine;
use phasegate_codegen::Machine;
use phasegate_codegen::machine::View;

/// The views after a line of names, the last of which may be `attempted=NAME`.
#[track_caller]
fn views(machine: &Machine, line: &str) -> String {
    let (mut history, mut attempted) = (Vec::new(), None);
    for word in line.split_whitespace() {
        match word.strip_prefix("attempted=") {
            Some(name) => attempted = machine.find(name),
            None => history.push(machine.find(word).unwrap_or_else(|| panic!("no {word}"))),
        }
    }
    for (at, step) in history.windows(2).enumerate() {
        assert!(machine.can_become(step[0], step[1]), "{line} is not accepted at {}", at + 2);
    }
    let views = machine.phases(&history, attempted);
    views.into_iter().map(View::as_str).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn shows(machine: &Machine, rows: &[(&str, &str)]) {
    for (line, expected) in rows {
        assert_eq!(views(machine, line), *expected, "{line}");
    }
}

#[test]
fn shows_a_deploy_that_reports_everything() {
    shows(
        &machine(common::DEPLOY),
        &[
            ("", "upcoming upcoming upcoming upcoming"),
            ("queued", "upcoming upcoming upcoming upcoming"),
            ("queued smoke_running", "active upcoming upcoming upcoming"),
            ("queued smoke_running smoke_passed", "done upcoming upcoming upcoming"),
            ("queued smoke_running smoke_passed freeze_checking", "done active upcoming upcoming"),
            (
                "queued smoke_running smoke_passed freeze_checking freeze_passed",
                "done done upcoming upcoming",
            ),
            (
                "queued smoke_running smoke_passed freeze_checking freeze_passed building deploying",
                "done done active upcoming",
            ),
            (
                "queued smoke_running smoke_passed freeze_checking freeze_passed building deploying health_checking",
                "done done done active",
            ),
            (
                "queued smoke_running smoke_passed freeze_checking freeze_passed building deploying health_checking succeeded",
                "done done done done",
            ),
        ],
    );
}

#[test]
fn shows_what_was_not_reported_as_unconfirmed_and_never_as_done() {
    shows(
        &machine(common::DEPLOY),
        &[
            ("queued building", "unconfirmed unconfirmed active upcoming"),
            ("queued smoke_running building", "unconfirmed unconfirmed active upcoming"),
            ("queued smoke_passed building", "done unconfirmed active upcoming"),
            ("queued building deploying succeeded", "unconfirmed unconfirmed done unconfirmed"),
            ("queued smoke_running freeze_checking", "unconfirmed active upcoming upcoming"),
        ],
    );
}

#[test]
fn shows_a_failure_in_the_phase_that_was_attempted() {
    shows(
        &machine(common::DEPLOY),
        &[
            ("queued failed attempted=smoke_running", "failed skipped skipped skipped"),
            (
                "queued smoke_running failed attempted=smoke_running",
                "failed skipped skipped skipped",
            ),
            ("queued failed attempted=freeze_checking", "unconfirmed failed skipped skipped"),
            (
                "queued smoke_running smoke_passed failed attempted=freeze_checking",
                "done failed skipped skipped",
            ),
            ("queued building failed attempted=building", "unconfirmed unconfirmed failed skipped"),
            (
                "queued building deploying failed attempted=health_checking",
                "unconfirmed unconfirmed done failed",
            ),
            (
                "queued building deploying failed attempted=deploying",
                "unconfirmed unconfirmed failed skipped",
            ),
        ],
    );
}

#[test]
fn shows_a_failure_whose_job_was_lost_only_where_the_step_to_it_hides_nothing() {
    shows(
        &machine(common::DEPLOY),
        &[
            // The freeze check, and what lies between, may have come and gone unseen.
            ("queued failed", "unconfirmed unconfirmed skipped skipped"),
            ("queued smoke_running failed", "unconfirmed unconfirmed skipped skipped"),
            ("queued smoke_running smoke_passed failed", "done unconfirmed skipped skipped"),
            ("queued freeze_passed failed", "unconfirmed done skipped skipped"),
            // From `building` on nothing can hide but what follows `deploying`.
            ("queued building failed", "unconfirmed unconfirmed failed skipped"),
            ("queued building deploying failed", "unconfirmed unconfirmed unconfirmed unconfirmed"),
            (
                "queued building deploying health_checking failed",
                "unconfirmed unconfirmed done failed",
            ),
        ],
    );
}

#[test]
fn shows_a_failure_in_the_phase_before_it_where_the_step_can_hide_that_phase_alone() {
    let table = include_str!("../../../tests/artifacts/equivalence/tables/same_phase.toml");
    shows(
        &machine(table),
        &[
            ("cart pay_started failed", "failed skipped"),
            ("cart pay_started pay_pending failed", "failed skipped"),
            ("cart failed", "skipped skipped"),
            ("cart pay_started shipped failed", "done failed"),
        ],
    );
    // The payment may have been made, and nothing failed in it.
    let pending = "\"pay_pending\"\nphase    = \"pay\"\n";
    let completes = table.replace(pending, &format!("{pending}completes = true\n"));
    assert_ne!(completes, table);
    shows(
        &machine(&completes),
        &[
            ("cart pay_started failed", "unconfirmed skipped"),
            ("cart pay_started pay_pending failed", "done skipped"),
        ],
    );
    // What is pending may be of another phase, or of none.
    for other in ["phase = \"ship\"\n", ""] {
        let elsewhere = table.replace(pending, &format!("\"pay_pending\"\n{other}"));
        let shown = views(&machine(&elsewhere), "cart pay_started failed");
        assert!(shown.starts_with("unconfirmed "), "{other:?}: {shown}");
    }
}

#[test]
fn passes_an_attempted_over_that_completes_its_phase_or_has_none() {
    shows(
        &machine(common::DEPLOY),
        &[
            ("queued failed attempted=smoke_passed", "unconfirmed unconfirmed skipped skipped"),
            ("queued failed attempted=queued", "unconfirmed unconfirmed skipped skipped"),
            ("queued failed attempted=unheard_of", "unconfirmed unconfirmed skipped skipped"),
            // It matters at an end that is bad by itself.
            ("queued building attempted=smoke_running", "unconfirmed unconfirmed active upcoming"),
            (
                "queued building deploying succeeded attempted=deploying",
                "unconfirmed unconfirmed done unconfirmed",
            ),
        ],
    );
}

/// An order whose payment can be asked for again, that can be called off, and come back.
const ORDER: &str = r#"
    format = 1
    machine = { name = "order", initial = ["cart", "quote"] }
    phase = [{ name = "payment" }, { name = "packing" }, { name = "transport" }]
    state = [
        { name = "cart" },
        { name = "quote" },
        { name = "paying", phase = "payment" },
        { name = "paid", phase = "payment", completes = true },
        { name = "packing", phase = "packing", optional = true },
        { name = "on_hold" },
        { name = "shipped", phase = "transport" },
        { name = "delivered", phase = "transport", completes = true, outcome = "success", reopens = true },
        { name = "returned", outcome = "neutral" },
        { name = "refused", phase = "payment", outcome = "failure", reopens = true },
        { name = "called_off", outcome = "cancelled" },
    ]
    transition = [
        { path = ["cart", "paying", "paid", "packing", "shipped", "delivered", "returned"] },
        { from = "quote", to = "cart" },
        { path = ["paid", "on_hold", "shipped"] },
        { path = ["shipped", "paying", "refused", "paying"] },
        { path = ["delivered", "cart"] },
        { from = "shipped", to = "packing" },
        { from = "*", to = "called_off" },
    ]
"#;

#[test]
fn going_back_takes_back_what_was_reported_from_there_on() {
    shows(
        &machine(ORDER),
        &[
            ("cart paying paid packing shipped", "done done active"),
            // Back to the payment: nothing of it, of the packing and of the transport counts.
            ("cart paying paid packing shipped paying", "active upcoming upcoming"),
            ("cart paying paid packing shipped paying paid", "done upcoming upcoming"),
            ("cart paying paid shipped packing", "done active upcoming"),
            ("cart paying paid shipped packing shipped", "done done active"),
            // A state without a phase is no way back, and hides none.
            ("cart paying paid on_hold", "done upcoming upcoming"),
            ("cart paying paid on_hold shipped", "done skipped active"),
            ("cart paying paid on_hold shipped packing shipped paying", "active upcoming upcoming"),
        ],
    );
}

#[test]
fn entering_an_initial_state_again_takes_everything_back() {
    shows(
        &machine(ORDER),
        &[
            ("cart paying paid packing shipped delivered", "done done done"),
            ("cart paying paid packing shipped delivered cart", "upcoming upcoming upcoming"),
            ("cart paying paid packing shipped delivered cart paying", "active upcoming upcoming"),
            ("quote cart paying", "active upcoming upcoming"),
        ],
    );
}

#[test]
fn shows_the_own_phase_of_a_bad_end_and_what_it_cut_off() {
    shows(
        &machine(ORDER),
        &[
            ("cart paying refused", "failed skipped skipped"),
            ("cart paying refused paying", "active upcoming upcoming"),
            ("cart paying called_off", "cancelled skipped skipped"),
            ("cart paying called_off attempted=packing", "unconfirmed cancelled skipped"),
            ("cart paying paid called_off", "done unconfirmed skipped"),
            ("cart paying paid packing called_off", "done cancelled skipped"),
            ("cart paying paid shipped called_off", "done unconfirmed unconfirmed"),
            ("cart paying paid on_hold called_off", "done skipped skipped"),
        ],
    );
}

#[test]
fn a_phase_that_nothing_completes_is_done_when_the_row_has_moved_on() {
    let machine = machine(
        r#"
        format = 1
        machine = { name = "m", initial = "start" }
        phase = [{ name = "one" }, { name = "two" }, { name = "three" }]
        state = [
            { name = "start" }, { name = "a", phase = "one" }, { name = "pause" },
            { name = "b", phase = "two" }, { name = "c", phase = "three" },
            { name = "ok", outcome = "success" }, { name = "so_so", outcome = "neutral" },
            { name = "stuck" }, { name = "bad", outcome = "failure" },
            { name = "own", phase = "one", outcome = "success" },
        ]
        transition = [
            { path = ["start", "a", "b", "c", "ok"] }, { path = ["a", "pause", "b"] },
            { from = "a", to = ["c", "ok", "so_so", "stuck", "own"] },
            { from = ["a", "b", "c", "pause"], to = "bad" },
        ]
        "#,
    );
    shows(
        &machine,
        &[
            ("start a", "active upcoming upcoming"),
            // Another phase, none, a good end, a neutral one, and one without an outcome.
            ("start a b", "done active upcoming"),
            ("start a pause", "done upcoming upcoming"),
            ("start a ok", "done skipped skipped"),
            ("start a so_so", "done skipped skipped"),
            ("start a stuck", "done skipped skipped"),
            ("start a own", "done skipped skipped"),
            // A bad end leaves it open where it happened, unless that was later.
            ("start a bad", "failed skipped skipped"),
            ("start a pause bad", "unconfirmed skipped skipped"),
            ("start a bad attempted=c", "done skipped failed"),
            ("start a b bad", "done failed skipped"),
            // What no step can hide was not needed.
            ("start a c", "done skipped active"),
            ("start a c ok", "done skipped done"),
        ],
    );
}

#[test]
fn a_machine_without_phases_shows_none() {
    shows(&machine(&common::with("")), &[("", ""), ("a b z", "")]);
}

#[test]
fn a_history_of_a_million_steps_back_and_forth_takes_no_longer_than_it_must() {
    let machine = machine(ORDER);
    let names = ["paying", "paid", "shipped"];
    let mut history = vec![machine.find("cart").expect("it is there")];
    for at in 0..1_000_000 {
        history.push(machine.find(names[at % 3]).expect("it is there"));
    }
    let views = machine.phases(&history, None);
    assert_eq!(views.len(), 3);
    // The last is a payment, for a million is one more than a multiple of three.
    assert_eq!(views[0], View::Active);
}
