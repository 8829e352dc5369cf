//! A comparison as programs read it.

use serde_json::{Value as Json, json};

use super::notes::Notes;
use crate::compat::found::{Class, Witness};
use crate::compat::mix::{Layer, Mix};
use crate::compat::mixes::Verdict;
use crate::compat::order::{Order, Orders};
use crate::compat::source::Version;
use crate::compat::weigh::Comparison;

impl Comparison<'_> {
    /// What JSON says beside the findings; the findings themselves with what is theirs.
    pub fn json(&self) -> Json {
        let mut findings: Vec<Json> = Vec::new();
        for weighed in &self.changes {
            let mut told = json!(weighed.finding(self.old, self.new));
            told["subject"] = weighed.change.subject.clone().into();
            told["accepted"] = weighed.accepted.clone().into();
            told["degrades"] = weighed.degrades.iter().map(|mix| self.mix_json(*mix)).collect();
            told["comes_of"] = weighed.change.comes_of.clone().into();
            told["breaks"] = weighed.breaks.iter().map(|mix| self.mix_json(*mix)).collect();
            findings.push(told);
        }
        findings.extend(self.beside.iter().map(|finding| json!(finding)));
        let mut notes = Notes::default();
        let mixes: Vec<Json> = self
            .mixes
            .iter()
            .map(|judged| {
                let mut told = self.mix_json(judged.mix);
                told["verdict"] = judged.verdict.as_str().into();
                told["degraded"] = match &judged.verdict {
                    Verdict::Degraded(lesser) => self.lesser(judged.mix, lesser).into(),
                    Verdict::Safe | Verdict::Broken(_) | Verdict::Bounded => json!([]),
                };
                told["broken"] = match &judged.verdict {
                    Verdict::Broken(bad) => bad.iter().map(witness_json).collect(),
                    Verdict::Safe | Verdict::Degraded(_) | Verdict::Bounded => json!([]),
                };
                told
            })
            .collect();
        let refused: Vec<Json> = self
            .refused
            .iter()
            .map(|one| json!({ "job": one.job, "state": one.state, "tolerated": one.tolerated }))
            .collect();
        let version = |version: &Version| {
            let prints = &version.machine.fingerprints;
            json!({
                "path": version.source.path, "table": prints.table, "language": prints.language,
            })
        };
        let tried = self.tried;
        json!({
            "findings": findings,
            "old": version(self.old),
            "new": version(self.new),
            "hidden": self.hidden().iter().map(|one| json!(one.finding(self.old, self.new))).collect::<Vec<_>>(),
            "compatible": self.is_compatible(),
            "mixes": mixes,
            "refuted_today": self.today(),
            "application": self.moved_json(),
            "refused": refused,
            "rollout": self.orders_json(&self.rollout, &mut notes),
            "rollback": self.orders_json(&self.rollback, &mut notes),
            "explored": {
                "situations": tried.situations, "ends": tried.ends, "applied": tried.applied,
                "refused": tried.refused, "switches": tried.switches, "views": tried.views,
                "exhausted": self.exhausted,
            },
        })
    }

    fn mix_json(&self, mix: Mix) -> Json {
        let mut told = json!({});
        for layer in Layer::ALL {
            told[layer.as_str()] = match self.layers.contains(&layer) {
                true => self.world.labels[mix.of(layer)].clone().into(),
                false => Json::Null,
            };
        }
        told
    }

    fn orders_json(&self, orders: &Orders, notes: &mut Notes) -> Json {
        let words = |order: &Order| -> Vec<&str> {
            order.layers.iter().map(|layer| layer.as_str()).collect()
        };
        let best = orders.best().map(|order| {
            let steps: Vec<Json> = order
                .layers
                .iter()
                .zip(&order.mixes[1..])
                .enumerate()
                .map(|(step, (layer, mix))| {
                    let verdict = self.mixes.iter().find(|judged| judged.mix == *mix);
                    let waits = order.sound_waits.as_ref();
                    let waits = waits.is_some_and(|waits| waits.contains(&step));
                    json!({
                        "layer": layer.as_str(),
                        "wait": waits,
                        "mix": self.mix_json(*mix),
                        "what": verdict.map(|judged| self.what(*mix, &judged.verdict, notes)),
                    })
                })
                .collect();
            steps
        });
        let safe: Vec<Vec<&str>> =
            orders.orders.iter().filter(|order| order.is_safe()).map(words).collect();
        let beside: Vec<Vec<&str>> =
            orders.orders.iter().filter(|order| order.is_safe_beside()).map(words).collect();
        let beside = orders.leaves_what_is_wrong().then_some(beside);
        let sets: Vec<Vec<[&str; 2]>> = orders
            .constraints
            .iter()
            .map(|set| set.iter().map(|before| [before.0.as_str(), before.1.as_str()]).collect())
            .collect();
        let witness = orders.orders.iter().filter_map(Order::worst);
        let witness = witness
            .min_by_key(|(_, _, witness)| witness.path.0.len())
            .filter(|_| !orders.has_safe())
            .map(|(_, class, witness)| witness_json(&(*class, witness.clone())));
        json!({
            "orders": orders.orders.len(), "safe": safe, "safe_beside_own_faults": beside, "constraints": sets, "best": best,
            "witness": witness,
        })
    }
}

fn witness_json((class, witness): &(Class, Witness)) -> Json {
    json!({ "class": class.as_str(), "summary": witness.summary, "path": witness.path.0 })
}
