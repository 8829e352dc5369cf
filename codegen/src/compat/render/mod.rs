//! A comparison as people and programs read it.

mod json;
mod moved;
mod notes;
mod orders;

use std::collections::{BTreeMap, BTreeSet};

use super::exploration::Degradation;
use super::layers::{By, Value, World};
use super::mix::{Layer, Mix};
use super::mixes::MixSafety;
use super::order::{Order, Orders};
use super::rules::Apart;
use super::weigh::{Comparison, Weighed};
use super::words::named;
use crate::finding::{self, Finding, MOST_FINDINGS, Severity};
use crate::suggest;
use crate::table::Source;
use notes::{Notes, line};

/// So many changes that no finding is about are listed.
const MOST_LISTED: usize = 40;

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
        let plain = self.plain();
        for weighed in plain.into_iter().filter(|weighed| weighed.bears()).take(MOST_FINDINGS) {
            let mut reported = weighed.finding(self.old, self.new);
            if let Some(breaks) = breaks(self, weighed) {
                reported.help = format!("{}\n{breaks}", reported.help);
            }
            if let Some(path) = weighed.path_under_a_switch() {
                reported.help = format!("{}\n{path}", reported.help);
            }
            let source = [&self.old.source, &self.new.source]
                .into_iter()
                .find(|source| source.path == reported.path);
            out += &finding::text(&[reported], source, colour);
        }
        for reported in &self.beside {
            let source = accepted.filter(|source| source.path == reported.path);
            out += &finding::text(std::slice::from_ref(reported), source, colour);
        }
        out
    }

    /// All of it for people.
    pub fn text(&self, accepted: Option<&Source>, colour: bool) -> String {
        let mut out = self.changes_text(accepted, colour);
        let mut notes = Notes::default();
        self.behind(&mut out, accepted);
        self.others(&mut out);
        self.table(&mut out, &mut notes);
        self.refuses(&mut out);
        for orders in [&self.rollout, &self.rollback] {
            self.orders(&mut out, orders, &mut notes);
        }
        notes.render(&mut out);
        line(&mut out, "");
        line(&mut out, &self.verdict());
        out
    }

    /// What comes up once the errors are accepted, and how all that comes of a state is accepted at
    /// once.
    fn behind(&self, out: &mut String, accepted: Option<&Source>) {
        let file = accepted.map(|file| format!(" in {}", file.path)).unwrap_or_default();
        let hidden = self.hidden();
        if !hidden.is_empty() {
            line(out, "Hidden by these, and errors once they are accepted:");
            for one in &hidden {
                let (id, what) = (one.change.rule.id, &one.change.subject);
                line(out, &format!("  {id:<18} {what}: fingerprint {}", one.fingerprint()));
            }
            line(out, "");
        }
        let open = || self.changes.iter().filter(|one| one.accepted.is_none());
        let errors = open().filter(|one| one.severity == Severity::Error).chain(&hidden);
        let states: BTreeSet<&String> = errors.flat_map(|one| &one.change.comes_of).collect();
        for state in states {
            // All that the entry accepts, warnings too.
            let number = open().filter(|one| one.change.comes_of.contains(state)).count();
            let (rule, name) = (self.new.leaves_by(state).id, suggest::toml(state));
            let findings = if number == 1 { "finding comes" } else { "findings come" };
            line(
                out,
                &format!(
                    "{number} {findings} of `{state}` ({rule}). One entry{file} accepts all of it:"
                ),
            );
            line(out, &format!("  [[accepted]]\n  rule = \"{rule}\"\n  state = {name}"));
            line(out, "  reason = \"...\"");
            line(out, "");
        }
    }

    /// Changes that no finding above is about, a line each.
    fn others(&self, out: &mut String) {
        let (behind, harmless): (Vec<&Weighed>, Vec<&Weighed>) = self
            .plain()
            .into_iter()
            .filter(|weighed| !weighed.bears())
            .partition(|weighed| weighed.is_behind);
        self.list(out, "Changed too, and what comes of it has a shorter case above:", &behind);
        self.list(out, "Changed too, and no mix is the worse for it:", &harmless);
    }

    fn list(&self, out: &mut String, title: &str, changes: &[&Weighed]) {
        if changes.is_empty() {
            return;
        }
        line(out, title);
        for weighed in changes.iter().take(MOST_LISTED) {
            let reported = weighed.finding(self.old, self.new);
            let at = reported.line.map_or_else(String::new, |line| format!(":{line}"));
            let (id, path) = (reported.rule.id, &reported.path);
            line(out, &format!("  {id:<18} {path}{at}: {}", reported.message));
        }
        if let Some(more @ 1..) = changes.len().checked_sub(MOST_LISTED) {
            line(out, &format!("  and {more} more"));
        }
        line(out, "");
    }

    fn table(&self, out: &mut String, notes: &mut Notes) {
        if self.is_same {
            line(out, "both versions are the same to every layer: there is nothing to search");
        } else {
            line(out, &self.tried_in_words());
        }
        for layer in Layer::ALL.into_iter().filter(|layer| !self.layers.contains(layer)) {
            let why = World::lacks(layer);
            line(out, &format!("the {} does not apply: {why}", layer.as_str()));
        }
        self.moved(out);
        line(out, "");
        let header = Layer::SHOWN.map(|layer| format!("{:<9}", layer.as_str()));
        line(out, &format!("  {}", header.concat()));
        for judged in &self.mixes {
            let versions = Layer::SHOWN.map(|layer| {
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

    /// What was tried.
    fn tried_in_words(&self) -> String {
        let tried = self.tried;
        format!(
            "{}; {}, {} of runs, {} applied and {} refused, {} under a run, {} at a page",
            number(self.mixes.len() as u64, "mix", "mixes"),
            number(tried.situations, "situation", "situations"),
            number(tried.ends, "end", "ends"),
            number(tried.applied, "report", "reports"),
            tried.refused,
            number(tried.switches, "switch", "switches"),
            number(tried.views, "look", "looks"),
        )
    }

    /// What both versions' own tables do wrong.
    fn today(&self) -> Option<&str> {
        let both = self.changes.iter().find(|one| one.change.apart == Some(Apart::Today))?;
        both.change.subject.strip_prefix("alone ")
    }

    /// What became of a mix, in a line; nothing of one that was not judged.
    fn what_of(&self, mix: Mix, notes: &mut Notes) -> Option<String> {
        let judged = self.mixes.iter().find(|judged| judged.mix == mix)?;
        Some(self.what(mix, &judged.verdict, notes))
    }

    /// The claims that do not hold of the tables of a mix, whatever they run alongside: that
    /// comes of no mix.
    fn wrong_alone(&self, mix: Mix) -> Vec<String> {
        let versions = match self.layers.contains(&Layer::Workflow) {
            true => vec![mix.workflow],
            false => vec![mix.backend, mix.page],
        };
        let mut reported: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for name in versions.into_iter().flat_map(|version| &self.wrong_alone[version]) {
            let is_of = |version: usize| self.wrong_alone[version].contains(name);
            let names = reported.entry(match (is_of(0), is_of(1)) {
                (true, true) => ", today too",
                (true, false) => " today",
                (false, _) => "",
            });
            let names = names.or_default();
            if !names.contains(name) {
                names.push(name);
            }
        }
        let words = |(when, names): (&str, Vec<&str>)| {
            format!("except for {}: the table's own fault{when}", names.join(", "))
        };
        reported.into_iter().map(words).collect()
    }

    /// A verdict in a line.
    fn what(&self, mix: Mix, verdict: &MixSafety, notes: &mut Notes) -> String {
        let alone = self.wrong_alone(mix);
        match verdict {
            MixSafety::Safe if alone.is_empty() => "safe".to_owned(),
            MixSafety::Safe => format!("safe      {}", alone.join("; ")),
            MixSafety::Degraded(degradations) => {
                let reported = self.degradations(mix, degradations).into_iter().chain(alone);
                format!("degraded  {}", reported.collect::<Vec<_>>().join("; "))
            }
            MixSafety::Broken(bad) => {
                let reported = bad.iter().map(|(class, witness)| {
                    let too = witness.too(&self.new.source.path);
                    format!("{} [{}]{too}", witness.summary, notes.number(*class, witness))
                });
                format!("BROKEN    {}", reported.collect::<Vec<_>>().join("; "))
            }
            MixSafety::Bounded => "unknown: not all was tried, and nothing is claimed".to_owned(),
        }
    }

    /// What is less, in words.
    fn degradations(&self, mix: Mix, degradations: &[Degradation]) -> Vec<String> {
        let label = |version: usize| &self.world.labels[version];
        let mut refused: BTreeMap<By, Vec<Value>> = BTreeMap::new();
        let mut unknown = Vec::new();
        let mut phases = Vec::new();
        let mut otherwise: BTreeMap<bool, Vec<&str>> = BTreeMap::new();
        for one in degradations {
            match one {
                Degradation::Refused { value, by, .. } => {
                    let values = refused.entry(*by).or_default();
                    if !values.contains(value) {
                        values.push(*value);
                    }
                }
                Degradation::Unknown { value } => unknown.push(*value),
                Degradation::Unconfirmed { phase } => phases.push(phase.as_str()),
                Degradation::Otherwise { phase, skipped } => {
                    otherwise.entry(!*skipped).or_default().push(phase.as_str());
                }
            }
        }
        let names = |values: &mut Vec<Value>| {
            values.sort();
            let names = values.iter().map(|value| named(&self.world, mix.workflow, *value));
            names.collect::<Vec<_>>().join(", ")
        };
        let mut reported = Vec::new();
        for (by, mut values) in refused {
            let who = match by {
                By::Backend | By::Address => format!("the {} backend", label(mix.backend)),
                By::Database => format!("the {} database", label(mix.database)),
            };
            reported.push(format!("{who} refuses {}, which is tolerated", names(&mut values)));
        }
        let page = label(mix.page);
        let shows = |names: String, how| format!("the {page} page shows {names} {how}");
        if !unknown.is_empty() {
            reported.push(shows(names(&mut unknown), "as unknown"));
        }
        if !phases.is_empty() {
            let order = &self.world.machines[mix.page].phases;
            phases.sort_by_key(|name| order.iter().position(|phase| phase.name == *name));
            reported.push(shows(phases.join(", "), "as not reported"));
        }
        for (is_to_come, phases) in otherwise {
            let how = if is_to_come { "wrongly as to come" } else { "wrongly as skipped" };
            reported.push(shows(phases.join(", "), how));
        }
        reported
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
            Some(MixSafety::Degraded(degradations)) => {
                let reported = self.degradations(mix, degradations);
                line(out, &format!("  A run then comes to its true end: {}.", reported.join("; ")));
            }
            Some(MixSafety::Safe) => line(out, "  A run then comes to its true end."),
            Some(MixSafety::Broken(bad)) => {
                let reported: Vec<&str> =
                    bad.iter().map(|(_, witness)| witness.summary.as_str()).collect();
                line(out, &format!("  A run then: {}.", reported.join("; ")));
            }
            Some(MixSafety::Bounded) | None => {}
        }
    }

    /// All of it in one line.
    pub fn verdict(&self) -> String {
        let [old, new] = [&self.old.source.path, &self.new.source.path];
        let errors = |weighed: &&Weighed| weighed.severity == Severity::Error;
        let is_accepted = |one: &&Weighed| one.accepted.is_some();
        let failing = self.changes.iter().filter(errors).filter(is_accepted).count();
        // As many as are shown with their reasons.
        let beside = self.beside.iter().filter(|one| one.accepted.is_some()).count();
        let accepted = self.changes.iter().filter(is_accepted).count() + beside;
        let how = |orders: &Orders| match (orders.safe(), orders.orders.len()) {
            (0, all) if orders.leaves_what_is_wrong() && orders.best().is_some() => {
                let safe = orders.count(Order::is_safe_beside);
                match (safe, orders.best().is_some_and(Order::is_sound_beside)) {
                    (0, true) => "with refusals that are tolerated, apart from its own faults",
                    (0, false) => "only without runs under way, apart from its own faults",
                    (safe, _) if safe == all => "in any order, apart from its own faults",
                    (_, _) => "in some orders, apart from its own faults",
                }
            }
            _ if orders.orders.iter().any(|order| !order.exhausted) => "unknown",
            (0, _) if orders.has_sound() => "with refusals that are tolerated",
            (0, _) if orders.best().is_some() && !self.layers.contains(&Layer::Workflow) => {
                "only without rows under way"
            }
            (0, _) if orders.best().is_some() => "only without runs under way",
            (0, _) => "in no order",
            (safe, all) if safe == all => "in any order",
            _ => "in some orders",
        };
        let orders = format!("rollout {}, rollback {}", how(&self.rollout), how(&self.rollback));
        let mut open = self.changes.iter().filter(|one| one.accepted.is_none());
        let what = if self.changes.is_empty() {
            "nothing has changed".to_owned()
        } else if open.any(|one| one.change.apart == Some(Apart::Unmigrated)) {
            format!("no migration leads there (by the rules, {orders})")
        } else {
            orders
        };
        let word = match self.is_compatible() {
            Some(true) if failing > 0 => "compatible except for what is accepted",
            Some(true) => "compatible",
            Some(false) => "not compatible",
            None => "unknown",
        };
        let accepted = match accepted {
            0 => String::new(),
            1 => "; 1 finding is accepted".to_owned(),
            many => format!("; {many} findings are accepted"),
        };
        format!("{old} -> {new}: {word}: {what}{accepted}")
    }
}

/// How many mixes a change breaks, in words.
fn breaks(comparison: &Comparison<'_>, weighed: &Weighed) -> Option<String> {
    let (some, all) = (weighed.breaks.len(), comparison.mixes.len());
    match some {
        0 => None,
        1 => Some(format!("1 of {all} mixes is broken because of it")),
        _ => Some(format!("{some} of {all} mixes are broken because of it")),
    }
}

/// A number and what it counts.
fn number(number: u64, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}
