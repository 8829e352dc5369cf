//! Rules on jobs.

use super::Example::Words;

rows! { JOBS

    NEEDS_CYCLE "needs-cycle" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    REPORTS_RETIRED "reports-retired" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ALWAYS_WITHOUT_NEEDS "always-without-needs" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ALWAYS_WITH_REPORTS "always-with-reports" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }
}
