//! What is shown of a row, in the page's words. The words and the icons are those that the element has:
//! there is no second list of them.

use crate::store::{Phase, Snapshot};
use crate::{Machine, Outcome, StateId};
use std::collections::HashMap;
use std::sync::LazyLock;

const ELEMENT: &str = include_str!("assets/phasegate-stepper.js");
const AUDIT: &str = include_str!("assets/audit.js");

type Table = HashMap<&'static str, &'static str>;

static WORDS: LazyLock<Table> = LazyLock::new(|| table(ELEMENT, "STRINGS = Object.freeze({"));
static ICONS: LazyLock<Table> = LazyLock::new(|| table(ELEMENT, "ICONS = Object.freeze({"));
static REFUSALS: LazyLock<Table> = LazyLock::new(|| table(AUDIT, "REFUSALS = {"));
static PROOFS: LazyLock<Table> = LazyLock::new(|| table(AUDIT, "PROOFS = {"));

/// The texts of an object in a script, by their names: a line each.
fn table(script: &'static str, begin: &str) -> Table {
    let (_, rest) = script.split_once(begin).expect("the script has the object");
    let (lines, _) = rest.split_once("\n}").expect("the object ends");
    let text = |line: &'static str| {
        let (name, text) = line.trim().split_once(": \"")?;
        Some((name.trim_matches('"'), text.strip_suffix("\",")?))
    };
    lines.lines().filter_map(text).collect()
}

/// A text of the element's `STRINGS`.
pub(super) fn word(name: &str) -> &'static str {
    WORDS.get(name).expect("the element has a word for all that it shows; a test asks for each")
}

/// The path of a view's icon, in a square of 16.
pub(super) fn icon(look: &str) -> &'static str {
    ICONS.get(look).or_else(|| ICONS.get("neutral")).copied().unwrap_or_default()
}

/// What a refusal means to who reads the log.
pub(super) fn refusal(answer: &str) -> &str {
    REFUSALS.get(answer).copied().unwrap_or(answer)
}

/// How it was known who it was, in words.
pub(super) fn proof(authenticated_by: &str) -> &str {
    PROOFS.get(authenticated_by).copied().unwrap_or(authenticated_by)
}

/// A text with its blanks filled: `{name}` is one.
pub(super) fn fill(text: &str, blanks: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            return filled + "{" + after;
        };
        match blanks.iter().find(|(blank, _)| *blank == name) {
            Some((_, value)) => filled.push_str(value),
            None => filled.extend(["{", name, "}"]),
        }
        rest = after;
    }
    filled + rest
}

/// What the page shows of a row, for those who show it elsewhere: in a terminal, or on a page without
/// script.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Shown {
    /// The state's title; where a step was forced it says so.
    pub status: String,
    /// What the row looks like: the word of a view, `between`, `neutral` or `forced`.
    pub look: &'static str,
    /// The phases.
    pub steps: Vec<ShownStep>,
    /// After an end: the phase that it ended in, what was not reached, and what no one reported.
    pub summary: String,
}

/// What the page shows of a phase.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ShownStep {
    /// The phase's title.
    pub title: String,
    /// What it looks like: the word of its view, or `forced`.
    pub look: &'static str,
    /// The words for it: `in progress`.
    pub label: String,
}

impl Shown {
    /// What is shown of a snapshot, by the machine that judged it.
    pub fn of(machine: &dyn Machine, snapshot: &Snapshot) -> Self {
        let forced_seq =
            snapshot.events.iter().rfind(|event| event.forced.is_some()).map(|event| event.seq);
        let state = machine.find(&snapshot.status);
        let row = Row {
            status: &snapshot.status,
            title: &snapshot.title,
            known: snapshot.known,
            seq: snapshot.seq,
            forced_seq,
        };
        let (status, look) = status(machine, &row);
        let steps = steps(&snapshot.phases, snapshot.known);
        let reason = snapshot.events.last().and_then(|last| last.forced.as_deref());
        let summary = match state.is_some_and(|state| machine.is_ended(state)) {
            true => summary(&steps, &status, reason),
            false => String::new(),
        };
        Self { status, look, steps, summary }
    }
}

/// What is shown of each phase.
pub(super) fn steps(phases: &[Phase], known: bool) -> Vec<ShownStep> {
    let step = |phase: &Phase| ShownStep {
        title: phase.title.clone(),
        look: look(phase),
        label: label(phase, known),
    };
    phases.iter().map(step).collect()
}

/// Whether the run was under way in the phase, or ended in it.
fn is_here(phase: &Phase) -> bool {
    ["active", "failed", "cancelled"].contains(&phase.view)
}

fn look(phase: &Phase) -> &'static str {
    match phase.note {
        Some("forced" | "observed") if !is_here(phase) => "forced",
        Some(_) | None => phase.view,
    }
}

