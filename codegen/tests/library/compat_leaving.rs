//! States that are retired or gone: no help says to keep what can't be kept without them, each leads out
//! when it is followed to the letter, and the one entry of a state accepts all that comes of it.

use crate::common::findings;
use crate::common::proofs;
use crate::sides::versions;
use phasegate_codegen::accepted::Accepted;
use phasegate_codegen::compat::{Comparison, Weighed, accept, compare};
use phasegate_codegen::finding::Severity;

const OLD: &str = "format = 1\nmachine = { name = 'm', initial = 'a' }\n\
    state = [{ name = 'a' }, { name = 'b' }, { name = 'c', outcome = 'success' }]\n\
    transition = [{ path = ['a', 'b', 'c'] }, { path = ['a', 'c'] }]\n[target.sql]\n";

/// `b` is retired, or gone.
const RETIRED: [(&str, &str); 2] =
    [("'a', 'b', 'c'", "'b', 'c'"), ("{ name = 'b' }", "{ name = 'b', retired = true }")];
const GONE: [(&str, &str); 2] = [("{ path = ['a', 'b', 'c'] }, ", ""), ("{ name = 'b' }, ", "")];

fn with(table: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(table.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from} stands once in {text}");
        text.replace(from, to)
    })
}

fn errors(comparison: &Comparison<'_>) -> Vec<Weighed> {
    let is_error = |one: &&Weighed| one.severity == Severity::Error;
    comparison.changes.iter().filter(is_error).cloned().chain(comparison.hidden()).collect()
}

/// Whether it fails once an entry accepts all that comes of a state.
fn fails_with(comparison: &mut Comparison<'_>, rule: &str, state: &str) -> bool {
    let text = format!("[[accepted]]\nrule = '{rule}'\nstate = '{state}'\nreason = 'so'\n");
    let mut accepted = Accepted::parse("new.accepted.toml", &text).unwrap();
    accept(&mut accepted, std::iter::once(&mut *comparison));
    let stale = comparison.beside.iter().any(|one| one.rule.id == "accepted-stale");
    assert!(!stale, "{}", comparison.text(None, false));
    comparison.fails()
}

#[test]
fn a_step_into_a_retired_state_is_accepted_with_it_or_the_state_is_left_as_it_was() {
    let both = versions(OLD, &with(OLD, &RETIRED));
    let mut comparison = compare(&both, 0, 1);
    let found = errors(&comparison);
    assert!(found.iter().any(|one| one.change.rule.id == "transition-removed"), "{found:#?}");
    for one in &found {
        let said = "accept it with all else that comes of `b` (an entry with `rule = \
                    \"state-retired\"` and `state = \"b\"`) once no version runs any more that \
                    needs it; or leave `b` as it was";
        assert_eq!(one.help, said, "{}", one.change.rule.id);
    }
    let text = comparison.text(None, false);
    assert!(text.contains("(transition-removed): leave `b` as it was"), "{text}");
    assert!(!text.contains("keep `a -> b`"), "{text}");
    assert!(!fails_with(&mut comparison, "state-retired", "b"));
    // What was said before: it is no table.
    let kept = with(OLD, &RETIRED[1..]);
    assert!(findings(kept.as_bytes()).iter().any(|one| one.rule.id == "into-retired"));
    // Left as it was, whatever else changes.
    let left = format!("{OLD}[target.docs]\n");
    assert!(!compare(&versions(OLD, &left), 0, 1).fails());
}

#[test]
fn a_step_that_can_be_kept_is_said_to_be() {
    let old = OLD.to_owned();
    let both =
        versions(&old, &with(&old, &[("'a', 'b', 'c'] }, { path = ['a', 'c'", "'a', 'b', 'c'")]));
    let found = errors(&compare(&both, 0, 1));
    assert!(
        found.iter().all(|one| one.help.starts_with("keep `a -> c`; or accept this ")),
        "{found:#?}"
    );
    assert!(!found.is_empty());
}

