//! A small pair of tables for each rule of `phasegate compat`: that it finds its change, where, and
//! what comes of it.

use crate::sides::GATE;
use std::fmt::Write as _;

use phasegate_codegen::compat::{Comparison, MixSafety, Side, Version, Weighed, compare, rules};
use phasegate_codegen::finding::Severity;

const PACKED: &str = "[[state]]\nname = \"packed\"\noptional = true\n[[state]]\nname = \"shipped\"";
const HELD: &str = "[[state]]\nname = \"held\"\nretired = true\n[[transition]]\nfrom = \"held\"\nto = \"shipping\"\n[[transition]]\npath";

const ENTERED: &str = "[[state]]\nname = \"held\"\n[[transition]]\npath = [\"checked\", \"held\", \"shipping\"]\n[[transition]]\npath";

/// Edits that make the newer table; with an arrow before the rule, the older one.
pub(crate) const PAIRS: &[(&str, &[(&str, &str)])] = &[
    (
        "state-added",
        &[
            ("[[state]]\nname = \"shipped\"", PACKED),
            ("\"shipping\", \"shipped\"", "\"shipping\", \"packed\", \"shipped\""),
            (
                "state = \"shipping\" }]",
                "state = \"shipping\" }, { name = \"Pack\", state = \"packed\" }]",
            ),
        ],
    ),
    (
        "<state-removed",
        &[
            ("[[state]]\nname = \"shipped\"", PACKED),
            ("\"shipping\", \"shipped\"", "\"shipping\", \"packed\", \"shipped\""),
            (
                "state = \"shipping\" }]",
                "state = \"shipping\" }, { name = \"Pack\", state = \"packed\" }]",
            ),
        ],
    ),
    (
        "state-renamed",
        &[
            ("name = \"shipping\"", "name = \"sending\"\nvalue = \"shipping\""),
            ("\"checked\", \"shipping\"", "\"checked\", \"sending\""),
            ("state = \"shipping\"", "state = \"sending\""),
        ],
    ),
    (
        "refuted-alone",
        &[(
            "[[job]]\nname = \"end\"\nneeds = [\"check\", \"ship\"]\nalways = true\nsuccess = \"shipped\"\nfailure = \"broken\"\n",
            "",
        )],
    ),
    ("mode-changed", &[("[target.sql]\n", "[target.sql]\nmode = \"observe\"\n")]),
    (
        "ends-unreported",
        &[
            (
                "success = \"shipped\"\nfailure = \"broken\"\n[[job]]\nname = \"end\"\nneeds = [\"check\", \"ship\"]\nalways = true\nsuccess = \"shipped\"\nfailure = \"broken\"\n",
                "",
            ),
            ("success = \"checked\"\nfailure = \"broken\"\n", "success = \"checked\"\n"),
        ],
    ),
    ("value-changed", &[("name = \"shipping\"", "name = \"shipping\"\nvalue = \"on its way\"")]),
    ("state-unretired", &[("[[transition]]\npath", ENTERED), ("OLD", HELD)]),
    (
        "state-retired",
        &[
            (
                "optional = true\n[[state]]\nname = \"checked\"",
                "retired = true\n[[state]]\nname = \"checked\"",
            ),
            ("\"queued\", \"checking\", \"checked\"", "\"queued\", \"checked\""),
            (
                "[[transition]]\nfrom",
                "[[transition]]\npath = [\"checking\", \"checked\"]\n[[transition]]\nfrom",
            ),
            ("start = \"checking\"\n", ""),
        ],
    ),
    (
        "state-required",
        &[(
            "phase = \"check\"\noptional = true\n[[state]]\nname = \"checked\"",
            "phase = \"check\"\n[[state]]\nname = \"checked\"",
        )],
    ),
    (
        "<state-optional",
        &[(
            "phase = \"check\"\noptional = true\n[[state]]\nname = \"checked\"",
            "phase = \"check\"\n[[state]]\nname = \"checked\"",
        )],
    ),
    (
        "initial-changed",
        &[
            ("initial = \"queued\"", "initial = \"asked\""),
            (
                "[[state]]\nname = \"queued\"",
                "[[state]]\nname = \"asked\"\n[[state]]\nname = \"queued\"",
            ),
            ("[\"queued\", \"checking\"", "[\"asked\", \"queued\", \"checking\""),
        ],
    ),
    ("outcome-changed", &[("outcome = \"failure\"", "outcome = \"cancelled\"")]),
    (
        "transition-added",
        &[(
            "[[job]]\nname = \"check\"",
            "[[transition]]\nfrom = \"queued\"\nto = \"shipped\"\n[[job]]\nname = \"check\"",
        )],
    ),
    ("transition-removed", &[("from = \"*\"\nto", "from = \"*\"\nexcept = [\"shipping\"]\nto")]),
    (
        "phase-added",
        &[("[[phase]]\nname = \"ship\"", "[[phase]]\nname = \"pack\"\n[[phase]]\nname = \"ship\"")],
    ),
    (
        "<phase-removed",
        &[("[[phase]]\nname = \"ship\"", "[[phase]]\nname = \"pack\"\n[[phase]]\nname = \"ship\"")],
    ),
    (
        "phases-reordered",
        &[(
            "name = \"check\"\n[[phase]]\nname = \"ship\"",
            "name = \"ship\"\n[[phase]]\nname = \"check\"",
        )],
    ),
    ("state-phase-changed", &[("phase = \"ship\"\n", "phase = \"check\"\n")]),
    ("completes-changed", &[("phase = \"ship\"\n", "phase = \"ship\"\ncompletes = true\n")]),
    (
        "job-added",
        &[("[[job]]\nname = \"end\"", "[[job]]\nname = \"more\"\n[[job]]\nname = \"end\"")],
    ),
    (
        "<job-removed",
        &[("[[job]]\nname = \"end\"", "[[job]]\nname = \"more\"\n[[job]]\nname = \"end\"")],
    ),
    (
        "job-renamed",
        &[
            ("name = \"ship\"\nneeds", "name = \"send\"\nneeds"),
            ("needs = [\"check\", \"ship\"]", "needs = [\"check\", \"send\"]"),
        ],
    ),
    ("<report-added", &[("start = \"checking\"\n", "")]),
    ("report-removed", &[("start = \"checking\"\n", "")]),
    (
        "reports-reordered",
        &[
            (
                "start = \"checking\"\nsuccess",
                "start = \"checked\"\nmilestones = [{ name = \"X\", state = \"checking\" }]\nsuccess",
            ),
            (
                "OLD",
                "start = \"checking\"\nmilestones = [{ name = \"X\", state = \"checked\" }]\nsuccess",
            ),
        ],
    ),
    (
        "<toleration-gained",
        &[(
            "[[job]]\nname = \"end\"\nneeds = [\"check\", \"ship\"]\nalways = true\nsuccess = \"shipped\"\nfailure = \"broken\"\n",
            "",
        )],
    ),
    (
        "toleration-lost",
        &[(
            "[[job]]\nname = \"end\"\nneeds = [\"check\", \"ship\"]\nalways = true\nsuccess = \"shipped\"\nfailure = \"broken\"\n",
            "",
        )],
    ),
    ("needs-changed", &[("needs = [\"check\"]\n", "")]),
    ("milestone-renamed", &[("name = \"Ship\"", "name = \"Send\"")]),
    ("machine-renamed", &[("name = \"gate\"", "name = \"door\"")]),
    ("address-changed", &[("[target.sql]", "[target.sql]\ntable = \"doors\"")]),
    ("database-renamed", &[("[target.sql]", "[target.sql]\ncolumn = \"state\"")]),
    ("migration-refused", &[("[target.sql]", "[target.sql]\nkey_type = \"uuid\"")]),
    ("<database-target", &[("[target.sql]\n", "")]),
    ("database-shape", &[("[target.sql]", "[target.sql]\nstorage = \"text\"")]),
    ("id-input-changed", &[("[target.workflow]", "[target.workflow]\nid_input = \"door\"")]),
    ("credential-changed", &[("[target.workflow]", "[target.workflow]\ncredential = \"oidc\"")]),
    (
        "action-changed",
        &[("[target.workflow]", "[target.workflow]\naction = \"./.github/actions/notify\"")],
    ),
];

