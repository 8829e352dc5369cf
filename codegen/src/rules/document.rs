//! Rules on the file, its sections and keys.

use super::Example::{Jobs, Lines, Table, Words};

rows! { DOCUMENT

    MORE_FINDINGS "more-findings" {
        looks_for: "more findings of one file than are shown",
        why: "After a thousand findings of one file, more of them help no one, and most have one \
            cause.",
        example: Words("a table of two thousand states, each with a misspelt key"),
        mend: "mend the findings above it first, then run the command again",
    }

    UNREADABLE "unreadable" {
        looks_for: "a table that can't be opened",
        why: "Nothing is known of a table that can't be read, so that the run ends 2 and says \
            nothing of it.",
        example: Words("`phasegate check deploy.tml`, where the file is `deploy.toml`"),
        mend: "name a table that is there, and that you may read",
    }

    TOO_LARGE "too-large" {
        looks_for: "a file of more than 1 MiB",
        why: "The limit bounds the time and the memory that a table can take. A table written by \
            hand is a hundred times smaller.",
        example: Words("a table with a state for each order, and not for each status of an order"),
        mend: "split the machine: one table for each status column",
    }

    NOT_UTF_8 "not-utf-8" {
        looks_for: "bytes that are no UTF-8",
        why: "A table is text in UTF-8. Names in another encoding would reach the database as \
            other names.",
        example: Words("a title with an umlaut, saved as Latin-1"),
        mend: "save the file as UTF-8",
    }

    NOT_TOML "not-toml" {
        looks_for: "a text that is no TOML",
        why: "Nothing after such a place can be read with certainty.",
        example: Table {
            wrong: r#"
format = 1
[machine
name = "parcel"
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
        mend: "write it as TOML has it: see <https://toml.io>",
    }

    CONTROL_CHARACTER "control-character" {
        looks_for: "a text that is a single NUL character",
        why: "It is no name, no value and no path that any layer could use.",
        example: Lines {
            wrong: r#"
[[state]]
name = "\u0000"
"#,
            right: r#"
[[state]]
name = "lost"
retired = true
"#,
        },
        mend: "write what was meant, without control characters",
    }

    UNKNOWN_FORMAT "unknown-format" {
        looks_for: "a `format` that this phasegate does not know",
        why: "Another format may mean other things by the same keys, so that nothing else in the \
            file is looked at.",
        example: Table {
            wrong: r#"
format = 2
[machine]
name = "parcel"
initial = "packed"
[[state]]
name = "packed"
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
        mend: "write `format = 1`, or use the phasegate that the table was written for",
    }

    MISSING_KEY "missing-key" {
        looks_for: "a key that a section must have",
        why: "Without it the section means nothing, and a default would be a guess.",
        example: Lines {
            wrong: r#"
[[transition]]
from = "sent"
"#,
            right: r#"
[[transition]]
from = "sent"
to = "packed"
"#,
        },
        mend: "add the key that the finding names",
    }

    UNKNOWN_KEY "unknown-key" {
        looks_for: "a key that no section of the format has",
        why: "A misspelt key would be passed over without a word, and what it was to say would not \
            hold.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
outcom = "failure"
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
        mend: "write the key that was meant; the finding names the nearest",
    }

    UNKNOWN_VALUE "unknown-value" {
        looks_for: "a word that is none of those that a key takes",
        why: "The key means something for each of its words, and nothing for another one.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
outcome = "failed"
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
        mend: "write one of the words that the finding lists",
    }

    WRONG_TYPE "wrong-type" {
        looks_for: "a value of another type than its key takes",
        why: "A list where a text belongs, or a text where `true` belongs, says something that no \
            one can know.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
retired = "yes"
"#,
            right: r#"
[[state]]
name = "lost"
retired = true
"#,
        },
        mend: "write a value of the type that the finding names",
    }

    EMPTY_LIST "empty-list" {
        looks_for: "a list without an entry",
        why: "An empty list is mostly an entry that was forgotten. To say nothing, leave the key \
            out.",
        example: Jobs {
            wrong: r#"
[[job]]
name = "pack"
needs = []
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
        mend: "leave the key out, or name at least one entry",
    }

    DUPLICATE_ENTRY "duplicate-entry" {
        looks_for: "a list that holds the same entry twice",
        why: "The second one means nothing, and mostly another one was meant.",
        example: Table {
            wrong: r#"
format = 1
[machine]
name = "parcel"
initial = ["packed", "packed"]
[[state]]
name = "packed"
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
        mend: "list it once",
    }
}
