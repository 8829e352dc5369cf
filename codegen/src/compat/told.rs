//! A comparison as people and programs read it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::layers::{By, Layer, Mix, Value, World};
use super::mixes::Verdict;
use super::order::{Before, Direction, Order, Orders};
use super::runs::{Class, Lesser, Witness};
use super::weigh::{Comparison, Weighed};
use super::witness::named;
use crate::finding::{self, Finding, MOST_FINDINGS, Severity};
use crate::table::Source;

/// So many ways out of an order that is not safe are told.
const MOST_HELPS: usize = 3;
/// So many changes that nothing comes of are listed.
const MOST_HARMLESS: usize = 40;

impl Comparison<'_> {
    /// Every finding that bears on some mix, changes first.
    pub fn findings(&self) -> Vec<Finding> {
        let bearing = self.changes.iter().filter(|weighed| weighed.bears());
        let changes = bearing.map(|weighed| weighed.finding(self.old, self.new));
        changes.chain(self.beside.iter().cloned()).collect()
    }

    /// The findings for people. `accepted` is the text that findings on accepted ones are of.
    pub fn changes_text(&self, accepted: Option<&Source>, colour: bool) -> String {
        let mut out = String::new();
        for weighed in self.changes.iter().filter(|weighed| weighed.bears()).take(MOST_FINDINGS) {
            let mut told = weighed.finding(self.old, self.new);
            if let Some(breaks) = breaks(self, weighed) {
                told.help = format!("{}\n{breaks}", told.help);
            }
            told.help = format!("{}\nfingerprint {}", told.help, weighed.change.fingerprint());
            let source = [&self.old.source, &self.new.source]
                .into_iter()
                .find(|source| source.path == told.path);
            out += &finding::text(&[told], source, colour);
        }
        for told in &self.beside {
            let source = accepted.filter(|source| source.path == told.path);
            out += &finding::text(std::slice::from_ref(told), source, colour);
        }
        out
    }

    /// All of it for people.
    pub fn text(&self, accepted: Option<&Source>, colour: bool) -> String {
        let mut out = self.changes_text(accepted, colour);
        let mut notes = Notes::default();
        self.harmless(&mut out);
        self.table(&mut out, &mut notes);
        self.refuses(&mut out);
        for orders in [&self.rollout, &self.rollback] {
            self.orders(&mut out, orders, &mut notes);
        }
        notes.tell(&mut out);
        line(&mut out, "");
        line(&mut out, &self.verdict());
        out
    }

    /// Changes that no mix is the worse for, a line each.
    fn harmless(&self, out: &mut String) {
        let harmless: Vec<&Weighed> =
            self.changes.iter().filter(|weighed| !weighed.bears()).collect();
        if harmless.is_empty() {
            return;
        }
        line(out, "Changed too, and no mix is the worse for it:");
        for weighed in harmless.iter().take(MOST_HARMLESS) {
            let told = weighed.finding(self.old, self.new);
            let at = told.line.map_or_else(String::new, |line| format!(":{line}"));
            let (id, path) = (told.rule, &told.path);
            line(out, &format!("  {id:<17} {path}{at}: {}", told.message));
        }
        if let Some(more @ 1..) = harmless.len().checked_sub(MOST_HARMLESS) {
            line(out, &format!("  and {more} more"));
        }
        line(out, "");
    }

    fn table(&self, out: &mut String, notes: &mut Notes) {
        let tried = self.tried;
        line(
            out,
            &format!(
                "{} mixes; {} situations, {} ends of runs, {} reports applied and {} refused, {} \
                 switches under a run, {} looks at a page",
                self.mixes.len(),
                tried.situations,
                tried.ends,
                tried.applied,
                tried.refused,
                tried.switches,
                tried.views
            ),
        );
        for (label, machine) in self.world.labels.iter().zip(&self.world.machines) {
            if let [first, _, ..] = machine.initial[..] {
                let name = &machine.state(first).name;
                let rows = format!("rows of the {label} backend are started in {name}");
                line(out, &format!("{rows} alone, the first of its initial states"));
            }
        }
        for layer in Layer::ALL.into_iter().filter(|layer| !self.layers.contains(layer)) {
            let why = World::lacks(layer);
            line(out, &format!("the {} does not apply: {why}", layer.as_str()));
        }
        line(out, "");
        let shown = [Layer::Workflow, Layer::Backend, Layer::Database, Layer::Page];
        let header = shown.map(|layer| format!("{:<9}", layer.as_str()));
        line(out, &format!("  {}", header.concat()));
        for judged in &self.mixes {
            let versions = shown.map(|layer| {
                let label = match self.layers.contains(&layer) {
                    true => self.world.labels[judged.mix.of(layer)].as_str(),
                    false => "-",
                };
                format!("{label:<9}")
            });
            let what = self.what(judged.mix, &judged.verdict, notes);
            line(out, &format!("  {}{what}", versions.concat()));
        }
    }

    /// A verdict in a line.
    fn what(&self, mix: Mix, verdict: &Verdict, notes: &mut Notes) -> String {
        match verdict {
            Verdict::Safe => "safe".to_owned(),
            Verdict::Degraded(lesser) => {
                format!("degraded  {}", self.lesser(mix, lesser).join("; "))
            }
            Verdict::Broken(bad) => {
                let told = bad.iter().map(|(class, witness)| {
                    let too = match witness.alone {
                        true => format!(
                            ", by {path}'s own table, too: phasegate verify {path}",
                            path = self.new.source.path
                        ),
                        false => String::new(),
                    };
                    format!("{} [{}]{too}", witness.summary, notes.number(*class, witness))
                });
                format!("BROKEN    {}", told.collect::<Vec<_>>().join("; "))
            }
            Verdict::Bounded => "not exhausted: nothing is claimed".to_owned(),
        }
    }

    /// What is less, in words.
    fn lesser(&self, mix: Mix, lesser: &[Lesser]) -> Vec<String> {
        let label = |version: usize| &self.world.labels[version];
        let mut refused: BTreeMap<By, Vec<Value>> = BTreeMap::new();
        let mut unknown = Vec::new();
        let mut phases = Vec::new();
        for one in lesser {
            match one {
                Lesser::Refused { value, by, .. } => {
                    let values = refused.entry(*by).or_default();
                    if !values.contains(value) {
                        values.push(*value);
                    }
                }
                Lesser::Unknown { value } => unknown.push(*value),
                Lesser::Unconfirmed { phase } => phases.push(phase.as_str()),
            }
        }
        let names = |values: &mut Vec<Value>| {
            values.sort();
            let names = values.iter().map(|value| named(&self.world, mix.workflow, *value));
            names.collect::<Vec<_>>().join(", ")
        };
        let mut told = Vec::new();
        for (by, mut values) in refused {
            let who = match by {
                By::Backend | By::Address => format!("the {} backend", label(mix.backend)),
                By::Database => format!("the {} database", label(mix.database)),
            };
            told.push(format!("{who} refuses {}, which is tolerated", names(&mut values)));
        }
        if !unknown.is_empty() {
            let names = names(&mut unknown);
            told.push(format!("the {} page shows {names} as unknown", label(mix.page)));
        }
        if !phases.is_empty() {
            let order = &self.world.machines[mix.page].phases;
            phases.sort_by_key(|name| order.iter().position(|phase| phase.name == *name));
            let names = phases.join(", ");
            told.push(format!("the {} page shows {names} as not reported", label(mix.page)));
        }
        told
    }

    fn refuses(&self, out: &mut String) {
        if self.refused.is_empty() {
            return;
        }
        line(out, "");
        let [old, new] = [0, 1].map(|version| &self.world.labels[version]);
        line(out, &format!("Reports of the {new} workflow that the {old} backend refuses:"));
        let width = |of: fn(&super::weigh::Refused) -> usize| self.refused.iter().map(of).max();
        let job = width(|refused| refused.job.len()).unwrap_or(0);
        let state = width(|refused| refused.state.len()).unwrap_or(0);
        for refused in &self.refused {
            let then = if refused.tolerated {
                "tolerated (continue-on-error): the job goes on"
            } else {
                "not tolerated: the job fails"
            };
            line(out, &format!("  {:<job$}  {:<state$}  {then}", refused.job, refused.state));
        }
        let mix = Mix { backend: 0, ..Mix::all(1) };
        let verdict = self.mixes.iter().find(|judged| judged.mix == mix);
        match verdict.map(|judged| &judged.verdict) {
            Some(Verdict::Degraded(lesser)) => {
                let told = self.lesser(mix, lesser);
                line(out, &format!("  A run then comes to its true end: {}.", told.join("; ")));
            }
            Some(Verdict::Safe) => line(out, "  A run then comes to its true end."),
            Some(Verdict::Broken(bad)) => {
                let told: Vec<&str> =
                    bad.iter().map(|(_, witness)| witness.summary.as_str()).collect();
                line(out, &format!("  A run then: {}.", told.join("; ")));
            }
            Some(Verdict::Bounded) | None => {}
        }
    }

    fn orders(&self, out: &mut String, orders: &Orders, notes: &mut Notes) {
        line(out, "");
        let title = match orders.direction {
            Direction::Rollout => "Rollout",
            Direction::Rollback => "Rollback (the database stays: no migration goes back)",
        };
        let (safe, all) = (orders.safe(), orders.orders.len());
        let how = if orders.orders.iter().any(|order| !order.exhausted) {
            "not all was tried, and nothing is claimed of any order".to_owned()
        } else if safe == all {
            "any order is safe, whatever runs meanwhile".to_owned()
        } else if safe > 0 {
            let sets: Vec<String> = orders.constraints.iter().map(|set| constraint(set)).collect();
            format!(
                "{safe} of {all} orders are safe, whatever runs meanwhile: {}",
                sets.join("; or ")
            )
        } else if orders.has_sound() {
            format!(
                "in none of {all} orders is nothing refused; in {} what the database refuses is \
                 tolerated, and no run is the worse for it",
                orders.sound()
            )
        } else {
            match orders.best() {
                Some(_) => format!("none of {all} orders is safe while anything runs"),
                None => format!("none of {all} orders is safe"),
            }
        };
        line(out, &format!("{title}: {how}."));
        if let Some(order) = orders.best() {
            self.steps(out, order, notes);
        }
        if safe == 0 {
            let shortest = orders.orders.iter().filter_map(Order::worst);
            let shortest = shortest.min_by_key(|(_, _, witness)| witness.path.0.len());
            if let Some((mix, class, witness)) = shortest {
                let number = notes.number(*class, witness);
                let at = self.in_words(*mix);
                line(out, &format!("  What goes wrong, with {at}: {} [{number}]", witness.summary));
            }
            let errors = self.changes.iter().filter(|one| one.severity == Severity::Error);
            let errors = errors.filter(|_| !orders.has_sound());
            for weighed in errors.take(MOST_HELPS) {
                let help = help_without_order(weighed.change.help());
                line(out, &format!("  What would make one ({}): {help}", weighed.change.rule.id));
            }
        }
    }

    fn steps(&self, out: &mut String, order: &Order, notes: &mut Notes) {
        let waits = match order.is_sound() {
            true => &[],
            false => order.sound_waits.as_deref().unwrap_or_default(),
        };
        for (step, layer) in order.layers.iter().enumerate() {
            let mix = order.mixes[step + 1];
            let verdict = self.mixes.iter().find(|judged| judged.mix == mix);
            let what = verdict.map(|judged| self.what(mix, &judged.verdict, notes));
            let wait = match waits.contains(&step) {
                true => "wait until every run from before has ended, then ",
                false => "",
            };
            let label = &self.world.labels[mix.of(*layer)];
            let what = what.unwrap_or_default();
            line(out, &format!("  {}. {wait}{label} {:<10}{what}", step + 1, layer.as_str()));
        }
    }

    fn in_words(&self, mix: Mix) -> String {
        let words = [Layer::Workflow, Layer::Backend, Layer::Database, Layer::Page]
            .into_iter()
            .filter(|layer| self.layers.contains(layer))
            .map(|layer| format!("{} {}", self.world.labels[mix.of(layer)], layer.as_str()));
        words.collect::<Vec<_>>().join(", ")
    }

    /// All of it in one line.
    pub fn verdict(&self) -> String {
        let [old, new] = [&self.old.source.path, &self.new.source.path];
        let fails = self.fails();
        let errors = |weighed: &&Weighed| weighed.severity == Severity::Error;
        let accepted =
            self.changes.iter().filter(errors).filter(|one| one.accepted.is_some()).count();
        let how = |orders: &Orders| match (orders.safe(), orders.orders.len()) {
            _ if orders.orders.iter().any(|order| !order.exhausted) => "not exhausted",
            (0, _) if orders.has_sound() => "with refusals that are tolerated",
            (0, _) if orders.best().is_some() => "only without runs under way",
            (0, _) => "in no order",
            (safe, all) if safe == all => "in any order",
            _ => "in some orders",
        };
        let what = if self.changes.is_empty() {
            "nothing has changed".to_owned()
        } else {
            format!("rollout {}, rollback {}", how(&self.rollout), how(&self.rollback))
        };
        let word = if fails { "not compatible" } else { "compatible" };
        let accepted = match accepted {
            0 => String::new(),
            1 => "; 1 finding is accepted".to_owned(),
            many => format!("; {many} findings are accepted"),
        };
        format!("{old} -> {new}: {word}: {what}{accepted}")
    }

    /// What JSON says beside the findings; the findings themselves with what is theirs.
    pub fn json(&self) -> Json {
        let mut findings: Vec<Json> = Vec::new();
        for weighed in &self.changes {
            let mut told = json!(weighed.finding(self.old, self.new));
            told["fingerprint"] = weighed.change.fingerprint().into();
            told["subject"] = weighed.change.subject.clone().into();
            told["accepted"] = weighed.accepted.clone().into();
            told["degrades"] = weighed.degrades.iter().map(|mix| self.mix_json(*mix)).collect();
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
        let version = |version: &super::source::Version| {
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
            "compatible": !self.fails(),
            "mixes": mixes,
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
            "orders": orders.orders.len(), "safe": safe, "constraints": sets, "best": best,
            "witness": witness,
        })
    }
}

