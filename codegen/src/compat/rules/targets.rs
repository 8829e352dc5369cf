//! Rules on what the layers are called and where they find each other.

use super::{Apart, Changes, Pair, Side};
use crate::compat::facts::Fact;
use crate::emit::sql::{Mode, Sql, SqlTarget};
use crate::emit::workflow::{Workflow, WorkflowTarget};

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
        changes.tell(
            Side::New,
            at,
            format!("machine {was} -> {is}"),
            message,
            [Fact::Finds, Fact::Address],
        );
    }
}

pub(super) fn address(pair: &Pair<'_>, changes: &mut Changes) {
    let (was, is) = (pair.machine(Side::Old).collection(), pair.machine(Side::New).collection());
    if was != is {
        let message = format!("reports go to /api/{is} now, and went to /api/{was}");
        let at = sql_at(pair, Side::New);
        changes.tell(Side::New, at, format!("address {was} -> {is}"), message, [Fact::Address]);
    }
}

pub(super) fn names(pair: &Pair<'_>, changes: &mut Changes) {
    let (Some(was), Some(is)) = sql(pair) else { return };
    let none = "(none)";
    let public = "public";
    let keys = [
        ("schema", was.schema.as_deref().unwrap_or(public), is.schema.as_deref().unwrap_or(public)),
        ("table", was.table.as_str(), is.table.as_str()),
        ("key", was.key.as_str(), is.key.as_str()),
        ("column", was.column.as_str(), is.column.as_str()),
        ("events", was.events.as_deref().unwrap_or(none), is.events.as_deref().unwrap_or(none)),
    ];
    for (key, was, is) in keys.into_iter().filter(|(_, was, is)| was != is) {
        let message = format!("`{key}` of [target.sql] is `{is}` now, and was `{was}`");
        let subject = format!("sql {key} {was} -> {is}");
        changes.tell(Side::New, sql_at(pair, Side::New), subject, message, [Fact::Finds]);
    }
}

pub(super) fn target(pair: &Pair<'_>, changes: &mut Changes) {
    let (side, what) = match sql(pair) {
        (None, Some(_)) => (Side::New, "is new: databases from before have no guards"),
        (Some(_), None) => (Side::Old, "is gone: nobody counts on the guards any more"),
        (Some(_), Some(_)) | (None, None) => return,
    };
    let message = format!("[target.sql] {what}");
    changes.tell(side, sql_at(pair, side), "sql", message, [Fact::Finds]);
}

pub(super) fn shape(pair: &Pair<'_>, changes: &mut Changes) {
    let (Some(was), Some(is)) = sql(pair) else { return };
    let dialects = |target: &SqlTarget| {
        let names: Vec<&str> = target.dialects.iter().map(|dialect| dialect.as_str()).collect();
        names.join(", ")
    };
    let word = |text: String| text.to_lowercase();
    let keys = [
        ("dialects", dialects(was), dialects(is)),
        ("storage", word(format!("{:?}", was.storage)), word(format!("{:?}", is.storage))),
        ("key_type", word(format!("{:?}", was.key_type)), word(format!("{:?}", is.key_type))),
        ("owns", was.owns.to_string(), is.owns.to_string()),
    ];
    for (key, was, is) in keys.into_iter().filter(|(_, was, is)| was != is) {
        let message = format!("`{key}` of [target.sql] is {is} now, and was {was}");
        let subject = format!("sql {key} {was} -> {is}");
        let at = sql_at(pair, Side::New);
        changes.tell(Side::New, at, subject, message, []);
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
    changes.tell(Side::New, sql_at(pair, Side::New), subject, message, []);
    changes.apart(Apart::Beyond);
}

fn workflow(
    pair: &Pair<'_>,
    changes: &mut Changes,
    key: &str,
    of: impl Fn(&WorkflowTarget) -> &str,
    fact: Option<Fact>,
) {
    let target = |side: Side| pair.machine(side).targets.workflow();
    let (Some(was), Some(is)) = (target(Side::Old), target(Side::New)) else { return };
    let (was, is) = (of(was), of(is));
    if was != is {
        let message = format!("`{key}` of [target.workflow] is `{is}` now, and was `{was}`");
        let at = pair.target_at(Side::New, |version| version.table.target.of::<Workflow>());
        changes.tell(Side::New, at, format!("workflow {key} {was} -> {is}"), message, fact);
    }
}

pub(super) fn id_input(pair: &Pair<'_>, changes: &mut Changes) {
    workflow(pair, changes, "id_input", |target| &target.id_input, Some(Fact::Input));
}

pub(super) fn action(pair: &Pair<'_>, changes: &mut Changes) {
    workflow(pair, changes, "action", |target| &target.action, None);
}
