//! Rules on live databases.

use super::Example::Words;

rows! { LIVE

    NOT_INSTALLED "not-installed" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    BEHIND "behind" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    UNKNOWN_LANGUAGE "unknown-language" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ALTERED_LANGUAGE "altered-language" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISSING_TABLE "missing-table" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISSING_COLUMN "missing-column" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISSING_LABEL "missing-label" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    EXTRA_LABEL "extra-label" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    LABEL_ORDER "label-order" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISSING_STATE "missing-state" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    EXTRA_STATE "extra-state" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ALTERED_STATE "altered-state" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISSING_TRANSITION "missing-transition" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    EXTRA_TRANSITION "extra-transition" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ALTERED_TRANSITION "altered-transition" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISSING_TRIGGER "missing-trigger" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    DISABLED_TRIGGER "disabled-trigger" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ALTERED_TRIGGER "altered-trigger" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    FOREIGN_TRIGGER "foreign-trigger" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    OTHER_MODE "other-mode" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISSING_FUNCTION "missing-function" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ALTERED_FUNCTION "altered-function" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ALTERED_DEFAULT "altered-default" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISSING_INDEX "missing-index" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ALTERED_INDEX "altered-index" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISSING_CONSTRAINT "missing-constraint" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ALTERED_COLUMN "altered-column" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    MISSING_VIEW "missing-view" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ALTERED_VIEW "altered-view" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ALTERED_RENAMES "altered-renames" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    OPEN_FORCING "open-forcing" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    LEFTOVER_FORCING "leftover-forcing" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    OPEN_FUNCTION "open-function" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    OPEN_TABLE "open-table" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    OTHER_OWNER "other-owner" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    FOREIGN_RULE "foreign-rule" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    REPLICA_SESSIONS "replica-sessions" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    HISTORY_GAP "history-gap" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    HISTORY_BREAK "history-break" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    HISTORY_ILLEGAL "history-illegal" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    HISTORY_UNKNOWN "history-unknown" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    FORCED_WITHOUT_REPORT "forced-without-report" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ROW_PAST_HISTORY "row-past-history" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ROW_WITHOUT_HISTORY "row-without-history" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ROWS_IN_RETIRED_STATES "rows-in-retired-states" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ROWS_IN_UNKNOWN_STATES "rows-in-unknown-states" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    ROWS_WITHOUT_STATUS "rows-without-status" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }

    OBSERVED "observed" {
        looks_for: "",
        why: "",
        example: Words(""),
        mend: "",
    }
}
