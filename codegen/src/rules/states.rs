//! Rules on states.

use super::Example::{Lines, Table, Words};

rows! { STATES

    NO_STATES "no-states" {
        looks_for: "a table without a state",
        why: "A machine is its states: with none there is nothing to generate.",
        example: Table {
            wrong: r#"
format = 1
state = []
[machine]
name = "parcel"
initial = "packed"
"#,
            right: r#"
format = 1
[machine]
name = "parcel"
initial = "packed"
[[state]]
name = "packed"
"#,
        },
        mend: "add at least one [[state]]",
    }

    TOO_MANY_STATES "too-many-states" {
        looks_for: "more than 4,096 states",
        why: "The limit bounds the time that every check takes. A status column with more states \
            than that holds data, not a status.",
        example: Words("a state for each city that a parcel passes through"),
        mend: "keep data in columns of its own, and states in the table",
    }

    INITIAL_RETIRED "initial-retired" {
        looks_for: "an initial state that is retired",
        why: "Nothing enters a retired state, and a new row would.",
        example: Table {
            wrong: r#"
format = 1
[machine]
name = "parcel"
initial = ["packed", "bagged"]
[[state]]
name = "packed"
[[state]]
name = "bagged"
retired = true
[[state]]
name = "sent"
[[transition]]
from = ["packed", "bagged"]
to = "sent"
"#,
            right: r#"
format = 1
[machine]
name = "parcel"
initial = "packed"
[[state]]
name = "packed"
[[state]]
name = "bagged"
retired = true
[[state]]
name = "sent"
[[transition]]
from = ["packed", "bagged"]
to = "sent"
"#,
        },
        mend: "start in another state, or take `retired` off",
    }

    INITIAL_OPTIONAL "initial-optional" {
        looks_for: "an initial state that is optional",
        why: "A row always starts in a state that is reported, so that the report of it can't be \
            missing.",
        example: Table {
            wrong: r#"
format = 1
[machine]
name = "parcel"
initial = "packed"
[[state]]
name = "packed"
optional = true
[[state]]
name = "sent"
[[transition]]
from = "packed"
to = "sent"
"#,
            right: r#"
format = 1
[machine]
name = "parcel"
initial = "packed"
[[state]]
name = "packed"
[[state]]
name = "sent"
[[transition]]
from = "packed"
to = "sent"
"#,
        },
        mend: "remove `optional`",
    }

    INITIAL_ENDED "initial-ended" {
        looks_for: "an initial state that is an end",
        why: "A row that starts in an end is over before it began. Only a machine of one state \
            starts and ends in it.",
        example: Table {
            wrong: r#"
format = 1
[machine]
name = "parcel"
initial = ["packed", "lost"]
[[state]]
name = "packed"
[[state]]
name = "lost"
outcome = "failure"
[[transition]]
from = "packed"
to = "lost"
"#,
            right: r#"
format = 1
[machine]
name = "parcel"
initial = "packed"
[[state]]
name = "packed"
[[state]]
name = "lost"
outcome = "failure"
[[transition]]
from = "packed"
to = "lost"
"#,
        },
        mend: "start in a state that leads on and has no `outcome`, or add a transition from it",
    }

    OPTIONAL_END "optional-end" {
        looks_for: "an optional state that has an outcome, or that no transition leaves",
        why: "The report of an optional state may be lost, and what comes after it makes up for \
            that. Nothing comes after an end.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
outcome = "failure"
optional = true
[[transition]]
from = "sent"
to = "lost"
"#,
            right: r#"
[[state]]
name = "lost"
outcome = "failure"
[[transition]]
from = "sent"
to = "lost"
"#,
        },
        mend: "remove `optional`, or add a transition that leads on",
    }

    COMPLETES_WITHOUT_PHASE "completes-without-phase" {
        looks_for: "a state with `completes` and without a `phase`",
        why: "It says that its phase is done, and has none.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
completes = true
retired = true
"#,
            right: r#"
[[phase]]
name = "transport"
[[state]]
name = "lost"
phase = "transport"
completes = true
retired = true
"#,
        },
        mend: "add the `phase` that it completes, or remove `completes`",
    }

    REOPENS_WITHOUT_OUTCOME "reopens-without-outcome" {
        looks_for: "a state with `reopens` and without an `outcome`",
        why: "Only an end can be left again. A state without an outcome is left anyway.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
reopens = true
[[transition]]
path = ["sent", "lost", "packed"]
"#,
            right: r#"
[[state]]
name = "lost"
outcome = "failure"
reopens = true
[[transition]]
path = ["sent", "lost", "packed"]
"#,
        },
        mend: "add the `outcome`, or remove `reopens`",
    }

    REOPENS_TERMINAL "reopens-terminal" {
        looks_for: "a state with `reopens` that no transition leaves",
        why: "It says that its end can be left, and nothing leaves it.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
outcome = "failure"
reopens = true
[[transition]]
from = "sent"
to = "lost"
"#,
            right: r#"
[[state]]
name = "lost"
outcome = "failure"
reopens = true
[[transition]]
path = ["sent", "lost", "packed"]
"#,
        },
        mend: "add a transition from it, or remove `reopens`",
    }

    EXPECT_MALFORMED "expect-malformed" {
        looks_for: "an `expect` that is no time",
        why: "It is how long a row is usually in the state, which views and metrics count with.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
expect = "half a day"
[[transition]]
path = ["sent", "lost", "packed"]
"#,
            right: r#"
[[state]]
name = "lost"
expect = "12h"
[[transition]]
path = ["sent", "lost", "packed"]
"#,
        },
        mend: "say a whole number and `s`, `m`, `h` or `d`, from `1s` to `3650d`",
    }

    EXPECT_TERMINAL "expect-terminal" {
        looks_for: "a state with `expect` that no transition leaves",
        why: "A row stays at its end: each one would be overdue there for good.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
outcome = "failure"
expect = "12h"
[[transition]]
from = "sent"
to = "lost"
"#,
            right: r#"
[[state]]
name = "lost"
outcome = "failure"
reopens = true
expect = "12h"
[[transition]]
path = ["sent", "lost", "packed"]
"#,
        },
        mend: "remove `expect`, or add a transition that leaves the state",
    }

    OUTCOME_LEFT "outcome-left" {
        looks_for: "a state with an outcome, and without `reopens`, that goes on to another",
        why: "An outcome says that the row has ended. A person who was shown that end would see \
            it taken back.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
outcome = "failure"
[[transition]]
path = ["sent", "lost", "packed"]
"#,
            right: r#"
[[state]]
name = "lost"
outcome = "failure"
reopens = true
[[transition]]
path = ["sent", "lost", "packed"]
"#,
        },
        mend: "add `reopens = true`, or remove the transitions that leave it",
    }

    UNREACHABLE "unreachable" {
        looks_for: "a state that no sequence of transitions leads to, from an initial or a retired \
            one",
        why: "No row ever gets there: a transition is missing, or the state is of no use.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
outcome = "failure"
"#,
            right: r#"
[[state]]
name = "lost"
outcome = "failure"
[[transition]]
from = "sent"
to = "lost"
"#,
        },
        mend: "add a transition to it, or retire it (`retired = true`) where rows still hold it",
    }

    NO_WAY_TO_END "no-way-to-end" {
        looks_for: "a state from which no end can be reached",
        why: "A row that comes there stays open for ever.",
        example: Lines {
            wrong: r#"
[[state]]
name = "held"
[[state]]
name = "asked"
[[transition]]
path = ["sent", "held", "asked", "held"]
"#,
            right: r#"
[[state]]
name = "held"
[[state]]
name = "asked"
[[transition]]
path = ["sent", "held", "asked", "sent"]
"#,
        },
        mend: "add a transition that leads on to an end",
    }
}