/// The two versions of a pair, and the rule that it is for.
pub(crate) fn versions(name: &'static str, edits: &[(&str, &str)]) -> (Vec<Version>, &'static str) {
    let mut text = GATE.to_owned();
    let mut other = GATE.to_owned();
    for (from, to) in edits {
        if *from == "OLD" {
            other = GATE.replace(edits[0].0, to);
            continue;
        }
        assert_eq!(text.matches(from).count(), 1, "{name}: {from} stands once");
        text = text.replace(from, to);
    }
    let of = |label, path, text: &str| match Version::new(label, path, text.as_bytes()) {
        Ok(version) => version,
        Err(error) => panic!("{name}: {error}"),
    };
    let (old, new) = match name.strip_prefix('<') {
        Some(_) => (text, other),
        None => (other, text),
    };
    (vec![of("old", "old.toml", &old), of("new", "new.toml", &new)], name.trim_start_matches('<'))
}

fn each(mut see: impl FnMut(&'static str, &Comparison<'_>)) {
    for (name, edits) in PAIRS {
        let (versions, rule) = versions(name, edits);
        see(rule, &compare(&versions, 0, 1));
    }
}

#[test]
fn each_rule_has_a_pair_that_it_is_found_in() {
    let mut found: Vec<&str> = Vec::new();
    each(|rule, comparison| {
        let said: Vec<&str> = comparison.changes.iter().map(|one| one.change.rule.id).collect();
        assert!(said.contains(&rule), "{rule}: {said:?}");
        found.push(rule);
    });
    for rule in rules() {
        assert!(
            found.contains(&rule.id),
            "{} has no pair of tables in PAIRS (codegen/tests/library/compat_rules.rs)",
            rule.id
        );
    }
}

