//! The help of every finding of `phasegate compat` leads out: followed once to the letter, the finding is
//! gone; or it says when the finding can be accepted, and then nothing fails any more.

use std::collections::BTreeSet;

use crate::compat_rules::{PAIRS, versions as pair};
use crate::sides::{GATE, versions};
use phasegate_codegen::accepted::Accepted;
use phasegate_codegen::compat::{
    Before, Comparison, Layer, Order, Version, Weighed, accept, compare,
};
use phasegate_codegen::finding::Severity;

/// What is taken out of both tables of a pair, so that other layers are there.
const VARIANTS: [(&str, &[&str]); 4] = [
    ("every layer", &[]),
    ("no database", &["target.sql"]),
    ("no jobs", &["job", "target.workflow"]),
    ("a backend alone", &["job", "target"]),
];

fn without(text: &str, gone: &[&str]) -> String {
    let mut table: toml::Table = text.parse().unwrap();
    for key in gone {
        match key.split_once('.') {
            Some((section, key)) => {
                let section = table.get_mut(section).and_then(toml::Value::as_table_mut);
                section.map(|section| section.remove(key));
            }
            None => drop(table.remove(*key)),
        }
    }
    toml::to_string(&table).unwrap()
}

/// Every pair of tables that a rule has, with every set of layers.
fn each(mut see: impl FnMut(&str, &Comparison<'_>)) {
    for (name, edits) in PAIRS {
        let (of_rule, rule) = pair(name, edits);
        for (layers, gone) in VARIANTS {
            let made: Result<Vec<Version>, _> = of_rule
                .iter()
                .map(|version| {
                    let text = without(&version.source.text, gone);
                    Version::new(&version.label, &version.source.path, text.as_bytes())
                })
                .collect();
            // Without jobs a table may have a state that nothing leads to.
            if let Ok(made) = made {
                see(&format!("{rule}, {layers}"), &compare(&made, 0, 1));
            }
        }
    }
}

/// What fails, and what is hidden by that.
fn errors(comparison: &Comparison<'_>) -> Vec<Weighed> {
    let is_error = |one: &&Weighed| one.severity == Severity::Error;
    let errors = comparison.changes.iter().filter(is_error).cloned();
    errors.chain(comparison.hidden()).collect()
}

/// What is there to be done about each of a pair's changes, whatever layers there are.
#[test]
fn every_help_leads_out_and_speaks_of_layers_that_there_are() {
    let (mut failed, mut ordered) = (0, 0);
    each(|name, comparison| {
        speaks_of_layers_that_there_are(name, comparison);
        wants_nothing_done_of_what_harms_no_mix(name, comparison);
        ordered += names_orders_that_are_safe(name, comparison);
        failed += usize::from(can_be_accepted(name, comparison));
    });
    assert!(failed > 30 && ordered > 5, "{failed}, {ordered}");
}

/// Every error says when it can be accepted; and once all that is printed is, nothing fails. Whether
/// anything did.
fn can_be_accepted(name: &str, comparison: &Comparison<'_>) -> bool {
    let errors = errors(comparison);
    for one in &errors {
        let accepts =
            one.help.contains("; or accept this ") || one.help.starts_with("accept it with ");
        assert!(accepts, "{name}: {:?}: {}", one.change.rule, one.help);
    }
    if !comparison.fails() {
        return false;
    }
    // A state's entry stands once for all that comes of it.
    let entries: BTreeSet<String> = errors
        .iter()
        .map(|one| match one.help.split_once("(an entry with `") {
            Some((_, entry)) => entry.split("`)").next().unwrap().replace("` and `", "\n"),
            None => format!(
                "rule = \"{}\"\nfingerprint = \"{}\"",
                one.change.rule.id,
                one.fingerprint()
            ),
        })
        .collect();
    let entry = |entry: &String| format!("[[accepted]]\n{entry}\nreason = \"so\"\n");
    let text: String = entries.iter().map(entry).collect();
    let mut accepted = match Accepted::parse("new.accepted.toml", &text) {
        Ok(accepted) => accepted,
        Err(error) => panic!("{name}: {error}\n{text}"),
    };
    let both = [comparison.old.clone(), comparison.new.clone()];
    let mut again = compare(&both, 0, 1);
    accept(&mut accepted, std::iter::once(&mut again));
    assert!(!again.fails(), "{name}: {text}\n{}", again.text(None, false));
    let stale: Vec<&str> = again.beside.iter().map(|one| one.message.as_str()).collect();
    assert!(stale.is_empty(), "{name}: {stale:?}");
    true
}

fn speaks_of_layers_that_there_are(name: &str, comparison: &Comparison<'_>) {
    for one in comparison.changes.iter().cloned().chain(comparison.hidden()) {
        for layer in Layer::ALL.into_iter().filter(|layer| !comparison.layers.contains(layer)) {
            let word = format!("the {}", layer.as_str());
            assert!(!one.help.contains(&word), "{name}: {:?}: {}", one.change.rule, one.help);
        }
    }
}

/// What both tables do wrong by themselves is said with the way to mend it; and what no mix tries.
fn wants_nothing_done_of_what_harms_no_mix(name: &str, comparison: &Comparison<'_>) {
    const ELSEWHERE: [&str; 3] = ["action-changed", "database-shape", "refuted-alone"];
    for one in comparison.changes.iter().filter(|one| !one.bears() && !one.is_behind) {
        let is_elsewhere = ELSEWHERE.contains(&one.change.rule.id);
        let nothing = one.help.starts_with("nothing has to be done");
        assert!(is_elsewhere || nothing, "{name}: {:?}: {}", one.change.rule, one.help);
    }
}

/// Reads `roll out the A before the B and the C before the D, or ...`.
fn orders_said(help: &str, verb: &str) -> Vec<Vec<Before>> {
    let Some(rest) = help.split("; ").find_map(|part| part.strip_prefix(verb)) else {
        return Vec::new();
    };
    let layer = |word: &str| {
        let word = word.trim().trim_start_matches("the ");
        *Layer::ALL.iter().find(|layer| layer.as_str() == word).unwrap()
    };
    let before = |one: &str| {
        let (first, then) = one.split_once(" before ").unwrap();
        Before(layer(first), layer(then))
    };
    let sets = rest.trim().split(", or ").filter(|set| set.contains(" before "));
    sets.map(|set| set.split(" and ").map(before).collect()).collect()
}

/// How many orders are named to warnings.
fn names_orders_that_are_safe(name: &str, comparison: &Comparison<'_>) -> usize {
    let mut named = 0;
    let warnings = comparison.changes.iter().filter(|one| one.severity == Severity::Warning);
    for one in warnings.filter(|one| one.bears()) {
        let ways = [("roll out ", &comparison.rollout), ("roll back ", &comparison.rollback)];
        for (verb, orders) in ways {
            for set in orders_said(&one.help, verb) {
                let fits = |order: &&Order| {
                    let place = |layer| order.layers.iter().position(|one| *one == layer);
                    set.iter().all(|Before(one, other)| place(*one) < place(*other))
                };
                let fitting: Vec<&Order> = orders.orders.iter().filter(fits).collect();
                let are_safe = fitting.iter().all(|order| order.is_safe());
                assert!(!fitting.is_empty() && are_safe, "{name}: {}", one.help);
                named += 1;
            }
        }
    }
    named
}

/// A table after some edits, each of which stands there once.
fn with(table: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(table.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from} stands once in {text}");
        text.replace(from, to)
    })
}

