//! Which change is the reason of what goes wrong, and how bad that makes it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::exploration::{Class, Degradation, Refusal, Tried, Witness};
use super::facts::{Cause, Difference, Fact};
use super::help::Helps;
use super::layers::{Why, World};
use super::mix::{Layer, Mix};
use super::mixed::MOST_SITUATIONS;
use super::mixes::{Judged, MixSafety, Mixes};
use super::moves::Moves;
use super::order::{Direction, Order, Orders, orders};
use super::rules::{Apart, Change, Pair, Side, of_pair};
use super::source::Version;
use crate::accepted::digest;
use crate::finding::{Finding, Severity};
use crate::rules;
use crate::verify::{Refuted, Smaller};

/// So many claims of which not all was tried are named.
const MOST_UNTRIED: usize = 4;

/// A change, and what comes of it.
#[derive(Clone, Debug)]
pub struct Weighed {
    /// The change.
    pub change: Change,
    /// An error where for its sake every order of a rollout, or of a rollback, harms runs.
    pub severity: Severity,
    /// What goes wrong for its sake.
    pub classes: BTreeSet<Class>,
    /// The mixes that are broken for its sake.
    pub breaks: BTreeSet<Mix>,
    /// The mixes in which there is less for its sake.
    pub degrades: BTreeSet<Mix>,
    /// The shortest way in which something goes wrong for its sake.
    pub witness: Option<(Class, Witness)>,
    /// Why it is accepted, where it is.
    pub accepted: Option<String>,
    /// Whether something goes wrong for its sake, and a mix shows another change's shorter case.
    pub is_behind: bool,
    /// The orders in which something is refused for its sake, whatever else is refused there too.
    pub(super) refused_in: BTreeSet<(Direction, usize)>,
    /// What those refusals are the sign of.
    pub(super) refusals: BTreeSet<Class>,
    /// What to do about it.
    pub help: String,
    /// What to do about it where it is an error.
    pub(super) way_out: String,
}

/// A report of the newer workflow that an older backend refuses because it lacks the state.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Refused {
    /// The job.
    pub job: String,
    /// The state, by its name.
    pub state: String,
    /// Whether its step gets `continue-on-error`, so that the job goes on.
    pub tolerated: bool,
}

/// Two versions, and all that was found of them.
pub struct Comparison<'v> {
    /// The older one.
    pub old: &'v Version,
    /// The newer one.
    pub new: &'v Version,
    /// Every change, those that matter most first.
    pub changes: Vec<Weighed>,
    /// What else there is to say: that not all was tried, or that something has no reason.
    pub beside: Vec<Finding>,
    /// Every mix.
    pub mixes: Vec<Judged>,
    /// The layers that there are.
    pub layers: Vec<Layer>,
    /// From old to new.
    pub rollout: Orders,
    /// From new to old.
    pub rollback: Orders,
    /// What an older backend refuses.
    pub refused: Vec<Refused>,
    /// What all searches tried.
    pub tried: Tried,
    /// Whether both versions are the same to every layer, so that nothing had to be searched.
    pub is_same: bool,
    /// Whether that was all there is.
    pub exhausted: bool,
    pub(super) world: World<'v>,
    pub(super) moves: Vec<Moves>,
    /// The claims that do not hold of each version by itself.
    pub(super) wrong_alone: Vec<Vec<&'static str>>,
}

impl Comparison<'_> {
    /// Whether something fails that no one has accepted, or may fail for all that is known.
    pub fn fails(&self) -> bool {
        match self.is_compatible() {
            Some(is_compatible) => !is_compatible,
            None => !self.beside.iter().any(|one| one.accepted.is_some()),
        }
    }

    /// Whether the newer version may follow the older one; nothing where not all was tried, and
    /// nothing fails in what was.
    pub fn is_compatible(&self) -> Option<bool> {
        let changes = self
            .changes
            .iter()
            .any(|weighed| weighed.severity == Severity::Error && weighed.accepted.is_none());
        let mut beside = self.beside.iter().filter(|one| one.rule.id != rules::NOT_EXHAUSTED.id);
        if changes || beside.any(Finding::is_error) {
            return Some(false);
        }
        self.exhausted.then_some(true)
    }
}

