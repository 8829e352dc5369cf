//! Rules on migrations.

use super::Example::Words;

rows! { MIGRATE

    NOT_MIGRATED "not-migrated" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    NOTHING_NEW "nothing-new" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MIGRATION_EDITED "migration-edited" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MIGRATION_MISSING "migration-missing" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MIGRATION_FORKED "migration-forked" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MIGRATION_UNRECORDED "migration-unrecorded" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    NUMBER_TAKEN "number-taken" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    LINE_ENDS "line-ends" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    BYTE_ORDER_MARK "byte-order-mark" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    TARGET_CHANGED "target-changed" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MIGRATIONS_MOVED "migrations-moved" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    RENAME_DONE "rename-done" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    RENAME_OF_NOTHING "rename-of-nothing" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    VALUE_RENAMED "value-renamed" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ROWS_MOVED "rows-moved" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    DEFAULT_LEFT "default-left" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    NOT_NUMBERED "not-numbered" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    VALUE_TAKEN "value-taken" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    RULES_RETURN "rules-return" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }
}
