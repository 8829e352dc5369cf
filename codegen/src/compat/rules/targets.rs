//! Rules on what the layers are called and where they find each other.

use super::{Apart, Changes, Pair, Side};
use crate::compat::facts::Fact;
use crate::emit::sql::{KeyColumn, Mode, Sql, SqlTarget};
use crate::emit::workflow::{Credential, Workflow, WorkflowTarget};

fn sql<'v>(pair: &Pair<'v>) -> (Option<&'v SqlTarget>, Option<&'v SqlTarget>) {
    let of = |side: Side| pair.machine(side).targets.sql();
    (of(Side::Old), of(Side::New))
}

fn sql_at(pair: &Pair<'_>, side: Side) -> std::ops::Range<usize> {
    pair.target_at(side, |version| version.table.target.of::<Sql>())
}

pub(super) fn machine(pair: &Pair<'_>, changes: &mut Changes) {
    let (was, is) = (&pair.machine(Side::Old).name, &pair.machine(Side::New).name);
    if was != is {
        let message = format!("the machine is called `{is}` now, and was `{was}`");
        let at = pair.new.table.machine.name.span();
        let facts = [Fact::Finds, Fact::Address];
        changes.add(Side::New, at, format!("machine {was} -> {is}"), message, facts);
        changes.way(format!("keep `name = \"{was}\"` (`title` is what people read)"));
    }
}

pub(super) fn address(pair: &Pair<'_>, changes: &mut Changes) {
    let (was, is) = (pair.machine(Side::Old).collection(), pair.machine(Side::New).collection());
    if was != is {
        let message = format!("reports go to /api/{is} now, and went to /api/{was}");
        let at = sql_at(pair, Side::New);
        changes.add(Side::New, at, format!("address {was} -> {is}"), message, [Fact::Address]);
        changes.way(format!("keep the address /api/{was}, or serve both"));
    }
}

/// A key of a target that is otherwise now.
fn key(
    changes: &mut Changes,
    at: std::ops::Range<usize>,
    section: &str,
    (key, was, is): (&str, &str, &str),
    quote: &str,
    fact: Option<Fact>,
) {
    if was != is {
        let message = format!(
            "`{key}` of [target.{section}] is {quote}{is}{quote} now, and was {quote}{was}{quote}"
        );
        changes.add(Side::New, at, format!("{section} {key} {was} -> {is}"), message, fact);
        if let Some(way) = way_to_keep(section, key, was) {
            changes.way(way);
        }
    }
}

/// How a running version goes on finding what it looks for, where a key says what that is called.
fn way_to_keep(section: &str, key: &str, was: &str) -> Option<String> {
    match (section, key) {
        ("workflow", "id_input") => Some(format!(
            "keep `id_input = \"{was}\"`, or declare both inputs in the workflow until no older console \
             runs"
        )),
        ("sql", "schema" | "table" | "key" | "column" | "events") => {
            Some(format!("keep `{key}` as it was (`{was}`)"))
        }
        _ => None,
    }
}

/// What is said of each column of a key.
fn listed(key: &[KeyColumn], of: impl Fn(&KeyColumn) -> &str) -> String {
    key.iter().map(of).collect::<Vec<_>>().join(", ")
}

pub(super) fn names(pair: &Pair<'_>, changes: &mut Changes) {
    let (Some(was), Some(is)) = sql(pair) else { return };
    let or = |name: &'_ Option<String>, none: &'static str| {
        name.clone().unwrap_or_else(|| none.to_owned())
    };
    let keys = [was, is].map(|of| {
        let (schema, events) = (or(&of.schema, "public"), or(&of.events, "(none)"));
        [schema, of.table.clone(), listed(&of.key, |key| &key.name), of.column.clone(), events]
    });
    for (at, name) in ["schema", "table", "key", "column", "events"].into_iter().enumerate() {
        let (was, is) = (&keys[0][at], &keys[1][at]);
        key(changes, sql_at(pair, Side::New), "sql", (name, was, is), "`", Some(Fact::Finds));
    }
}