/// Compares two versions of several.
pub fn compare(versions: &[Version], old: usize, new: usize) -> Comparison<'_> {
    let pair = [&versions[old], &versions[new]];
    let machines = pair.map(|version| &version.machine);
    let labels = pair.map(|version| version.label.clone());
    let is_same = pair[0].is_same(pair[1]);
    let mixes = Mixes::of(World::of(&machines, &labels)).of_the_same(is_same);
    let judged: Vec<Judged> =
        mixes.all().into_iter().map(|mix| Judged { mix, verdict: mixes.judge(mix) }).collect();
    let rollout = orders(&mixes, Direction::Rollout, 0, 1);
    let rollback = orders(&mixes, Direction::Rollback, 0, 1);
    let (untried, rests_on) = (mixes.untried(), mixes.rests_on());
    let (tried, exhausted, layers) = (mixes.tried(), mixes.exhausted(), mixes.layers());
    let refuted = mixes.all_refuted();
    let names =
        |of: &Vec<Refuted>| of.iter().filter(|one| !one.follows).map(|one| one.rule.id).collect();
    let wrong_alone = refuted.iter().map(names).collect();
    let (world, moves) = mixes.into_parts();
    let changes = of_pair(&Pair::of(&world, pair, refuted));
    let mut weighing = Weighing {
        difference: Difference::of(changes.iter().map(|change| change.facts.as_slice())),
        weighed: changes
            .into_iter()
            .map(|change| Weighed {
                severity: if change.is_error() { Severity::Error } else { Severity::Warning },
                change,
                classes: BTreeSet::new(),
                breaks: BTreeSet::new(),
                degrades: BTreeSet::new(),
                witness: None,
                accepted: None,
                is_behind: false,
                refused_in: BTreeSet::new(),
                refusals: BTreeSet::new(),
                help: String::new(),
                way_out: String::new(),
            })
            .collect(),
        unexplained: BTreeMap::new(),
    };
    for Judged { mix, verdict } in &judged {
        match verdict {
            MixSafety::Broken(bad) => {
                for (class, witness) in bad {
                    weighing.blame(*class, witness, Some(*mix), false);
                }
            }
            MixSafety::Degraded(degradations) => {
                for at in
                    degradations.iter().flat_map(|one| weighing.lessens(one)).collect::<Vec<_>>()
                {
                    weighing.weighed[at].degrades.insert(*mix);
                }
            }
            MixSafety::Safe | MixSafety::Bounded => {}
        }
    }
    for orders in [&rollout, &rollback] {
        let sound = orders.orders.iter().any(Order::is_sound_beside);
        for order in &orders.orders {
            if let Some((_, class, witness)) = &order.bad {
                weighing.blame(*class, witness, None, !sound && !witness.tolerated);
            }
        }
        for (number, order) in orders.orders.iter().enumerate() {
            weighing.refuses((orders.direction, number), &order.refusals);
        }
    }
    let mut beside = weighing.unexplained(&versions[new]);
    if !exhausted {
        beside.push(Finding::about(
            rules::NOT_EXHAUSTED,
            Severity::Error,
            &versions[new].source.path,
            format!(
                "the runs of these tables were not all tried: {}; there is a search for each way in which \
                 layers are switched, and each of them keeps {MOST_SITUATIONS} situations at most",
                untried.into_iter().take(MOST_UNTRIED).collect::<Vec<_>>().join("; ")
            ),
            format!(
                "what is not called broken is not called safe either; to make it smaller, {}",
                Smaller::of_runs(machines[1]).by()
            ),
        ));
    }
    let mut changes = weighing.weighed;
    let helps = Helps::of(&world, pair[1], &rollout, &rollback);
    for weighed in &mut changes {
        weighed.is_behind = !weighed.bears() && weighed.change.is_behind(&rests_on);
        weighed.way_out = helps.of_error(&weighed.change);
        weighed.help = match weighed.severity {
            Severity::Error => weighed.way_out.clone(),
            Severity::Warning => {
                helps.of_warning(&weighed.change, weighed.bears() || weighed.is_behind)
            }
        };
    }
    changes.sort_by_key(|weighed| (weighed.severity, weighed.breaks.is_empty(), !weighed.bears()));
    Comparison {
        old: pair[0],
        new: pair[1],
        changes,
        beside,
        mixes: judged,
        layers,
        rollout,
        rollback,
        refused: refused(&world),
        tried,
        is_same,
        exhausted,
        world,
        moves,
        wrong_alone,
    }
}

/// What the newer workflow reports, and the older backend lacks.
fn refused(world: &World<'_>) -> Vec<Refused> {
    let machine = world.machines[1];
    let mut refused = Vec::new();
    for id in machine.job_ids() {
        for report in machine.reports(id) {
            for state in report.outcomes.states() {
                if world.state(0, world.value(1, state)).is_none() {
                    refused.push(Refused {
                        job: machine.job(id).name.clone(),
                        state: machine.state(state).name.clone(),
                        tolerated: report.tolerated,
                    });
                }
            }
        }
    }
    refused
}

struct Weighing {
    difference: Difference,
    weighed: Vec<Weighed>,
    /// What goes wrong and no rule knows why: a fault of the rules.
    unexplained: BTreeMap<String, Vec<String>>,
}

