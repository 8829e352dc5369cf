//! The facts of a version are complete: whatever a layer's answer rests on in a table, a change of it
//! changes a fact. Every key that the table's format has is changed in every way that leaves a table,
//! and what each layer of the two versions then answers is compared.

use crate::common::proofs::table as text_of;
use crate::sides::{GATE, SHIP, versions};
use std::collections::{BTreeMap, BTreeSet};

use phasegate_codegen::compat::{
    Change, Class, Fact, Mix, MixSafety, Receiver, ReportResult, Value as Stored, Version, World,
    changes, compare,
};
use phasegate_codegen::finding::Severity;
use phasegate_codegen::machine::ReportKind;
use phasegate_codegen::table::json_schema;
use toml::{Table, Value};

/// What says nothing to any layer: what people read, and where and how artifacts are written.
const OF_NO_LAYER: [&str; 9] =
    ["doc", "title", "meta", "format", "derive", "type", "dialects", "migrations", "workflows"];

/// A table with something changed, and the key that this is.
type Changed = (String, Table);

/// The rows of a kind, as they may be changed: what a key can be next to what it is.
fn others(table: &Table, section: &str, key: &str) -> Vec<Value> {
    let names = |of: &str| -> Vec<Value> {
        let rows = table.get(of).and_then(Value::as_array).into_iter().flatten();
        rows.map(|row| row["name"].clone()).collect()
    };
    let texts = |all: &[&str]| all.iter().map(|text| Value::from(*text)).collect();
    match (section, key) {
        (_, "optional" | "completes" | "retired" | "reopens" | "always" | "skippable" | "owns") => {
            vec![true.into(), false.into()]
        }
        (_, "outcome") => texts(&["success", "failure", "cancelled", "neutral"]),
        (_, "phase") => names("phase"),
        (_, "start" | "success" | "failure" | "cancelled" | "initial" | "state" | "null") => {
            names("state")
        }
        ("transition", "from" | "to") => names("state"),
        ("transition", "except") => names("state").into_iter().map(|s| vec![s].into()).collect(),
        (_, "needs") => names("job").into_iter().map(|job| vec![job].into()).collect(),
        (_, "mode") => texts(&["observe", "enforce"]),
        (_, "storage") => texts(&["text", "enum", "integer"]),
        (_, "key_type") => texts(&["text", "bigint", "integer", "uuid"]),
        (_, "columns") => {
            let budget = ("budget".to_owned(), "bigint".into());
            vec![Table::new().into(), Value::Table([budget].into_iter().collect())]
        }
        (_, "credential") => texts(&["token", "oidc"]),
        (_, "number") => [9, -9].map(Value::from).into(),
        (_, "action") => texts(&["./other"]),
        (_, "milestones") => {
            let row = |state: Value| {
                let name = ("name".to_owned(), "a step".into());
                Value::Table([name, ("state".to_owned(), state)].into_iter().collect())
            };
            names("state").into_iter().map(|state| vec![row(state)].into()).collect()
        }
        _ => texts(&["other", "another.x"]),
    }
}

fn rename(value: &mut Value, name: &Value) {
    match value {
        text if text == name => *text = "renamed".into(),
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, name)),
        Value::Table(keys) => keys.iter_mut().for_each(|(_, value)| rename(value, name)),
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_) => {}
    }
}

