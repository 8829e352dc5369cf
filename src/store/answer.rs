//! What becomes of a report.

/// What became of a report.
#[derive(Clone, Debug, Eq, PartialEq)]
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
    /// Refused: the table, or the database, lacks this state.
    UnknownStatus {
        /// What was reported.
        requested: String,
        /// The state that the row was in.
        from: String,
        /// The states that whoever lacks it knows, in their order.
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
            Self::UnknownStatus { .. } => "unknown-status",
            Self::Ended { .. } => "ended",
            Self::Illegal { .. } => "illegal-transition",
            Self::NotFound => "not-found",
        }
    }
}
