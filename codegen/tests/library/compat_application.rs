//! Tables with jobs in which the application moves rows by itself, too: its steps are walked next to
//! the runs.

use crate::sides::versions;
use phasegate_codegen::compat::{Before, Class, Comparison, Layer, Mix, MixSafety, compare};
use phasegate_codegen::finding::Severity;

const ORDER: &str = r#"format = 1
[machine]
name = "order"
initial = "placed"
[[state]]
name = "placed"
[[state]]
name = "authorising"
optional = true
[[state]]
name = "paid"
[[state]]
name = "shipped"
[[state]]
name = "delivered"
outcome = "success"
[[state]]
name = "cancelled"
outcome = "cancelled"
[[transition]]
path = ["placed", "authorising", "paid", "shipped", "delivered"]
[[transition]]
from = "*"
to = "cancelled"
[[job]]
name = "charge"
start = "authorising"
success = "paid"
failure = "cancelled"
[[job]]
name = "ship"
needs = ["charge"]
start = "shipped"
success = "delivered"
failure = "cancelled"
[[job]]
name = "conclude"
needs = ["charge", "ship"]
always = true
success = "delivered"
failure = "cancelled"
[target.sql]
[target.workflow]
[target.js]
"#;

fn with(text: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replace(from, to)
    })
}

/// The application parks what is paid, and takes it up again.
fn parked() -> String {
    with(
        ORDER,
        &[
            (
                "[[state]]\nname = \"shipped\"",
                "[[state]]\nname = \"parked\"\n[[state]]\nname = \"shipped\"",
            ),
            (
                "[[job]]\nname = \"charge\"",
                "[[transition]]\npath = [\"paid\", \"parked\", \"paid\"]\n[[job]]\nname = \"charge\"",
            ),
        ],
    )
}

/// What is broken where a backend runs on the other version's database.
fn broken(comparison: &Comparison<'_>, backend: usize, database: usize) -> Vec<(Class, String)> {
    let mix = Mix { backend, database, ..Mix::all(0) };
    let judged = comparison.mixes.iter().find(|judged| judged.mix == mix).unwrap();
    match &judged.verdict {
        MixSafety::Broken(bad) => {
            bad.iter().map(|(class, witness)| (*class, witness.path.0.join("; "))).collect()
        }
        MixSafety::Safe | MixSafety::Degraded(_) | MixSafety::Bounded => Vec::new(),
    }
}

