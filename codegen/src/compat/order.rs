//! Orders: in which layers are rolled out and rolled back, what goes wrong on the way, and which
//! orders keep what goes wrong out.

use std::collections::BTreeSet;

use serde::Serialize;

use super::exploration::{Class, Refusal, Witness};
use super::mix::{Layer, Mix};
use super::mixes::{Mixes, Run};
use super::road::is_replaced;

/// Which way.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Direction {
    /// From old to new.
    Rollout,
    /// From new to old. The database stays: migrations don't go back, and rows in states that an
    /// older database lacks would have nowhere to be.
    Rollback,
}

impl Direction {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rollout => "rollout",
            Self::Rollback => "rollback",
        }
    }
}

/// An order of layers, and what becomes of what runs meanwhile.
#[derive(Clone, Debug)]
pub struct Order {
    /// The layers, first to last.
    pub layers: Vec<Layer>,
    /// The mixes, the one before the first step first.
    pub mixes: Vec<Mix>,
    /// The steps, from 0, before which whatever runs has to end; none where it need not.
    /// Nothing where even that does not help.
    pub waits: Option<Vec<usize>>,
    /// The same, where refusals that are tolerated are let pass.
    pub sound_waits: Option<Vec<usize>>,
    /// What goes wrong where no one waits: the shortest, and what is not tolerated first.
    pub bad: Option<(Mix, Class, Witness)>,
    /// What goes wrong on the way by the newest version's own table, too: no wait helps.
    pub alone: Option<(Mix, Class, Witness)>,
    /// What the refusals on the way rest on, all of them and not the shortest case's only.
    pub(super) refusals: BTreeSet<Refusal>,
    /// Whether all that can happen on the way was tried; else nothing is claimed of it.
    pub exhausted: bool,
}

impl Order {
    /// Whether nothing goes wrong, whatever runs meanwhile.
    pub fn is_safe(&self) -> bool {
        self.alone.is_none() && self.is_safe_beside()
    }

    /// The same, whatever the newest version's own table does wrong.
    pub fn is_safe_beside(&self) -> bool {
        self.waits.as_ref().is_some_and(Vec::is_empty)
    }

    /// Whether nothing goes wrong but refusals that are tolerated.
    pub fn is_sound(&self) -> bool {
        self.alone.is_none() && self.is_sound_beside()
    }

    /// The same, whatever the newest version's own table does wrong.
    pub fn is_sound_beside(&self) -> bool {
        self.sound_waits.as_ref().is_some_and(Vec::is_empty)
    }

    /// What to report of it where it is not safe.
    pub fn worst(&self) -> Option<&(Mix, Class, Witness)> {
        self.alone.as_ref().or(self.bad.as_ref())
    }
}

/// One layer before another.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Before(pub Layer, pub Layer);

/// All orders one way.
#[derive(Clone, Debug)]
pub struct Orders {
    /// Which way.
    pub direction: Direction,
    /// All of them, those preferred first.
    pub orders: Vec<Order>,
    /// The fewest constraints that keep what goes wrong out (of a rollback: what the newer version's
    /// own table does wrong aside): any one of these sets does. Empty where no order is safe; one
    /// empty set where every order is.
    pub constraints: Vec<Vec<Before>>,
}

impl Orders {
    /// Whether this is the way back from a version that goes wrong by its own table: that goes on
    /// until its last run has ended, and is no reason to stay.
    pub fn leaves_what_is_wrong(&self) -> bool {
        let mut alone = self.orders.iter().map(|order| order.alone.is_some());
        self.direction == Direction::Rollback && alone.any(|alone| alone)
    }

    /// The order to take: a safe one; else one in which no more than tolerated reports are refused;
    /// else the one with the fewest waits. None leads to a version that goes wrong by its own table.
    pub fn best(&self) -> Option<&Order> {
        let waits = |order: &&Order| {
            let len = |waits: &Option<Vec<usize>>| waits.as_ref().map_or(usize::MAX, Vec::len);
            (len(&order.sound_waits), len(&order.waits))
        };
        let possible = self.orders.iter();
        let possible =
            possible.filter(|order| order.alone.is_none() || self.leaves_what_is_wrong());
        let possible = possible.filter(|order| order.sound_waits.is_some());
        possible.min_by_key(waits)
    }

