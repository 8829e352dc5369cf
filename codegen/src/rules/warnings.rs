//! Rules on what is allowed in a table, and probably not meant.

use super::Example::{Jobs, Lines};

rows! { WARNINGS

    ONLY_STAR_LEADS_ON "only-star-leads-on" {
        looks_for: "a state without an outcome that only `\"*\"` rows lead on from",
        why: "`\"*\"` mostly stands for \"everything can fail\". A state with no way on but that \
            is mostly one whose own transition was forgotten.",
        example: Lines {
            wrong: r#"
[[state]]
name = "held"
[[state]]
name = "lost"
outcome = "failure"
[[transition]]
from = "sent"
to = "held"
[[transition]]
from = "*"
to = "lost"
"#,
            right: r#"
[[state]]
name = "held"
[[state]]
name = "lost"
outcome = "failure"
[[transition]]
path = ["sent", "held", "arrived"]
[[transition]]
from = "*"
to = "lost"
"#,
        },
        mend: "add the transition that it is there for, or give it an `outcome`",
    }

    PHASE_WITHOUT_STATES "phase-without-states" {
        looks_for: "a phase without a state, where other phases have some",
        why: "The stepper can show such a phase only as not reached or not needed.",
        example: Lines {
            wrong: r#"
[[phase]]
name = "transport"
[[phase]]
name = "customs"
[[state]]
name = "lost"
phase = "transport"
retired = true
"#,
            right: r#"
[[phase]]
name = "transport"
[[state]]
name = "lost"
phase = "transport"
retired = true
"#,
        },
        mend: "give the phase a state, or remove it",
    }

    OPTIONAL_WITHOUT_SKIP "optional-without-skip" {
        looks_for: "an optional state that no skip passes over, and whose reports no job goes on without",
        why: "`optional` says that what comes after the state is accepted without it. Where nothing \
            is, or where each such step is declared anyway, the word does nothing: but for the jobs \
            that report the state, which go on without a lost report of it.",
        example: Lines {
            wrong: r#"
[[state]]
name = "weighed"
optional = true
[[transition]]
path = ["packed", "weighed", "sent"]
"#,
            right: r#"
[[state]]
name = "weighed"
[[transition]]
path = ["packed", "weighed", "sent"]
"#,
        },
        mend: "remove `optional`, or the declared transitions around the state",
    }

    NEVER_REPORTED "never-reported" {
        looks_for: "a state that no job reports and that is not initial, in a table with jobs",
        why: "Nothing brings a row there, unless something that the table does not know writes it.",
        example: Jobs {
            wrong: r#"
[[job]]
name = "ship"
success = "arrived"
[[job]]
name = "conclude"
needs = ["ship"]
always = true
success = "arrived"
failure = "lost"
"#,
            right: r#"
[[job]]
name = "ship"
start = "sent"
success = "arrived"
[[job]]
name = "conclude"
needs = ["ship"]
always = true
success = "arrived"
failure = "lost"
"#,
        },
        mend: "report it in a [[job]]; where the application writes it, leave it, or accept the \
            warning",
    }
}
