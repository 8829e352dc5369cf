//! What a table means (rules 1 to 5, 7 to 9 and 11 of the format), by hand and against oracles
//! that are written from the words of the rules.

use crate::common;
use crate::tables;
use std::collections::BTreeSet;

use crate::common::{machine, table};
use phasegate_codegen::Machine;
use phasegate_codegen::machine::{Acceptance, Kind, Log, StateId};
use proptest::prelude::*;

fn name(machine: &Machine, id: StateId) -> &str {
    &machine.state(id).name
}

/// The legal transitions, `a>b` where declared and `a~b` where a skip.
fn transitions(machine: &Machine) -> String {
    let shown: Vec<String> = machine
        .transitions()
        .map(|(from, to, kind)| {
            let sign = match kind {
                Kind::Declared => '>',
                Kind::Skip => '~',
            };
            format!("{}{sign}{}", name(machine, from), name(machine, to))
        })
        .collect();
    shown.join(" ")
}

// ---- rule 1 ---------------------------------------------------------------------------------

#[test]
fn declares_the_pairs_of_paths_and_of_lists() {
    let states = r#"{ name = "a" }, { name = "b" }, { name = "c" }, { name = "z" }"#;
    let of = |transitions: &str| self::transitions(&machine(&table(states, transitions, "")));
    assert_eq!(of(r#"{ path = ["a", "b", "c", "b", "z"] }"#), "a>b b>c b>z c>b");
    assert_eq!(
        of(
            r#"{ from = ["a", "b"], to = ["b", "c", "z"] }, { from = "c", to = "c" }, { from = "c", to = "z" }"#
        ),
        "a>b a>c a>z b>b b>c b>z c>c c>z"
    );
}

#[test]
fn a_star_is_every_state_without_an_outcome_and_never_leads_to_itself() {
    let states = r#"{ name = "a" }, { name = "b", outcome = "neutral", reopens = true },
        { name = "old", retired = true }, { name = "z" }, { name = "f", outcome = "failure" }"#;
    let of = |transitions: &str| {
        let path = r#"{ path = ["a", "b", "a", "z"] }"#;
        self::transitions(&machine(&table(states, &format!("{path}, {transitions}"), "")))
    };
    assert_eq!(of(r#"{ from = "*", to = "f" }"#), "a>b a>z a>f b>a old>f z>f");
    assert_eq!(
        of(r#"{ from = "*", except = ["old", "z"], to = "f" }, { from = "old", to = "a" }"#),
        "a>b a>z a>f b>a old>a"
    );
    // A pair by name next to it is fine, and a list of targets is each of them.
    assert_eq!(
        of(r#"{ from = "*", to = ["f", "a"] }, { from = "z", to = "f" }"#),
        "a>b a>z a>f b>a old>a old>f z>a z>f"
    );
}

#[test]
fn a_star_to_enter_is_every_state_without_an_outcome_that_is_not_retired() {
    let states = r#"{ name = "a" }, { name = "b", outcome = "neutral", reopens = true },
        { name = "old", retired = true }, { name = "z" }, { name = "f", outcome = "failure" }"#;
    let of = |transitions: &str| {
        let path = r#"{ path = ["a", "b", "a"] }, { from = "z", to = ["f", "a"] }"#;
        self::transitions(&machine(&table(states, &format!("{path}, {transitions}"), "")))
    };
    assert_eq!(of(r#"{ from = "a", to = "*" }"#), "a>b a>z b>a z>a z>f");
    assert_eq!(
        of(r#"{ from = ["b", "old", "a"], to = "*" }"#),
        "a>b a>z b>a b>z old>a old>z z>a z>f"
    );
    assert_eq!(of(r#"{ from = "*", to = "*" }"#), "a>b a>z b>a old>a old>z z>a z>f");
    assert_eq!(of(r#"{ from = "*", except = ["old"], to = "*" }"#), "a>b a>z b>a z>a z>f");
}

// ---- rules 2 and 3 --------------------------------------------------------------------------

#[test]
fn skips_pass_over_optional_states_and_over_several() {
    let of = |b: &str, c: &str| {
        let states = format!(
            r#"{{ name = "a" }}, {{ name = "b"{b} }}, {{ name = "c"{c} }}, {{ name = "z" }}"#
        );
        transitions(&machine(&table(&states, r#"{ path = ["a", "b", "c", "z"] }"#, "")))
    };
    let optional = ", optional = true";
    assert_eq!(of("", ""), "a>b b>c c>z");
    assert_eq!(of(optional, ""), "a>b a~c b>c c>z");
    assert_eq!(of("", optional), "a>b b>c b~z c>z");
    assert_eq!(of(optional, optional), "a>b a~c a~z b>c b~z c>z");
}

#[test]
fn a_skip_is_no_transition_to_itself_and_what_is_declared_stays_declared() {
    let states = r#"{ name = "a" }, { name = "b", optional = true }, { name = "z" }"#;
    let of = |transitions: &str| self::transitions(&machine(&table(states, transitions, "")));
    assert_eq!(of(r#"{ path = ["a", "b", "a", "z"] }"#), "a>b a>z b>a");
    assert_eq!(of(r#"{ path = ["a", "b", "a", "a", "z"] }"#), "a>a a>b a>z b>a");
    assert_eq!(of(r#"{ path = ["a", "b", "z"] }, { from = "a", to = "z" }"#), "a>b a>z b>z");
}

#[test]
fn skips_lead_through_circles_of_optional_states() {
    let states = r#"{ name = "a" }, { name = "b", optional = true },
        { name = "c", optional = true }, { name = "z" }"#;
    let of = |transitions: &str| self::transitions(&machine(&table(states, transitions, "")));
    assert_eq!(
        of(r#"{ path = ["a", "b", "c", "b"] }, { from = "c", to = "z" }"#),
        "a>b a~c a~z b>c b~z c>b c>z"
    );
}

/// Rule 2 word for word, over the declared pairs.
fn closed(machine: &Machine) -> BTreeSet<(StateId, StateId)> {
    let mut legal: BTreeSet<(StateId, StateId)> = machine
        .transitions()
        .filter(|&(_, _, kind)| kind == Kind::Declared)
        .map(|(from, to, _)| (from, to))
        .collect();
    loop {
        let mut more = Vec::new();
        for &(a, b) in &legal {
            for &(from, c) in &legal {
                if from == b && machine.state(b).optional && c != a && !legal.contains(&(a, c)) {
                    more.push((a, c));
                }
            }
        }
        if more.is_empty() {
            return legal;
        }
        legal.extend(more);
    }
}

/// Rule 4 word for word: the place from 1 where a sequence is rejected, or whether it is complete.
fn judged(machine: &Machine, sequence: &[Option<StateId>]) -> Result<bool, usize> {
    for (at, state) in sequence.iter().enumerate() {
        let is_legal = match (at, state) {
            (_, None) => false,
            (0, Some(state)) => machine.initial.contains(state),
            (_, Some(state)) => {
                sequence[at - 1].is_some_and(|before| machine.kind(before, *state).is_some())
            }
        };
        if !is_legal {
            return Err(at + 1);
        }
    }
    Ok(sequence.last().copied().flatten().is_some_and(|last| {
        let state = machine.state(last);
        state.outcome.is_some() || machine.next(last).all(|to| to == last)
    }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_legal_transitions_are_the_declared_ones_closed_over_optional_states(
        made in tables::tables(),
    ) {
        let machine = &made.machine;
        let legal: BTreeSet<_> = machine.transitions().map(|(from, to, _)| (from, to)).collect();
        prop_assert_eq!(&legal, &closed(machine), "{}", made.text);
        prop_assert_eq!(legal.len(), machine.transition_count());
        for a in machine.state_ids() {
            prop_assert!(machine.kind(a, a) != Some(Kind::Skip));
            let next: Vec<StateId> = machine.next(a).collect();
            prop_assert!(next.is_sorted());
            for b in machine.state_ids() {
                prop_assert_eq!(machine.can_become(a, b), legal.contains(&(a, b)));
                prop_assert_eq!(machine.kind(a, b).is_some(), legal.contains(&(a, b)));
                prop_assert_eq!(next.contains(&b), legal.contains(&(a, b)));
                // Rule 7.
                prop_assert!(!machine.state(b).retired || !machine.can_become(a, b));
            }
        }
    }

    #[test]
    fn sequences_are_judged_as_rule_4_says(
        made in tables::tables(),
        picks in tables::picks(),
        noise in proptest::collection::vec(proptest::option::of(any::<prop::sample::Index>()), 0..3),
        cut in any::<prop::sample::Index>(),
    ) {
        let machine = &made.machine;
        let mut sequence: Vec<Option<StateId>> =
            tables::walk(machine, &picks).into_iter().map(Some).collect();
        sequence.truncate(cut.index(sequence.len() + 1));
        for state in noise {
            sequence.push(state.map(|state| StateId::new(state.index(machine.states.len()))));
        }
        let mut log = Log::transitions(machine);
        for &state in &sequence {
            log.push(state, state.map_or("nothing", |state| name(machine, state)));
        }
        match (log.verdict(), judged(machine, &sequence)) {
            (Acceptance::Complete, Ok(true)) | (Acceptance::Accepted, Ok(false)) => {}
            (Acceptance::Rejected(rejection), Err(at)) => {
                prop_assert_eq!(rejection.at, at);
                prop_assert_eq!(rejection.from, (at > 1).then(|| sequence[at - 2]).flatten());
                let legal: Vec<StateId> = machine
                    .state_ids()
                    .filter(|&to| match rejection.from {
                        Some(from) => machine.can_become(from, to),
                        None => machine.initial.contains(&to),
                    })
                    .collect();
                prop_assert_eq!(rejection.legal(machine), legal);
            }
            (verdict, expected) => prop_assert!(false, "{:?} for {:?}", verdict, expected),
        }
    }
}

// ---- rules 4 and 5 --------------------------------------------------------------------------

/// What a line of names comes to: `accepted`, `complete`, or the rejection.
fn verdict(log: Log<'_>, machine: &Machine, line: &str) -> String {
    let mut log = log;
    for word in line.split_whitespace() {
        log.push(machine.find(word), word);
    }
    match log.verdict() {
        Acceptance::Accepted => "accepted".to_owned(),
        Acceptance::Complete => "complete".to_owned(),
        Acceptance::Rejected(rejection) => {
            let legal: Vec<&str> =
                rejection.legal(machine).into_iter().map(|id| name(machine, id)).collect();
            let from = rejection.from.map_or("start", |from| name(machine, from));
            format!("{} {from} {} [{}]", rejection.at, rejection.to, legal.join(" "))
        }
    }
}

#[test]
fn judges_sequences_of_transitions() {
    let machine = machine(common::DEPLOY);
    for (line, expected) in [
        ("", "accepted"),
        ("queued", "accepted"),
        ("queued building deploying", "accepted"),
        ("queued building deploying succeeded", "complete"),
        ("queued failed", "complete"),
        ("building", "1 start building [queued]"),
        ("nothing", "1 start nothing [queued]"),
        (
            "queued deploying",
            "2 queued deploying [smoke_running smoke_passed freeze_checking freeze_passed building failed]",
        ),
        ("queued failed queued", "3 failed queued []"),
        (
            "queued queued",
            "2 queued queued [smoke_running smoke_passed freeze_checking freeze_passed building failed]",
        ),
        (
            "queued nothing failed",
            "2 queued nothing [smoke_running smoke_passed freeze_checking freeze_passed building failed]",
        ),
    ] {
        assert_eq!(verdict(Log::transitions(&machine), &machine, line), expected, "{line}");
    }
}

#[test]
fn is_complete_in_every_state_that_is_ended_and_in_no_other() {
    let machine = machine(&table(
        r#"{ name = "a" }, { name = "b", outcome = "neutral", reopens = true }, { name = "z" }"#,
        r#"{ path = ["a", "b", "a", "z", "z"] }"#,
        "",
    ));
    for (line, expected) in [
        ("a", "accepted"),
        ("a b", "complete"),
        ("a b a", "accepted"),
        ("a z", "complete"),
        ("a z z", "complete"),
    ] {
        assert_eq!(verdict(Log::transitions(&machine), &machine, line), expected, "{line}");
    }
}

#[test]
fn passes_redeliveries_over_in_a_log_of_reports_alone() {
    let machine = machine(&table(
        r#"{ name = "a" }, { name = "b" }, { name = "z" }"#,
        r#"{ path = ["a", "b", "b", "z"] }"#,
        "",
    ));
    for (line, transitions, reports) in [
        ("a a b z", "2 a a [b]", "complete"),
        ("a b b b z", "complete", "complete"),
        ("a b z z", "4 z z []", "complete"),
        ("a a a z", "2 a a [b]", "4 a z [b]"),
        ("b b", "1 start b [a]", "1 start b [a]"),
        ("a b a", "3 b a [b z]", "3 b a [b z]"),
    ] {
        assert_eq!(verdict(Log::transitions(&machine), &machine, line), transitions, "{line}");
        assert_eq!(verdict(Log::reports(&machine), &machine, line), reports, "{line}");
    }
}

#[test]
fn starts_in_any_of_several_initial_states_and_lists_them_in_the_order_of_the_states() {
    let text = table(
        r#"{ name = "a" }, { name = "b" }, { name = "z" }"#,
        r#"{ path = ["a", "b", "z"] }"#,
        "",
    )
    .replace("\"a\" }\n", "[\"b\", \"a\"] }\n");
    let machine = machine(&text);
    assert_eq!(name(&machine, machine.initial[0]), "b");
    assert_eq!(verdict(Log::transitions(&machine), &machine, "b z"), "complete");
    assert_eq!(verdict(Log::transitions(&machine), &machine, "z"), "1 start z [a b]");
}

// ---- rules 8 and 9 --------------------------------------------------------------------------

/// Each report of each job, with `?` where it is tolerated.
fn reports(machine: &Machine) -> Vec<String> {
    let mut shown = Vec::new();
    for id in machine.job_ids() {
        for report in machine.reports(id) {
            let states: Vec<&str> =
                report.outcomes.states().into_iter().map(|id| name(machine, id)).collect();
            let before: Vec<&str> = report.before.iter().map(|&id| name(machine, id)).collect();
            let mark = if report.tolerated { "?" } else { "" };
            let job = &machine.job(id).name;
            shown.push(format!("{job}: {}{mark} after [{}]", states.join("/"), before.join(" ")));
        }
    }
    shown
}

#[test]
fn tolerates_the_loss_of_the_reports_that_harm_nothing() {
    assert_eq!(
        reports(&machine(common::DEPLOY)),
        [
            "smoke: smoke_running? after []",
            "smoke: smoke_passed/failed? after [smoke_running]",
            "freeze-check: freeze_checking? after []",
            "freeze-check: freeze_passed/failed? after [freeze_checking]",
            "deploy: building after []",
            "deploy: deploying after [building]",
            "deploy: health_checking? after [building deploying]",
            "deploy: succeeded/failed? after [building deploying health_checking]",
            "conclude: succeeded/failed after []",
        ]
    );
    // Without the concluding job what the deploy came to is said only once.
    let (without, _) = common::DEPLOY.split_once("# Whatever became").expect("it is a comment");
    assert!(reports(&machine(without)).contains(
        &"deploy: succeeded/failed after [building deploying health_checking]".to_owned()
    ));
}

#[test]
fn tolerates_an_outcome_that_is_said_again_by_a_job_that_needs_it_directly() {
    let of = |end: &str| {
        reports(&machine(&table(
            r#"{ name = "a" }, { name = "z" }, { name = "f", outcome = "failure" }, { name = "c", outcome = "cancelled" }"#,
            r#"{ from = "a", to = ["z", "f", "c"] }"#,
            &format!(
                "[[job]]\nname = \"one\"\nsuccess = \"z\"\nfailure = \"f\"\n\
                 [[job]]\nname = \"two\"\nneeds = [\"one\"]\n\
                 [[job]]\nname = \"end\"\nalways = true\n{end}"
            ),
        )))
        .remove(0)
    };
    let same = "success = \"z\"\nfailure = \"f\"";
    assert_eq!(of(&format!("needs = [\"one\"]\n{same}")), "one: z/f? after []");
    assert_eq!(of(&format!("needs = [\"two\"]\n{same}")), "one: z/f after []");
    assert_eq!(of("needs = [\"one\"]\nsuccess = \"z\"\nfailure = \"c\""), "one: z/f after []");
    assert_eq!(of("needs = [\"one\"]\nfailure = \"f\""), "one: z/f after []");
    // What is cancelled is the failure where nothing else is said, and then it is the same.
    assert_eq!(of(&format!("needs = [\"one\"]\n{same}\ncancelled = \"f\"")), "one: z/f? after []");
    assert_eq!(of(&format!("needs = [\"one\"]\n{same}\ncancelled = \"c\"")), "one: z/f after []");
}

#[test]
fn a_concluding_job_says_what_the_first_job_of_one_phase_attempted() {
    let attempted = |text: &str| -> Vec<String> {
        let machine = machine(text);
        let end = machine.job_ids().last().expect("it has jobs");
        machine
            .concluding_attempted(end)
            .into_iter()
            .map(|(job, state)| {
                let state = state.map_or("-", |state| name(&machine, state));
                format!("{} {state}", machine.job(job).name)
            })
            .collect()
    };
    assert_eq!(
        attempted(common::DEPLOY),
        ["smoke smoke_running", "freeze-check freeze_checking", "deploy -"]
    );
    let states = r#"{ name = "a" }, { name = "b", phase = "p" }, { name = "c", phase = "p" },
        { name = "z" }"#;
    let of = |job: &str| {
        attempted(&table(
            states,
            r#"{ path = ["a", "b", "c", "z"] }"#,
            &format!(
                "phase = [{{ name = \"p\" }}]\n[[job]]\nname = \"j\"\nsuccess = \"z\"\n{job}\n\
                 [[job]]\nname = \"end\"\nalways = true\nneeds = [\"j\"]\nsuccess = \"z\""
            ),
        ))
        .remove(0)
    };
    let milestone = |state: &str| format!("milestones = [{{ name = \"m\", state = \"{state}\" }}]");
    assert_eq!(of(""), "j -");
    assert_eq!(of("start = \"b\""), "j b");
    assert_eq!(of("start = \"a\""), "j -");
    assert_eq!(of(&format!("start = \"b\"\n{}", milestone("c"))), "j b");
    assert_eq!(of(&format!("start = \"b\"\n{}", milestone("z"))), "j -");
    assert_eq!(of(&milestone("c")), "j -");
}

// ---- rule 11 --------------------------------------------------------------------------------

#[test]
fn code_speaks_names_and_databases_speak_values() {
    let machine = machine(&common::two(r#", value = "In Progress""#, ""));
    let (a, b) = (StateId::new(0), StateId::new(1));
    assert_eq!(machine.find("a"), Some(a));
    assert_eq!(machine.find("In Progress"), None);
    assert_eq!(machine.find_value("In Progress"), Some(a));
    assert_eq!(machine.find_value("a"), None);
    assert_eq!((machine.find("b"), machine.find_value("b")), (Some(b), Some(b)));
}

#[test]
fn titles_are_names_in_words_where_nothing_else_is_said() {
    let machine = machine(
        "format = 1\n[machine]\nname = \"build_run\"\ninitial = \"freeze_check\"\n\
         [[phase]]\nname = \"smoke_gate\"\n[[phase]]\nname = \"x\"\ntitle = \"Own\"\n\
         [[state]]\nname = \"freeze_check\"\n[[job]]\nname = \"freeze-check\"",
    );
    assert_eq!(machine.title, "Build run");
    assert_eq!(machine.states[0].title, "Freeze check");
    assert_eq!(machine.phases[0].title, "Smoke gate");
    assert_eq!(machine.phases[1].title, "Own");
    assert_eq!(machine.jobs[0].title, "Freeze check");
}

#[test]
fn the_title_of_a_state_is_its_value_where_that_reads_as_words() {
    let title = |keys: &str| machine(&common::two(keys, "")).states[0].title.clone();
    for (value, words) in [
        ("In Progress", "In Progress"),
        ("on hold", "On hold"),
        ("KYC running", "KYC running"),
        ("it's on-going", "It's on-going"),
        ("über 100 Euro", "Über 100 Euro"),
    ] {
        assert_eq!(title(&format!(", value = \"{value}\"")), words);
    }
    for value in
        ["in_progress", "in-progress", "PROGRESS", "2 x", "a  b", " a b", "a b ", "a / b", "a - b"]
    {
        assert_eq!(title(&format!(", value = \"{value}\"")), "A", "{value}");
    }
    assert_eq!(title(", value = \"In Progress\", title = \"Own\""), "Own");
}