    /// How many are of a kind.
    pub(super) fn count(&self, is: fn(&Order) -> bool) -> usize {
        self.orders.iter().filter(|order| is(order)).count()
    }

    /// Whether some order harms no run.
    pub fn has_sound(&self) -> bool {
        self.orders.iter().any(Order::is_sound)
    }

    /// Whether some order is safe, whatever runs meanwhile.
    pub fn has_safe(&self) -> bool {
        self.orders.iter().any(Order::is_safe)
    }

    /// How many are.
    pub fn safe(&self) -> usize {
        self.count(Order::is_safe)
    }
}

/// Every order of the layers one way, between two versions.
pub(super) fn orders(mixes: &Mixes<'_>, direction: Direction, old: usize, new: usize) -> Orders {
    let (from, to) = match direction {
        Direction::Rollout => (old, new),
        Direction::Rollback => (new, old),
    };
    let mut layers = mixes.layers();
    if direction == Direction::Rollback {
        layers.retain(|&layer| layer != Layer::Database);
        layers.reverse();
    }
    let stays = |layer: Layer| direction == Direction::Rollback && layer == Layer::Database;
    let orders: Vec<Order> = permutations(&layers)
        .into_iter()
        .map(|layers| {
            let mut mix = Mix::all(from);
            let mut all = vec![mix];
            for &layer in &layers {
                mix = mix.with(layer, to);
                for other in Layer::ALL {
                    // What there is none of goes with the backend.
                    if !mixes.world.has(other) && layer == Layer::Backend && !stays(other) {
                        mix = mix.with(other, to);
                    }
                }
                all.push(mix);
            }
            judge(mixes, layers, all, old, new)
        })
        .collect();
    let is_safe = match direction {
        Direction::Rollout => Order::is_safe,
        Direction::Rollback => Order::is_safe_beside,
    };
    let constraints = constraints(&layers, &orders, is_safe);
    Orders { direction, orders, constraints }
}

/// All permutations, those that keep the given order longest first.
fn permutations(layers: &[Layer]) -> Vec<Vec<Layer>> {
    if layers.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, &first) in layers.iter().enumerate() {
        let mut rest = layers.to_vec();
        rest.remove(at);
        for mut tail in permutations(&rest) {
            tail.insert(0, first);
            all.push(tail);
        }
    }
    all
}

/// Runs that begin in a mix.
#[derive(Clone, Copy)]
struct Start {
    mix: usize,
    workflow: usize,
    /// Whether the backend of the mix before still answers alongside this one's.
    beside: bool,
}

/// Runs, and the first mix in which something goes wrong for them.
type Worst = (Start, Option<(usize, Class, Witness)>);

fn judge(mixes: &Mixes<'_>, layers: Vec<Layer>, all: Vec<Mix>, old: usize, new: usize) -> Order {
    // Runs that begin in each mix: of its workflow, and in the first of either, for some may be
    // left from before. Each lives as long as it likes.
    let mut starts: Vec<Start> =
        [old, new].map(|workflow| Start { mix: 0, workflow, beside: false }).to_vec();
    starts.retain(|start| {
        // Where an older run fails before anything is rolled back that is the rollout's affair.
        let run = Run { workflow: old, begins: 0 };
        let left = || is_rollback(&all, old) && mixes.first_bad(run, &all[..1], true).is_none();
        start.workflow == all[0].workflow || left()
    });
    for mix in 1..all.len() {
        let start = Start { mix, workflow: all[mix].workflow, beside: false };
        starts.push(start);
        if is_replaced(&mixes.world, all[mix - 1].receiver(), all[mix].receiver()) {
            starts.push(Start { beside: true, ..start });
        }
    }
    // What such a run lives through.
    let lives = |start: &Start| {
        let begins = usize::from(start.beside);
        (Run { workflow: start.workflow, begins }, &all[start.mix - begins..])
    };
    let exhausted = starts.iter().map(lives).all(|(run, on)| mixes.is_exhausted(run, on));
    let refusals = starts.iter().map(lives).flat_map(|(run, on)| mixes.refusals(run, on)).collect();
    // For each start the mix in which the first thing goes wrong.
    let worst = |tolerated: bool| -> Vec<Worst> {
        let first = |start: &Start| {
            let (run, on) = lives(start);
            let first = mixes.first_bad(run, on, tolerated);
            let at = |further| start.mix - run.begins + further;
            (*start, first.map(|(further, class, witness)| (at(further), class, witness)))
        };
        starts.iter().map(first).collect()
    };
    let (any, hard) = (worst(true), worst(false));
    let steps = layers.len();
    let waits = exhausted.then(|| waits(&any, steps)).flatten();
    let sound_waits = exhausted.then(|| self::waits(&hard, steps)).flatten();
    let bad = hard.into_iter().chain(any).filter_map(|(_, first)| first);
    let bad = bad.min_by_key(|(_, _, witness)| (witness.tolerated, witness.path.0.len()));
    let bad = bad.map(|(at, class, witness)| (all[at], class, witness));
    let alone = all.iter().find_map(|&mix| {
        let (class, witness) = mixes.alone(mix).into_iter().next()?;
        Some((mix, class, witness))
    });
    Order { layers, mixes: all, waits, sound_waits, bad, alone, refusals, exhausted }
}

