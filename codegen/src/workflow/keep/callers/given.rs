//! What a job gives the workflow that it calls as the row's id.

use super::super::document::Node;
use super::super::reading::{Found, Reading};
use super::Called;
use crate::machine::NeedResult;
use crate::workflow::expression::{self, Held, Known};

/// What a job gives the workflow that it calls as the row's id.
pub(super) enum Given {
    /// What stands at some keys of a context.
    Context(Vec<String>),
    /// Something else than the row's id, always or in some runs: what stands there, and an input in it.
    Other(String, Option<String>),
    /// Nothing, or what is no row's id.
    Nothing,
}

/// What a job gives as the row's id.
pub(super) fn given(reading: &Reading<'_>, job: Found<'_>, called: &Called<'_>) -> Given {
    // What came with the event of a dispatch is there in whatever it calls.
    if reading.target.is_payload() {
        return Given::Context(
            reading.target.id().to_lowercase().split('.').map(str::to_owned).collect(),
        );
    }
    let with = reading.value(job, "with").map_or(&[][..], Node::entries);
    let is_id = |key: &Node| key.text().is_some_and(|key| key.eq_ignore_ascii_case(&called.id));
    let value = with.iter().find(|(key, _)| is_id(key)).and_then(|(_, value)| value.text());
    let Some(text) = value.filter(|text| text.contains("${{")) else { return Given::Nothing };
    let inputs = expression::ways(text, "inputs");
    let events = expression::ways(text, "github").into_iter().filter(|way| {
        matches!(
            way.iter().map(String::as_str).collect::<Vec<_>>()[..],
            ["github", "event", "inputs", _] | ["github", "event", "client_payload", _, ..]
        )
    });
    let input = |way: &[String]| match way {
        [_, _, inputs, name] if inputs == "inputs" => vec!["inputs".to_owned(), name.clone()],
        way => way.to_vec(),
    };
    let mut ways = inputs.into_iter().chain(events);
    let is_it = |way: &Vec<String>| {
        let facts = reading.facts_of(&input(way));
        let without = Without { facts: &facts, id: input(way) };
        expression::is_always(text, &facts, way)
            && !expression::flag(text, &without).is_ok_and(|is| is.yes)
    };
    // Of several the last one is the value, more often than not.
    let named: Vec<String> = expression::ways(text, "inputs")
        .into_iter()
        .filter_map(|way| way.get(1).cloned())
        .collect();
    let is_id = |name: &&String| name.eq_ignore_ascii_case(&called.id);
    let meant = named.iter().find(is_id).or(named.last()).cloned();
    match ways.find(is_it) {
        Some(way) => Given::Context(input(&way)),
        None => Given::Other(text.to_owned(), meant),
    }
}

/// A run that no console started: the row's id is empty.
struct Without<'a> {
    facts: &'a dyn Known,
    id: Vec<String>,
}

impl Known for Without<'_> {
    fn need(&self, job: &str) -> Option<NeedResult> {
        self.facts.need(job)
    }

    fn needs(&self) -> Vec<NeedResult> {
        self.facts.needs()
    }

    fn before(&self) -> Vec<NeedResult> {
        self.facts.before()
    }

    fn is_cancelled(&self) -> bool {
        self.facts.is_cancelled()
    }

    fn context(&self, keys: &[&str]) -> Held {
        let of_event = keys.strip_prefix(&["github", "event"]).unwrap_or(keys);
        match of_event == self.id || keys == self.id {
            true => Held::Text(String::new()),
            false => self.facts.context(keys),
        }
    }
}
