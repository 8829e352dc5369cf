//! Every run of one version's workflow against backends and databases that may be of others, which
//! may be switched between any two reports: what is found of its reports and ends, and, phase by phase
//! ([`shows`](super::shows)), of what pages show.

use super::exploration::{Class, Degradation, Exploration, Tried, Untried, Witness};
use super::layers::{Value, World};
use super::mix::Layer;
use super::mixed::{LIMITS, Mixed};
use super::receives::Row;
use super::road::Road;
use super::witness::{Trail, witness};
use super::{shows, words};
use crate::runs::Workflow;
use crate::search::{Explored, explore};

/// Explores every run of a version's workflow on this road: it may get on at any moment, and where a
/// backend is being replaced each report comes to either.
pub(super) fn search(
    world: &World<'_>,
    version: usize,
    workflow: &Workflow<'_>,
    road: &Road,
) -> Exploration {
    let mut found = Exploration::default();
    let starts = starts(world, version, road, &mut found);
    let mixed = |shown| Mixed::of(world, version, workflow, road, &starts, shown);
    let explored = explore(mixed(false), LIMITS);
    let Explored { model, known, taken_up, exhausted, .. } = &explored;
    found.exhausted = *exhausted;
    if !exhausted {
        let claim = Untried { workflow: version, shown: None };
        found.untried.insert(claim, *taken_up as u64);
    }
    found.tried = Tried { situations: *taken_up as u64, ..model.tried };
    found.taken.clone_from(&model.taken);
    found.rests_on.clone_from(&model.rests_on);
    found.refusals.clone_from(&model.refusals);
    let trail = |end| Trail::of(known, end);
    for (place, end) in &model.bad {
        let of = || witness(&model.runs, *place, &trail(*end), None);
        found.bad.entry(*place).or_insert_with(of);
        found.lengths.insert(*place, known.length(*end));
    }
    for ((page, class), end) in &model.own {
        let reported = witness(&model.runs, (0, *page, *class), &trail(*end), None);
        found.own.insert((*page, *class), Witness { alone: true, ..reported });
    }
    let name = |job| workflow.name(job).to_owned();
    let refused = model.refused.iter().map(|&(job, value, by, why)| {
        (None, Degradation::Refused { job: name(job), value, by, why })
    });
    let unknown =
        model.unknown.iter().map(|&(page, value)| (Some(page), Degradation::Unknown { value }));
    for (page, degradations) in refused.chain(unknown) {
        found.degradations.entry(page).or_default().insert(degradations);
    }
    if world.has(Layer::Page) && found.exhausted {
        shows::search(&explore(mixed(true), LIMITS), &mut found);
    }
    found
}

/// The runs that begin on a road; and what goes wrong where none can.
fn starts(world: &World<'_>, version: usize, road: &Road, found: &mut Exploration) -> Vec<Row> {
    let own = world.initial(version);
    let begins = road.start();
    let receiver = road.receiver(begins);
    let mut starts = Vec::new();
    for start in words::started(world, road, found) {
        if let Some(input) = world.undeclared(version, receiver) {
            let witness = || words::no_run(world, version, receiver, start, input);
            found.bad.entry((begins.place, None, Class::LeftOpen)).or_insert_with(witness);
            continue;
        }
        // A start that the workflow's own version does not know stands for any of its own.
        let same: Vec<Value> = own.iter().copied().filter(|&own| own == start).collect();
        for &shadow in if same.is_empty() { &own } else { &same } {
            starts.push(Row::start(start, shadow, begins));
        }
    }
    starts
}
