//! What is known of every run of a kept workflow that a console started, before any job of it runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use super::document::{Node, Value};
use super::reading::Reading;
use crate::machine::NeedResult;
use crate::workflow::expression::{self, Held, Known};

/// Which way it is taken in a run what no one knows before.
#[derive(Clone, Debug, Default)]
pub(super) struct Decided {
    /// Whether something that is asked holds.
    pub(super) asked: BTreeMap<String, bool>,
    /// What an input is of which all values are known.
    pub(super) inputs: BTreeMap<String, String>,
}

/// What is known of every run that a console started.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Where the row's id comes from, in small letters: `["inputs", "deploy_id"]`.
    id: Vec<String>,
    /// The inputs that there are, in small letters.
    pub(super) inputs: BTreeMap<String, Input>,
    /// What triggered it, where only one thing can have.
    event: Option<String>,
    /// What may have triggered it, where that is known.
    events: Vec<String>,
    /// What the event's action may be, where that is known.
    actions: Option<Vec<String>>,
    /// The outputs of each job that says which it has; in small letters.
    outputs: BTreeMap<String, BTreeSet<String>>,
    /// The repository and its owner, where the workflow says in which one it runs.
    repository: [Option<String>; 2],
    decided: Decided,
    /// What was asked that is not known.
    pub(super) asked: Mutex<BTreeSet<String>>,
}

/// What an input can be.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Input {
    /// Whether the context holds it as a flag, and no text.
    is_flag: bool,
    /// All that it can be, where that is known.
    pub(super) values: Option<Vec<String>>,
}

impl Facts {
    /// What a context holds at some keys.
    fn of(&self, keys: &[&str]) -> Held {
        let is_dispatched = self.event.as_deref() == Some("workflow_dispatch");
        let whole = |of: &Option<String>| of.clone().map_or(Held::Unknown, Held::Text);
        match keys {
            keys if *keys == self.id => Held::Filled,
            ["github", "event", "inputs", name] if self.id == ["inputs", name] => Held::Filled,
            ["inputs", name] => self.input(name, true),
            // The event has only texts; that of a caller is another.
            ["github", "event", "inputs", name] if is_dispatched => self.input(name, false),
            ["github", "event", "inputs", name] if self.inputs.contains_key(*name) => Held::Unknown,
            ["github", "event", "inputs", _] => Held::Text(String::new()),
            // What starts a run with a row's id is a dispatch, of whatever calls the workflow.
            ["github", "event", key, ..] if !DISPATCHED.contains(key) => Held::Text(String::new()),
            ["github", "event", "action"] => match &self.actions {
                None => Held::Unknown,
                Some(all) => Held::Either(all.iter().cloned().map(Held::Text).collect()),
            },
            ["github", "run_id" | "run_number"] => Held::Filled,
            ["github", "base_ref" | "head_ref"] => Held::Text(String::new()),
            ["github", "event_name"] => match &self.events[..] {
                [] => whole(&self.event),
                [one] => Held::Text(one.clone()),
                several => Held::Either(several.iter().cloned().map(Held::Text).collect()),
            },
            ["github", "event", "repository", "fork"] => Held::Flag(false),
            keys if REPOSITORY.contains(&keys) => whole(&self.repository[0]),
            keys if OWNER.contains(&keys) => whole(&self.repository[1]),
            ["needs", job, "outputs", name] => match self.outputs.get(*job) {
                Some(outputs) if !outputs.contains(*name) => Held::Text(String::new()),
                Some(_) | None => Held::Unknown,
            },
            _ => Held::Unknown,
        }
    }

    /// The outputs that a job has, where it says which.
    pub(super) fn outputs(&self, job: &str) -> Option<Vec<String>> {
        Some(self.outputs.get(job)?.iter().cloned().collect())
    }

    fn input(&self, name: &str, keeps_flags: bool) -> Held {
        let held = |value: &String| match value.as_str() {
            "true" | "false"
                if keeps_flags && self.inputs.get(name).is_some_and(|of| of.is_flag) =>
            {
                Held::Flag(value == "true")
            }
            _ => Held::Text(value.clone()),
        };
        match self.inputs.get(name).map(|input| &input.values) {
            None => Held::Text(String::new()),
            Some(None) => Held::Unknown,
            Some(Some(all)) => match self.decided.inputs.get(name) {
                Some(value) => held(value),
                None => Held::Either(all.iter().map(held).collect()),
            },
        }
    }

    /// Which way something is taken that is not known, wherever it is asked; it is noted down.
    pub(super) fn decide(&self, asked: &str) -> Option<bool> {
        let same = match self.event.as_deref() {
            Some("workflow_dispatch") => asked.replace("github.event.inputs.", "inputs."),
            Some(_) | None => asked.to_owned(),
        };
        let decided = self.decided.asked.get(&same).copied();
        self.asked.lock().ok()?.insert(same);
        decided
    }
}

/// Where nothing is asked of jobs.
impl Known for Facts {
    fn context(&self, keys: &[&str]) -> Held {
        self.of(keys)
    }
}

/// A run in which the jobs that one needs ended so.
pub(super) struct Before<'a> {
    pub(super) needs: Vec<(String, NeedResult)>,
    pub(super) cancelled: bool,
    pub(super) facts: &'a Facts,
}

impl Known for Before<'_> {
    fn names(&self) -> Vec<(String, NeedResult)> {
        self.needs.clone()
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    fn context(&self, keys: &[&str]) -> Held {
        self.facts.context(keys)
    }
}

