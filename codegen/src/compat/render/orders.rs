//! The orders of a rollout and a rollback, step by step, for people.

use super::notes::{Notes, line};
use crate::compat::help::constraint;
use crate::compat::mix::{Layer, Mix};
use crate::compat::order::{Direction, Order, Orders};
use crate::compat::rules::Apart;
use crate::compat::weigh::Comparison;
use crate::finding::Severity;

/// So many ways out of an order that is not safe are reported.
const MOST_HELPS: usize = 3;

impl Comparison<'_> {
    /// What is reported of the orders one way.
    pub(super) fn orders(&self, out: &mut String, orders: &Orders, notes: &mut Notes) {
        line(out, "");
        let title = match orders.direction {
            Direction::Rollout => "Rollout",
            Direction::Rollback => "Rollback (the database stays: no migration goes back)",
        };
        // What is wrong already is no reason against leaving it.
        let leaves = orders.leaves_what_is_wrong();
        let (safe, sound) = match leaves {
            true => (orders.count(Order::is_safe_beside), orders.count(Order::is_sound_beside)),
            false => (orders.safe(), orders.count(Order::is_sound)),
        };
        let all = orders.orders.len();
        let beside = match leaves {
            true => format!(
                "apart from what {}'s own table does wrong until its last run has ended, ",
                self.new.source.path
            ),
            false => String::new(),
        };
        let how = if orders.orders.iter().any(|order| !order.exhausted) {
            "not all was tried, and nothing is claimed of any order".to_owned()
        } else if safe == all {
            format!("any order is safe, {}", self.meanwhile())
        } else if safe > 0 {
            let sets: Vec<String> = orders.constraints.iter().map(|set| constraint(set)).collect();
            format!("{safe} of {all} orders are safe, {}: {}", self.meanwhile(), sets.join("; or "))
        } else if sound > 0 {
            format!(
                "in none of {all} orders is nothing refused; in {sound} what the database refuses is \
                 tolerated, and no run is the worse for it"
            )
        } else {
            match orders.best() {
                Some(_) => {
                    format!("none of {all} orders is safe while anything {}", self.goes_on())
                }
                None => format!("none of {all} orders is safe"),
            }
        };
        line(out, &format!("{title}: {beside}{how}."));
        if let Some(order) = orders.best() {
            self.steps(out, order, notes);
        }
        if safe == 0 {
            let worst = |order: &'_ Order| match leaves {
                true => order.bad.clone(),
                false => order.worst().cloned(),
            };
            let shortest = orders.orders.iter().filter_map(worst);
            let shortest = shortest.min_by_key(|(_, _, witness)| witness.path.0.len());
            if let Some((mix, class, witness)) = shortest {
                let number = notes.number(class, &witness);
                let at = self.in_words(mix);
                line(out, &format!("  What goes wrong, with {at}: {} [{number}]", witness.summary));
            }
            let errors = self.changes.iter().filter(|one| one.severity == Severity::Error);
            let errors = errors
                .filter(|one| sound == 0 && !(leaves && one.change.apart == Some(Apart::Alone)));
            let errors = errors.filter(|one| one.change.apart != Some(Apart::Unmigrated));
            let errors: Vec<_> = errors.take(MOST_HELPS).collect();
            if errors.len() > 1 {
                line(out, "  One of these may be enough, or several of them may be needed:");
            }
            for weighed in errors {
                let way = weighed.change.way();
                line(out, &format!("  What would make one ({}): {way}", weighed.change.rule.id));
            }
        }
    }

    fn steps(&self, out: &mut String, order: &Order, notes: &mut Notes) {
        let waits = order.sound_waits.as_deref().unwrap_or_default();
        for (step, layer) in order.layers.iter().enumerate() {
            let mix = order.mixes[step + 1];
            let what = self.what_of(mix, notes).unwrap_or_default();
            let wait = match waits.contains(&step) {
                true => self.wait(order, step),
                false => String::new(),
            };
            let label = &self.world.labels[mix.of(*layer)];
            line(out, &format!("  {}. {wait}{label} {:<10}{what}", step + 1, layer.as_str()));
        }
    }

    fn in_words(&self, mix: Mix) -> String {
        let words = Layer::SHOWN
            .into_iter()
            .filter(|layer| self.layers.contains(layer))
            .map(|layer| format!("{} {}", self.world.labels[mix.of(layer)], layer.as_str()));
        words.collect::<Vec<_>>().join(", ")
    }
}
