/// What the stepper shows, a view per phase: a function of the accepted history, and of the
/// `attempted` of its last report, and nothing else. Nothing is shown as failed that passed, or as done that
/// was not, whichever reports were lost.
pub fn phases(
    history: &[{{ type_name }}],
    attempted: Option<{{ type_name }}>,
) -> [PhaseView; {{ phases.len() }}] {
    let Some((&current, before)) = history.split_last() else {
        return [PhaseView::Upcoming; {{ phases.len() }}];
    };
{%- if phases.is_empty() %}
    let _ = (current, before, attempted);
    []
{%- else %}
    let seen = Seen::in_history(history);
    let ending = ending_phase(current, before.last().copied(), attempted);
    P::ALL.map(|phase| seen.view(phase, current, ending))
{%- endif %}
}
{%- if !phases.is_empty() %}

/// What a history says of each phase, without the reports that going back has taken back.
struct Seen {
    reported: [bool; {{ phases.len() }}],
    completed: [bool; {{ phases.len() }}],
    hidden: [bool; {{ phases.len() }}],
}

impl Seen {
    /// Reads the history from its end: where a state's phase is earlier than that of the one
    /// before it that has one, the reports of that phase and of later ones before it don't count.
    fn in_history(history: &[S]) -> Self {
        let mut seen = Self {
            reported: [false; {{ phases.len() }}],
            completed: [false; {{ phases.len() }}],
            hidden: [false; {{ phases.len() }}],
        };
        let mut taken_back_from = usize::MAX;
        let mut later_phase = None;
        for (at, &state) in history.iter().enumerate().rev() {
            let phase = state.phase().map(P::index);
            // `None` is below every phase, and takes nothing back.
            if later_phase < phase {
                taken_back_from = later_phase.unwrap_or(taken_back_from).min(taken_back_from);
            }
            later_phase = phase.or(later_phase);
            if phase.is_none_or(|phase| phase < taken_back_from) {
                seen.read(state, at.checked_sub(1).map(|before| history[before]));
            }
            if state.is_initial() {
                break;
            }
        }
        seen
    }

    fn read(&mut self, state: S, before: Option<S>) {
        if let Some(phase) = state.phase() {
            self.reported[phase.index()] = true;
            self.completed[phase.index()] |= state.completes();
        }
        for hidden in before.into_iter().flat_map(|before| before.hidden(state)) {
            if let Some(phase) = hidden.phase() {
                self.hidden[phase.index()] = true;
            }
        }
    }

    fn view(&self, phase: P, current: S, ending: Option<P>) -> PhaseView {
        let at = phase.index();
        let badly = matches!(current.outcome(), Some(Outcome::Failure | Outcome::Cancelled));
        let passed_by = self.reported[at + 1..].contains(&true);
        let over = passed_by || current.is_ended();
        let ending = ending.map(P::index);
        let moved_on = passed_by
            || ending.is_some_and(|ending| ending > at)
            || match current.phase() {
                Some(other) => other != phase || (current.is_ended() && !badly),
                None => !badly,
            };
        if ending == Some(at) {
            match current.outcome() {
                Some(Outcome::Cancelled) => PhaseView::Cancelled,
                Some(Outcome::Success | Outcome::Failure | Outcome::Neutral) | None => {
                    PhaseView::Failed
                }
            }
        } else if !self.reported[at]
            && (ending.is_some_and(|ending| ending < at) || (over && !self.hidden[at]))
        {
            PhaseView::Skipped
        } else if current.phase() == Some(phase) && !current.completes() && !current.is_ended() {
            PhaseView::Active
        } else if self.completed[at] || (self.reported[at] && moved_on && !HAS_COMPLETING[at]) {
            PhaseView::Done
        } else if over {
            PhaseView::Unconfirmed
        } else {
            PhaseView::Upcoming
        }
    }
}

/// Whether some state completes the phase.
static HAS_COMPLETING: [bool; {{ phases.len() }}] = [{% for phase in phases %}{% if !loop.first %}, {% endif %}{{ phase.completing }}{% endfor %}];

/// The phase that a failure or a cancellation happened in, where the reports say.
fn ending_phase(current: S, before: Option<S>, attempted: Option<S>) -> Option<P> {
    let incomplete = |state: S| state.phase().filter(|_| !state.completes());
    if !matches!(current.outcome(), Some(Outcome::Failure | Outcome::Cancelled)) {
        return None;
    }
    attempted.and_then(incomplete).or(current.phase()).or_else(|| {
        let before = before?;
        let phase = incomplete(before);
        phase.filter(|_| before.hidden(current).all(|hidden| incomplete(hidden) == phase))
    })
}
{%- endif %}

