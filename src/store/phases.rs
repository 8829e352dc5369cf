//! What is known of each phase of a row, by its history: the machine's views, and what they leave open.

use super::snapshot::{Event, Phase};
use crate::{Machine, Outcome, StateId, View};

/// A step of a history, as far as phases go by it.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) to: String,
    pub(super) attempted: Option<String>,
    pub(super) forced: bool,
    pub(super) observed: bool,
}

impl From<&Event> for Step {
    fn from(event: &Event) -> Self {
        Self {
            to: event.to.clone(),
            attempted: event.attempted.clone(),
            forced: event.forced.is_some(),
            observed: event.observed.is_some(),
        }
    }
}

/// The views by the history as far as the machine knows it (table.md, rule 6), and the `attempted`
/// of its last report. To the views a step that was forced, or only observed, is a step like any other: no
/// chain of optional states leads along it, so what it passed over shows as not needed or not reached, and
/// never as done. The notes say what it was.
pub(super) fn phases(machine: &dyn Machine, status: &str, steps: &[Step]) -> Vec<Phase> {
    let mut history: Vec<StateId> = Vec::with_capacity(steps.len());
    let mut attempted = None;
    for step in steps {
        if let Some(state) = machine.find(&step.to) {
            history.push(state);
            attempted = step.attempted.as_deref().and_then(|value| machine.find(value));
        }
    }
    if steps.is_empty() {
        // A row from before there was a history: where it is now is all that is known.
        history.extend(machine.find(status));
    }
    let mut views = vec![View::Upcoming; machine.phases()];
    machine.views(&history, attempted, &mut views);
    let evidence = evidence(machine, steps);
    let ended_well = machine.find(status).is_some_and(|state| ended_well(machine, state));
    let note = |at: usize| match (views[at], &evidence[at]) {
        (_, Evidence { past: Some(past), .. }) => Some(*past),
        (View::Unconfirmed, Evidence { reported: true, .. }) => Some("outcome-not-reported"),
        (View::Skipped, _) if ended_well || views[at + 1..].iter().any(|view| view.is_past()) => {
            Some("not-needed")
        }
        (View::Skipped, _) => Some("not-reached"),
        (
            View::Failed
            | View::Cancelled
            | View::Active
            | View::Done
            | View::Unconfirmed
            | View::Upcoming,
            _,
        ) => None,
    };
    let phase = |at: usize| Phase {
        name: machine.phase_name(at).to_owned(),
        title: machine.phase_title(at).to_owned(),
        view: views[at].as_str(),
        note: note(at),
    };
    (0..views.len()).map(phase).collect()
}

impl View {
    /// Whether a row that shows it came this far.
    const fn is_past(self) -> bool {
        match self {
            Self::Failed | Self::Cancelled | Self::Active | Self::Done => true,
            Self::Skipped | Self::Unconfirmed | Self::Upcoming => false,
        }
    }
}

fn ended_well(machine: &dyn Machine, state: StateId) -> bool {
    machine.is_ended(state)
        && !matches!(machine.outcome(state), Some(Outcome::Failure | Outcome::Cancelled))
}

/// What speaks for a phase, since the row went into it the last time.
#[derive(Clone, Debug, Default)]
struct Evidence {
    /// A report of it counts.
    reported: bool,
    completed: bool,
    /// The note where a forced step entered it, left it uncompleted or passed it over, or one against the
    /// table passed it over.
    past: Option<&'static str>,
}

/// Of each phase. A row that goes back starts over from there. (`evidenceOf` of the element is the same.)
fn evidence(machine: &dyn Machine, steps: &[Step]) -> Vec<Evidence> {
    let mut phases = vec![Evidence::default(); machine.phases()];
    let (mut last, mut before) = (None::<usize>, None::<usize>);
    let mut was_bad = false;
    for step in steps {
        let Some(state) = machine.find(&step.to) else {
            continue;
        };
        let (own, initial) = (machine.phase_of(state), machine.is_initial(state));
        let is_back = own.is_some_and(|own| last.is_some_and(|last| own < last));
        if initial || is_back {
            let from = if initial { 0 } else { own.unwrap_or_default() };
            phases[from..].fill(Evidence::default());
        }
        if step.forced || step.observed {
            let from = match (is_back || initial, before) {
                (true, _) => own.unwrap_or_default(),
                // Out of a bad end: what ended badly was not done by that.
                (false, None) => last.map_or(0, |last| last + usize::from(!was_bad)),
                (false, Some(before)) => before,
            };
            // One more than the last of them.
            let to = match own {
                Some(own) => own + 1,
                None if ended_well(machine, state) => phases.len(),
                None => last.map_or(0, |last| last + 1),
            };
            for (at, phase) in phases.iter_mut().enumerate().take(to).skip(from) {
                if step.forced && !phase.completed {
                    phase.past = Some("forced");
                }
                let ended_here = was_bad && last == Some(at) && !phase.completed;
                if step.observed && own != Some(at) && (!phase.reported || ended_here) {
                    phase.past = Some("observed");
                }
            }
        }
        if let Some(own) = own.filter(|_| !step.forced) {
            let completed = phases[own].completed || machine.completes(state);
            phases[own] = Evidence { reported: true, completed, past: None };
        }
        if own.is_some() || initial {
            last = own;
        }
        before = own;
        was_bad = machine.is_ended(state) && !ended_well(machine, state);
    }
    phases
}
