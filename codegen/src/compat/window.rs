//! A window: several versions that are all live at once.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::layers::World;
use super::mix::{Layer, Mix};
use super::mixes::{MixSafety, Mixes};
use super::source::Version;
use super::weigh::{Comparison, compare};

/// The most versions whose mixes are all tried: there are the fourth power of them.
pub(super) const MOST_VERSIONS: usize = 4;

/// Several versions, and all that was found of them.
pub struct Window<'v> {
    versions: &'v [Version],
    /// Every pair, an older and a newer one, by their places.
    pub pairs: Vec<(usize, usize, Comparison<'v>)>,
    /// Every mix of all versions; nothing where there are more than four.
    pub mixes: Option<Vec<(Mix, MixSafety)>>,
    layers: Vec<Layer>,
}

/// Compares several versions, oldest first.
pub fn window(versions: &[Version]) -> Window<'_> {
    let mut pairs = Vec::new();
    for new in 0..versions.len() {
        for old in 0..new {
            pairs.push((old, new, compare(versions, old, new)));
        }
    }
    let machines: Vec<_> = versions.iter().map(|version| &version.machine).collect();
    let labels: Vec<String> = versions.iter().map(|version| version.label.clone()).collect();
    let are_same = pairs.iter().all(|(_, _, pair)| pair.is_same);
    let mixes = Mixes::of(World::of(&machines, &labels)).marking_all().of_the_same(are_same);
    let layers = mixes.layers();
    let all = (versions.len() <= MOST_VERSIONS)
        .then(|| mixes.all().into_iter().map(|mix| (mix, mixes.judge(mix))).collect());
    Window { versions, pairs, mixes: all, layers }
}

impl Window<'_> {
    /// Whether some pair fails that no one has accepted, or may fail for all that is known.
    pub fn fails(&self) -> bool {
        self.is_compatible() != Some(true)
    }

    fn is_compatible(&self) -> Option<bool> {
        let pairs = || self.pairs.iter().map(|(_, _, pair)| pair.is_compatible());
        if pairs().any(|pair| pair == Some(false)) {
            return Some(false);
        }
        let bounded = |(_, verdict): &(Mix, MixSafety)| matches!(verdict, MixSafety::Bounded);
        let unknown =
            self.mixes.iter().flatten().any(bounded) || pairs().any(|pair| pair.is_none());
        (!unknown).then_some(true)
    }

    fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for (_, verdict) in self.mixes.iter().flatten() {
            *counts.entry(verdict.as_str()).or_default() += 1;
        }
        counts
    }

    fn in_words(&self, mix: Mix) -> String {
        let words = Layer::SHOWN
            .into_iter()
            .filter(|layer| self.layers.contains(layer))
            .map(|layer| format!("{} {}", layer.as_str(), self.versions[mix.of(layer)].label));
        words.collect::<Vec<_>>().join(", ")
    }

    /// What is broken, once for all mixes that are broken in the same words.
    fn broken(&self) -> Vec<(String, Vec<String>, Vec<Mix>)> {
        let mut reported: Vec<(String, Vec<String>, Vec<Mix>)> = Vec::new();
        for (mix, verdict) in self.mixes.iter().flatten() {
            let MixSafety::Broken(bad) = verdict else { continue };
            for (class, witness) in bad {
                let too = witness.too(&self.versions[mix.workflow].source.path);
                let summary = format!("{}: {}{too}", class.as_str(), witness.summary);
                match reported.iter_mut().find(|(known, _, _)| *known == summary) {
                    Some((_, _, mixes)) => mixes.push(*mix),
                    None => reported.push((summary, witness.path.0.clone(), vec![*mix])),
                }
            }
        }
        reported
    }

    /// All of it for people, below what is said of each pair.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let number = self.versions.len();
        match &self.mixes {
            None => {
                out += &format!(
                    "{number} versions: their {} mixes are not tried (at most {MOST_VERSIONS} \
                     versions at once); every pair of them is\n",
                    number.pow(4)
                );
            }
            Some(mixes) => {
                let counts = self.counts();
                let counts: Vec<String> =
                    counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
                let (mixes, counts) = (mixes.len(), counts.join(", "));
                out += &format!("{number} versions at once, {mixes} mixes: {counts}\n");
            }
        }
        for (summary, path, mixes) in self.broken() {
            let first = self.in_words(mixes[0]);
            out += &format!("\n{summary}\n  with {first}");
            out += &match mixes.len() {
                1 => "\n".to_owned(),
                many => format!(", and in {} mixes more\n", many - 1),
            };
            for (step, does) in path.iter().enumerate() {
                out += &format!("  {:>3}. {does}\n", step + 1);
            }
        }
        out += "\n";
        for (_, _, comparison) in &self.pairs {
            out += &format!("{}\n", comparison.verdict());
        }
        out
    }

    /// All of it as JSON.
    pub fn json(&self) -> Json {
        let broken: Vec<Json> = self
            .broken()
            .into_iter()
            .map(|(summary, path, mixes)| {
                json!({
                    "summary": summary, "path": path,
                    "mixes": mixes.iter().map(|mix| self.in_words(*mix)).collect::<Vec<_>>(),
                })
            })
            .collect();
        let pairs: Vec<Json> = self.pairs.iter().map(|(_, _, pair)| pair.json()).collect();
        let findings: Vec<Json> = pairs
            .iter()
            .filter_map(|pair| pair["findings"].as_array())
            .flatten()
            .cloned()
            .collect();
        json!({
            "findings": findings,
            "compatible": self.is_compatible(),
            "mixes": self.mixes.as_ref().map(|_| json!({
                "counts": self.counts(), "broken": broken,
            })),
            "pairs": pairs,
        })
    }
}
