//! Rules on names and values.

use super::Example::{Jobs, Lines, Words};

rows! { NAMES

    BAD_NAME "bad-name" {
        looks_for: "a name that is not of the form that names have",
        why: "A name becomes a Rust variant, a key in JavaScript and part of the names of database \
            objects. What all of them take is a lower-case letter, then lower-case letters, digits \
            and `_`; a job may have capitals and `-` too.",
        example: Lines {
            wrong: r#"
[[state]]
name = "Sent back"
retired = true
"#,
            right: r#"
[[state]]
name = "sent_back"
value = "Sent back"
retired = true
"#,
        },
        mend: "give it a plain name; a state keeps what is stored with `value`, and `title` is \
            what people read",
    }

    NAME_TOO_LONG "name-too-long" {
        looks_for: "a state's name of more than 63 bytes",
        why: "PostgreSQL refuses longer labels and cuts longer identifiers, so that two names \
            could become one.",
        example: Words("a state called \
            `waiting_for_the_second_signature_of_the_head_of_the_department_abroad`"),
        mend: "shorten the name to 63 bytes at most; `title` may be as long as you like",
    }

    BAD_VALUE "bad-value" {
        looks_for: "a `value` that can't be stored as a state: empty, longer than 63 bytes, or \
            with control characters",
        why: "What is stored has to be a label on every database, and a word in reports and JSON.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
value = ""
retired = true
"#,
            right: r#"
[[state]]
name = "lost"
value = "Lost"
retired = true
"#,
        },
        mend: "give it a value of 1 to 63 bytes without control characters, or none",
    }

    DUPLICATE_NAME "duplicate-name" {
        looks_for: "two states, phases or jobs with one name",
        why: "A name stands for one thing. Whatever names it would mean either.",
        example: Lines {
            wrong: r#"
[[state]]
name = "sent"
"#,
            right: r#"
[[state]]
name = "sent_again"
retired = true
"#,
        },
        mend: "rename one of them, or remove it",
    }

    EMPTY_TITLE "empty-title" {
        looks_for: "a `title` with nothing to read in it",
        why: "Titles are what people read: a step without one is a blank in the page and in the \
            run.",
        example: Lines {
            wrong: r#"
[[phase]]
name = "transport"
title = ""
"#,
            right: r#"
[[phase]]
name = "transport"
title = "On the road"
"#,
        },
        mend: "write a title, or leave `title` out: then it is the name in words",
    }

    DUPLICATE_VALUE "duplicate-value" {
        looks_for: "two states that are stored as one value",
        why: "A row that holds the value would be in both states.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
value = "Gone"
retired = true
[[state]]
name = "stolen"
value = "Gone"
retired = true
"#,
            right: r#"
[[state]]
name = "lost"
value = "Lost"
retired = true
[[state]]
name = "stolen"
value = "Gone"
retired = true
"#,
        },
        mend: "give one of them another `value`",
    }

    VALUE_IS_A_NAME "value-is-a-name" {
        looks_for: "a `value` that is the name of another state",
        why: "Code speaks names, databases speak values. Where one state's value is another's \
            name, no one can say which of the two a word means.",
        example: Lines {
            wrong: r#"
[[state]]
name = "returned"
value = "sent"
retired = true
"#,
            right: r#"
[[state]]
name = "returned"
value = "back"
retired = true
"#,
        },
        mend: "give one of them another value or another name",
    }

    MISSING_NUMBER "missing-number" {
        looks_for: "a state without a `number` where the status column holds numbers",
        why: "With `storage = \"integer\"` the column holds each state's number. Without one nothing could \
            be stored, and no number may be made up: the application has its own.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
number = 3
retired = true
[target.sql]
storage = "integer"
"#,
            right: r#"
[[state]]
name = "lost"
retired = true
[target.sql]
storage = "text"
"#,
        },
        mend: "give each state the number that the column holds for it",
    }

    NUMBER_WITHOUT_COLUMN "number-without-column" {
        looks_for: "a `number` in a table in which no column holds numbers",
        why: "It would say nothing, and somebody would rely on it.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
number = 3
retired = true
"#,
            right: r#"
[[state]]
name = "lost"
retired = true
"#,
        },
        mend: "remove the number, or say `storage = \"integer\"` in [target.sql]",
    }

    DUPLICATE_NUMBER "duplicate-number" {
        looks_for: "two states that are stored as one number",
        why: "A row that holds the number would be in both states.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
number = 3
retired = true
[[state]]
name = "stolen"
number = 3
retired = true
"#,
            right: r#"
[[state]]
name = "lost"
retired = true
[[state]]
name = "stolen"
retired = true
"#,
        },
        mend: "give one of them another number",
    }

    VALUE_IS_A_NUMBER "value-is-a-number" {
        looks_for: "a `value` that is the digits of another number than the state's own",
        why: "In messages and in the history, a number that the table lacks stands by its digits. A state \
            that is called so could not be distinguished from it.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
number = 3
value = "4"
retired = true
"#,
            right: r#"
[[state]]
name = "lost"
value = "4"
retired = true
"#,
        },
        mend: "give the state another value, or none",
    }

    UNKNOWN_STATE "unknown-state" {
        looks_for: "a name that stands for no state",
        why: "A transition, a job or an initial state that names nothing says nothing, and mostly \
            it is a typing error.",
        example: Lines {
            wrong: r#"
[[transition]]
from = "sent"
to = "packd"
"#,
            right: r#"
[[transition]]
from = "sent"
to = "packed"
"#,
        },
        mend: "write the name of a state, or add the state; the finding names the nearest",
    }

    UNKNOWN_PHASE "unknown-phase" {
        looks_for: "a `phase` that names no phase",
        why: "The state would be in no step of the stepper, though the table says that it is in \
            one.",
        example: Lines {
            wrong: r#"
[[phase]]
name = "transport"
[[state]]
name = "lost"
phase = "trasport"
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
        mend: "write the name of a phase, or add the phase",
    }

    UNKNOWN_JOB "unknown-job" {
        looks_for: "an entry of `needs` that names no job",
        why: "The job would wait for nothing, and report before its time.",
        example: Jobs {
            wrong: r#"
[[job]]
name = "pack"
start = "packed"
success = "sent"
[[job]]
name = "ship"
needs = ["pakc"]
success = "arrived"
[[job]]
name = "conclude"
needs = ["pack", "ship"]
always = true
success = "arrived"
failure = "lost"
"#,
            right: r#"
[[job]]
name = "pack"
start = "packed"
success = "sent"
[[job]]
name = "ship"
needs = ["pack"]
success = "arrived"
[[job]]
name = "conclude"
needs = ["pack", "ship"]
always = true
success = "arrived"
failure = "lost"
"#,
        },
        mend: "write the name of a job, or add the job",
    }

    RENAMED_FROM_EXISTS "renamed-from-exists" {
        looks_for: "a `renamed_from` that names a state which is still there",
        why: "The next migration would move the rows of a state that exists into another.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
renamed_from = "sent"
retired = true
"#,
            right: r#"
[[state]]
name = "lost"
renamed_from = "missing"
retired = true
"#,
        },
        mend: "remove `renamed_from`, or the state of that name; names are swapped through a third \
            one, with a migration for each step",
    }

    RENAMED_FROM_TWICE "renamed-from-twice" {
        looks_for: "two states that were renamed from one",
        why: "Rows of the old state can move into only one of them.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
renamed_from = "gone"
retired = true
[[state]]
name = "stolen"
renamed_from = "gone"
retired = true
"#,
            right: r#"
[[state]]
name = "lost"
renamed_from = "gone"
retired = true
[[state]]
name = "stolen"
retired = true
"#,
        },
        mend: "keep `renamed_from` at the one that rows of the old state belong to",
    }
}
