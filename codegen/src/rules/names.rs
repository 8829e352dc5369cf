//! Rules on names and values.

use super::Example::Words;

rows! { NAMES

    BAD_NAME "bad-name" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    NAME_TOO_LONG "name-too-long" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    BAD_VALUE "bad-value" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    DUPLICATE_NAME "duplicate-name" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    DUPLICATE_VALUE "duplicate-value" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    VALUE_IS_A_NAME "value-is-a-name" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    UNKNOWN_STATE "unknown-state" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    UNKNOWN_PHASE "unknown-phase" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    UNKNOWN_JOB "unknown-job" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    RENAMED_FROM_EXISTS "renamed-from-exists" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    RENAMED_FROM_TWICE "renamed-from-twice" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }
}