#[test]
fn what_goes_wrong_in_a_pair_is_its_rules_doing() {
    each(|rule, comparison| {
        assert!(
            comparison.exhausted && comparison.beside.is_empty(),
            "{rule}: {:?}",
            comparison.beside
        );
        for judged in &comparison.mixes {
            if let MixSafety::Broken(bad) = &judged.verdict {
                let told = comparison.changes.iter().any(|one| one.breaks.contains(&judged.mix));
                assert!(told, "{rule}: {bad:?}");
            }
        }
    });
}

/// An error that no mix shows by itself comes of a switch under a run: then the path is with it.
#[test]
fn every_error_of_a_mix_or_a_switch_comes_with_its_path() {
    const OF_ITSELF: [&str; 3] = ["refuted-alone", "migration-refused", "ends-unreported"];
    let mut under_a_switch = 0;
    each(|rule, comparison| {
        let is_of_mixes = |one: &&Weighed| {
            one.severity == Severity::Error && !OF_ITSELF.contains(&one.change.rule.id)
        };
        for one in comparison.changes.iter().filter(is_of_mixes) {
            let (_, witness) = one.witness.as_ref().expect(rule);
            assert!(!witness.path.0.is_empty(), "{rule}: {one:?}");
            if one.breaks.is_empty() {
                under_a_switch += 1;
                let text = comparison.changes_text(None, false);
                let last = witness.path.0.last().unwrap();
                assert!(text.contains(&format!("what goes wrong: {}", witness.summary)), "{text}");
                assert!(text.contains(last), "{text}");
            }
        }
    });
    assert!(under_a_switch > 0);
}

#[test]
fn what_comes_of_each_rules_pair() {
    let mut out = String::new();
    each(|rule, comparison| {
        let broken = comparison.mixes.iter().filter(|one| one.verdict.as_str() == "broken").count();
        let word = if comparison.fails() { "fails" } else { "passes" };
        writeln!(
            out,
            "{rule} ({word}; {broken} of {} mixes broken, {} of {} rollouts and {} of {} rollbacks safe)",
            comparison.mixes.len(),
            comparison.rollout.safe(),
            comparison.rollout.orders.len(),
            comparison.rollback.safe(),
            comparison.rollback.orders.len(),
        )
        .unwrap();
        for one in &comparison.changes {
            let told = one.finding(comparison.old, comparison.new);
            let severity = match told.severity {
                Severity::Error => "error",
                Severity::Warning if one.bears() => "warning",
                Severity::Warning => "no bearing",
            };
            let side = match one.change.side {
                Side::Old => "old",
                Side::New => "new",
            };
            let line = told.line.unwrap();
            writeln!(out, "  {severity} {}: {} ({side}:{line})", told.rule.id, told.message)
                .unwrap();
        }
        let witness = comparison.rollout.orders.iter().chain(&comparison.rollback.orders);
        let shortest = witness.filter_map(|order| order.bad.as_ref());
        if let Some((_, class, witness)) = shortest.min_by_key(|bad| bad.2.path.0.len()) {
            writeln!(out, "  {}: {}", class.as_str(), witness.summary).unwrap();
        }
    });
    insta::assert_snapshot!(out);
}

#[test]
fn a_fingerprint_outlives_other_edits_and_layout() {
    let (name, edits) = PAIRS[0];
    let (pair, rule) = versions(name, edits);
    let of = |versions: &[Version]| {
        let comparison = compare(versions, 0, 1);
        let one = comparison.changes.iter().find(|one| one.change.rule.id == rule).unwrap();
        (one.fingerprint(), one.finding(comparison.old, comparison.new).line.unwrap())
    };
    let before = of(&pair);
    let text = pair[1].source.text.replace(
        "[[phase]]\nname = \"check\"",
        "# why\n\n[[phase]]\nname = \"check\"\ntitle = \"Checks\"",
    );
    let text = text.replace("name = \"Pack\"", "name = \"Packing\"");
    let moved = vec![pair[0].clone(), Version::new("new", "other.toml", text.as_bytes()).unwrap()];
    let after = of(&moved);
    assert_eq!(before.0, after.0);
    assert_ne!(before.1, after.1);
    let other = pair[1].source.text.replace("packed", "boxed");
    let other = vec![pair[0].clone(), Version::new("new", "new.toml", other.as_bytes()).unwrap()];
    assert_ne!(of(&other).0, before.0);
}
