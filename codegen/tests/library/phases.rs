//! What the stepper shows (rule 6 of the format): by hand straight from its wording, and against
//! an oracle that is written from it.

use crate::common;
use crate::common::machine;
use crate::tables;
use phasegate_codegen::Machine;
use phasegate_codegen::machine::{Kind, Outcome, PhaseId, StateId, View};
use proptest::prelude::*;

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
fn passes_an_attempted_over_that_completes_its_phase_or_has_none() {
    shows(
        &machine(common::DEPLOY),
        &[
            ("queued failed attempted=smoke_passed", "unconfirmed unconfirmed skipped skipped"),
            ("queued failed attempted=queued", "unconfirmed unconfirmed skipped skipped"),
            ("queued failed attempted=unheard_of", "unconfirmed unconfirmed skipped skipped"),
            // It matters at an end that is bad alone.
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

// ---- the oracle -----------------------------------------------------------------------------

/// Whether declared transitions lead from one state to another by optional states alone.
fn chain(machine: &Machine, from: StateId, to: StateId) -> bool {
    let declared = |a, b| machine.kind(a, b) == Some(Kind::Declared);
    let mut met: Vec<StateId> = Vec::new();
    let mut waiting = vec![from];
    while let Some(at) = waiting.pop() {
        if declared(at, to) {
            return true;
        }
        for next in machine.state_ids() {
            if declared(at, next) && machine.state(next).optional && !met.contains(&next) {
                met.push(next);
                waiting.push(next);
            }
        }
    }
    false
}

fn hides(machine: &Machine, from: StateId, to: StateId, state: StateId) -> bool {
    machine.state(state).optional && chain(machine, from, state) && chain(machine, state, to)
}

/// Rule 6, sentence by sentence.
fn oracle(machine: &Machine, history: &[StateId], attempted: Option<StateId>) -> Vec<View> {
    let state = |id: StateId| machine.state(id);
    let phase = |id: StateId| state(id).phase;
    // Going back takes back.
    let mut counts = vec![true; history.len()];
    for at in 1..history.len() {
        let last_phase = history[..at].iter().rev().find_map(|&id| phase(id));
        if machine.initial.contains(&history[at]) {
            counts[..at].fill(false);
        } else if let (Some(here), Some(before)) = (phase(history[at]), last_phase)
            && here < before
        {
            for earlier in 0..at {
                if phase(history[earlier]).is_some_and(|of| of >= here) {
                    counts[earlier] = false;
                }
            }
        }
    }
    let reported: Vec<StateId> =
        history.iter().zip(&counts).filter(|&(_, &counts)| counts).map(|(&id, _)| id).collect();
    let steps: Vec<(StateId, StateId)> = (1..history.len())
        .filter(|&at| counts[at])
        .map(|at| (history[at - 1], history[at]))
        .collect();
    let of = |p: usize| Some(PhaseId::new(p));
    let is_reported = |p: usize| reported.iter().any(|&id| phase(id) == of(p));
    let can_hide = |p: usize| {
        steps.iter().any(|&(a, b)| {
            machine.state_ids().any(|id| phase(id) == of(p) && hides(machine, a, b, id))
        })
    };
    let Some((&current, before)) = history.split_last() else {
        return vec![View::Upcoming; machine.phases.len()];
    };
    let bad = matches!(state(current).outcome, Some(Outcome::Failure | Outcome::Cancelled));
    let ended = state(current).outcome.is_some() || machine.next(current).all(|to| to == current);
    let mut ending: Option<PhaseId> = None;
    if bad {
        let open = |id: &StateId| phase(*id).is_some() && !state(*id).completes;
        ending = if let Some(attempted) = attempted.filter(|id| open(id)) {
            phase(attempted)
        } else if phase(current).is_some() {
            phase(current)
        } else {
            before
                .last()
                .filter(|id| open(id))
                .filter(|&&id| machine.state_ids().all(|via| !hides(machine, id, current, via)))
                .and_then(|&id| phase(id))
        };
    }
    (0..machine.phases.len())
        .map(|p| {
            let later = (p + 1..machine.phases.len()).any(is_reported);
            let own = phase(current) == of(p);
            if ending == of(p) {
                return match state(current).outcome {
                    Some(Outcome::Cancelled) => View::Cancelled,
                    _ => View::Failed,
                };
            }
            if !is_reported(p)
                && (ending.is_some_and(|e| e.index() < p) || (!can_hide(p) && (later || ended)))
            {
                return View::Skipped;
            }
            if own && !state(current).completes && !ended {
                return View::Active;
            }
            let has_completing =
                machine.state_ids().any(|id| phase(id) == of(p) && state(id).completes);
            let moved_on = (ended && !bad)
                || (phase(current).is_some() && !own)
                || (phase(current).is_none() && !bad)
                || later
                || ending.is_some_and(|e| e.index() > p);
            if reported.iter().any(|&id| phase(id) == of(p) && state(id).completes)
                || (!has_completing && is_reported(p) && moved_on)
            {
                return View::Done;
            }
            if later || ended { View::Unconfirmed } else { View::Upcoming }
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn shows_what_rule_6_says(
        made in tables::tables(),
        picks in tables::picks(),
        attempted in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let machine = &made.machine;
        let history = tables::walk(machine, &picks);
        let attempted = attempted.map(|at| StateId::new(at.index(machine.states.len())));
        let views = machine.phases(&history, attempted);
        let shown = || {
            let names: Vec<&str> = history.iter().map(|&id| &machine.state(id).name[..]).collect();
            format!("{names:?}, attempted {attempted:?}\n{}", made.text)
        };
        prop_assert_eq!(&views, &oracle(machine, &history, attempted), "{}", shown());

        // What a reader takes for granted.
        let count = |view| views.iter().filter(|&&v| v == view).count();
        prop_assert_eq!(views.len(), machine.phases.len());
        prop_assert!(count(View::Active) <= 1);
        prop_assert!(count(View::Failed) + count(View::Cancelled) <= 1);
        let Some(&current) = history.last() else {
            prop_assert_eq!(count(View::Upcoming), views.len());
            return Ok(());
        };
        let current = machine.state(current);
        if current.is_ended() {
            prop_assert_eq!(count(View::Active) + count(View::Upcoming), 0);
        } else {
            prop_assert_eq!(count(View::Failed) + count(View::Cancelled), 0);
            prop_assert_eq!(count(View::Active), usize::from(current.phase.is_some() && !current.completes));
        }
        if !matches!(current.outcome, Some(Outcome::Failure)) {
            prop_assert_eq!(count(View::Failed), 0);
        }
    }
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
