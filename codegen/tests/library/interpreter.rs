//! The validated machine as the runtime meets it: by the places of its states, through the trait.

use crate::common;
use crate::common::machine;
use phasegate::{Machine as _, Outcome, Verdict, View};
use phasegate_codegen::machine::{Kind, Log, Machine, Relation, StateId};

/// Starts in the third state or the second; the first is an end that nothing leaves.
fn order() -> Machine {
    machine(
        "format = 1\nmachine = { name = 'order', title = 'An order', initial = ['new', 'draft'] }\n\
         phase = [{ name = 'pay', title = 'Payment' }, { name = 'send' }]\n\
         state = [{ name = 'sent', outcome = 'success', phase = 'send', completes = true },\n\
         { name = 'draft', value = 'Draft!', title = 'A draft' }, { name = 'new' },\n\
         { name = 'paid', phase = 'pay', completes = true },\n\
         { name = 'back', outcome = 'neutral', reopens = true }]\n\
         transition = [{ path = ['draft', 'new', 'paid', 'sent'] }, { path = ['new', 'new'] },\n\
         { path = ['paid', 'back', 'paid'] }]",
    )
}

fn at(place: usize) -> StateId {
    StateId::new(place)
}

fn places(machine: &Machine, is: impl Fn(StateId) -> bool) -> Vec<usize> {
    machine.state_ids().filter(|&state| is(state)).map(StateId::index).collect()
}

#[test]
fn says_what_the_table_says_of_names_and_titles() {
    let order = order();
    assert_eq!((order.name(), order.title()), ("order", "An order"));
    assert_eq!(order.table(), order.fingerprints.table);
    assert_eq!(order.language(), order.fingerprints.language);
    assert_ne!(order.table(), order.language());
    assert_eq!(order.states(), 5);
    assert_eq!((order.value(at(1)), order.value(at(2))), ("Draft!", "new"));
    assert_eq!((order.state_title(at(1)), order.state_title(at(2))), ("A draft", "New"));
    assert_eq!(order.phases.len(), 2);
    assert_eq!(phasegate::Machine::phases(&order), 2);
    assert_eq!((order.phase_name(0), order.phase_name(1)), ("pay", "send"));
    assert_eq!((order.phase_title(0), order.phase_title(1)), ("Payment", "Send"));
}

#[test]
fn finds_states_by_what_is_stored() {
    let order = order();
    let find = |value: &str| phasegate::Machine::find(&order, value);
    assert_eq!(
        (find("sent"), find("Draft!"), find("back")),
        (Some(at(0)), Some(at(1)), Some(at(4)))
    );
    assert_eq!(find("draft"), None);
}

#[test]
fn knows_where_rows_start_and_end() {
    let order = order();
    assert_eq!(phasegate::Machine::initial(&order), at(2));
    assert_eq!(places(&order, |state| phasegate::Machine::is_initial(&order, state)), [1, 2]);
    assert_eq!(places(&order, |state| order.is_terminal(state)), [0]);
    assert_eq!(order.outcome(at(0)), Some(Outcome::Success));
    assert_eq!((order.outcome(at(4)), order.outcome(at(3))), (Some(Outcome::Neutral), None));
}

#[test]
fn judges_a_report_in_one_of_four_ways() {
    let order = order();
    let step = |from, to| phasegate::Machine::can_become(&order, from, to);
    assert_eq!(places(&order, |to| step(at(2), to)), [2, 3]);
    assert_eq!(places(&order, |to| step(at(3), to)), [0, 4]);
    assert_eq!(order.judge(at(2), at(3)), Verdict::Applied);
    assert_eq!(order.judge(at(2), at(2)), Verdict::Applied, "the table declares it");
    assert_eq!(order.judge(at(1), at(1)), Verdict::Duplicate);
    assert_eq!(order.judge(at(0), at(0)), Verdict::Duplicate);
    assert_eq!(order.judge(at(0), at(2)), Verdict::Ended);
    assert_eq!(
        order.judge(at(4), at(2)),
        Verdict::Illegal,
        "an end that reopens is left, but not to there"
    );
    assert_eq!(order.judge(at(1), at(3)), Verdict::Illegal);
}

#[test]
fn shows_the_views_of_a_history_of_places() {
    let order = order();
    let mut views = [View::Failed; 2];
    order.views(&[at(2), at(3)], None, &mut views);
    assert_eq!(views, [View::Done, View::Upcoming]);
    order.views(&[at(2), at(3), at(0)], None, &mut views);
    assert_eq!(views, [View::Done, View::Done]);
}