fn errors(comparison: &Comparison<'_>) -> Vec<&'static str> {
    let errors = comparison.changes.iter().filter(|one| one.severity == Severity::Error);
    errors.map(|one| one.change.rule.id).collect()
}

#[test]
fn a_state_that_the_application_alone_enters_wants_the_database_first() {
    let versions = versions(ORDER, &parked());
    let comparison = compare(&versions, 0, 1);
    let found = broken(&comparison, 1, 0);
    assert_eq!(found[0].0, Class::DatabaseRefuses);
    assert!(
        found[0].1.starts_with(
            "the row starts in placed; a run reports: placed -> paid; the application: "
        ),
        "{found:?}"
    );
    assert_eq!(comparison.rollout.constraints, [[Before(Layer::Database, Layer::Backend)]]);
    assert!(!comparison.fails());
    let said = comparison.text(None, false);
    assert!(said.contains("the application moves rows, too (new: paid -> parked, parked -> paid, parked -> cancelled)"), "{said}");
    assert!(
        said.contains("what becomes of a job while the application moves its row is not tried"),
        "{said}"
    );
    assert!(!said.contains("whatever runs meanwhile"), "{said}");
    assert_eq!(comparison.json()["application"][1]["moves"][0][1], "parked");
}

#[test]
fn a_state_of_the_applications_that_is_gone_or_renamed_breaks_its_rows() {
    for (new, rule) in [
        (ORDER.to_owned(), "state-removed"),
        (
            parked()
                .replace("parked", "held")
                .replace("name = \"held\"\n", "name = \"held\"\nrenamed_from = \"parked\"\n"),
            "state-renamed",
        ),
    ] {
        let versions = versions(&parked(), &new);
        let comparison = compare(&versions, 0, 1);
        assert!(
            broken(&comparison, 0, 1).iter().any(|(class, _)| *class == Class::DatabaseRefuses)
        );
        assert!(comparison.fails());
        assert!(errors(&comparison).contains(&rule), "{:?}", errors(&comparison));
    }
}

#[test]
fn a_step_of_the_applications_that_is_gone_breaks_what_takes_it() {
    let new = with(&parked(), &[("\"*\"", "\"*\"\nexcept = [\"parked\"]")]);
    let versions = versions(&parked(), &new);
    let comparison = compare(&versions, 0, 1);
    assert_eq!(errors(&comparison), ["transition-removed"]);
    let found = broken(&comparison, 0, 1);
    assert!(found[0].1.contains("the application: paid -> parked; "), "{found:?}");
}

#[test]
fn an_end_that_is_opened_again_wants_the_database_first() {
    let new = with(
        ORDER,
        &[
            ("outcome = \"success\"", "outcome = \"success\"\nreopens = true"),
            (
                "[[job]]\nname = \"charge\"",
                "[[transition]]\nfrom = \"delivered\"\nto = \"shipped\"\n[[job]]\nname = \"charge\"",
            ),
        ],
    );
    let versions = versions(ORDER, &new);
    let comparison = compare(&versions, 0, 1);
    let found = broken(&comparison, 1, 0);
    assert!(found.iter().any(|(class, _)| *class == Class::DatabaseRefuses), "{found:?}");
    assert!(
        comparison.rollout.has_safe()
            && comparison.rollout.safe() < comparison.rollout.orders.len()
    );
}

#[test]
fn an_end_of_the_applications_that_means_another_is_shown_wrongly() {
    let ended = |outcome: &str| {
        parked().replace("\"parked\", \"paid\"]", "\"parked\"]").replace(
            "name = \"parked\"\n",
            &format!("name = \"parked\"\noutcome = \"{outcome}\"\n"),
        )
    };
    let versions = versions(&ended("neutral"), &ended("failure"));
    let comparison = compare(&versions, 0, 1);
    let page = Mix { page: 1, ..Mix::all(0) };
    let judged = comparison.mixes.iter().find(|judged| judged.mix == page).unwrap();
    assert_eq!(judged.verdict.as_str(), "broken");
    assert!(errors(&comparison).contains(&"outcome-changed"));
}

#[test]
fn a_step_between_what_runs_report_that_none_takes_is_named_and_nobodys() {
    let new = with(
        ORDER,
        &[(
            "[[job]]\nname = \"charge\"",
            "[[transition]]\nfrom = \"placed\"\nto = \"shipped\"\n[[job]]\nname = \"charge\"",
        )],
    );
    let versions = versions(ORDER, &new);
    let comparison = compare(&versions, 0, 1);
    let said = comparison.text(None, false);
    assert!(
        said.contains("legal, and not tried, for no run takes them: new: placed -> shipped"),
        "{said}"
    );
    assert_eq!(comparison.rollout.safe(), comparison.rollout.orders.len());
}

#[test]
fn what_migrate_refuses_is_an_error_in_its_words() {
    for (old, new, said) in [
        (
            parked(),
            ORDER.to_owned(),
            "refuses this (state-removed): the state `parked` is gone, but rows and history may hold it",
        ),
        (
            ORDER.to_owned(),
            with(ORDER, &[("[target.sql]", "[target.sql]\nstorage = \"text\"")]),
            "refuses this (target-changed): [target.sql] says otherwise",
        ),
    ] {
        let two = versions(&old, &new);
        let comparison = compare(&two, 0, 1);
        assert!(comparison.fails());
        let text = comparison.text(None, false);
        assert!(
            text.contains(said) && text.contains("no migration leads there (by the rules, "),
            "{text}"
        );
        // Without a database no one migrates.
        let [old, new] = [old, new]
            .map(|text| text.replace("[target.sql]\n", "").replace("storage = \"text\"\n", ""));
        let two = versions(&old, &new);
        assert!(!errors(&compare(&two, 0, 1)).contains(&"migration-refused"));
    }
    let renamed = versions(
        &parked(),
        &parked()
            .replace(
                "name = \"parked\"\n",
                "name = \"held\"\nrenamed_from = \"parked\"\nvalue = \"parked\"\n",
            )
            .replace("\"paid\", \"parked\", \"paid\"", "\"paid\", \"held\", \"paid\""),
    );
    assert!(errors(&compare(&renamed, 0, 1)).is_empty());
}

#[test]
fn without_jobs_it_is_rows_that_are_waited_for() {
    let without = |text: &str| {
        let (head, rest) = text.split_once("[[job]]").unwrap();
        format!("{head}{}", &rest[rest.find("[target.sql]").unwrap()..])
    };
    let versions = versions(&without(&parked()), &without(ORDER));
    let said = compare(&versions, 0, 1).text(None, false);
    assert!(said.contains("wait until no row is in `parked`, then new database"), "{said}");
    assert!(
        !said.contains("every run from before") && !said.contains("while anything runs"),
        "{said}"
    );
}

#[test]
fn by_an_input_that_the_workflow_lacks_no_run_is_started() {
    let new = with(ORDER, &[("[target.workflow]", "[target.workflow]\nid_input = \"oid\"")]);
    let versions = versions(ORDER, &new);
    let comparison = compare(&versions, 0, 1);
    let found = broken(&comparison, 1, 1);
    assert_eq!(found.len(), 1);
    let path = "the row starts in placed; the new backend starts the old workflow with the input \
                `oid`: GitHub answers 422 (Unexpected inputs provided), and no run begins";
    assert_eq!(found[0], (Class::LeftOpen, path.to_owned()));
    // A run that was started in time goes on, whichever console is there.
    assert_eq!(errors(&comparison), ["id-input-changed"]);
    assert!(comparison.exhausted);
}

#[test]
fn a_page_that_has_the_phases_in_another_order_shows_less_of_a_run() {
    let phased = |first: &str, second: &str| {
        with(
            ORDER,
            &[
                (
                    "[[state]]\nname = \"placed\"",
                    &format!(
                        "[[phase]]\nname = \"{first}\"\n[[phase]]\nname = \"{second}\"\n[[state]]\nname = \"placed\""
                    ),
                ),
                ("name = \"authorising\"\n", "name = \"authorising\"\nphase = \"payment\"\n"),
                ("name = \"paid\"\n", "name = \"paid\"\nphase = \"payment\"\ncompletes = true\n"),
                ("name = \"shipped\"\n", "name = \"shipped\"\nphase = \"delivery\"\n"),
                (
                    "name = \"delivered\"\n",
                    "name = \"delivered\"\nphase = \"delivery\"\ncompletes = true\n",
                ),
            ],
        )
    };
    let versions = versions(&phased("payment", "delivery"), &phased("delivery", "payment"));
    let comparison = compare(&versions, 0, 1);
    let said = comparison.text(None, false);
    let mix = Mix { page: 1, ..Mix::all(0) };
    let judged = comparison.mixes.iter().find(|judged| judged.mix == mix).unwrap();
    assert_eq!(judged.verdict.as_str(), "degraded", "{said}");
    assert!(said.contains("the new page shows delivery, payment wrongly as skipped; the new page shows payment wrongly as to come"), "{said}");
    assert!(said.contains("warning[phases-reordered]"), "{said}");
    assert!(matches!(comparison.mixes[0].verdict, MixSafety::Safe), "{said}");
}