fn witness_json((class, witness): &(Class, Witness)) -> Json {
    json!({ "class": class.as_str(), "summary": witness.summary, "path": witness.path.0 })
}

fn constraint(set: &[Before]) -> String {
    let words = set
        .iter()
        .map(|Before(one, other)| format!("the {} before the {}", one.as_str(), other.as_str()));
    words.collect::<Vec<_>>().join(" and ")
}

/// What to do about a change where no order is safe: what of its help is no order.
fn help_without_order(help: &str) -> &str {
    const ORDER: &str = "roll out ";
    let help = help.split(&format!("or {ORDER}")).next().unwrap_or(help);
    match help.starts_with(ORDER) {
        true => "let every layer know it in one release, and make use of it in a later one",
        false => help.trim_end_matches([' ', ',', ';']),
    }
}

/// How many mixes a change breaks, in words.
fn breaks(comparison: &Comparison<'_>, weighed: &Weighed) -> Option<String> {
    let (some, all) = (weighed.breaks.len(), comparison.mixes.len());
    match some {
        0 => None,
        1 => Some(format!("1 of {all} mixes is broken for its sake")),
        _ => Some(format!("{some} of {all} mixes are broken for its sake")),
    }
}

/// Witnesses, each told once.
#[derive(Default)]
struct Notes(Vec<(Class, Witness)>);

impl Notes {
    fn number(&mut self, class: Class, witness: &Witness) -> usize {
        let same = |(_, other): &(Class, Witness)| {
            other.path == witness.path && other.summary == witness.summary
        };
        match self.0.iter().position(same) {
            Some(at) => at + 1,
            None => {
                self.0.push((class, witness.clone()));
                self.0.len()
            }
        }
    }

    fn tell(&self, out: &mut String) {
        for (number, (class, witness)) in self.0.iter().enumerate() {
            line(out, "");
            let head = format!("[{}] {}: {}", number + 1, class.as_str(), witness.summary);
            line(out, &head);
            for (step, told) in witness.path.0.iter().enumerate() {
                line(out, &format!("  {:>3}. {told}", step + 1));
            }
        }
    }
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{}", text.trim_end()).expect("a string takes all that is written");
}
