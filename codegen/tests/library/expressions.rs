//! GitHub's expressions: what is known is one answer, and what is not known is both.

use std::collections::BTreeMap;

use phasegate_codegen::machine::NeedResult;
use phasegate_codegen::workflow::expression::{Both, Condition, Held, Known, is_own, texts};
use proptest::prelude::*;

/// A run of which some is known.
#[derive(Clone, Debug, Default)]
struct Run {
    needs: BTreeMap<String, NeedResult>,
    cancelled: bool,
    /// What contexts hold; what is not there is not known.
    held: BTreeMap<String, Held>,
    decided: BTreeMap<String, bool>,
}

impl Known for Run {
    fn names(&self) -> Vec<(String, NeedResult)> {
        self.needs.clone().into_iter().collect()
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    fn context(&self, keys: &[&str]) -> Held {
        self.held.get(&keys.join(".")).cloned().unwrap_or(Held::Unknown)
    }

    fn decided(&self, atom: &str) -> Option<bool> {
        self.decided.get(atom).copied()
    }
}

const YES: Both = Both { yes: true, no: false };
const NO: Both = Both { yes: false, no: true };
const EITHER: Both = Both { yes: true, no: true };

#[track_caller]
fn holds(text: &str, run: &Run) -> Both {
    Condition::read(text).unwrap_or_else(|why| panic!("{text}: {why}")).holds(run)
}

#[test]
fn what_cannot_be_known_is_taken_both_ways() {
    let mut run = Run::default();
    run.held.insert("inputs.id".to_owned(), Held::Filled);
    run.held.insert("inputs.none".to_owned(), Held::Text(String::new()));
    for (text, is) in [
        ("inputs.go", EITHER),
        ("!inputs.go", EITHER),
        ("inputs.go && false", NO),
        ("inputs.go || true", YES),
        ("inputs.id", YES),
        ("inputs.id != ''", YES),
        ("inputs.id == '7'", EITHER),
        ("inputs.none", NO),
        ("inputs.none == ''", YES),
        ("contains(inputs.go, 'x')", EITHER),
        ("contains(inputs.go, '')", EITHER),
        ("(inputs.go && 'a' || 'b') == 'c'", NO),
        ("(inputs.go && 'a' || 'b') != ''", YES),
        ("fromJSON(inputs.go)", EITHER),
        ("toJSON(inputs.go)", YES),
        ("hashFiles('**/x')", EITHER),
        ("fromJSON(inputs.go).x.y", EITHER),
        ("fromJSON('[\"a\", \"b\"]')[1] == 'b'", YES),
        ("fromJSON('[\"a\"]')[4] == 'a'", NO),
        ("fromJSON('[\"a\"]')[4] == null", YES),
        ("fromJSON('{\"a\": {\"B\": 3}}').A.b == 3", YES),
        ("fromJSON('{\"a\": [7]}')['a'][0] == 7", YES),
        ("fromJSON('{\"a\": 1}').x == null", YES),
        ("contains(fromJSON('{\"a\": 1}'), 'a')", NO),
        ("contains(toJSON(fromJSON('{\"a\": 1}')), '\"a\": 1')", YES),
        ("github.event.pull_request[inputs.go]", EITHER),
        ("${{ inputs.go }}!", YES),
        ("${{ inputs.go }}", EITHER),
        ("case(inputs.go, 'a', 'b')", YES),
        ("inputs.go == inputs.go", EITHER),
    ] {
        assert_eq!(holds(text, &run), is, "{text}");
    }
}

#[test]
fn what_is_decided_is_so_wherever_it_is_asked() {
    let mut run = Run::default();
    run.decided.insert("inputs.env == 'prod'".to_owned(), false);
    run.decided.insert("inputs.go".to_owned(), true);
    for (text, is) in [
        ("inputs.env == 'prod'", NO),
        ("inputs.env != 'prod'", YES),
        ("${{ inputs.go && inputs.ENV == 'prod' }}", NO),
        ("inputs.go", YES),
        ("inputs.go == 'x'", EITHER),
    ] {
        assert_eq!(holds(text, &run), is, "{text}");
    }
}

#[test]
fn a_function_of_status_anywhere_takes_the_implicit_success_away() {
    let run = Run { needs: [("a".to_owned(), NeedResult::Failure)].into(), ..Run::default() };
    for (text, is) in [
        ("", NO),
        ("true", NO),
        ("inputs.go", NO),
        ("always()", YES),
        ("ALWAYS()", YES),
        ("true && (false || !cancelled())", YES),
        ("contains(fromJSON('[true]'), failure())", YES),
        ("failure('a')", YES),
        ("success('b')", EITHER),
        ("success() || failure()", YES),
        ("!success()", YES),
    ] {
        assert_eq!(holds(text, &run), is, "{text}");
    }
    let cancelled = Run { cancelled: true, ..Run::default() };
    assert_eq!(holds("success()", &cancelled), NO);
    assert_eq!(holds("cancelled()", &cancelled), YES);
}

#[test]
fn what_is_no_expression_is_said_to_be_none() {
    for (text, why) in [
        ("needs.build.result = 'x'", "`=` has no meaning"),
        ("a &", "`&` has no meaning"),
        ("'open", "does not end"),
        ("(true", "`)` is missing"),
        ("true true", "not expected"),
        ("nope()", "no function `nope`"),
        ("contains('a')", "does not take 1"),
        ("always(1)", "does not take 1"),
        ("a.", "name is missing"),
        ("!", "breaks off"),
        ("1.2.3", "no number"),
        ("${{ true", "not closed"),
        ("${{ }}", "breaks off"),
    ] {
        let said = Condition::read(text).expect_err(text);
        assert!(said.contains(why), "{text}: {said}");
    }
    let brackets = |many: usize| format!("{}true{}", "(".repeat(many), ")".repeat(many));
    let opposite = |many: usize| format!("{}true", "!".repeat(many));
    let compared = |many: usize| format!("1{}", " == 1".repeat(many));
    let indexed = |many: usize| format!("fromJSON('{{}}'){}", ".a".repeat(many));
    let every: [&dyn Fn(usize) -> String; 4] = [&brackets, &opposite, &compared, &indexed];
    for deep in every {
        assert!(Condition::read(&deep(40)).is_ok(), "{}", deep(40));
        assert!(Condition::read(&deep(60)).expect_err("deep").contains("nested"));
        assert!(Condition::read(&deep(3_000)).expect_err("deep").contains("nested"));
    }
    // As many side by side as GitHub takes, which is by their length.
    for operator in ["||", "&&"] {
        let many = |count: usize| vec!["1"; count].join(operator);
        let read = Condition::read(&many(7_000)).expect("as long as GitHub takes");
        assert_eq!(read.holds(&Run::default()), YES);
        assert!(Condition::read(&many(7_001)).expect_err("long").contains("21000 characters"));
    }
}

#[test]
fn a_text_with_expressions_in_it_is_put_together() {
    let run = Run { needs: [("a".to_owned(), NeedResult::Skipped)].into(), ..Run::default() };
    let all = |text: &str| texts(text, &run).unwrap();
    assert_eq!(all("x-${{ needs.a.result }}"), Some(vec!["x-skipped".to_owned()]));
    assert_eq!(all("plain"), Some(vec!["plain".to_owned()]));
    assert_eq!(all("${{ inputs.a && 'x' || 'y' }}"), Some(vec!["x".to_owned(), "y".to_owned()]));
    assert_eq!(all("${{ inputs.a }}"), None);
    assert_eq!(all("${{ '}}' }}"), Some(vec!["}}".to_owned()]));
    // Doubled braces stand for themselves, and what is filled in is not read again.
    assert_eq!(all("${{ format('{0}{{0}}', 'x') }}"), Some(vec!["x{0}".to_owned()]));
    assert_eq!(all("${{ format('{0}{1}', '{1}', 'y') }}"), Some(vec!["{1}y".to_owned()]));
    assert_eq!(all("{0} ${{ needs.a.result }}"), Some(vec!["{0} skipped".to_owned()]));
}

#[test]
fn a_name_that_holds_what_no_other_run_has_is_a_runs_own() {
    let mut run = Run::default();
    run.held.insert("run.id".to_owned(), Held::Filled);
    let own = [vec!["run".to_owned(), "id".to_owned()]];
    for (text, is) in [
        ("x-${{ run.id }}", true),
        ("${{ inputs.a && run.id || format('{0}', run.id) }}", true),
        ("${{ case(inputs.a, run.id, toJSON(run)) }}", true),
        ("${{ format('ship-{{0}}', run.id) }}", false),
        ("${{ format('ship-{{{0}}}', run.id) }}", true),
        ("${{ case(inputs.a, 'x', run.id) }}", false),
        ("${{ inputs.a && run.id }}", false),
        ("${{ inputs.a || run.id }}", false),
        ("${{ run.id == 'x' || run.id }}", false),
        ("${{ !run.id || run.id }}", true),
        ("${{ run.id.more }}", false),
        ("${{ run[inputs.a] }}", false),
        ("run.id", false),
        ("", false),
    ] {
        assert_eq!(is_own(text, &run, &own), Ok(is), "{text}");
    }
    assert!(is_own("${{ run.", &run, &own).is_err());
}

/// An expression over two inputs and a job.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("inputs.a".to_owned()),
        Just("inputs.b".to_owned()),
        Just("needs.j.result".to_owned()),
        Just("'x'".to_owned()),
        Just("''".to_owned()),
        Just("'failure'".to_owned()),
        Just("0".to_owned()),
        Just("true".to_owned()),
        Just("null".to_owned()),
        Just("failure()".to_owned()),
        Just("success()".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            two.clone().prop_map(|(a, b)| format!("({a} && {b})")),
            two.clone().prop_map(|(a, b)| format!("({a} || {b})")),
            two.clone().prop_map(|(a, b)| format!("({a} == {b})")),
            two.clone().prop_map(|(a, b)| format!("({a} != {b})")),
            two.clone().prop_map(|(a, b)| format!("contains({a}, {b})")),
            two.clone().prop_map(|(a, b)| format!("({a} < {b})")),
            two.prop_map(|(a, b)| format!("case({a}, {b}, 'x')")),
            inner.prop_map(|a| format!("!{a}")),
        ]
    })
}