/// Every way in which a value can be another, with the key that it is of.
fn changed(table: &Table, keys: &BTreeMap<String, BTreeSet<String>>) -> Vec<Changed> {
    let mut all = Vec::new();
    let mut row = |section: &str, at: &dyn Fn(&mut Table) -> &mut Table| {
        let mut with = |key: &str, value: Option<Value>| {
            let mut next = table.clone();
            match value {
                Some(value) => drop(at(&mut next).insert(key.to_owned(), value)),
                None => drop(at(&mut next).remove(key)),
            }
            all.push((format!("{section}.{key}"), next));
        };
        let now = at(&mut table.clone()).clone();
        for key in &keys[section] {
            with(key, None);
            let others = others(table, section, key).into_iter();
            others.filter(|other| now.get(key) != Some(other)).for_each(|one| with(key, Some(one)));
            if let Some(Value::Array(items)) = now.get(key) {
                for at in 0..items.len() {
                    let mut fewer = items.clone();
                    fewer.remove(at);
                    with(key, Some(fewer.into()));
                    let mut turned = items.clone();
                    turned.rotate_left(at);
                    with(key, Some(turned.into()));
                }
            }
        }
    };
    row("machine", &|table| table["machine"].as_table_mut().unwrap());
    for section in ["state", "transition", "job", "phase"] {
        let rows = table.get(section).and_then(Value::as_array).map_or(0, Vec::len);
        for number in 0..rows {
            row(section, &|table| table[section][number].as_table_mut().unwrap());
        }
    }
    for target in ["sql", "workflow"] {
        if table.get("target").is_some_and(|targets| targets.get(target).is_some()) {
            row(target, &|table| table["target"][target].as_table_mut().unwrap());
        }
    }
    // A name, wherever it stands.
    for (section, within) in
        [("state", &["machine", "state", "transition", "job"][..]), ("phase", &["phase", "state"])]
    {
        for row in table.get(section).and_then(Value::as_array).into_iter().flatten() {
            let mut next = table.clone();
            for section in within {
                next.get_mut(*section).into_iter().for_each(|value| rename(value, &row["name"]));
            }
            all.push((format!("{section}.name"), next));
        }
    }
    // Whole rows: one less, and in another order; a whole target.
    for section in ["state", "transition", "job", "phase"] {
        let rows = table.get(section).and_then(Value::as_array).map_or(0, Vec::len);
        for at in 0..rows {
            for turns in [false, true] {
                let mut next = table.clone();
                let rows = next[section].as_array_mut().unwrap();
                if turns {
                    rows.rotate_left(at)
                } else {
                    drop(rows.remove(at))
                }
                all.push((section.to_owned(), next));
            }
        }
    }
    for target in table.get("target").and_then(Value::as_table).into_iter().flat_map(Table::keys) {
        let mut next = table.clone();
        next["target"].as_table_mut().unwrap().remove(target);
        all.push(("target".to_owned(), next));
    }
    all
}

/// The keys of each kind of row, as the format has them.
fn keys() -> BTreeMap<String, BTreeSet<String>> {
    let schema: serde_json::Value = serde_json::from_str(&json_schema()).unwrap();
    let rows = ["machine", "state", "transition", "job", "phase", "sql", "workflow"];
    let of = |section: &str| {
        let (first, rest) = section.split_at(1);
        let row = &schema["$defs"][format!("{}{rest}Row", first.to_uppercase())]["properties"];
        let keys = row.as_object().unwrap().keys();
        let keys = keys.filter(|key| !OF_NO_LAYER.contains(&key.as_str())).cloned();
        (section.to_owned(), keys.collect())
    };
    rows.map(of).into_iter().collect()
}

