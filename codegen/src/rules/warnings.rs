//! Rules on what is allowed in a table, and probably not meant.

use super::Example::Words;

rows! { WARNINGS

    ONLY_STAR_LEADS_ON "only-star-leads-on" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    PHASE_WITHOUT_STATES "phase-without-states" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    OPTIONAL_WITHOUT_SKIP "optional-without-skip" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    NEVER_REPORTED "never-reported" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }
}
