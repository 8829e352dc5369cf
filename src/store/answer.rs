//! What becomes of a report.

use std::fmt;

/// What became of a report.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Answer {
    /// The row is in the state that was reported now.
    Applied {
        /// The state that the row is in.
        status: String,
        /// The state that it was in.
        from: String,
        /// The place of this transition in the row's history, from 1; 0 where there is none.
        seq: i64,
    },
    /// Nothing changed: the report came before, or the row is in that state already.
    Duplicate {
        /// The state that the row is in.
        status: String,
        /// The place of its last transition in its history.
        seq: i64,
    },
    /// Refused: this event id stands for another report, which was applied.
    EventIdReused {
        /// The event id.
        event_id: String,
        /// The state that the row was in.
        from: String,
    },
    /// Refused: a later attempt of the same run has reported already.
    StaleAttempt {
        /// The attempt that reported.
        attempt: u32,
        /// The newest attempt whose report was accepted.
        newest: i64,
        /// The state that the row was in.
        from: String,
    },
    /// Refused: another run reported to the row first, and reports are of one.
    OtherRun {
        /// The run that reported.
        run: String,
        /// The run that the row is of.
        first: String,
        /// The state that the row was in.
        from: String,
    },
    /// Refused: the table, or the database, lacks this state.
    UnknownStatus {
        /// What was reported.
        requested: String,
        /// The state that the row was in.
        from: String,
        /// The states that the one which lacks it knows, in their order.
        known: Vec<String>,
    },
    /// Refused: no transition leads on from the row's state.
    Ended {
        /// The state that the row was in.
        from: String,
        /// What was reported.
        to: String,
    },
    /// Refused: transitions lead on from the row's state, but not to this one.
    Illegal {
        /// The state that the row was in, whether or not the table has it.
        from: String,
        /// What was reported.
        to: String,
        /// What would have been legal, in the order of the states.
        allowed: Vec<String>,
        /// The row is in a state that the table lacks, and the database has no guard to ask.
        unguarded: bool,
    },
    /// There is no such row.
    NotFound,
}

impl Answer {
    /// The word for it in the reports table; for refusals it names the problem, too.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::Duplicate { .. } => "duplicate",
            Self::EventIdReused { .. } => "event-id-reused",
            Self::StaleAttempt { .. } => "stale-attempt",
            Self::OtherRun { .. } => "other-run",
            Self::UnknownStatus { .. } => "unknown-status",
            Self::Ended { .. } => "ended",
            Self::Illegal { .. } => "illegal-transition",
            Self::NotFound => "not-found",
        }
    }
}

impl Answer {
    /// The state that it was judged on, where it was.
    pub fn from(&self) -> Option<&str> {
        match self {
            Self::Applied { from, .. }
            | Self::EventIdReused { from, .. }
            | Self::StaleAttempt { from, .. }
            | Self::OtherRun { from, .. }
            | Self::UnknownStatus { from, .. }
            | Self::Ended { from, .. }
            | Self::Illegal { from, .. } => Some(from),
            Self::Duplicate { status, .. } => Some(status),
            Self::NotFound => None,
        }
    }
}

/// For people and logs: what was asked, the state it was judged on, what would have been legal.
impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Applied { status, from, seq } => write!(out, "{from} -> {status} (step {seq})"),
            Self::Duplicate { status, .. } => write!(out, "it is in `{status}` already"),
            Self::EventIdReused { event_id, from } => {
                write!(out, "`{event_id}` was applied with another body; it is in `{from}`")
            }
            Self::StaleAttempt { attempt, newest, from } => write!(
                out,
                "attempt {attempt} is over: attempt {newest} of the run has reported; it is in `{from}`"
            ),
            Self::OtherRun { run, first, from } => {
                write!(
                    out,
                    "the run {run} reported, and the row is of the run {first}; it is in `{from}`"
                )
            }
            Self::UnknownStatus { requested, from, known } => write!(
                out,
                "`{requested}` is not known, asked for in `{from}`; known: {}",
                known.join(", ")
            ),
            Self::Ended { from, to } => {
                write!(out, "it has ended in `{from}`, and `{to}` can't follow")
            }
            Self::Illegal { from, to, allowed, .. } => {
                let legal = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
                write!(out, "`{from}` -> `{to}` is not a transition; legal: {legal}")
            }
            Self::NotFound => out.write_str("there is no such row"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_was_asked_of_which_state_and_what_is_legal() {
        let (from, to) = ("paid".to_owned(), "new".to_owned());
        let allowed = vec!["sent".to_owned(), "void".to_owned()];
        let illegal = Answer::Illegal { from, to, allowed, unguarded: false };
        assert_eq!(illegal.to_string(), "`paid` -> `new` is not a transition; legal: sent, void");
    }
}
