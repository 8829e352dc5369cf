//! What a job gives the workflow that it calls: the row's id, and its other inputs.

use std::collections::BTreeMap;

use super::super::Around;
use super::super::document::{Document, Node};
use super::super::facts::Facts;
use super::super::inputs::CALLS;
use super::super::lines::Lines;
use super::super::reading::{Reading, WrittenJob};
use super::{Called, is_call};
use crate::workflow::expression::{self, Held, Known};

impl Reading<'_> {
    /// What the jobs that call the workflow with a row's id give its inputs, where nothing else starts it
    /// and all of them say so; in small letters.
    pub(in super::super) fn given_inputs(&self, around: &Around) -> BTreeMap<String, Vec<String>> {
        let mut all: BTreeMap<String, Option<Vec<String>>> = BTreeMap::new();
        let Some(inputs) = self.inputs("workflow_call") else { return BTreeMap::new() };
        if CALLS.iter().any(|trigger| self.has_trigger(trigger)) {
            return BTreeMap::new();
        }
        let (path, id) = (around.file.as_str(), self.target.id_input.clone());
        let called = Called { path, id, is_dispatched: false, groups: Vec::new() };
        for file in &around.others {
            let Ok(document) = Document::read(file.body()) else { continue };
            let lines = Lines::of(file.body());
            let caller = Reading::new(self.machine, self.target, &document, &lines, Vec::new());
            let jobs = document.jobs().iter().map(|(key, value)| WrittenJob { key, value });
            for job in jobs.filter(|job| is_call(*job, path)) {
                if matches!(given(&caller, job, &called), Given::Nothing) {
                    continue;
                }
                let facts = caller.facts();
                for (key, input) in inputs.entries() {
                    let Some(name) = key.text() else { continue };
                    let value = given_to(caller.value(job, "with"), name);
                    let values = values(self.document.resolved(input), value, &facts);
                    let known = all.entry(name.to_lowercase()).or_insert_with(|| Some(Vec::new()));
                    match (known.as_mut(), values) {
                        (Some(known), Some(values)) => known.extend(values),
                        (None, _) | (_, None) => *known = None,
                    }
                }
            }
        }
        all.into_iter()
            .filter_map(|(name, mut values)| {
                values.iter_mut().for_each(|values| {
                    values.sort();
                    values.dedup();
                });
                Some((name, values?))
            })
            .collect()
    }
}

/// What stands at an input among those that a job gives.
fn given_to<'n>(with: Option<&'n Node>, name: &str) -> Option<&'n Node> {
    let is_it = |key: &Node| key.text().is_some_and(|key| key.eq_ignore_ascii_case(name));
    with?.entries().iter().find(|(key, _)| is_it(key)).map(|(_, value)| value)
}

/// All that an input of a called workflow can be by what a job gives it; none where that is not known.
fn values(input: &Node, given: Option<&Node>, facts: &Facts) -> Option<Vec<String>> {
    let kind = input.get("type").and_then(Node::text);
    let text = match (given.or_else(|| input.get("default")), kind) {
        (Some(given), _) => given.text()?,
        (None, Some("boolean")) => "false",
        (None, _) => "",
    };
    let all = expression::texts(text, facts).ok()??;
    let fits = match kind {
        Some("string") => true,
        Some("boolean") => all.iter().all(|text| ["true", "false"].contains(&text.as_str())),
        Some(_) | None => false,
    };
    fits.then_some(all)
}

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
pub(super) fn given(reading: &Reading<'_>, job: WrittenJob<'_>, called: &Called<'_>) -> Given {
    // What came with the event of a dispatch is there in whatever it calls.
    if reading.target.is_payload() {
        return Given::Context(
            reading.target.id().to_lowercase().split('.').map(str::to_owned).collect(),
        );
    }
    let value = given_to(reading.value(job, "with"), &called.id).and_then(Node::text);
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
    facts: &'a Facts,
    id: Vec<String>,
}

impl Known for Without<'_> {
    fn context(&self, keys: &[&str]) -> Held {
        let of_event = keys.strip_prefix(&["github", "event"]).unwrap_or(keys);
        match of_event == self.id || keys == self.id {
            true => Held::Text(String::new()),
            false => self.facts.context(keys),
        }
    }
}
