//! Two versions that are the same to every layer are compatible, however many runs there are: nothing is
//! searched.

use crate::common::proofs;
use crate::sides::{GATE, versions};
use phasegate_codegen::compat::{Comparison, MixSafety, compare, window};

/// Jobs in a row, each with a start and an outcome, and every target.
fn row_of(jobs: usize) -> String {
    let mut text =
        "format = 1\n[machine]\nname = 'm'\ninitial = 'queued'\n[[state]]\nname = 'queued'\n"
            .to_owned();
    let mut phases = String::new();
    let (mut path, mut rows) = (vec!["'queued'".to_owned()], String::new());
    for job in 0..jobs {
        phases += &format!("[[phase]]\nname = 'p{job}'\n");
        for (state, rest) in [("r", ""), ("d", "completes = true\n")] {
            text += &format!(
                "[[state]]\nname = '{state}{job}'\nphase = 'p{job}'\noptional = true\n{rest}"
            );
            path.push(format!("'{state}{job}'"));
        }
        let needs =
            job.checked_sub(1).map_or_else(String::new, |one| format!("needs = ['j{one}']\n"));
        rows += &format!(
            "[[job]]\nname = 'j{job}'\n{needs}start = 'r{job}'\nsuccess = 'd{job}'\nfailure = 'bad'\n"
        );
    }
    let all: Vec<String> = (0..jobs).map(|job| format!("'j{job}'")).collect();
    format!(
        "{text}{phases}[[state]]\nname = 'ok'\noutcome = 'success'\n[[state]]\nname = 'bad'\noutcome = 'failure'\n\
         [[transition]]\npath = [{}, 'ok']\n[[transition]]\nfrom = '*'\nto = 'bad'\n{rows}[[job]]\n\
         name = 'end'\nneeds = [{}]\nalways = true\nsuccess = 'ok'\nfailure = 'bad'\n[target.rust]\n[target.sql]\n\
         [target.workflow]\n[target.js]\n[target.json]\n[target.docs]\n[target.ts]\n",
        path.join(", "),
        all.join(", ")
    )
}

fn is_safe_without_a_search(comparison: &Comparison<'_>) {
    let text = comparison.text(None, false);
    assert_eq!(comparison.is_compatible(), Some(true), "{text}");
    assert!(!comparison.fails() && comparison.exhausted && comparison.is_same, "{text}");
    assert_eq!(comparison.tried.situations, 0);
    assert!(comparison.mixes.iter().all(|one| matches!(one.verdict, MixSafety::Safe)), "{text}");
    for orders in [&comparison.rollout, &comparison.rollback] {
        assert_eq!(orders.safe(), orders.orders.len(), "{text}");
    }
    assert!(text.contains("the same to every layer: there is nothing to search"), "{text}");
}

#[test]
fn a_table_beside_itself_is_compatible_however_large_it_is() {
    let table = row_of(24);
    let both = versions(&table, &table);
    let comparison = compare(&both, 0, 1);
    is_safe_without_a_search(&comparison);
    assert!(
        comparison.verdict().ends_with("compatible: nothing has changed"),
        "{}",
        comparison.verdict()
    );
    // A title, a text and the order of rows mean nothing to any layer.
    let titled =
        table.replace("name = 'j3'\n", "name = 'j3'\ntitle = 'Third'\ndoc = 'the third'\n");
    assert_ne!(titled, table);
    is_safe_without_a_search(&compare(&versions(&table, &titled), 0, 1));
}

#[test]
fn what_differs_to_some_layer_is_searched() {
    for (from, to) in [
        ("[target.sql]", "[target.sql]\nmode = \"observe\""),
        ("[target.sql]", "[target.sql]\ntable = \"doors\""),
        ("[target.sql]\n", ""),
        ("name = \"gate\"", "name = \"gates\""),
        ("success = \"checked\"", "success = \"checked\"\nskippable = true"),
        ("name = \"end\"", "name = \"ends\""),
    ] {
        let edited = GATE.replacen(from, to, 1);
        assert_ne!(edited, GATE, "{from}");
        let both = versions(GATE, &edited);
        let comparison = compare(&both, 0, 1);
        assert!(!comparison.is_same, "{from} -> {to}");
    }
}

/// What its own table does wrong is said as before, and is no reason against it.
#[test]
fn what_a_table_refutes_alone_is_so_today() {
    let old = proofs::table("migrations/tables/0001.toml");
    let both = versions(&old, &old);
    let comparison = compare(&both, 0, 1);
    is_safe_without_a_search(&comparison);
    assert_eq!(comparison.json()["refuted_today"], "workflow-ends");
}

#[test]
fn a_window_of_one_table_is_not_searched() {
    let table = row_of(24);
    let mut all = versions(&table, &table);
    all.push(all[1].clone());
    let window = window(&all);
    assert!(!window.fails(), "{}", window.text());
}
