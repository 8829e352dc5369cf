//! Rules on targets.

use super::Example::Words;

rows! { TARGETS

    ABSOLUTE_PATH "absolute-path" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    BAD_PATH "bad-path" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    PATH_LEAVES_ROOT "path-leaves-root" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    SHARED_PATH "shared-path" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    BAD_IDENTIFIER "bad-identifier" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    IDENTIFIER_TOO_LONG "identifier-too-long" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    COLLIDING_NAMES "colliding-names" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    RESERVED_WORD "reserved-word" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    BAD_ACTION "bad-action" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    OBSERVE_WITHOUT_HISTORY "observe-without-history" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }
}
