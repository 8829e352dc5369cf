//! Rules on transitions.

use super::Example::{Lines, Words};

rows! { TRANSITIONS

    DUPLICATE_TRANSITION "duplicate-transition" {
        looks_for: "a transition that is listed twice: by name, or by two `\"*\"` rows",
        why: "The second one adds nothing, and mostly another pair was meant.",
        example: Lines {
            wrong: r#"
[[transition]]
from = "packed"
to = "sent"
"#,
            right: r#"
[[transition]]
from = "sent"
to = "packed"
"#,
        },
        mend: "list each pair once",
    }

    INTO_RETIRED "into-retired" {
        looks_for: "a transition into a retired state",
        why: "Rows may still hold a retired state; nothing enters it any more.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
retired = true
[[transition]]
from = "sent"
to = "lost"
"#,
            right: r#"
[[state]]
name = "lost"
retired = true
[[transition]]
from = "lost"
to = "arrived"
"#,
        },
        mend: "remove the transition, or take `retired` off the state",
    }

    EXCEPT_WITHOUT_STAR "except-without-star" {
        looks_for: "an `except` in a row whose `from` is not `\"*\"`",
        why: "`except` takes states out of all. Out of a list they are left out by not naming \
            them.",
        example: Lines {
            wrong: r#"
[[state]]
name = "lost"
outcome = "failure"
[[transition]]
from = ["packed", "sent"]
except = ["packed"]
to = "lost"
"#,
            right: r#"
[[state]]
name = "lost"
outcome = "failure"
[[transition]]
from = "*"
except = ["packed"]
to = "lost"
"#,
        },
        mend: "write `from = \"*\"`, or leave the states out of `from`",
    }

    PATH_AND_FROM "path-and-from" {
        looks_for: "a row with `path` and with `from` or `to`",
        why: "A row is one or the other: a path of several states, or pairs from some states to \
            others.",
        example: Lines {
            wrong: r#"
[[transition]]
path = ["sent", "packed"]
to = "sent"
"#,
            right: r#"
[[transition]]
path = ["sent", "packed"]
"#,
        },
        mend: "write either `path`, or `from` and `to`",
    }

    SHORT_PATH "short-path" {
        looks_for: "a `path` of fewer than two states",
        why: "A path is the steps between its states. One state has none.",
        example: Lines {
            wrong: r#"
[[transition]]
path = ["sent"]
"#,
            right: r#"
[[transition]]
path = ["sent", "packed"]
"#,
        },
        mend: "name at least two states, in order",
    }

    MISPLACED_STAR "misplaced-star" {
        looks_for: "a `\"*\"` in a place where it does not stand for all states",
        why: "`\"*\"` is the whole of `from` or of `to`. In a list or a path it has \
            no meaning.",
        example: Lines {
            wrong: r#"
[[transition]]
from = ["*", "sent"]
to = "packed"
"#,
            right: r#"
[[transition]]
from = "*"
to = "packed"
except = ["packed"]
"#,
        },
        mend: "write `from = \"*\"` or `to = \"*\"`, or name the states",
    }

    TOO_MANY_TRANSITIONS "too-many-transitions" {
        looks_for: "more than 65,536 legal transitions, with `\"*\"` expanded and the skips of \
            optional states",
        why: "The limit bounds the time that every check takes, and the rows that a database \
            judges by.",
        example: Words("300 states, each of which may follow every other"),
        mend: "declare the steps that happen, and not each that might",
    }
}