/// Where the repository's name stands, and its owner's.
const REPOSITORY: [&[&str]; 2] =
    [&["github", "repository"], &["github", "event", "repository", "full_name"]];
const OWNER: [&[&str]; 2] =
    [&["github", "repository_owner"], &["github", "event", "repository", "owner", "login"]];

/// What the event of a dispatch may hold.
const DISPATCHED: [&str; 12] = [
    "action",
    "branch",
    "client_payload",
    "enterprise",
    "inputs",
    "installation",
    "organization",
    "ref",
    "repository",
    "sender",
    "workflow",
    "*",
];

impl Reading<'_> {
    pub(super) fn facts(&self) -> Facts {
        self.facts_where(Decided::default())
    }

    pub(super) fn facts_where(&self, decided: Decided) -> Facts {
        // A called workflow says elsewhere which outputs it has.
        let own = self.document.jobs().iter().filter(|(_, job)| job.get("uses").is_none());
        let outputs = own.filter_map(|(key, job)| {
            let outputs = job.get("outputs").map(|outputs| self.document.resolved(outputs));
            let keys = outputs.map_or(&[][..], Node::entries).iter();
            let keys = keys.filter_map(|(key, _)| key.text().map(str::to_lowercase));
            Some((key.text()?.to_lowercase(), keys.collect()))
        });
        Facts {
            id: self.id_keys.clone(),
            inputs: self.kinds_of_inputs(),
            event: self.event().map(str::to_owned),
            events: self.started_by.iter().map(|event| (*event).to_owned()).collect(),
            actions: self.actions(),
            outputs: outputs.collect(),
            repository: [&REPOSITORY, &OWNER].map(|ways| self.the_one(ways)),
            decided,
            ..Facts::default()
        }
    }

    /// What the action of the event may be by which the console starts it: one of its `types`.
    fn actions(&self) -> Option<Vec<String>> {
        if self.event()? != "repository_dispatch" {
            return Some(vec![String::new()]);
        }
        let event =
            self.document.resolved(self.document.root.get("on")?).get("repository_dispatch")?;
        let types = self.document.resolved(event).get("types")?.texts();
        (!types.is_empty()).then(|| types.into_iter().map(str::to_owned).collect())
    }

    /// What is known where the row's id comes from elsewhere.
    pub(super) fn facts_of(&self, id: &[String]) -> Facts {
        Facts { id: id.to_vec(), ..self.facts() }
    }

    /// What each input can be.
    fn kinds_of_inputs(&self) -> BTreeMap<String, Input> {
        let mut kinds: BTreeMap<String, Input> = BTreeMap::new();
        for trigger in ["workflow_dispatch", "workflow_call"] {
            for (key, input) in self.inputs(trigger).map_or(&[][..], Node::entries) {
                let Some(name) = key.text().map(str::to_lowercase) else { continue };
                let kind = kind(self.document.resolved(input));
                let kind = match kinds.get(&name) {
                    Some(other) if *other != kind => Input::default(),
                    Some(_) | None => kind,
                };
                kinds.insert(name, kind);
            }
        }
        for (name, values) in &self.given {
            if let Some(input) = kinds.get_mut(name) {
                input.values = Some(values.clone());
            }
        }
        kinds
    }

    /// What a context holds that is one thing in all runs that consoles start, where conditions say
    /// which: they keep forks out, whose runs no console starts.
    fn the_one(&self, ways: &[&[&str]]) -> Option<String> {
        fn conditions<'n>(node: &'n Node, found: &mut Vec<&'n str>) {
            match &node.value {
                Value::Scalar { .. } | Value::Alias(_) => {}
                Value::List { items, .. } => items.iter().for_each(|item| conditions(item, found)),
                Value::Map { entries, .. } => {
                    for (key, value) in entries {
                        found.extend(value.text().filter(|_| key.text() == Some("if")));
                        conditions(value, found);
                    }
                }
            }
        }
        let mut texts = Vec::new();
        conditions(&self.document.root, &mut texts);
        let mut is = BTreeMap::new();
        for text in texts.into_iter().filter(|text| text.to_lowercase().contains("repository")) {
            for way in ways {
                for (name, equal) in expression::compared(text, way)? {
                    *is.entry(name).or_insert(false) |= equal;
                }
            }
        }
        let mut named = is.iter().filter(|(_, equal)| **equal).map(|(name, _)| name.clone());
        match (named.next(), named.next()) {
            (Some(one), None) => Some(one),
            (Some(_), Some(_)) => None,
            // It is none of those that it must not be.
            (None, _) => (!is.is_empty()).then(|| "/".to_owned()),
        }
    }
}

fn kind(input: &Node) -> Input {
    let text = |key: &str| input.get(key).and_then(Node::text);
    match text("type") {
        Some("boolean") => {
            Input { is_flag: true, values: Some(vec!["true".to_owned(), "false".to_owned()]) }
        }
        Some("choice") => {
            let options = input.get("options").map(Node::texts).unwrap_or_default();
            let mut all: Vec<String> = options.into_iter().map(str::to_owned).collect();
            // What no one has to give may be nothing.
            if text("required") != Some("true") && text("default").is_none() {
                all.push(String::new());
            }
            Input { is_flag: false, values: Some(all) }
        }
        Some(_) | None => Input::default(),
    }
}