fn label(phase: &Phase, known: bool) -> String {
    let plain = match phase.view {
        "active" if !known => word("lastKnown"),
        // Its note says which of the two.
        "skipped" => word("notReached"),
        view => word(view),
    };
    match phase.note {
        Some("forced" | "observed") if is_here(phase) => fill(word("forced"), &[("label", plain)]),
        Some("forced") => word("forcedPast").to_owned(),
        Some("observed") => word("observedPast").to_owned(),
        Some("outcome-not-reported") => word("outcomeNotReported").to_owned(),
        Some("not-needed") => word("notNeeded").to_owned(),
        Some(_) | None => plain.to_owned(),
    }
}

/// What a row's status is read from.
pub(super) struct Row<'r> {
    pub(super) status: &'r str,
    pub(super) title: &'r str,
    pub(super) known: bool,
    pub(super) seq: i64,
    pub(super) forced_seq: Option<i64>,
}

/// What a row's status is called, and looks like.
pub(super) fn status(machine: &dyn Machine, row: &Row<'_>) -> (String, &'static str) {
    let is_forced = row.forced_seq == Some(row.seq);
    let title = match row.known {
        true => row.title.to_owned(),
        false => fill(word("unknownToAll"), &[("status", row.status)]),
    };
    let title = match row.forced_seq {
        Some(_) if is_forced => fill(word("forcedInto"), &[("title", &title)]),
        Some(_) => fill(word("afterForced"), &[("title", &title)]),
        None => title,
    };
    let Some(state) = machine.find(row.status).filter(|_| row.known) else {
        return (title, "unconfirmed");
    };
    let ended_well = machine.is_ended(state) && !ends_badly(machine, state);
    let look = match machine.outcome(state) {
        _ if is_forced || (row.forced_seq.is_some() && ended_well) => "forced",
        Some(Outcome::Success) => "done",
        Some(Outcome::Failure) => "failed",
        Some(Outcome::Cancelled) => "cancelled",
        Some(Outcome::Neutral) => "neutral",
        None if machine.is_ended(state) => "neutral",
        None if machine.completes(state) => "between",
        None if machine.is_initial(state) => "upcoming",
        None => "active",
    };
    (title, look)
}

fn ends_badly(machine: &dyn Machine, state: StateId) -> bool {
    matches!(machine.outcome(state), Some(Outcome::Failure | Outcome::Cancelled))
}

/// After an end. `reason` is why the last step was forced, where it was.
fn summary(steps: &[ShownStep], status: &str, reason: Option<&str>) -> String {
    let ending = steps.iter().find(|step| ["failed", "cancelled"].contains(&step.look));
    let mut sentences = vec![match ending {
        Some(ending) => fill(word("endedIn"), &[("title", status), ("phase", &ending.title)]),
        None => fill(word("ended"), &[("title", status)]),
    }];
    sentences.extend(reason.map(|reason| fill(word("forcedBecause"), &[("reason", reason)])));
    let kinds = [
        "notReached",
        "unconfirmed",
        "outcomeNotReported",
        "forcedPast",
        "observedPast",
        "notNeeded",
    ];
    for label in kinds.map(word) {
        let found = steps.iter().filter(|step| step.label == label);
        let found: Vec<&str> = found.map(|step| step.title.as_str()).collect();
        if !found.is_empty() {
            let phases = found.join(", ");
            let capital = capital(label);
            sentences.push(fill(word("listed"), &[("label", &capital), ("phases", &phases)]));
        }
    }
    if sentences.len() > 1 || ending.is_some() { sentences.join(" ") } else { String::new() }
}

/// `not reached` gives `Not reached`.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::AuthenticatedBy;

    #[test]
    fn the_element_has_every_word_and_icon() {
        for name in [
            "lastKnown",
            "notReached",
            "notNeeded",
            "failed",
            "cancelled",
            "active",
            "done",
            "unconfirmed",
            "upcoming",
            "forced",
            "forcedPast",
            "observedPast",
            "outcomeNotReported",
            "unknownToAll",
            "forcedInto",
            "afterForced",
            "endedIn",
            "ended",
            "forcedBecause",
            "listed",
            "missing",
        ] {
            assert!(!word(name).is_empty(), "{name}");
        }
        assert!(icon("done").starts_with('m') && icon("upcoming").is_empty());
        assert_eq!(refusal("ended"), "it had ended already");
        assert_ne!(refusal("illegal-transition"), "illegal-transition");
        for by in AuthenticatedBy::ALL.map(AuthenticatedBy::as_str).into_iter().chain(["database"])
        {
            assert!(proof(by).contains(' '), "{by}");
        }
    }

    #[test]
    fn fills_each_blank_once_and_leaves_what_is_none() {
        let blanks = [("a", "{b}"), ("b", "x")];
        assert_eq!(fill("{a} {b} {c} {", &blanks), "{b} x {c} {");
    }
}