impl Weighing {
    fn blame(&mut self, class: Class, witness: &Witness, mix: Option<Mix>, error: bool) {
        let reason = match witness.alone {
            true => self.difference.reason(&Cause::refuted()),
            false => self.difference.reason(&witness.cause),
        };
        let Some(at) = reason else {
            self.unexplained.insert(witness.summary.clone(), witness.path.0.clone());
            return;
        };
        // A report that is refused hurts the more where its job no longer goes on without it.
        let relies = witness.cause.refused.map(Fact::Relies);
        let relies = relies.iter().flat_map(|fact| self.difference.changes(fact));
        for number in relies.copied().chain([at]).collect::<BTreeSet<_>>() {
            let weighed = &mut self.weighed[number];
            weighed.breaks.extend(mix);
            weighed.classes.insert(class);
            let known = weighed.witness.as_ref().map(|(_, known)| known.path.0.len());
            if known.is_none_or(|known| witness.path.0.len() < known) {
                weighed.witness = Some((class, witness.clone()));
            }
            if error {
                weighed.severity = Severity::Error;
            }
        }
    }

    /// Every change for whose sake something is refused in an order, and not only that of the shortest
    /// case.
    fn refuses(&mut self, order: (Direction, usize), refusals: &BTreeSet<Refusal>) {
        for (class, facts) in refusals {
            if let Some(at) = self.difference.reason_of(facts) {
                self.weighed[at].refused_in.insert(order);
                self.weighed[at].refusals.insert(*class);
            }
        }
    }

    /// The changes that there is less for.
    fn lessens(&self, degradations: &Degradation) -> Vec<usize> {
        let of = |fact: Fact| self.difference.changes(&fact).to_vec();
        match degradations {
            Degradation::Refused { value, why: Why::Unknown, .. }
            | Degradation::Unknown { value } => of(Fact::Knows(*value)),
            Degradation::Refused { value, .. } => {
                let names = of(Fact::Finds).into_iter().chain(of(Fact::Address));
                self.difference.steps_into(*value).chain(names).collect()
            }
            Degradation::Unconfirmed { phase } | Degradation::Otherwise { phase, .. } => {
                of(Fact::Shows(phase.clone()))
            }
        }
    }

    fn unexplained(&self, new: &Version) -> Vec<Finding> {
        let reported = |(summary, path): (&String, &Vec<String>)| {
            Finding::about(
                rules::UNEXPLAINED,
                Severity::Error,
                &new.source.path,
                format!("{summary}, and no rule says why: {}", path.join("; ")),
                "this is a fault of phasegate: please report the two tables",
            )
        };
        self.unexplained.iter().map(reported).collect()
    }
}

impl Weighed {
    /// Whether any mix is worse for its sake.
    pub fn bears(&self) -> bool {
        self.severity == Severity::Error
            || !self.breaks.is_empty()
            || !self.degrades.is_empty()
            || self.change.apart == Some(Apart::Beyond)
    }

    /// What goes wrong under a switch, a line a step, where no mix shows it by itself.
    pub(super) fn path_under_a_switch(&self) -> Option<String> {
        let (_, witness) = self.witness.as_ref().filter(|_| self.breaks.is_empty())?;
        let steps = witness.path.0.iter().enumerate();
        let steps: Vec<String> =
            steps.map(|(at, step)| format!("  {:>3}. {step}", at + 1)).collect();
        Some(format!("what goes wrong: {}\n{}", witness.summary, steps.join("\n")))
    }

    /// What stays the same whatever else is edited, and is another where it gets worse: 16 hex digits
    /// of a SHA-256 over the rule, the subject, the severity and what goes wrong.
    pub fn fingerprint(&self) -> String {
        let classes: Vec<&str> = self.classes.iter().map(|class| class.as_str()).collect();
        let (rule, subject) = (self.change.rule.id, &self.change.subject);
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        digest(&format!("{rule}\n{subject}\n{severity}\n{}", classes.join(" ")))
    }

    /// The finding, for those who read the versions' texts.
    pub fn finding(&self, old: &Version, new: &Version) -> Finding {
        let source = match self.change.side {
            Side::Old => &old.source,
            Side::New => &new.source,
        };
        let rule = self.change.rule;
        let (severity, message) = match &self.accepted {
            Some(reason) => {
                (Severity::Warning, format!("{} (accepted: {reason})", self.change.message))
            }
            None => (self.severity, self.change.message.clone()),
        };
        let help = &self.help;
        Finding {
            fingerprint: Some(self.fingerprint()),
            accepted: self.accepted.clone(),
            ..source.finding(rule, severity, self.change.span.clone(), message, help)
        }
    }
}
