//! Rules on workflows written by hand.

use super::Example::Words;

rows! { WORKFLOW

    MISSING_WORKFLOW "missing-workflow" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    UNREADABLE_WORKFLOW "unreadable-workflow" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    UNLISTED_WORKFLOW "unlisted-workflow" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    BAD_MARKER "bad-marker" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    NESTED_REGION "nested-region" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    UNBALANCED_REGION "unbalanced-region" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    UNKNOWN_REGION "unknown-region" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    DUPLICATE_REGION "duplicate-region" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISPLACED_REGION "misplaced-region" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    REGION_ORDER "region-order" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISSING_REGION "missing-region" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    STALE_REGION "stale-region" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    OWN_TEXT_IN_REGION "own-text-in-region" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    LOOSE_REPORT "loose-report" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    OUTCOME_NOT_LAST "outcome-not-last" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    DUPLICATE_KEY "duplicate-key" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISSING_JOB "missing-job" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISSING_NEED "missing-need" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    TOLERATED_JOB "tolerated-job" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    SHARED_STEPS "shared-steps" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    REUSABLE_JOB "reusable-job" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MATRIX_JOB "matrix-job" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    NO_STEPS "no-steps" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    CONCLUSION "conclusion" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    TAKEN_ID "taken-id" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISSING_INPUT "missing-input" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    NO_DISPATCH "no-dispatch" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    NO_CHECKOUT "no-checkout" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    PARTIAL_CHECKOUT "partial-checkout" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }
}