/// A change that fails by this rule, with this way in its help; then the same in the steps that the way
/// names, none of which fails.
fn leads_out(rule: &str, way: &str, at_once: &str, steps: &[&str]) {
    let both = versions(steps[0], at_once);
    let found = errors(&compare(&both, 0, 1));
    let said = found.iter().any(|one| one.change.rule.id == rule && one.help.contains(way));
    assert!(said, "{rule}: {way}: {:#?}", found.iter().map(|one| &one.help).collect::<Vec<_>>());
    for (number, step) in steps.windows(2).enumerate() {
        let both = versions(step[0], step[1]);
        let compared = compare(&both, 0, 1);
        assert!(!compared.fails(), "{rule}, step {number}: {}", compared.text(None, false));
    }
}

const PACKED: &str = "[[state]]\nname = \"packed\"\nphase = \"ship\"\n";
const SHIPPED: &str = "[[state]]\nname = \"shipped\"";
const ON: &str = "\"shipping\", \"shipped\"]";
const VIA: &str =
    "\"shipping\", \"packed\", \"shipped\"]\n[[transition]]\npath = [\"shipping\", \"shipped\"]";
const REPORT: (&str, &str) =
    ("state = \"shipping\" }]", "state = \"shipping\" }, { name = \"Pack\", state = \"packed\" }]");

