//! Rules on whole histories.

use super::Example::Words;

rows! { AUDIT

    VIOLATION "violation" {
        looks_for: "a report in a history that no transition of the table allows: a start in a state \
            that is not initial, a step that is not legal, or a state that the table does not have",
        why: "Somebody wrote past every layer that judges, or the table lacks what is done. Whatever \
            is built on the history counts on the table.",
        example: Words("a history in which a row that was `packed` is `arrived` next, where `packed \
            -> arrived` is no transition"),
        mend: "find out who wrote it, and correct the row; or declare the transition, if it was right",
    }

    UNREADABLE_REPORT "unreadable-report" {
        looks_for: "a row of a history that can't be read, or that has no id, no status, or no place \
            in the order",
        why: "It is left out, so that the steps around it are judged as if it were not there.",
        example: Words("a line of CSV with fewer fields than the header"),
        mend: "correct the row, or export the history again",
    }

    CUT_OFF "cut-off" {
        looks_for: "a source of a history that ends in the middle, or of which a part can't be read",
        why: "What is missing was not judged.",
        example: Words("a file of Parquet whose last bytes are missing: they say where its rows are"),
        mend: "copy or export the source again",
    }

    TIME_BACK "time-back" {
        looks_for: "a report in a history whose time is before that of the one that it follows",
        why: "Either the reports are not in their order, and the steps are judged wrongly, or a clock \
            was wrong. It counts for no time in a state.",
        example: Words("a row that is `sent` on Tuesday, in a line below one that says `arrived` on \
            Wednesday"),
        mend: "name the column that orders the reports by `--order`",
    }

    UNKNOWN_FINGERPRINT "unknown-fingerprint" {
        looks_for: "a report in a history with the fingerprint of a table that was never migrated to",
        why: "What was legal at its time is not known. It is judged by the current table, by which \
            what was right then may be a violation.",
        example: Words("a history of a database that another repository migrates, too"),
        mend: "keep every table that was migrated to, next to the migrations in `tables/`",
    }

    STUCK_ROWS "stuck-rows" {
        looks_for: "rows that are in a state for longer than its `expect`, at the latest time of the \
            history",
        why: "A report may be lost, or the work that leads on from the state stands still.",
        example: Words("a row that is `sent` for nine days, where the table says `expect = \"5d\"`"),
        mend: "look after the rows; or change `expect`, if it is usual",
    }
}
