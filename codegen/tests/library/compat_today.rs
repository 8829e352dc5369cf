//! What both versions' own tables do wrong is so today, and no change's doing.

use crate::common::proofs;
use phasegate_codegen::accepted::Accepted;
use phasegate_codegen::compat::{MixSafety, Version, accept, compare, window};

const OLD: &str = "migrations/tables/0001.toml";

fn version(label: &str, text: &str) -> Version {
    Version::new(label, &format!("{label}.toml"), text.as_bytes()).unwrap()
}

#[test]
fn an_edit_of_a_title_is_compatible_though_both_tables_are_refuted_alone() {
    let old = proofs::table(OLD);
    let new = old.replace("\"Smoke gate\"", "\"Smoke\"");
    assert_ne!(old, new);
    let versions = [version("old", &old), version("new", &new)];
    let comparison = compare(&versions, 0, 1);
    let said = comparison.text(None, false);
    assert!(!comparison.fails(), "{said}");
    assert_eq!(comparison.rollout.safe(), comparison.rollout.orders.len(), "{said}");
    assert_eq!(comparison.rollback.safe(), comparison.rollback.orders.len(), "{said}");
    assert!(comparison.mixes.iter().all(|one| matches!(one.verdict, MixSafety::Safe)), "{said}");
    assert!(said.contains("so does the older one: it is so today, and comes of no mix"), "{said}");
    assert!(said.contains("except for workflow-ends: the table's own fault, today too"), "{said}");
    assert_eq!(comparison.json()["refuted_today"], "workflow-ends");
}

#[test]
fn what_the_newer_one_does_wrong_beside_that_still_fails() {
    let old = proofs::table(OLD);
    // A report that is part of its job may come where it is not legal.
    let new = old.replacen("needs = [", "# needs = [", 9).replacen("needs   = [", "# needs = [", 9);
    let new = new.replacen("needs      = [", "# needs = [", 9);
    assert_ne!(old, new);
    let versions = [version("old", &old), version("new", &new)];
    let comparison = compare(&versions, 0, 1);
    let said = comparison.text(None, false);
    assert!(comparison.fails(), "{said}");
    assert!(said.contains("error[refuted-alone]"), "{said}");
}

#[test]
fn a_window_in_which_the_same_is_live_twice_is_compatible() {
    let old = proofs::table(OLD);
    let versions =
        [version("a", &old), version("b", &old), version("c", &proofs::table("deploy.toml"))];
    let window = window(&versions);
    assert!(!window.fails(), "{}", window.text());
}

/// What is wrong today is no leave for more of it.
#[test]
fn a_claim_that_the_newer_one_refutes_in_a_further_way_is_not_so_today() {
    let old = proofs::table(OLD);
    let with = |from: &str, to: &str| {
        assert_eq!(old.matches(from).count(), 1, "{from}");
        old.replace(from, to)
    };
    let checked = with(
        "{ name = \"Deploy\", state = \"deploying\" }",
        "{ name = \"Deploy\", state = \"deploying\" }, { name = \"Check\", state = \"checking\" }",
    )
    .replace("\"deploying\", \"succeeded\"]", "\"deploying\", \"checking\", \"succeeded\"]")
    .replacen("[[state]]\n", "[[state]]\nname = \"checking\"\n\n[[state]]\n", 1);
    for (new, told) in [
        (checked, "the row is left in `checking`, and no one"),
        // The job says no longer that it failed.
        (with("failure    = \"failed\"\n", ""), "the row is left in `queued`, and no one"),
        // Whatever becomes of the jobs.
        (with("success    = \"succeeded\"\n", ""), "the row is left in `deploying`, and no one"),
        // One more job whose end no one tells.
        (
            with(
                "[[job]]\nname  = \"smoke\"",
                "[[job]]\nname = \"lint\"\n\n[[job]]\nname = \"smoke\"\nneeds = [\"lint\"]",
            ),
            "the row is left in `queued`, and no one",
        ),
    ] {
        let versions = [version("old", &old), version("new", &new)];
        let comparison = compare(&versions, 0, 1);
        let said = comparison.text(None, false);
        assert!(comparison.fails(), "{said}");
        let message = "in a way that the older one does not: ";
        assert!(said.contains(&format!("{message}{told}")), "{told}: {said}");
        assert!(comparison.json()["refuted_today"].is_null(), "{said}");
        let of = comparison.mixes.iter().filter(|one| one.mix.workflow == 1);
        assert!(of.clone().count() > 0);
        for judged in of.filter(|one| one.mix.backend == 1 && one.mix.database == 1) {
            assert!(matches!(judged.verdict, MixSafety::Broken(_)), "{said}");
        }
        // The way back takes nothing away that was not so before.
        let back = [version("old", &new), version("new", &old)];
        assert!(!compare(&back, 0, 1).text(None, false).contains(message), "{said}");
    }
}