#[test]
fn words_are_those_of_the_table_and_of_every_interface() {
    let outcomes = [Outcome::Success, Outcome::Failure, Outcome::Cancelled, Outcome::Neutral];
    assert_eq!(outcomes.map(Outcome::as_str), ["success", "failure", "cancelled", "neutral"]);
    let views = [
        View::Failed,
        View::Cancelled,
        View::Skipped,
        View::Active,
        View::Done,
        View::Unconfirmed,
        View::Upcoming,
    ];
    assert_eq!(
        views.map(View::as_str),
        ["failed", "cancelled", "skipped", "active", "done", "unconfirmed", "upcoming"]
    );
    assert_eq!([Kind::Declared, Kind::Skip].map(Kind::as_str), ["declared", "skip"]);
}

#[test]
fn a_relation_of_no_pair_is_empty() {
    let of = |pairs: &[(usize, usize)]| {
        let pairs = pairs.iter().map(|&(from, to)| (StateId::new(from), StateId::new(to)));
        Relation::close(2, Vec::new(), pairs).unwrap()
    };
    assert!(of(&[]).is_empty());
    assert!(!of(&[(0, 1)]).is_empty());
}

#[test]
fn rows_are_collected_under_the_tables_name_or_the_machines_and_s() {
    assert_eq!(order().collection(), "orders");
    let table =
        "format = 1\nmachine = { name = 'run', initial = 'on' }\nstate = [{ name = 'on' }]\n";
    assert_eq!(machine(table).collection(), "runs");
    let kept = machine(&format!("{table}[target.sql]\ntable = 'kept_runs'"));
    assert_eq!(kept.collection(), "kept_runs");
}

#[test]
fn says_in_words_which_skips_an_optional_state_opens() {
    let words = |states: &str, transitions: &str| {
        machine(&common::table(states, transitions, "")).skips_in_words()
    };
    // Not those to itself and from itself, nor what is declared.
    let states =
        r#"{ name = "a" }, { name = "o", optional = true }, { name = "b" }, { name = "z" }"#;
    let rows = r#"{ path = ["a", "o", "o", "b", "z"] }, { path = ["a", "b", "o", "z"] }"#;
    assert_eq!(words(states, rows), ["without `o`: a -> z"]);
    let rows = r#"{ path = ["a", "o", "b", "z"] }, { path = ["a", "b"] }"#;
    assert_eq!(words(states, rows), ["`o` opens no skip"]);
    // Nor those that another opens.
    let states = format!("{states}, {{ name = \"p\", optional = true }}, {{ name = \"c\" }}");
    let rows =
        r#"{ path = ["a", "o", "z"] }, { path = ["a", "c", "p", "z"] }, { path = ["a", "b"] }"#;
    assert_eq!(words(&states, rows), ["without `o`: a -> z", "without `p`: c -> z"]);
    // Twenty-four are reported.
    let from = |count: usize| {
        let states: Vec<String> = (0..count).map(|at| format!("{{ name = \"s{at}\" }}")).collect();
        let pairs: Vec<String> =
            (0..count).map(|at| format!("{{ path = [\"a\", \"s{at}\", \"o\"] }}")).collect();
        let more = "{ name = \"a\" }, { name = \"o\", optional = true }, { name = \"z\" }";
        let rest = "{ path = [\"o\", \"z\"] }";
        words(&format!("{more}, {}", states.join(", ")), &format!("{rest}, {}", pairs.join(", ")))
    };
    assert!(from(24)[0].ends_with(", s23 -> z"), "{:?}", from(24));
    assert!(from(25)[0].ends_with(", s23 -> z, and more"), "{:?}", from(25));
    assert!(from(25)[0].starts_with("without `o`: s0 -> z, s1 -> z"), "{:?}", from(25));
}

#[test]
fn counts_the_skips_among_the_transitions() {
    let states = r#"{ name = "a" }, { name = "o", optional = true }, { name = "z" }"#;
    let rows = r#"{ path = ["a", "o", "z"] }, { path = ["o", "y"] }"#;
    let states = format!("{states}, {{ name = \"y\" }}");
    let machine = machine(&common::table(&states, rows, ""));
    assert_eq!((machine.transition_count(), machine.skip_count()), (5, 2));
}

#[test]
fn a_log_says_whether_it_was_rejected() {
    let machine = order();
    let mut log = Log::transitions(&machine);
    log.push(Some(StateId::new(2)), "new");
    assert!(!log.is_rejected());
    log.push(Some(StateId::new(0)), "sent");
    assert!(log.is_rejected());
}

#[test]
fn a_job_that_reports_no_outcome_has_none() {
    let is_empty = |outcomes: &str| {
        let job = format!("job = [{{ name = \"j\"{outcomes} }}]");
        machine(&common::with(&job)).jobs[0].outcomes().is_empty()
    };
    assert!(is_empty(""));
    for outcomes in [", success = \"z\"", ", failure = \"z\"", ", cancelled = \"z\""] {
        assert!(!is_empty(outcomes), "{outcomes}");
    }
}