fn values() -> impl Strategy<Value = Held> {
    prop_oneof![
        Just(Held::Text(String::new())),
        Just(Held::Text("x".to_owned())),
        Just(Held::Text("0".to_owned())),
        Just(Held::Text("failure".to_owned())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_is_known_the_answer_was_possible_before(
        text in expressions(),
        a in values(),
        b in values(),
        result in 0..4_usize,
        cancelled: bool,
    ) {
        let needs = [("j".to_owned(), NeedResult::ALL[result])];
        let mut run = Run { needs: needs.into(), cancelled, ..Run::default() };
        let unknown = holds(&text, &run);
        prop_assert!(unknown.yes || unknown.no);
        run.held.insert("inputs.a".to_owned(), a);
        let some = holds(&text, &run);
        run.held.insert("inputs.b".to_owned(), b);
        let known = holds(&text, &run);
        prop_assert!(known.yes != known.no, "{text}: all is known");
        prop_assert!(some.yes || !known.yes);
        prop_assert!(some.no || !known.no);
        prop_assert!(unknown.yes || !some.yes);
        prop_assert!(unknown.no || !some.no);
    }

    #[test]
    fn no_text_is_too_strange_to_be_read_or_refused(text in ".{0,60}") {
        let _ = Condition::read(&text).map(|condition| condition.holds(&Run::default()));
        let _ = texts(&text, &Run::default());
    }
}
