//! Phases that a row may leave before they are completed: a warning that names the way, and no more.

use crate::common::proofs::{fixture, machine, table, verdict};
use phasegate_codegen::Finding;
use phasegate_codegen::finding::Severity;
use phasegate_codegen::table::Source;
use phasegate_codegen::verify::{self, ClaimResult};

/// What is found of a table's proofs.
pub(crate) fn found(text: &str) -> Vec<Finding> {
    let proofs = verify::verify(&machine(text));
    verify::findings(&Source::new("table.toml", text), &proofs)
}

/// The one warning of a table, of which nothing is refuted.
#[track_caller]
fn warning(text: &str) -> Finding {
    let found = found(text);
    let [finding] = &found[..] else { panic!("{found:#?}") };
    assert_eq!((finding.rule.id, finding.severity), ("phase-left-unfinished", Severity::Warning));
    assert!(matches!(verdict(&machine(text), "phases-unconfirmed"), ClaimResult::Proven { .. }));
    finding.clone()
}

fn trial(name: &str) -> String {
    table(&format!("tests/tables/{name}.toml"))
}

#[test]
fn a_phase_whose_completing_report_may_be_lost_is_none_also_after_a_way_back() {
    assert_eq!(found(&trial("rework")), []);
    // Where the row goes back to the phase itself, it starts over.
    let back = trial("rework").replace("[\"s_run\", \"w_run\"]", "[\"s_run\", \"g_run\"]");
    assert_eq!(found(&back), []);
}

/// It is accepted with its step: that another one leaves the phase, too, is another finding.
#[test]
fn a_phase_that_another_step_leaves_is_another_finding() {
    let abandoned = trial("abandoned");
    let subject = warning(&abandoned).subject.unwrap();
    assert_eq!(subject, "a\na_running -> b_done");
    let elsewhere = abandoned
        .replace("[\"a_running\",\"b_done\"]", "[\"a_running\", \"b_running\", \"b_done\"]")
        .replace(
            "[[state]]\nname = \"b_done\"",
            "[[state]]\nname = \"b_running\"\nphase = \"b\"\n[[state]]\nname = \"b_done\"",
        );
    assert_ne!(abandoned, elsewhere);
    assert_ne!(warning(&elsewhere).subject.unwrap(), subject);
}

#[test]
fn a_phase_that_a_declared_step_leaves_is_named_with_that_step() {
    let warning = warning(&trial("abandoned"));
    let text = "`a` may be left unfinished: a_running -> b_done; the stepper shows it as unconfirmed \
                then, also after a success";
    assert_eq!(warning.message, text);
    assert!(warning.help.contains("between `a_running` and `b_done`"), "{warning:?}");
    assert_eq!((warning.line, warning.column), (Some(7), Some(8)));
}

#[test]
fn a_phase_that_a_row_passes_by_on_a_detour_is_named_with_the_detour() {
    let warning = warning(&trial("loan"));
    let text = "`checks` may be left unfinished: submitted -> declined -> in_review; ";
    assert!(warning.message.starts_with(text), "{warning:?}");
    let line = trial("loan").lines().position(|line| line == "name = \"checks\"").unwrap();
    assert_eq!(warning.line, Some(line + 1));
}

#[test]
fn each_phase_that_can_be_left_is_a_warning_and_a_way_that_ends_there_is_shown_to_its_end() {
    let found = found(
        "format = 1\nmachine = { name = 'a', initial = 'new' }\nphase = [{ name = 'p' }, { name = 'q' }]\n\
         state = [{ name = 'new' }, { name = 'on', phase = 'p' },\n\
         { name = 'off', phase = 'p', completes = true }, { name = 'up', phase = 'q' },\n\
         { name = 'down', phase = 'q', completes = true }, { name = 'end', outcome = 'success' }]\n\
         transition = [{ path = ['new', 'on', 'off', 'up', 'down', 'end'] }, { path = ['on', 'end'] },\n\
         { path = ['up', 'end'] }]",
    );
    let messages: Vec<&str> =
        found.iter().map(|finding| finding.message.split(';').next().unwrap()).collect();
    assert_eq!(
        messages,
        ["`p` may be left unfinished: on -> end", "`q` may be left unfinished: up -> end"]
    );
}

#[test]
fn a_phase_that_nothing_completes_is_left_by_whatever_comes_next() {
    let open = trial("abandoned").replace("phase = \"a\"\ncompletes = true", "phase = \"a\"");
    assert_eq!(found(&open), []);
}

/// A machine of 24 states that a project published: nothing of it is refused, and what is said is so.
#[test]
fn a_published_machine_of_many_states_is_sound_where_a_row_may_give_a_phase_up() {
    let text = fixture("baremetal");
    assert_eq!(machine(&text).states.len(), 24);
    let warning = warning(&text);
    let way = "`rescue` may be left unfinished: ";
    assert!(warning.message.starts_with(way), "{warning:?}");
    assert!(warning.message.contains("unrescuing -> active"), "{warning:?}");
    // Both ways out that it names.
    let rescue = "name      = \"rescue\"\nphase     = \"rescue\"\ncompletes = true";
    let open = text.replace(rescue, &rescue.replace("\ncompletes = true", ""));
    assert!(open != text && found(&open).is_empty());
    let left = rescue.replace("\"rescue\"\nphase", "\"rescue_left\"\nphase");
    let given_up = text.replace(rescue, &format!("{rescue}\n\n[[state]]\n{left}")).replace(
        "from = \"unrescuing\"\nto   = [\"unrescue_failed\", \"active\"]",
        "path = [\"unrescuing\", \"rescue_left\", \"active\"]\n\n[[transition]]\nfrom = \"unrescuing\"\nto   = \"unrescue_failed\"",
    );
    assert_eq!(machine(&given_up).states.len(), 25);
    assert_eq!(found(&given_up), []);
}

/// A step over an optional state that does not complete the phase explains nothing.
#[test]
fn a_missing_report_that_completes_nothing_is_no_excuse() {
    let table = trial("abandoned")
        .replace("[[state]]\nname = \"a_done\"", "[[state]]\nname = \"a_more\"\nphase = \"a\"\noptional = true\n[[state]]\nname = \"a_done\"")
        .replace("[\"a_running\",\"b_done\"]", "[\"a_running\",\"a_more\",\"b_done\"]");
    let warning = warning(&table);
    assert!(warning.message.contains("a_running -> b_done"), "{warning:?}");
}
