//! What is reported of rows that the application moves, and of what was not tried of them.

use serde_json::{Value as Json, json};

use super::notes::line;
use crate::compat::layers::Value;
use crate::compat::mix::Layer;
use crate::compat::moves::Steps;
use crate::compat::order::Order;
use crate::compat::weigh::Comparison;
use crate::compat::words::named;

/// So many steps of a version are named.
const MOST_STEPS: usize = 4;

impl Comparison<'_> {
    /// What else moves rows where there are runs.
    pub(super) fn moved(&self, out: &mut String) {
        if self.moves_beside() {
            let reported = self.steps_of(|version| &self.moves[version].own);
            line(
                out,
                &format!(
                    "the application moves rows, too ({reported}): each is followed through that and \
                     through what runs report; what becomes of a job while the application moves \
                     its row is not tried"
                ),
            );
        }
        if self.moves.iter().any(|moves| !moves.untaken.is_empty()) {
            let reported = self.steps_of(|version| &self.moves[version].untaken);
            line(out, &format!("legal, and not tried, for no run takes them: {reported}"));
        }
    }

    fn steps_of<'s>(&'s self, of: impl Fn(usize) -> &'s Steps) -> String {
        let all = (0..self.moves.len()).filter(|&version| !of(version).is_empty());
        let reported = all.map(|version| {
            let steps = of(version).iter();
            let words = steps.take(MOST_STEPS).map(|step| self.step(version, *step).join(" -> "));
            let mut words: Vec<String> = words.collect();
            if let Some(more @ 1..) = of(version).len().checked_sub(MOST_STEPS) {
                words.push(format!("{more} more"));
            }
            format!("{}: {}", self.world.labels[version], words.join(", "))
        });
        reported.collect::<Vec<_>>().join("; ")
    }

    fn step(&self, version: usize, (from, to): (Value, Value)) -> [&str; 2] {
        [from, to].map(|value| named(&self.world, version, value))
    }

    /// Whether the application moves rows alongside runs.
    fn moves_beside(&self) -> bool {
        let runs = self.layers.contains(&Layer::Workflow);
        runs && self.moves.iter().any(|moves| moves.has_own())
    }

    /// For what an order that is safe is so.
    pub(super) fn meanwhile(&self) -> &'static str {
        if self.moves_beside() {
            "for runs and for rows that the application moves"
        } else {
            match self.layers.contains(&Layer::Workflow) {
                true => "whatever runs meanwhile",
                false => "whatever rows are moved meanwhile",
            }
        }
    }

    /// What anything does that has not ended.
    pub(super) fn goes_on(&self) -> &'static str {
        match self.layers.contains(&Layer::Workflow) {
            true => "runs",
            false => "is under way",
        }
    }

    /// What to wait for before a step: runs, and rows that the application moves.
    pub(super) fn wait(&self, order: &Order, step: usize) -> String {
        let layer = order.layers[step];
        let [was, is] = [step, step + 1].map(|at| order.mixes[at].of(layer));
        let world = &self.world;
        let gone = world.values().filter(|&value| {
            let moved = !self.layers.contains(&Layer::Workflow)
                || !self.moves[was].reported.contains(&value);
            moved && world.state(was, value).is_some() && world.state(is, value).is_none()
        });
        let gone: Vec<String> =
            gone.take(MOST_STEPS).map(|value| format!("`{}`", named(world, was, value))).collect();
        let rows = (!gone.is_empty()).then(|| format!("no row is in {}", gone.join(" or ")));
        let (until, none) = match (self.layers.contains(&Layer::Workflow), rows) {
            (true, None) => ("every run from before has ended for good".to_owned(), "start none"),
            (true, Some(rows)) => {
                (format!("every run from before has ended for good and {rows}"), "start none")
            }
            (false, Some(rows)) => (rows, "move none there"),
            (false, None) => ("every row from before has ended".to_owned(), "start none"),
        };
        match layer {
            Layer::Backend => format!("wait until {until}, and {none} until it is done: "),
            Layer::Database | Layer::Page | Layer::Workflow => format!("wait until {until}, then "),
        }
    }

    /// The steps of each version's application for programs, where there are runs too.
    pub(super) fn moved_json(&self) -> Json {
        if !self.layers.contains(&Layer::Workflow) {
            return Json::Null;
        }
        let steps = |version: usize, steps: &Steps| -> Vec<[&str; 2]> {
            steps.iter().map(|step| self.step(version, *step)).collect()
        };
        let of = |version: usize| {
            let moves = &self.moves[version];
            json!({
                "version": self.world.labels[version],
                "moves": steps(version, &moves.own),
                "untried": steps(version, &moves.untaken),
            })
        };
        (0..self.moves.len()).map(of).collect()
    }
}