/// The steps before which to wait so that nothing goes wrong: as few as will do, as late as can be.
/// Who waits before a step lets no run live through it, and starts none until it is done.
fn waits(worst: &[Worst], steps: usize) -> Option<Vec<usize>> {
    let mut sets: Vec<u32> = (0..1_u32 << steps).collect();
    sets.sort_by_key(|set| (set.count_ones(), std::cmp::Reverse(*set)));
    let waits_before = |step: usize, set: u32| set >> step & 1 == 1;
    let lives_until = |start: usize, set: u32| {
        // Step `n` leads from mix `n` to the next: who waits before it keeps a run from it.
        (start..steps).find(|&step| waits_before(step, set)).unwrap_or(steps)
    };
    let holds = |set: &u32| {
        worst.iter().all(|(start, first)| {
            let never_begins = start.beside && waits_before(start.mix - 1, *set);
            let goes_well = |bad: usize| bad > lives_until(start.mix, *set);
            never_begins || first.as_ref().is_none_or(|(bad, _, _)| goes_well(*bad))
        })
    };
    let set = sets.into_iter().find(holds)?;
    Some((0..steps).filter(|&step| waits_before(step, set)).collect())
}

fn is_rollback(all: &[Mix], old: usize) -> bool {
    all.first().is_some_and(|first| first.backend != old)
}

/// The smallest sets of constraints that only safe orders fulfil, as many as it takes for all of
/// them.
fn constraints(
    layers: &[Layer],
    orders: &[Order],
    is_safe_order: fn(&Order) -> bool,
) -> Vec<Vec<Before>> {
    let all: Vec<Before> = layers
        .iter()
        .flat_map(|&one| layers.iter().map(move |&other| Before(one, other)))
        .filter(|Before(one, other)| one != other)
        .collect();
    let holds = |set: &[Before], order: &Order| {
        let place = |layer| order.layers.iter().position(|&one| one == layer);
        set.iter().all(|&Before(one, other)| place(one) < place(other))
    };
    let mut chosen: Vec<Vec<Before>> = Vec::new();
    let mut sets: Vec<Vec<Before>> = vec![Vec::new()];
    for _ in 0..=layers.len() {
        let is_safe = |set: &&Vec<Before>| {
            let mut fulfilling = orders.iter().filter(|order| holds(set, order)).peekable();
            fulfilling.peek().is_some() && fulfilling.all(is_safe_order)
        };
        let safe: Vec<&Vec<Before>> = sets.iter().filter(is_safe).collect();
        // Those first that say most.
        loop {
            let is_new = |order: &&Order, set: &[Before]| {
                holds(set, order) && !chosen.iter().any(|other| holds(other, order))
            };
            let says = |set: &[Before]| orders.iter().filter(|order| is_new(order, set)).count();
            // Of those that say as much the first.
            let most = safe.iter().rev().max_by_key(|set| says(set)).filter(|set| says(set) > 0);
            match most {
                Some(set) => chosen.push((*set).clone()),
                None => break,
            }
        }
        sets = sets
            .iter()
            .flat_map(|set| {
                let last = all.iter().position(|one| set.last() == Some(one));
                let after = last.map_or(0, |at| at + 1);
                all[after..].iter().map(|&one| [&set[..], &[one]].concat())
            })
            .collect();
    }
    chosen
}
