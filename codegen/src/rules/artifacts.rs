//! Rules on generated files.

use super::Example::Words;

rows! { ARTIFACTS

    STALE "stale" {
        looks_for: "a generated file that is not what the table gives",
        why: "A layer then judges by another table than the others: what the one accepts, the next \
            refuses.",
        example: Words("a state was added to `deploy.toml`, and `generated/deploy.rs` was not \
            generated again"),
        mend: "run `phasegate generate`, and commit what it writes; never edit a generated file",
    }

    MISSING "missing" {
        looks_for: "a generated file that is not there",
        why: "Whatever builds on it fails, or goes on with an older copy.",
        example: Words("`[target.docs]` was added to the table, and nothing was generated since"),
        mend: "run `phasegate generate`, and commit what it writes",
    }

    ORPHANED "orphaned" {
        looks_for: "a file that was generated from this table, which no longer gives it",
        why: "It stays as it was while the table goes on. What still reads it goes by an old \
            table.",
        example: Words("`path` of `[target.json]` was changed, and the file at the old path is \
            still there"),
        mend: "remove the file, or put its target back into the table",
    }
}