#[test]
fn one_entry_accepts_a_state_that_is_gone_with_the_migration_that_there_is_none_of() {
    let both = versions(OLD, &with(OLD, &GONE));
    let mut comparison = compare(&both, 0, 1);
    let rules: Vec<&str> = errors(&comparison).iter().map(|one| one.change.rule.id).collect();
    assert!(rules.contains(&"migration-refused") && rules.contains(&"state-removed"), "{rules:?}");
    for one in errors(&comparison) {
        let said = "accept it with all else that comes of `b` (an entry with `rule = \"state-removed\"` \
                    and `state = \"b\"`)";
        assert!(one.help.starts_with(said), "{}: {}", one.change.rule.id, one.help);
        let kept = "; or keep `b` with `retired = true` and accept what comes of that (an entry with \
                    `rule = \"state-retired\"` and `state = \"b\"`)";
        assert!(one.help.contains(kept), "{}: {}", one.change.rule.id, one.help);
    }
    assert!(!fails_with(&mut comparison, "state-removed", "b"), "{}", comparison.text(None, false));
    // The other way that it says.
    let both = versions(OLD, &with(OLD, &RETIRED));
    assert!(!fails_with(&mut compare(&both, 0, 1), "state-retired", "b"));
    // And where it was called otherwise.
    let renamed = with(
        OLD,
        &[
            ("'a', 'b', 'c'", "'a', 'bb', 'c'"),
            ("{ name = 'b' }", "{ name = 'bb', renamed_from = 'b' }"),
        ],
    );
    let comparison_rules: Vec<&str> = compare(&versions(OLD, &renamed), 0, 1)
        .changes
        .iter()
        .map(|one| one.change.rule.id)
        .collect();
    assert!(!comparison_rules.contains(&"migration-refused"), "{comparison_rules:?}");
}

/// A state that was retired before is kept so, and nothing more has to be accepted.
#[test]
fn a_state_that_was_retired_already_is_kept_as_it_was() {
    let retired = with(OLD, &RETIRED);
    let gone = with(OLD, &GONE);
    let both = versions(&retired, &gone);
    let found = errors(&compare(&both, 0, 1));
    let of = |rule: &str| found.iter().find(|one| one.change.rule.id == rule).unwrap().help.clone();
    let help = of("migration-refused");
    assert!(
        help.starts_with("keep `b` with `retired = true`; or, where it has another name"),
        "{help}"
    );
    assert!(help.contains("; or accept this where you see to that by hand"), "{help}");
    let both = versions(&retired, &format!("{retired}[target.docs]\n"));
    assert!(!compare(&both, 0, 1).fails());
}

/// Its reports are taken out of the jobs first: that is safe, and makes retiring it no safer.
#[test]
fn a_state_of_the_deploy_table_is_retired_by_its_one_entry() {
    let old = proofs::table("deploy.toml");
    let state = "name     = \"health_checking\"\nphase    = \"health_check\"\noptional = true";
    let milestone = "  { name = \"Health check\", state = \"health_checking\" },\n";
    let into = "  \"health_checking\",\n";
    let unreported = with(&old, &[(milestone, "")]);
    let retired = with(
        &unreported,
        &[
            (state, &state.replace("optional = true", "retired = true")),
            (into, ""),
            (
                "[[job]]\nname    = \"smoke\"",
                "[[transition]]\nfrom = \"health_checking\"\nto = \"succeeded\"\n[[job]]\nname    = \"smoke\"",
            ),
        ],
    );
    for from in [&old, &unreported] {
        let both = versions(from, &retired);
        let mut comparison = compare(&both, 0, 1);
        let found = errors(&comparison);
        assert!(!found.is_empty());
        for one in found.iter().filter(|one| !one.change.comes_of.is_empty()) {
            let leads = one.help.contains("; or leave `health_checking` as it was")
                || one.change.rule.id == "transition-added";
            assert!(leads, "{}: {}", one.change.rule.id, one.help);
            assert!(!one.help.contains("out of the jobs first"), "{}", one.help);
        }
        let is_other = |one: &&Weighed| one.change.comes_of.is_empty();
        assert_eq!(found.iter().filter(is_other).count(), 0, "{found:#?}");
        assert!(
            !fails_with(&mut comparison, "state-retired", "health_checking"),
            "{}",
            comparison.text(None, false)
        );
    }
}
