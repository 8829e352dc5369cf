//! Where expressions may stand in a workflow, and what each may ask for there: GitHub's documentation,
//! "Contexts reference", section "Context availability".

/// A place: the keys that lead there (`*` is any), its contexts besides `github`, and the functions that
/// only some places have.
struct Place(&'static [&'static str], &'static [&'static str], &'static [&'static str]);

const STATUS: &[&str] = &["always", "cancelled", "success", "failure"];
const CONDITION: &[&str] = &["always", "cancelled", "success", "failure", "hashfiles"];
const FILES: &[&str] = &["hashfiles"];
const GIVEN: &[&str] = &["inputs", "vars"];
const NEEDS: &[&str] = &["needs", "vars", "inputs"];
const LEGS: &[&str] = &["needs", "strategy", "matrix", "vars", "inputs"];
const STEP: &[&str] =
    &["needs", "strategy", "matrix", "job", "runner", "env", "vars", "secrets", "steps", "inputs"];
const STEP_IF: &[&str] =
    &["needs", "strategy", "matrix", "job", "runner", "env", "vars", "steps", "inputs"];

const PLACES: &[Place] = &[
    Place(&["run-name"], GIVEN, &[]),
    Place(&["concurrency"], GIVEN, &[]),
    Place(&["env"], &["secrets", "inputs", "vars"], &[]),
    Place(&["on", "workflow_call", "inputs", "*", "default"], GIVEN, &[]),
    Place(&["on", "workflow_call", "outputs", "*", "value"], &["jobs", "vars", "inputs"], &[]),
    Place(&["jobs", "*", "concurrency"], LEGS, &[]),
    Place(&["jobs", "*", "container"], LEGS, &[]),
    Place(
        &["jobs", "*", "container", "credentials"],
        &["needs", "strategy", "matrix", "env", "vars", "secrets", "inputs"],
        &[],
    ),
    Place(&["jobs", "*", "container", "env"], STEP, &[]),
    Place(&["jobs", "*", "continue-on-error"], LEGS, &[]),
    Place(
        &["jobs", "*", "defaults", "run"],
        &["needs", "strategy", "matrix", "env", "vars", "inputs"],
        &[],
    ),
    Place(
        &["jobs", "*", "env"],
        &["needs", "strategy", "matrix", "vars", "secrets", "inputs"],
        &[],
    ),
    Place(&["jobs", "*", "environment"], LEGS, &[]),
    Place(&["jobs", "*", "environment", "url"], STEP_IF, &[]),
    Place(&["jobs", "*", "if"], NEEDS, STATUS),
    Place(&["jobs", "*", "name"], LEGS, &[]),
    Place(&["jobs", "*", "outputs"], STEP, &[]),
    Place(&["jobs", "*", "runs-on"], LEGS, &[]),
    Place(
        &["jobs", "*", "secrets"],
        &["needs", "strategy", "matrix", "secrets", "inputs", "vars"],
        &[],
    ),
    Place(&["jobs", "*", "services"], LEGS, &[]),
    Place(
        &["jobs", "*", "services", "*", "credentials"],
        &["needs", "strategy", "matrix", "env", "vars", "secrets", "inputs"],
        &[],
    ),
    Place(&["jobs", "*", "services", "*", "env"], STEP, &[]),
    Place(&["jobs", "*", "steps", "*"], STEP, FILES),
    Place(&["jobs", "*", "steps", "if"], STEP_IF, CONDITION),
    Place(&["jobs", "*", "strategy"], NEEDS, &[]),
    Place(&["jobs", "*", "timeout-minutes"], LEGS, &[]),
    Place(&["jobs", "*", "with"], LEGS, &[]),
];

/// What an expression may ask for at a place.
#[derive(Clone, Copy)]
pub(super) struct Allowed {
    contexts: &'static [&'static str],
    functions: &'static [&'static str],
}

/// What may be asked for where some keys lead to; none where expressions are not reported.
pub(super) fn allowed(way: &[&str]) -> Option<Allowed> {
    let leads = |Place(keys, ..): &&Place| {
        let is_same = |(key, step): (&&str, &&str)| *key == "*" || key == step;
        keys.len() <= way.len() && keys.iter().zip(way).all(is_same)
    };
    // Of several the longer one, and of two alike the one that names the key.
    let named = |keys: &[&str]| keys.iter().filter(|key| **key != "*").count();
    let found = PLACES.iter().filter(leads).max_by_key(|Place(keys, ..)| (keys.len(), named(keys)));
    found.map(|&Place(_, contexts, functions)| Allowed { contexts, functions })
}

impl Allowed {
    /// Whether a context is there.
    pub(super) fn has(self, context: &str) -> bool {
        context == "github" || self.contexts.contains(&context)
    }

    /// Whether a function is there.
    pub(super) fn takes(self, function: &str) -> bool {
        !CONDITION.contains(&function) || self.functions.contains(&function)
    }

    /// All contexts that are there.
    pub(super) fn contexts(self) -> Vec<&'static str> {
        ["github"].into_iter().chain(self.contexts.iter().copied()).collect()
    }
}