/// The answers of the layers that differ, and none of the facts that they rest on does.
fn missed(versions: &[Version], changes: &[Change]) -> Vec<String> {
    let facts: BTreeSet<&Fact> = changes.iter().flat_map(|change| &change.facts).collect();
    let has = |wanted: &[Fact]| wanted.iter().any(|fact| facts.contains(fact));
    let machines = [&versions[0].machine, &versions[1].machine];
    let world = World::of(&machines, &["old".to_owned(), "new".to_owned()]);
    let alone = [0, 1].map(|version| Receiver { backend: version, database: version });
    let mut missed = Vec::new();
    let mut differ = |differs: bool, what: String, wanted: &[Fact]| {
        if differs && !has(wanted) {
            missed.push(what);
        }
    };
    differ(world.initial(0) != world.initial(1), "where rows start".to_owned(), &[Fact::Starts]);
    let apart = Receiver { backend: 0, database: 1 };
    for workflow in [0, 1] {
        let own = alone[workflow];
        let input = world.undeclared(workflow, alone[1 - workflow]);
        differ(input.is_some(), "the input".to_owned(), &[Fact::Input]);
        for value in world.initial(workflow) {
            for receiver in [alone[1 - workflow], apart] {
                let is_started = world.start(receiver, value).is_accepted();
                let wanted = [Fact::Starts, Fact::Knows(value), Fact::Finds];
                differ(!is_started, format!("{} starts", world.text(value)), &wanted);
            }
        }
        for (from, to) in world.values().flat_map(|from| world.values().map(move |to| (from, to))) {
            for receiver in [alone[1 - workflow], apart] {
                let wanted = [
                    Fact::Allows(from, to),
                    Fact::Knows(from),
                    Fact::Knows(to),
                    Fact::Finds,
                    Fact::Address,
                ];
                let [one, other] =
                    [own, receiver].map(|receiver| world.receive(workflow, receiver, from, to));
                // In which words it is refused makes no difference to anybody.
                let does =
                    |answer: ReportResult| (answer.is_accepted(), answer == ReportResult::Applied);
                let what = format!("{} -> {}", world.text(from), world.text(to));
                differ(does(one) != does(other), format!("{what}: {one:?}, {other:?}"), &wanted);
            }
        }
    }
    for value in world.values() {
        let [was, is] = [0, 1].map(|version| world.meaning(version, value));
        let wanted = [Fact::Means(value), Fact::Knows(value)];
        differ(was != is, format!("what {} means", world.text(value)), &wanted);
    }
    // What is shown after short histories.
    let shown = facts.iter().any(|fact| match fact {
        Fact::Shows(_) | Fact::Knows(_) | Fact::Allows(..) | Fact::Means(_) | Fact::Starts => true,
        Fact::Phases
        | Fact::Relies(_)
        | Fact::Reports(_)
        | Fact::Runs
        | Fact::Finds
        | Fact::Address
        | Fact::Input
        | Fact::Refuted => false,
    });
    let values: Vec<Stored> = world.values().collect();
    let pairs = values.iter().flat_map(|&one| values.iter().map(move |&other| vec![one, other]));
    let histories = values.iter().map(|&value| vec![value]).chain(pairs);
    for history in histories.filter(|_| !shown) {
        for attempted in values.iter().copied().map(Some).chain([None]) {
            let [was, is] = [0, 1].map(|version| {
                let names = machines[version].phases.iter().map(|phase| phase.name.as_str());
                let views = world.views(version, &history, attempted);
                names.zip(views.iter().map(|view| view.as_str())).collect::<Vec<_>>()
            });
            if was != is {
                missed.push(format!("{history:?}: {was:?}, {is:?}"));
            }
        }
    }
    // What jobs rely on.
    let world = &world;
    let relied = |version: usize| -> BTreeMap<(&str, usize, usize, Stored), bool> {
        let machine = machines[version];
        let of = |job| {
            let reports = machine.reports(job).into_iter();
            reports.flat_map(move |report| {
                let kind = match report.kind {
                    ReportKind::Start => 0,
                    ReportKind::Milestone(_) => 1,
                    ReportKind::Outcome => 2,
                };
                let outcomes = report.outcomes;
                let ends = [outcomes.success, outcomes.failure, outcomes.cancelled];
                ends.into_iter().enumerate().filter_map(move |(at, state)| {
                    let value = world.value(version, state?);
                    let name = machine.job(job).name.as_str();
                    Some(((name, kind, at, value), !report.tolerated))
                })
            })
        };
        machine.job_ids().flat_map(of).collect()
    };
    let before = relied(0);
    for (report, _) in relied(1).into_iter().filter(|(_, relies)| *relies) {
        if before.get(&report) == Some(&false) && !facts.contains(&Fact::Relies(report.3)) {
            missed.push(format!("{report:?}: relied on now"));
        }
    }
    // What jobs do.
    let jobs = |version: usize| {
        let machine = machines[version];
        let text = |state| world.text(world.value(version, state));
        let of = |job| -> Vec<_> {
            let said = |report: phasegate_codegen::machine::Report| {
                let of = |state: Option<_>| state.map(text);
                let outcomes = report.outcomes;
                let of = [of(outcomes.success), of(outcomes.failure), of(outcomes.cancelled)];
                (report.kind == ReportKind::Outcome, of, report.tolerated)
            };
            machine.reports(job).into_iter().map(said).collect()
        };
        // By what they say, for by what they are called no one goes.
        let job = |job| {
            let mut needs: Vec<_> = machine.job(job).needs.iter().map(|&need| of(need)).collect();
            needs.sort();
            (machine.job(job).always, machine.job(job).skippable, needs, of(job))
        };
        let mut jobs: Vec<_> = machine.job_ids().map(job).collect();
        jobs.sort();
        jobs
    };
    let told =
        facts.iter().any(|fact| matches!(fact, Fact::Runs | Fact::Reports(_) | Fact::Knows(_)));
    if jobs(0) != jobs(1) && !told {
        missed.push("what jobs do".to_owned());
    }
    missed
}