#[test]
fn a_state_that_a_job_has_to_report_comes_in_before_its_report() {
    let way = "release `packed` with its transitions first, and what reports it in a later release";
    let known = with(GATE, &[(SHIPPED, &format!("{PACKED}{SHIPPED}")), (ON, VIA)]);
    let reported = with(&known, &[REPORT]);
    leads_out("state-added", way, &reported, &[GATE, &known, &reported]);
    let way = "make `packed` `optional`, so that its reports are tolerated, or";
    let optional = reported.replace(PACKED, &format!("{PACKED}optional = true\n"));
    leads_out("state-added", way, &reported, &[GATE, &optional]);
}

#[test]
fn a_state_of_a_table_without_a_database_comes_in_as_a_retired_one() {
    let way = "release `packed` first with `retired = true` and the transitions that lead on from it, and \
               let it be entered in a later release";
    let gate = GATE.replace("[target.sql]\n", "");
    let retired = with(
        &gate,
        &[
            (SHIPPED, &format!("{PACKED}retired = true\n{SHIPPED}")),
            (ON, &format!("{ON}\n[[transition]]\nfrom = \"packed\"\nto = \"shipped\"")),
        ],
    );
    let entered = with(&gate, &[(SHIPPED, &format!("{PACKED}{SHIPPED}")), (ON, VIA)]);
    let reported = with(&entered, &[REPORT]);
    leads_out("state-added", way, &reported, &[&gate, &retired, &entered, &reported]);
    let optional = |text: &str| text.replace(PACKED, &format!("{PACKED}optional = true\n"));
    leads_out("state-added", way, &optional(&reported), &[&gate, &retired, &optional(&reported)]);
}

/// An end can't be `optional`: no help says that it should be.
#[test]
fn an_end_comes_in_as_any_other_state() {
    let stopped = "[[state]]\nname = \"stopped\"\noutcome = \"cancelled\"\n";
    let known = with(
        GATE,
        &[
            (SHIPPED, &format!("{stopped}{SHIPPED}")),
            ("to = \"broken\"", "to = [\"broken\", \"stopped\"]"),
        ],
    );
    let both = "failure = \"broken\"\ncancelled = \"stopped\"";
    let reported = known.replace("failure = \"broken\"", both);
    let way =
        "release `stopped` with its transitions first, and what reports it in a later release";
    leads_out("state-added", way, &reported, &[GATE, &known, &reported]);
}

#[test]
fn a_step_is_declared_before_a_state_becomes_optional() {
    let required = GATE.replace(
        "phase = \"check\"\noptional = true\n[[state]]\nname = \"checked\"",
        "phase = \"check\"\n[[state]]\nname = \"checked\"",
    );
    let declared = with(
        &required,
        &[(
            "[[transition]]\nfrom = \"*\"",
            "[[transition]]\nfrom = \"queued\"\nto = [\"checked\", \"shipping\"]\n[[transition]]\nfrom = \"*\"",
        )],
    );
    let optional = |text: &str| {
        text.replacen(
            "phase = \"check\"\n[[state]]",
            "phase = \"check\"\noptional = true\n[[state]]",
            1,
        )
    };
    let at_once = optional(&required);
    let way = "declare `queued -> checked` as a transition first, and change `checking` in a later release";
    leads_out("transition-added", way, &at_once, &[&required, &declared, &optional(&declared)]);
}