pub(super) fn target(pair: &Pair<'_>, changes: &mut Changes) {
    let (side, what) = match sql(pair) {
        (None, Some(_)) => (Side::New, "is new: databases from before have no guards"),
        (Some(_), None) => (Side::Old, "is gone: nothing counts on the guards any more"),
        (Some(_), Some(_)) | (None, None) => return,
    };
    let message = format!("[target.sql] {what}");
    changes.add(side, sql_at(pair, side), "sql", message, [Fact::Finds]);
    changes.way(match side {
        Side::New => "migrate the database first, and roll out the backend in a later release",
        Side::Old => "keep [target.sql] until no backend counts on it",
    });
}

pub(super) fn shape(pair: &Pair<'_>, changes: &mut Changes) {
    let (Some(was), Some(is)) = sql(pair) else { return };
    let word = |text: String| text.to_lowercase();
    let keys = [was, is].map(|of| {
        let dialects: Vec<&str> = of.dialects.iter().map(|dialect| dialect.as_str()).collect();
        let storage = word(format!("{:?}", of.storage));
        let key_type = listed(&of.key, |key| key.of.as_str());
        let null = of.null.clone().unwrap_or_else(|| "(none)".to_owned());
        let columns = of.columns.iter().map(|(name, of)| format!("{name} {}", of.as_str()));
        let columns = columns.collect::<Vec<_>>().join(", ");
        let columns = if columns.is_empty() { "(none)".to_owned() } else { columns };
        [dialects.join(", "), storage, key_type, of.owns.to_string(), null, columns]
    });
    const KEYS: [&str; 6] = ["dialects", "storage", "key_type", "owns", "null", "columns"];
    for (at, name) in KEYS.into_iter().enumerate() {
        let (was, is) = (&keys[0][at], &keys[1][at]);
        key(changes, sql_at(pair, Side::New), "sql", (name, was, is), "", None);
    }
}

pub(super) fn mode(pair: &Pair<'_>, changes: &mut Changes) {
    let (Some(was), Some(is)) = sql(pair) else { return };
    let what = match (was.mode, is.mode) {
        (Mode::Observe, Mode::Enforce) => {
            "enforces now: what it let through and marked until now is refused, and its migration is, \
             too, while rows are in states that the table lacks"
        }
        (Mode::Enforce, Mode::Observe) => {
            "only observes now: what no transition allows is let through and marked"
        }
        (Mode::Observe, Mode::Observe) | (Mode::Enforce, Mode::Enforce) => return,
    };
    let subject = format!("sql mode {} -> {}", was.mode.as_str(), is.mode.as_str());
    let message = format!("the guard {what}");
    changes.add(Side::New, sql_at(pair, Side::New), subject, message, []);
    changes.apart(Apart::Beyond);
}

fn workflow(
    pair: &Pair<'_>,
    changes: &mut Changes,
    name: &str,
    of: impl Fn(&WorkflowTarget) -> &str,
    fact: Option<Fact>,
) -> bool {
    let target = |side: Side| pair.machine(side).targets.workflow();
    let (Some(was), Some(is)) = (target(Side::Old), target(Side::New)) else { return false };
    let at = pair.target_at(Side::New, |version| version.table.target.of::<Workflow>());
    key(changes, at, "workflow", (name, of(was), of(is)), "`", fact);
    of(was) != of(is)
}

pub(super) fn id_input(pair: &Pair<'_>, changes: &mut Changes) {
    workflow(pair, changes, "id_input", |target| &target.id_input, Some(Fact::Input));
}

pub(super) fn credential(pair: &Pair<'_>, changes: &mut Changes) {
    fn of(target: &WorkflowTarget) -> &'static str {
        match target.credential {
            Credential::Token => "token",
            Credential::Oidc => "oidc",
        }
    }
    if workflow(pair, changes, "credential", |target| of(target), None) {
        changes.apart(Apart::Beyond);
    }
}

pub(super) fn action(pair: &Pair<'_>, changes: &mut Changes) {
    workflow(pair, changes, "action", |target| &target.action, None);
}