/// A table whose column holds numbers.
const TICKET: &str = r#"format = 1
machine = { name = "ticket", initial = "new" }
state = [{ name = "new", number = 0 }, { name = "open", number = 1 }, { name = "closed", number = 2, outcome = "success" }]
transition = [{ path = ["new", "open", "closed"] }]
[target.sql]
owns = false
storage = "integer"
null = "new"
"#;

/// The tables that are changed: small ones, and all of the tests.
fn tables() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/tables");
    let files = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let all = names.into_iter().map(|name| {
        let text = text_of(&format!("tests/tables/{name}"));
        (name, text)
    });
    let small = [("gate", GATE), ("ship", SHIP), ("ticket", TICKET)]
        .map(|(name, text)| (name.into(), text.into()));
    small.into_iter().chain(all).collect()
}

/// So many changes of each key of a table are tried; of the first tables all.
const OF_EACH: usize = 2;

#[test]
fn whatever_a_layer_answers_otherwise_a_fact_is_otherwise() {
    let keys = keys();
    let (mut tried, mut told) = (BTreeMap::<String, usize>::new(), BTreeSet::new());
    for (at, (name, text)) in tables().into_iter().enumerate() {
        let table: Table = text.parse().unwrap();
        let old = toml::to_string(&table).unwrap();
        let mut of_each = BTreeMap::<String, usize>::new();
        for (key, next) in changed(&table, &keys) {
            let count = of_each.entry(key.clone()).or_default();
            let new = toml::to_string(&next).unwrap();
            if at > 1 && *count >= OF_EACH
                || old == new
                || Version::new("new", "new.toml", new.as_bytes()).is_err()
            {
                continue;
            }
            *count += 1;
            *tried.entry(key.clone()).or_default() += 1;
            for (old, new) in [(&old, &new), (&new, &old)] {
                let versions = versions(old, new);
                let changes = changes(&versions[0], &versions[1]);
                told.extend((!changes.is_empty()).then(|| key.clone()));
                let missed = missed(&versions, &changes);
                assert!(missed.is_empty(), "{name}, {key}: {missed:?}\n# OLD\n{old}\n# NEW\n{new}");
            }
        }
    }
    // Nothing is proven of keys that were not changed.
    for (section, keys) in keys {
        for key in keys {
            let key = format!("{section}.{key}");
            assert!(tried.contains_key(&key), "{key} was never changed: {tried:?}");
        }
    }
    assert!(tried.values().sum::<usize>() > 1000 && told.len() > 25, "{tried:?} {told:?}");
}

