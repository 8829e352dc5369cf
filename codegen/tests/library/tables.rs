//! Tables made at random, all of them valid, walks along them, and the tables of the repository.

#![allow(dead_code, unreachable_pub, reason = "each test file takes what it needs")]

use std::path::PathBuf;

use phasegate_codegen::Machine;
use phasegate_codegen::machine::StateId;
use proptest::prelude::*;
use proptest::sample::Index;

/// A table and the machine that it gives.
#[derive(Clone, Debug)]
pub struct Made {
    pub text: String,
    pub machine: Machine,
}

#[derive(Clone, Debug)]
struct StateOf {
    phase: Option<usize>,
    completes: bool,
    /// 0 to 2: optional; 3: an end that is left again; else neither.
    kind: u8,
    outcome: usize,
}

const OUTCOMES: [&str; 4] = ["success", "failure", "cancelled", "neutral"];

/// Valid tables: a path through all states to an end, other pairs across it, a `"*"` row to a
/// failure, optional states and ends that are left again on the way, a retired state, two initial
/// states at times.
pub fn tables() -> impl Strategy<Value = Made> {
    let state = (proptest::option::weighted(0.7, 0_usize..3), any::<bool>(), 0_u8..7, 0_usize..4)
        .prop_map(|(phase, completes, kind, outcome)| StateOf { phase, completes, kind, outcome });
    (
        proptest::collection::vec(state, 2..8),
        proptest::collection::vec((any::<Index>(), any::<Index>()), 0..8),
        any::<[bool; 4]>(),
    )
        .prop_map(|(states, pairs, [star, retired, two, own_phase])| {
            let text = text(&states, &pairs, star, retired, two, own_phase);
            let machine = super::common::machine(&text);
            Made { text, machine }
        })
}

fn text(
    states: &[StateOf],
    pairs: &[(Index, Index)],
    star: bool,
    retired: bool,
    two: bool,
    own_phase: bool,
) -> String {
    let last = states.len() - 1;
    let mut rows = String::new();
    for (at, state) in states.iter().enumerate() {
        rows += &format!("[[state]]\nname = \"s{at}\"\n");
        if let Some(phase) = state.phase {
            rows += &format!("phase = \"p{phase}\"\ncompletes = {}\n", state.completes);
        }
        // The first two may be initial, and the last is where all ends.
        if at == last {
            rows += &format!("outcome = \"{}\"\n", OUTCOMES[state.outcome]);
        } else if at > 1 && state.kind < 3 {
            rows += "optional = true\n";
        } else if at > 1 && state.kind == 3 {
            rows += &format!("outcome = \"{}\"\nreopens = true\n", OUTCOMES[state.outcome]);
        }
    }
    if star {
        let phase = if own_phase { "phase = \"p1\"\n" } else { "" };
        rows += &format!("[[state]]\nname = \"failed\"\noutcome = \"failure\"\n{phase}");
        rows += "[[transition]]\nfrom = \"*\"\nto = \"failed\"\n";
    }
    if retired {
        rows += "[[state]]\nname = \"old\"\nretired = true\n";
        rows += &format!("[[transition]]\nfrom = \"old\"\nto = \"s{last}\"\n");
    }
    let mut declared: Vec<(usize, usize)> = (1..=last).map(|to| (to - 1, to)).collect();
    for (from, to) in pairs {
        let pair = (from.index(last), to.index(states.len()));
        if !declared.contains(&pair) {
            declared.push(pair);
        }
    }
    for (from, to) in declared {
        rows += &format!("[[transition]]\nfrom = \"s{from}\"\nto = \"s{to}\"\n");
    }
    let initial = if two && last > 1 { "[\"s0\", \"s1\"]" } else { "\"s0\"" };
    format!(
        "format = 1\n[machine]\nname = \"m\"\ninitial = {initial}\n\
         [[phase]]\nname = \"p0\"\n[[phase]]\nname = \"p1\"\n[[phase]]\nname = \"p2\"\n{rows}"
    )
}

/// A sequence that the machine accepts: the picks choose among what is legal.
pub fn walk(machine: &Machine, picks: &[Index]) -> Vec<StateId> {
    let mut walk: Vec<StateId> = Vec::new();
    for pick in picks {
        let legal = machine.legal_after(walk.last().copied());
        if legal.is_empty() {
            break;
        }
        walk.push(legal[pick.index(legal.len())]);
    }
    walk
}

/// Picks for walks of up to a dozen steps.
pub fn picks() -> impl Strategy<Value = Vec<Index>> {
    proptest::collection::vec(any::<Index>(), 0..12)
}

/// The tables that stand in the repository, those that are made to be odd among them.
pub fn of_the_repository() -> Vec<(PathBuf, Machine)> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let folders = [
        "migrations/tables",
        "tests/tables",
        "tests/artifacts/equivalence/tables",
        "tests/artifacts/js",
        "tests/artifacts/mutants",
        "tests/artifacts/page",
        "tests/artifacts/workflow",
        "codegen/examples/order",
        "codegen/tests/common/proofs",
    ];
    let mut paths: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).expect(folder))
        .map(|entry| entry.expect("a folder is read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter(|path| !path.ends_with("Cargo.toml"))
        .collect();
    paths.sort();
    paths.insert(0, root.join("deploy.toml"));
    assert!(paths.len() > 25, "only {} tables", paths.len());
    let machine = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("the table is there");
        let machine = super::common::machine(&text);
        (path, machine)
    };
    paths.into_iter().map(machine).collect()
}
