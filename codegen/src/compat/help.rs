//! What to do about a change: the order to roll it out in, where one is safe; else the way round it, or
//! when it may be accepted. It speaks of the layers that the tables have.

use super::layers::World;
use super::mix::Layer;
use super::order::{Before, Order, Orders};
use super::rules::Change;
use super::rules::leaving::entry;
use super::source::Version;
use crate::rules::{self, Rule};

/// No layer of any mix is worse off.
const NOTHING: &str = "nothing has to be done: no mix is the worse for it";

/// What there is to do about the changes between two versions.
pub(super) struct Helps<'c, 'v> {
    new: &'v Version,
    has_runs: bool,
    has_order: bool,
    order: String,
    world: &'c World<'v>,
}

impl<'c, 'v> Helps<'c, 'v> {
    pub(super) fn of(
        world: &'c World<'v>,
        new: &'v Version,
        rollout: &Orders,
        rollback: &Orders,
    ) -> Self {
        let ways = [("roll out", rollout), ("roll back", rollback)];
        let reported: Vec<String> =
            ways.into_iter().filter_map(|(verb, orders)| in_order(verb, orders)).collect();
        let order = match reported.is_empty() {
            true => "nothing has to be done: any order is safe".to_owned(),
            false => reported.join("; "),
        };
        Self {
            new,
            has_runs: world.has(Layer::Workflow),
            has_order: rollout.orders.iter().any(Order::is_sound_beside),
            order,
            world,
        }
    }

    /// What to do about a change for whose sake some mix is worse, and no order of a rollout or of a
    /// rollback helps.
    pub(super) fn of_error(&self, change: &Change) -> String {
        let (way, condition) = (change.way(), self.condition(change.rule));
        match change.comes_of.first() {
            // Nothing but the state itself brings back what comes of it.
            Some(state) => {
                let entry = entry(self.new.leaves_by(state), state);
                format!(
                    "accept it with all else that comes of `{state}` ({entry}) {condition}; or {way}"
                )
            }
            None => format!("{way}; or accept this {condition}"),
        }
    }

    /// What to do about a change that is no error.
    pub(super) fn of_warning(&self, change: &Change, bears: bool) -> String {
        let is_of_mixes = change.apart.is_none();
        match (bears, is_of_mixes) {
            (true, true) if self.has_order => self.order.clone(),
            (false, true) if !BEYOND_MIXES.contains(&change.rule) => NOTHING.to_owned(),
            (true | false, true | false) => change.way().to_owned(),
        }
    }

    /// When a finding of a rule may be accepted.
    fn condition(&self, rule: &'static Rule) -> &'static str {
        let is_of = |rules: &[&Rule]| rules.contains(&rule);
        if is_of(&LEAVING) {
            "once no version runs any more that needs it"
        } else if is_of(&SHOWN) {
            "where pages may show it otherwise until all is of one version"
        } else if is_of(&BY_HAND) {
            "where you see to that by hand"
        } else if is_of(&[rules::REFUTED_ALONE]) {
            "where it may be so"
        } else if is_of(&[rules::ENDS_UNREPORTED]) {
            "where the application ends the rows"
        } else if self.has_runs {
            "where no run is under way during a rollout or a rollback"
        } else if self.world.has(Layer::Database) {
            "where no row is moved during a rollout or a rollback"
        } else {
            "where no row is moved while one backend replaces the other, and none is rolled back"
        }
    }
}

/// What may be taken away once nothing needs it any more.
const LEAVING: [&Rule; 7] = [
    rules::STATE_REMOVED,
    rules::STATE_RETIRED,
    rules::STATE_REQUIRED,
    rules::TRANSITION_REMOVED,
    rules::REPORT_REMOVED,
    rules::JOB_REMOVED,
    rules::TOLERATION_LOST,
];

/// What pages show otherwise.
const SHOWN: [&Rule; 4] = [
    rules::PHASES_REORDERED,
    rules::STATE_PHASE_CHANGED,
    rules::COMPLETES_CHANGED,
    rules::OUTCOME_CHANGED,
];

/// What the tables do not say all of.
const BY_HAND: [&Rule; 5] = [
    rules::MACHINE_RENAMED,
    rules::ADDRESS_CHANGED,
    rules::DATABASE_RENAMED,
    rules::MIGRATION_REFUSED,
    rules::ID_INPUT_CHANGED,
];

/// What is to be done although no mix shows it.
const BEYOND_MIXES: [&Rule; 3] =
    [rules::ACTION_CHANGED, rules::CREDENTIAL_CHANGED, rules::DATABASE_SHAPE];

/// The orders one way in words; nothing where any will do, or none.
fn in_order(verb: &str, orders: &Orders) -> Option<String> {
    let safe = orders.safe();
    if safe == orders.orders.len() {
        return None;
    }
    if safe > 0 {
        let sets = orders.constraints.iter().map(|set| constraint(set));
        return Some(format!("{verb} {}", sets.collect::<Vec<_>>().join(", or ")));
    }
    let best = orders.best().filter(|order| order.is_sound_beside())?;
    let layers = best.layers.iter().map(|layer| format!("the {}", layer.as_str()));
    Some(format!("{verb} {}", layers.collect::<Vec<_>>().join(", then ")))
}

/// What has to come before what, in words.
pub(super) fn constraint(set: &[Before]) -> String {
    let words = set
        .iter()
        .map(|Before(one, other)| format!("the {} before the {}", one.as_str(), other.as_str()));
    words.collect::<Vec<_>>().join(" and ")
}
