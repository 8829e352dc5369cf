//! Who moves rows: the runs of a workflow by their reports, or the application by itself.

use std::collections::BTreeSet;

use super::exploration::Exploration;
use super::layers::{Value, World};

/// Steps from one value to another.
pub(super) type Steps = BTreeSet<(Value, Value)>;

/// Who moves rows by one version's table.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// What its jobs report.
    pub(super) reported: BTreeSet<Value>,
    /// The steps that are the application's: no run takes them, and they lead to what no job reports,
    /// or on from there, or out of an end.
    pub(super) own: Steps,
    /// The steps between what runs report that no run takes: whether anybody does is not known.
    pub(super) untaken: Steps,
}

impl Moves {
    /// By a version's table, and by all runs of its workflow in only that version where it has one.
    pub(super) fn of(world: &World<'_>, version: usize, runs: Option<&Exploration>) -> Self {
        let machine = world.machines[version];
        let value = |state| world.value(version, state);
        let reports = machine.job_ids().flat_map(|job| machine.reports(job));
        let reported: BTreeSet<Value> =
            reports.flat_map(|report| report.outcomes.states()).map(value).collect();
        let mut moves = Self { reported, own: Steps::new(), untaken: Steps::new() };
        for (from, to, _) in machine.transitions() {
            let (source, step) = (machine.state(from), (value(from), value(to)));
            let of_runs = |value, is_initial| moves.reported.contains(value) || is_initial;
            let between = of_runs(&step.0, machine.is_initial(from))
                && of_runs(&step.1, false)
                && !source.is_ended();
            match runs {
                Some(runs) if runs.taken.contains(&step) => {}
                // Of runs that were not all tried nothing is known but what they report.
                Some(runs) if between && runs.exhausted => _ = moves.untaken.insert(step),
                Some(_) if between => {}
                Some(_) | None => _ = moves.own.insert(step),
            }
        }
        moves
    }

    /// Whether the application takes any step by itself.
    pub(super) fn has_own(&self) -> bool {
        !self.own.is_empty()
    }
}