#[test]
fn whatever_goes_wrong_for_a_changed_key_has_a_change_that_is_its_reason() {
    let keys = keys();
    let mut broken = 0;
    for (name, text) in [("gate", GATE), ("ship", SHIP), ("tcp", &text_of("tests/tables/tcp.toml"))]
    {
        let table: Table = text.parse().unwrap();
        let old = toml::to_string(&table).unwrap();
        let mut of_each = BTreeMap::<String, usize>::new();
        for (key, next) in changed(&table, &keys) {
            let new = toml::to_string(&next).unwrap();
            let count = of_each.entry(key.clone()).or_default();
            if *count >= OF_EACH
                || old == new
                || Version::new("new", "new.toml", new.as_bytes()).is_err()
            {
                continue;
            }
            *count += 1;
            for (old, new) in [(&old, &new), (&new, &old)] {
                let versions = versions(old, new);
                let comparison = compare(&versions, 0, 1);
                let said = || format!("{name}, {key}\n# OLD\n{old}\n# NEW\n{new}");
                assert!(comparison.beside.is_empty(), "{:?} {}", comparison.beside, said());
                for judged in &comparison.mixes {
                    let is_broken = matches!(judged.verdict, MixSafety::Broken(_));
                    let mut changes = comparison.changes.iter();
                    let has_reason = changes.any(|one| one.breaks.contains(&judged.mix));
                    assert!(has_reason || !is_broken, "{judged:?} {}", said());
                    broken += usize::from(is_broken);
                }
            }
        }
    }
    assert!(broken > 300, "{broken}");
}

/// A table without its last row of a kind.
fn without_the_last(section: &str, text: &str) -> String {
    let mut table: Table = text.parse().unwrap();
    table[section].as_array_mut().unwrap().pop().unwrap();
    toml::to_string(&table).unwrap()
}

/// What is wrong by a rule's change, either way round.
fn reasons(one: &str, other: &str) -> Vec<Vec<(&'static str, bool, bool)>> {
    let of = |(old, new): (&str, &str)| {
        let versions = versions(old, new);
        let comparison = compare(&versions, 0, 1);
        assert!(comparison.beside.is_empty(), "{:?}", comparison.beside);
        let safe = |version| {
            let all = Mix::all(version);
            let judged = comparison.mixes.iter().find(|judged| judged.mix == all).unwrap();
            matches!(judged.verdict, MixSafety::Safe)
        };
        assert!(safe(0), "{:?}", comparison.mixes);
        let changes = comparison.changes.iter();
        let told = changes.map(|one| {
            let is_error = one.severity == Severity::Error;
            (one.change.rule.id, is_error, one.classes.contains(&Class::LeftOpen))
        });
        told.collect()
    };
    [(one, other), (other, one)].map(of).into()
}

/// While a backend is replaced a row is in a state that one version's application moves on from and
/// the other's runs: a job that is gone took that step.
#[test]
fn that_a_job_is_gone_is_the_reason_of_rows_that_nobody_brings_to_an_end() {
    let whole = text_of("migrations/tables/0001.toml");
    let told = reasons(&whole, &without_the_last("job", &whole));
    assert!(told[0].contains(&("job-removed", true, true)), "{told:?}");
    assert!(told[1].contains(&("job-added", true, true)), "{told:?}");
}

/// The older version has no end at all: a row that comes to one only by the newer version's table is
/// left open by the older one.
#[test]
fn that_a_state_is_an_end_to_one_version_alone_is_the_reason_of_rows_that_end_in_no_other() {
    let whole = text_of("tests/tables/tcp.toml");
    let told = reasons(&whole, &without_the_last("transition", &whole));
    let is_reason = |one: &(&str, bool, bool)| (one.0, one.1) == ("outcome-changed", true);
    assert!(told.iter().all(|told| told.iter().any(is_reason)), "{told:?}");
    assert!(told[1].contains(&("outcome-changed", true, true)), "{told:?}");
}
