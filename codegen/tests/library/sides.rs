//! Two versions, and what is read of their comparison.
#![allow(dead_code, reason = "each test of the folder uses some of it")]

use phasegate_codegen::compat::{Class, Comparison, Layer, Mix, MixSafety, Orders, Version};

/// An older version and a newer one.
pub(crate) fn versions(old: &str, new: &str) -> Vec<Version> {
    let of = |label, path, text: &str| match Version::new(label, path, text.as_bytes()) {
        Ok(version) => version,
        Err(error) => panic!("{error}\nin: {text}"),
    };
    vec![of("old", "old.toml", old), of("new", "deploy.toml", new)]
}

/// What became of a mix: workflow, backend, database, page.
pub(crate) fn verdict<'c>(comparison: &'c Comparison<'_>, mix: [usize; 4]) -> &'c MixSafety {
    let [workflow, backend, database, page] = mix;
    let mix = Mix { workflow, backend, database, page };
    &comparison.mixes.iter().find(|judged| judged.mix == mix).unwrap().verdict
}

/// The verdict of each mix.
pub(crate) fn words(comparison: &Comparison<'_>) -> Vec<&'static str> {
    comparison.mixes.iter().map(|judged| judged.verdict.as_str()).collect()
}

/// What goes wrong.
pub(crate) fn classes(verdict: &MixSafety) -> Vec<Class> {
    match verdict {
        MixSafety::Broken(bad) => bad.iter().map(|(class, _)| *class).collect(),
        MixSafety::Safe | MixSafety::Degraded(_) | MixSafety::Bounded => Vec::new(),
    }
}

/// The order to take, and where it waits.
pub(crate) fn best(orders: &Orders) -> (Vec<Layer>, Vec<usize>) {
    let best = orders.best().unwrap();
    (best.layers.clone(), best.sound_waits.clone().unwrap())
}

/// Two jobs, of which the first's last report is the one that its phase's page goes by.
pub(crate) const SHIP: &str = r#"format = 1
[machine]
name = "ship"
initial = "q"
[[phase]]
name = "build"
[[phase]]
name = "ship"
[[state]]
name = "q"
[[state]]
name = "building"
phase = "build"
[[state]]
name = "built"
phase = "build"
completes = true
[[state]]
name = "shipped"
phase = "ship"
completes = true
outcome = "success"
[[state]]
name = "failed"
outcome = "failure"
[[transition]]
path = ["q", "building", "built", "shipped"]
[[transition]]
from = "*"
to = "failed"
[[job]]
name = "build"
start = "building"
success = "built"
failure = "failed"
[[job]]
name = "ship"
needs = ["build"]
success = "shipped"
failure = "failed"
[[job]]
name = "conclude"
needs = ["build", "ship"]
always = true
success = "shipped"
failure = "failed"
[target.sql]
[target.js]
[target.workflow]
"#;

/// A gate that may be lost, a job behind it, and one that says how both ended.
pub(crate) const GATE: &str = r#"format = 1
[machine]
name = "gate"
initial = "queued"
[[phase]]
name = "check"
[[phase]]
name = "ship"
[[state]]
name = "queued"
[[state]]
name = "checking"
phase = "check"
optional = true
[[state]]
name = "checked"
phase = "check"
completes = true
optional = true
[[state]]
name = "shipping"
phase = "ship"
[[state]]
name = "shipped"
outcome = "success"
[[state]]
name = "broken"
outcome = "failure"
[[transition]]
path = ["queued", "checking", "checked", "shipping", "shipped"]
[[transition]]
from = "*"
to = "broken"
[[job]]
name = "check"
start = "checking"
success = "checked"
failure = "broken"
[[job]]
name = "ship"
needs = ["check"]
milestones = [{ name = "Ship", state = "shipping" }]
success = "shipped"
failure = "broken"
[[job]]
name = "end"
needs = ["check", "ship"]
always = true
success = "shipped"
failure = "broken"
[target.sql]
[target.workflow]
[target.js]
"#;
