//! What `verify` makes of tables at the limits: within seconds, and bounded where that is not enough.

use crate::common::machine;
use phasegate_codegen::machine::{MAX_STATES, MAX_TRANSITIONS};
use phasegate_codegen::{Machine, verify};

/// States in a row, and what is said of each next to its name.
fn row_of(states: usize, rest: &str, of: impl Fn(usize) -> String) -> String {
    let rows: String =
        (0..states).map(|at| format!("[[state]]\nname = 's{at}'\n{}", of(at))).collect();
    let path: Vec<String> = (0..states).map(|at| format!("'s{at}'")).collect();
    format!(
        "format = 1\nmachine = {{ name = 'm', initial = 's0' }}\n{rest}{rows}\
         [[transition]]\npath = [{}]\n",
        path.join(", ")
    )
}

/// What came out bounded; the others are proven or do not apply.
fn bounded(machine: &Machine) -> Vec<&'static str> {
    let proofs = verify::verify(machine);
    let refuted = proofs.iter().find(|proved| proved.verdict.as_str() == "refuted");
    assert!(refuted.is_none(), "{refuted:?}");
    for proved in &proofs {
        let verify::ClaimResult::Bounded { covered, .. } = &proved.verdict else { continue };
        assert!(verify::text(std::slice::from_ref(proved)).contains("to make it smaller, "));
        assert!(covered.counts.iter().any(|&(count, _)| count > 0), "{proved:?}");
    }
    let bounded = proofs.iter().filter(|proved| proved.verdict.as_str() == "bounded");
    bounded.map(|proved| proved.name).collect()
}

/// Every state leads to a failure in which every state may have been attempted.
#[test]
fn phases_of_four_thousand_states_that_can_all_fail_are_followed_to_the_end() {
    let phases: String = (0..400).map(|at| format!("[[phase]]\nname = 'p{at}'\n")).collect();
    let of = |at: usize| format!("phase = 'p{}'\n", at / 11);
    let failure = "[[state]]\nname = 'bad'\noutcome = 'failure'\n";
    let star = "[[transition]]\nfrom = '*'\nto = 'bad'\n";
    let table = row_of(MAX_STATES - 1, &(phases + failure), of) + star;
    assert!(bounded(&machine(&table)).is_empty());
}

#[test]
fn sixty_five_thousand_transitions_are_followed_as_far_as_the_bound_goes() {
    let phases: String = (0..128).map(|at| format!("[[phase]]\nname = 'p{at}'\n")).collect();
    let of = |at: usize| format!("phase = 'p{}'\n", at % 128);
    let all: Vec<String> = (0..256).map(|at| format!("'s{at}'")).collect();
    let path = format!("path = [{}]", all.join(", "));
    let square = format!("from = [{0}]\nto = [{0}]", all.join(", "));
    let machine = machine(&row_of(256, &phases, of).replace(&path, &square));
    assert_eq!(machine.transition_count(), MAX_TRANSITIONS);
    assert_eq!(bounded(&machine), ["phases-done-stays"]);
}

#[test]
fn losses_of_hundreds_of_optional_states_are_followed_as_far_as_the_bound_goes() {
    let optional = |at: usize| match at {
        0 | 361 => String::new(),
        _ => "optional = true\n".to_owned(),
    };
    let machine = machine(&row_of(362, "", optional));
    assert_eq!(machine.transition_count(), 362 * 361 / 2);
    assert_eq!(bounded(&machine), ["loss"]);
}
