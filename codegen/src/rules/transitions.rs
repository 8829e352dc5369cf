//! Rules on transitions.

use super::Example::Words;

rows! { TRANSITIONS

    DUPLICATE_TRANSITION "duplicate-transition" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    INTO_RETIRED "into-retired" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    EXCEPT_WITHOUT_STAR "except-without-star" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    PATH_AND_FROM "path-and-from" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    SHORT_PATH "short-path" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISPLACED_STAR "misplaced-star" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    TOO_MANY_TRANSITIONS "too-many-transitions" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }
}