#[test]
fn a_state_that_is_gone_is_kept_as_a_retired_one_and_removed_without_a_database() {
    let held = "[[state]]\nname = \"held\"\n";
    let gate = without(GATE, &["target.sql", "job", "target.workflow"]);
    let step = |to: &str| {
        format!(
            "[[transition]]\nfrom = \"queued\"\nto = \"{to}\"\n[[transition]]\nfrom = \"held\"\nto = \"shipping\"\n"
        )
    };
    let old = format!("{gate}{held}{}", step("held"));
    let retired =
        format!("{gate}{held}retired = true\n[[transition]]\nfrom = \"held\"\nto = \"shipping\"\n");
    let both = versions(&old, &gate);
    let found = errors(&compare(&both, 0, 1));
    let way = "; or keep `held` with `retired = true` and accept what comes of that (an entry with \
               `rule = \"state-retired\"` and `state = \"held\"`), and remove it in a later release, once \
               no row holds it";
    assert!(found.iter().any(|one| one.help.ends_with(way)), "{found:#?}");
    let entry = "[[accepted]]\nrule = \"state-retired\"\nstate = \"held\"\nreason = \"so\"\n";
    let both = versions(&old, &retired);
    let mut compared = compare(&both, 0, 1);
    accept(
        &mut Accepted::parse("new.accepted.toml", entry).unwrap(),
        std::iter::once(&mut compared),
    );
    assert!(!compared.fails(), "{}", compared.text(None, false));
    let both = versions(&retired, &gate);
    let compared = compare(&both, 0, 1);
    assert!(!compared.fails(), "{}", compared.text(None, false));
}

/// A change that lets rows start where they did, too, is not told to do that.
#[test]
fn a_start_that_is_new_beside_the_old_one_is_not_told_to_keep_the_old_one() {
    let asked = |initial: &str| {
        with(
            GATE,
            &[
                ("initial = \"queued\"", initial),
                (
                    "[[state]]\nname = \"queued\"",
                    "[[state]]\nname = \"asked\"\n[[state]]\nname = \"queued\"",
                ),
                ("[\"queued\", \"checking\"", "[\"asked\", \"queued\", \"checking\""),
            ],
        )
    };
    let started = |old: &str, new: &str| {
        let both = versions(old, new);
        let compared = compare(&both, 0, 1);
        let one =
            compared.changes.iter().find(|one| one.change.rule.id == "initial-changed").unwrap();
        (one.severity, one.help.clone())
    };
    let (_, help) = started(GATE, &asked("initial = \"asked\""));
    assert!(help.contains("`initial = [\"asked\", \"queued\"]`"), "{help}");
    let (_, help) = started(GATE, &asked("initial = [\"asked\", \"queued\"]"));
    assert!(!help.contains("initial = ["), "{help}");
}

/// Steps of which a mix shows the shortest are not said to harm none.
#[test]
fn a_step_behind_a_shorter_case_is_not_called_harmless() {
    let held = "[[state]]\nname = \"held\"\n[[transition]]\npath = [\"checked\", \"held\", \"shipping\"]\n[[transition]]\npath";
    let retired = "[[state]]\nname = \"held\"\nretired = true\n[[transition]]\nfrom = \"held\"\nto = \"shipping\"\n[[transition]]\npath";
    let of = |held| GATE.replacen("[[transition]]\npath", held, 1);
    let both = versions(&of(retired), &of(held));
    let compared = compare(&both, 0, 1);
    let text = compared.text(None, false);
    let (_, harmless) = text.split_once("no mix is the worse for it:").unwrap();
    let harmless = harmless.split("\n\n").next().unwrap();
    assert!(!harmless.contains("-> held"), "{text}");
    assert!(text.contains("has a shorter case above:"), "{text}");
}
