//! Rules on the file, its sections and keys.

use super::Example::Words;

rows! { DOCUMENT

    MORE_FINDINGS "more-findings" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    UNREADABLE "unreadable" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    TOO_LARGE "too-large" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    NOT_UTF_8 "not-utf-8" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    NOT_TOML "not-toml" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    CONTROL_CHARACTER "control-character" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    UNKNOWN_FORMAT "unknown-format" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISSING_KEY "missing-key" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    UNKNOWN_KEY "unknown-key" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    UNKNOWN_VALUE "unknown-value" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    WRONG_TYPE "wrong-type" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    EMPTY_LIST "empty-list" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    DUPLICATE_ENTRY "duplicate-entry" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }
}
