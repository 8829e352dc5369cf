//! A comparison as programs read it.

use serde_json::{Value as Json, json};

use super::notes::Notes;
use crate::compat::exploration::{Class, Witness};
use crate::compat::mix::{Layer, Mix};
use crate::compat::mixes::MixSafety;
use crate::compat::order::{Order, Orders};
use crate::compat::source::Version;
use crate::compat::weigh::Comparison;

impl Comparison<'_> {
    /// What JSON says in addition to the findings; the findings themselves with what is theirs.
    pub fn json(&self) -> Json {
        let mut findings: Vec<Json> = Vec::new();
        for weighed in self.plain() {
            let mut object = json!(weighed.finding(self.old, self.new));
            object["subject"] = weighed.change.subject.clone().into();
            object["accepted"] = weighed.accepted.clone().into();
            object["degrades"] = weighed.degrades.iter().map(|mix| self.mix_json(*mix)).collect();
            object["comes_of"] = weighed.change.comes_of.clone().into();
            object["breaks"] = weighed.breaks.iter().map(|mix| self.mix_json(*mix)).collect();
            object["witness"] = match &weighed.witness {
                Some((class, witness)) => witness_json(*class, witness),
                None => Json::Null,
            };
            findings.push(object);
        }
        findings.extend(self.beside.iter().map(|finding| json!(finding)));
        let mut notes = Notes::default();
        let mixes: Vec<Json> = self
            .mixes
            .iter()
            .map(|judged| {
                let mut object = self.mix_json(judged.mix);
                object["verdict"] = judged.verdict.as_str().into();
                (object["degraded"], object["broken"]) = (json!([]), json!([]));
                match &judged.verdict {
                    MixSafety::Degraded(degradations) => {
                        object["degraded"] = self.degradations(judged.mix, degradations).into();
                    }
                    MixSafety::Broken(bad) => {
                        let bad = bad.iter().map(|(class, witness)| witness_json(*class, witness));
                        object["broken"] = bad.collect();
                    }
                    MixSafety::Safe | MixSafety::Bounded => {}
                }
                object
            })
            .collect();
        let version = |version: &Version| {
            let prints = &version.machine.fingerprints;
            json!({
                "path": version.source.path, "table": prints.table, "language": prints.language,
            })
        };
        let mut explored = json!(self.tried);
        explored["exhausted"] = self.exhausted.into();
        let hidden = self.hidden();
        let hidden = hidden.iter().map(|one| json!(one.finding(self.old, self.new)));
        json!({
            "findings": findings,
            "old": version(self.old),
            "new": version(self.new),
            "hidden": hidden.collect::<Vec<_>>(),
            "compatible": self.is_compatible(),
            "mixes": mixes,
            "refuted_today": self.today(),
            "application": self.moved_json(),
            "refused": self.refused,
            "rollout": self.orders_json(&self.rollout, &mut notes),
            "rollback": self.orders_json(&self.rollback, &mut notes),
            "explored": explored,
        })
    }

    fn mix_json(&self, mix: Mix) -> Json {
        let mut object = json!({});
        for layer in Layer::ALL {
            object[layer.as_str()] = match self.layers.contains(&layer) {
                true => self.world.labels[mix.of(layer)].clone().into(),
                false => Json::Null,
            };
        }
        object
    }

    fn orders_json(&self, orders: &Orders, notes: &mut Notes) -> Json {
        let mut step = |order: &Order, step: usize| {
            let mix = order.mixes[step + 1];
            let waits = order.sound_waits.as_ref();
            json!({
                "layer": order.layers[step],
                "wait": waits.is_some_and(|waits| waits.contains(&step)),
                "mix": self.mix_json(mix),
                "what": self.what_of(mix, notes),
            })
        };
        let best = orders.best().map(|order| -> Vec<Json> {
            (0..order.layers.len()).map(|at| step(order, at)).collect()
        });
        let layers = |is: fn(&Order) -> bool| -> Vec<&[Layer]> {
            orders.orders.iter().filter(|order| is(order)).map(|order| &*order.layers).collect()
        };
        let beside = orders.leaves_what_is_wrong().then(|| layers(Order::is_safe_beside));
        let witness = orders.orders.iter().filter_map(Order::worst);
        let witness = witness
            .min_by_key(|(_, _, witness)| witness.path.0.len())
            .filter(|_| !orders.has_safe())
            .map(|(_, class, witness)| witness_json(*class, witness));
        json!({
            "orders": orders.orders.len(),
            "safe": layers(Order::is_safe),
            "safe_beside_own_faults": beside,
            "constraints": orders.constraints,
            "best": best,
            "witness": witness,
        })
    }
}

fn witness_json(class: Class, witness: &Witness) -> Json {
    json!({ "class": class.as_str(), "summary": witness.summary, "path": witness.path.0 })
}
