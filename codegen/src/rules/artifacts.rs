//! Rules on generated files.

use super::Example::Words;

rows! { ARTIFACTS

    STALE "stale" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISSING "missing" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ORPHANED "orphaned" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }
}