/// What is accepted of one change may hide what another of its kind does.
#[test]
fn beside_an_accepted_error_another_change_of_its_kind_is_an_error_too() {
    let table = |cancels: &str| {
        format!(
            "format = 1\nmachine = {{ name = 'order', initial = 'placed' }}\n\
             state = [{{ name = 'placed' }}, {{ name = 'paid' }}, {{ name = 'packed' }},\n\
             {{ name = 'done', outcome = 'success' }}, {{ name = 'gone', outcome = 'failure' }}]\n\
             transition = [{{ path = ['placed', 'paid', 'packed', 'done'] }},\n\
             {{ from = [{cancels}], to = 'gone' }}]\n[target.sql]\n"
        )
    };
    let versions =
        [version("old", &table("'placed', 'paid', 'packed'")), version("new", &table("'placed'"))];
    let errors = |comparison: &phasegate_codegen::compat::Comparison<'_>| -> Vec<String> {
        let open = comparison.changes.iter().filter(|one| one.accepted.is_none());
        open.filter(|one| one.severity == phasegate_codegen::finding::Severity::Error)
            .map(phasegate_codegen::compat::Weighed::fingerprint)
            .collect()
    };
    let mut accepted = String::new();
    for left in [1, 0] {
        let mut comparison = compare(&versions, 0, 1);
        let mut rows = Accepted::parse("accepted.toml", &accepted).unwrap();
        accept(&mut rows, std::iter::once(&mut comparison));
        let open = errors(&comparison);
        assert_eq!(open.len(), 1, "{left} are to come after it: {}", comparison.text(None, false));
        accepted += &format!(
            "[[accepted]]\nrule = 'transition-removed'\nfingerprint = '{}'\nreason = 'r'\n",
            open[0]
        );
    }
    let mut comparison = compare(&versions, 0, 1);
    let mut rows = Accepted::parse("accepted.toml", &accepted).unwrap();
    accept(&mut rows, std::iter::once(&mut comparison));
    assert!(!comparison.fails(), "{}", comparison.text(None, false));
}

/// A row that is at its end needs no one to bring it there, no matter who lacks the state.
#[test]
fn an_end_that_is_gone_leaves_no_row_open() {
    let table = |end: &str, to: &str| {
        format!(
            "format = 1\nmachine = {{ name = 'order', initial = 'placed' }}\n\
             state = [{{ name = 'placed' }}, {{ name = 'done', outcome = 'success' }}{end}]\n\
             transition = [{{ path = ['placed', 'done'] }}{to}]\n"
        )
    };
    let with = table(", { name = 'gone', outcome = 'failure' }", ", { path = ['placed', 'gone'] }");
    let versions = [version("old", &with), version("new", &table("", ""))];
    let comparison = compare(&versions, 0, 1);
    let said = comparison.text(None, false);
    assert!(said.contains("state-removed"), "{said}");
    assert!(!said.contains("can't be brought to an end"), "{said}");
}

/// A page that takes a start for work that was done is the start's doing.
#[test]
fn what_a_page_makes_of_another_start_is_traced_to_it() {
    let table = |initial: &str| {
        format!(
            "format = 1\nmachine = {{ name = 'order', initial = [{initial}] }}\n\
             phase = [{{ name = 'payment' }}]\n\
             state = [{{ name = 'placed' }}, {{ name = 'paying', phase = 'payment' }},\n\
             {{ name = 'paid', phase = 'payment', completes = true }},\n\
             {{ name = 'done', outcome = 'success' }}, {{ name = 'gone', outcome = 'failure' }}]\n\
             transition = [{{ path = ['placed', 'paying', 'paid', 'done'] }}, {{ from = '*', to = 'gone' }}]\n\
             job = [{{ name = 'charge', start = 'paying', success = 'paid', failure = 'gone' }},\n\
             {{ name = 'end', needs = ['charge'], always = true, success = 'done', failure = 'gone' }}]\n\
             [target.workflow]\n[target.js]\n[target.sql]\n"
        )
    };
    let versions = [version("old", &table("'placed'")), version("new", &table("'placed', 'paid'"))];
    let said = compare(&versions, 0, 1).text(None, false);
    assert!(said.contains("shows `payment` as done, and its work is not"), "{said}");
    assert!(said.contains("initial-changed") && !said.contains("unexplained"), "{said}");
}
