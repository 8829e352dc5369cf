//! Rules on states.

use super::Example::Words;

rows! { STATES

    NO_STATES "no-states" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    TOO_MANY_STATES "too-many-states" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    INITIAL_RETIRED "initial-retired" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    INITIAL_OPTIONAL "initial-optional" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    INITIAL_ENDED "initial-ended" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    OPTIONAL_END "optional-end" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    COMPLETES_WITHOUT_PHASE "completes-without-phase" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    REOPENS_WITHOUT_OUTCOME "reopens-without-outcome" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    REOPENS_TERMINAL "reopens-terminal" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    OUTCOME_LEFT "outcome-left" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    UNREACHABLE "unreachable" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    NO_WAY_TO_END "no-way-to-end" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }
}
