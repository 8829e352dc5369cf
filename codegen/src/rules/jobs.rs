//! Rules on jobs.

use super::Example::{Jobs, Lines};

rows! { JOBS

    NEEDS_CYCLE "needs-cycle" {
        looks_for: "jobs that need each other in a circle",
        why: "Each waits for the other, so that none of them ever runs.",
        example: Jobs {
            wrong: r#"
[[job]]
name = "pack"
needs = ["ship"]
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
        mend: "take one of them out of `needs`",
    }

    REPORTS_RETIRED "reports-retired" {
        looks_for: "a job that reports a retired state",
        why: "Nothing enters a retired state: every such report would be refused.",
        example: Jobs {
            wrong: r#"
[[state]]
name = "late"
retired = true
[[transition]]
from = "late"
to = "arrived"
[[job]]
name = "ship"
start = "late"
success = "arrived"
[[job]]
name = "conclude"
needs = ["ship"]
always = true
success = "arrived"
failure = "lost"
"#,
            right: r#"
[[state]]
name = "late"
retired = true
[[transition]]
from = "late"
to = "arrived"
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
        mend: "report the state that took its place",
    }

    ALWAYS_WITHOUT_NEEDS "always-without-needs" {
        looks_for: "a concluding job (`always = true`) that needs no job",
        why: "A concluding job says what became of the jobs that it needs. With none it has \
            nothing to say.",
        example: Jobs {
            wrong: r#"
[[job]]
name = "ship"
start = "sent"
success = "arrived"
[[job]]
name = "conclude"
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
        mend: "name the jobs that it speaks for in `needs`, or remove `always`",
    }

    ALWAYS_WITH_REPORTS "always-with-reports" {
        looks_for: "a concluding job with `start` or `milestones`",
        why: "A concluding job reports its outcome and nothing else: it does no work that could be \
            begun.",
        example: Jobs {
            wrong: r#"
[[job]]
name = "ship"
success = "arrived"
[[job]]
name = "conclude"
needs = ["ship"]
always = true
start = "sent"
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
        mend: "remove the key, or remove `always`",
    }

    SKIPPABLE_REPORT "skippable-report" {
        looks_for: "a job with `skippable = true` that reports a state which no transition passes \
            over and which is not optional",
        why: "Where the job is skipped no one reports that state, and what comes after it would be \
            refused.",
        example: Lines {
            wrong: r#"
[[job]]
name = "pack"
skippable = true
success = "sent"
[[job]]
name = "ship"
needs = ["pack"]
success = "arrived"
"#,
            right: r#"
[[state]]
name = "lost"
outcome = "failure"
[[transition]]
from = "*"
to = "lost"
[[transition]]
from = "packed"
to = "arrived"
[[job]]
name = "pack"
skippable = true
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
        mend: "make the state optional, add a transition that passes over it, or remove \
            `skippable`",
    }

    SKIPPABLE_CONCLUSION "skippable-conclusion" {
        looks_for: "a concluding job (`always = true`) that is skippable",
        why: "It says what became of the others in every run; one that may be skipped leaves the \
            row open.",
        example: Jobs {
            wrong: r#"
[[job]]
name = "ship"
start = "sent"
success = "arrived"
[[job]]
name = "conclude"
needs = ["ship"]
always = true
skippable = true
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
        mend: "remove one of the two",
    }
}
