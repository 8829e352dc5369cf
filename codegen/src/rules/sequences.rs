//! Rules on judged sequences of states.

use super::Example::Words;

rows! { SEQUENCES

    REJECTED "rejected" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    NOT_ACCEPTED "not-accepted" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }
}
