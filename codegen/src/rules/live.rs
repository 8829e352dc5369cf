//! Rules on live databases.

use super::Example::Words;

rows! { LIVE

    NOT_INSTALLED "not-installed" {
        looks_for: "a database that has nothing of the machine",
        why: "Nothing guards the status there: every write passes.",
        example: Words("the migrations were applied to another database, or to another schema"),
        mend: "apply the migrations, or name the right database",
    }

    BEHIND "behind" {
        looks_for: "a database that is at an earlier table than this one",
        why: "It refuses what only the newer table allows.",
        example: Words("a release whose migration was not applied yet"),
        mend: "apply the migrations that the finding names",
    }

    UNKNOWN_LANGUAGE "unknown-language" {
        looks_for: "a database that judges by rules which neither this table nor one migrated to \
            before has",
        why: "A newer version or another branch has migrated it. What it accepts can't be said \
            from here.",
        example: Words("a staging database that a feature branch was deployed to"),
        mend: "look at it with that version's table",
    }

    ALTERED_LANGUAGE "altered-language" {
        looks_for: "a fingerprint in the database that is not that of the rules it judges by",
        why: "The history names the rules of each step by it. A false one makes later findings \
            false.",
        example: Words("a transition was inserted by hand, and the fingerprint left as it was"),
        mend: "mend what else is found, then set the fingerprint as the finding prints it",
    }

    MISSING_TABLE "missing-table" {
        looks_for: "a table of the machine that the database lacks",
        why: "Guards, history or reports have no place to be.",
        example: Words("`deploy_events` was dropped"),
        mend: "apply the migrations, or say in [target.sql] where the table is",
    }

    MISSING_COLUMN "missing-column" {
        looks_for: "a column that a table of the machine lacks",
        why: "What writes it fails, and a guard that fails stops every change.",
        example: Words("`deploy_events.forced`, in a database whose last migration was not applied"),
        mend: "apply the migrations",
    }

    MISSING_LABEL "missing-label" {
        looks_for: "a state that the enum type of the column lacks",
        why: "No row can be put into that state.",
        example: Words("a type that was created by hand from an older list"),
        mend: "run the ALTER TYPE that the finding prints",
    }

    EXTRA_LABEL "extra-label" {
        looks_for: "a label of the enum type that is no state of the table",
        why: "The column would take it. The guard refuses it where it enforces, and marks it where \
            it observes.",
        example: Words("`ALTER TYPE deploy_status ADD VALUE 'paused'`, by hand"),
        mend: "add the state to the table and migrate; a label can't be dropped",
    }

    LABEL_ORDER "label-order" {
        looks_for: "labels that stand in another order than the states of the table",
        why: "Nothing of phasegate compares states by their order. A query of yours that does \
            would be wrong.",
        example: Words("a label that was added by hand stands at the end"),
        mend: "where a query of yours sorts or compares by them, order the [[state]] rows as the \
            labels stand",
    }

    MISSING_STATE "missing-state" {
        looks_for: "a state that the guard's own list lacks",
        why: "The guard refuses every step into it and out of it.",
        example: Words("a row of `deploy_states` was deleted"),
        mend: "run what the finding prints: the last migration has the rules",
    }

    EXTRA_STATE "extra-state" {
        looks_for: "a state in the guard's list that the table lacks",
        why: "The database accepts what no other layer knows.",
        example: Words("a row was inserted into `deploy_states` by hand"),
        mend: "add the state to the table and migrate, or delete the row",
    }

    ALTERED_STATE "altered-state" {
        looks_for: "a state that the database starts rows in, and the table does not, or the other \
            way round",
        why: "An INSERT is refused, or passes, against the table.",
        example: Words("`initial` was set for `building` by hand"),
        mend: "set `initial` as the finding says",
    }

    MISSING_TRANSITION "missing-transition" {
        looks_for: "a transition of the table that the guard's list lacks",
        why: "The database refuses a step that every other layer accepts.",
        example: Words("a row of `deploy_transitions` was deleted"),
        mend: "run what the finding prints: the last migration has the rules",
    }

    EXTRA_TRANSITION "extra-transition" {
        looks_for: "a transition in the guard's list that the table does not allow",
        why: "The database accepts a step that no proof has looked at.",
        example: Words("a row was inserted into `deploy_transitions` to repair one order"),
        mend: "add the transition to the table and migrate, or delete the row; to repair one row \
            use the machine's `_force`",
    }

    ALTERED_TRANSITION "altered-transition" {
        looks_for: "a skip that the database calls declared, or the reverse",
        why: "Nothing is judged by it, but people read it.",
        example: Words("`kind` of a row of `deploy_transitions` was changed by hand"),
        mend: "set `kind` as the whole schema has it",
    }

    MISSING_TRIGGER "missing-trigger" {
        looks_for: "a trigger that is gone",
        why: "What it guards is unguarded: steps are not judged, not recorded, or the history can \
            be changed.",
        example: Words("a restore without triggers"),
        mend: "run its CREATE TRIGGER again, from the file that the finding names",
    }

    DISABLED_TRIGGER "disabled-trigger" {
        looks_for: "a trigger that is disabled",
        why: "It does nothing until it is enabled again.",
        example: Words("`ALTER TABLE deploys DISABLE TRIGGER ALL` before a bulk load, and nothing \
            after it"),
        mend: "enable it as the finding prints, and see what was written meanwhile",
    }

    ALTERED_TRIGGER "altered-trigger" {
        looks_for: "a trigger that is not what the table gives",
        why: "It may let pass what it should refuse.",
        example: Words("a `WHEN` was added to the guard by hand"),
        mend: "drop it, and run its CREATE TRIGGER again",
    }

    FOREIGN_TRIGGER "foreign-trigger" {
        looks_for: "a trigger of your own on a table that phasegate made, on PostgreSQL only a BEFORE trigger; \
            and one that comes before the guard",
        why: "It can change or drop what a guard writes. On PostgreSQL an AFTER trigger comes before the guard \
            where its name sorts first: if it changes the status, the guard sees the later step first, and \
            refuses it.",
        example: Words("a trigger on `deploy_events` that keeps the last thousand steps"),
        mend: "see that it changes nothing of what the guards write, or drop it; rename it as the finding says",
    }

    OTHER_MODE "other-mode" {
        looks_for: "a guard that enforces where the table says observe, or the other way round",
        why: "What should be refused passes, or what should only be marked is refused.",
        example: Words("`mode` was changed in the table, and its migration not applied"),
        mend: "apply the migration that switches it",
    }

    MISSING_FUNCTION "missing-function" {
        looks_for: "a function of the machine that is gone",
        why: "The trigger or the default that calls it fails, and with it every write.",
        example: Words("`DROP FUNCTION ... CASCADE`"),
        mend: "run its CREATE FUNCTION again, from the file that the finding names",
    }

    ALTERED_FUNCTION "altered-function" {
        looks_for: "a function whose body or attributes are not what the table gives",
        why: "It may judge otherwise, or with the rights of another role.",
        example: Words("`SECURITY DEFINER` was taken off"),
        mend: "run its CREATE OR REPLACE FUNCTION again",
    }

    ALTERED_DEFAULT "altered-default" {
        looks_for: "a column default other than the initial state",
        why: "An INSERT that says no status is refused, or starts somewhere else.",
        example: Words("`ALTER TABLE deploys ALTER COLUMN status DROP DEFAULT`"),
        mend: "set the default as the finding prints it",
    }

    MISSING_INDEX "missing-index" {
        looks_for: "an index that is gone",
        why: "The guard and the history look rows up by it: without it every change reads the \
            whole table.",
        example: Words("`DROP INDEX`, during an attempt to save space"),
        mend: "run its CREATE INDEX again",
    }

    ALTERED_INDEX "altered-index" {
        looks_for: "an index on other columns, or one that is not valid",
        why: "It does not serve what it is for; an invalid one serves nothing.",
        example: Words("`CREATE INDEX CONCURRENTLY` that was interrupted"),
        mend: "drop it, and run its CREATE INDEX again",
    }

    MISSING_CONSTRAINT "missing-constraint" {
        looks_for: "a constraint that a table of phasegate's lacks",
        why: "The database no longer refuses what it forbids: a step without a number, or a number \
            twice.",
        example: Words("the primary key of `deploy_events` was dropped"),
        mend: "add it again, as the finding prints it",
    }

    ALTERED_COLUMN "altered-column" {
        looks_for: "a column of another type, or with another rule on NULL, than the table gives",
        why: "Values may not fit, or be missing where one is needed.",
        example: Words("`status` became `varchar(10)`"),
        mend: "alter it back to what the whole schema has",
    }

    MISSING_VIEW "missing-view" {
        looks_for: "a view that is gone",
        why: "Queries and dashboards that read it fail.",
        example: Words("`deploy_observed` was dropped with CASCADE"),
        mend: "apply the migrations, or run its CREATE VIEW again",
    }

    ALTERED_VIEW "altered-view" {
        looks_for: "a view that is not what the table gives",
        why: "What it counts may be something else.",
        example: Words("a `WHERE` was added by hand"),
        mend: "drop it, and run its CREATE VIEW again",
    }

    ALTERED_RENAMES "altered-renames" {
        looks_for: "a name for a state of earlier rules that no migration gives",
        why: "The history is read by these names; one for rules in force leads past the guard.",
        example: Words("a row was inserted into `deploy_renames` by hand"),
        mend: "delete the row as the finding prints, and see what is said of rows and history",
    }

    LEFTOVER_FORCING "leftover-forcing" {
        looks_for: "rows in the table of forced steps",
        why: "Each is leave for one step. On PostgreSQL none outlives its transaction; on SQLite one may wait for its UPDATE.",
        example: Words("a row that was written while the triggers were off"),
        mend: "delete them, and see who may write the table",
    }

    OPEN_FUNCTION "open-function" {
        looks_for: "a function of the guards that a role may execute and should not",
        why: "It writes with its owner's rights, and could be hung on a table of that role's own.",
        example: Words("`GRANT EXECUTE ON ALL FUNCTIONS` in a script of the database"),
        mend: "revoke it as the finding prints",
    }

    OPEN_TABLE "open-table" {
        looks_for: "a table of rules or history that a role may write",
        why: "A role that writes it changes what is legal, or what has happened.",
        example: Words("`GRANT ALL ON ALL TABLES IN SCHEMA public`"),
        mend: "revoke it as the finding prints; an application only reads these tables",
    }

    OTHER_OWNER "other-owner" {
        looks_for: "an object of the machine that belongs to another role than the rest",
        why: "Whose it is decides what the guards may write, and who may change them.",
        example: Words("a function that was created again by another role"),
        mend: "give it the owner that the finding names",
    }

    FOREIGN_RULE "foreign-rule" {
        looks_for: "a rule of PostgreSQL's on a guarded table",
        why: "It rewrites statements before any trigger sees them. One that does something else \
            instead loses what was written.",
        example: Words("`CREATE RULE ... DO INSTEAD NOTHING`"),
        mend: "see that nothing is lost by it, or drop it",
    }

    UNGUARDED_CHILD "unguarded-child" {
        looks_for: "a table that inherits from the guarded one, and is no partition of it",
        why: "A SELECT shows its rows as rows of the guarded table. Triggers are not inherited, so nothing \
            judges them.",
        example: Words("`CREATE TABLE old_orders () INHERITS (orders)`"),
        mend: "take it out with NO INHERIT, or make it a partition",
    }

    REPLICA_SESSIONS "replica-sessions" {
        looks_for: "a role or a database whose sessions run with `session_replication_role = \
            replica`",
        why: "No trigger fires in such a session, so that no guard judges it.",
        example: Words("`ALTER ROLE importer SET session_replication_role = replica`"),
        mend: "reset it there, and see what was written meanwhile; a subscriber's own role may \
            keep it",
    }

    HISTORY_GAP "history-gap" {
        looks_for: "steps whose numbers have gaps, and keys that were used again after their history was pruned",
        why: "Somebody deleted steps: the history no longer says what happened. Or a row began anew under a \
            key that was used.",
        example: Words("steps of a test were deleted with the triggers off"),
        mend: "restore the steps from a backup; of a key that was used again delete the row in the machine's \
            `_pruned`",
    }

    HISTORY_BREAK "history-break" {
        looks_for: "a step that does not begin where the one before it ended",
        why: "A step is missing between them, or one was written by hand.",
        example: Words("`queued -> building`, then `deploying -> succeeded`"),
        mend: "find who wrote it; restore the steps from a backup",
    }

    HISTORY_ILLEGAL "history-illegal" {
        looks_for: "a step that the rules of its time did not allow",
        why: "It was written while the guards were off, so that nothing has judged it.",
        example: Words("`queued -> succeeded`, from an import"),
        mend: "find who wrote it, and see that the guards are on",
    }

    HISTORY_UNKNOWN "history-unknown" {
        looks_for: "a step by rules that no table had which was migrated to",
        why: "Somebody wrote it while the guards were off, or the snapshot of that table is gone.",
        example: Words("a snapshot was deleted from `migrations/tables/`"),
        mend: "restore the snapshot from version control, or find who wrote the step",
    }

    FORCED_WITHOUT_REPORT "forced-without-report" {
        looks_for: "a step that is marked as forced, without the report that says by whom",
        why: "The machine's `_force` writes both. The mark was set by hand, while the guards were \
            off.",
        example: Words("an UPDATE of `deploy_events.forced`"),
        mend: "find who set it; force a step only through the function",
    }

    ROW_PAST_HISTORY "row-past-history" {
        looks_for: "a row that is not in the state that its history ends in",
        why: "It was changed past the guard. Its next step is judged from where it is, and \
            recorded from where it was.",
        example: Words("an UPDATE with the triggers off"),
        mend: "put the row back into that state past the guard, as the finding says how",
    }

    ROW_WITHOUT_HISTORY "row-without-history" {
        looks_for: "a row without any step",
        why: "It was written past the guard, and its next step is refused.",
        example: Words("a restore of the rows without the history"),
        mend: "restore its steps from a backup, or write them past the guard, as the finding says how",
    }

    ROWS_IN_RETIRED_STATES "rows-in-retired-states" {
        looks_for: "rows in retired states",
        why: "They may be there, and no one may remember what the state meant once they move on.",
        example: Words("rows of last year in `paused`, which was retired since"),
        mend: "move them on by the transitions that leave the state; where none does, they stay",
    }

    ROWS_IN_UNKNOWN_STATES "rows-in-unknown-states" {
        looks_for: "rows in states that the table lacks",
        why: "No layer can judge them, and no page can name them.",
        example: Words("an older application wrote `on-hold`"),
        mend: "add the states to the table, retired where nothing is to enter them, and migrate; or force the rows \
            into states",
    }

    ROWS_WITHOUT_STATUS "rows-without-status" {
        looks_for: "rows without a status",
        why: "Nothing is judged of them until they get one. One that had a status, by its history, is refused every \
            step then: NULL is no state.",
        example: Words("rows from before the column was added"),
        mend: "give them a status, by force those that had one",
    }

    CHECK_REFUSES "check-refuses" {
        looks_for: "a CHECK on an application's own status column that refuses a state of the table",
        why: "The guard would let the step pass, and the CHECK refuse it: in production, by a message \
            that no one expects.",
        example: Words("`CHECK (status IN ('new', 'paid'))`, and the table has `sent`"),
        mend: "run the statement that the finding gives, before the migration",
    }

    KEY_WITHOUT_INDEX "key-without-index" {
        looks_for: "a table without an index that begins with its key",
        why: "What looks a row up would look through the whole table, for each row that is written.",
        example: Words("`PRIMARY KEY (name, id)`, and the key is only `id`"),
        mend: "create the index that the finding gives, or name the columns that an index has",
    }

    KEY_GIVEN_AGAIN "key-given-again" {
        looks_for: "on SQLite, a key that is an `INTEGER PRIMARY KEY` without `AUTOINCREMENT`",
        why: "SQLite gives the number of the newest row again once that row is deleted, and the guard refuses a \
            key that has a history: the next INSERT fails, and every one after it.",
        example: Words("Rails' `change_column`, which makes the table anew without AUTOINCREMENT"),
        mend: "make the table anew with AUTOINCREMENT, and run `sqlite-guards.sql`; until then give the next \
            row a number above those of the history",
    }

    KEY_SHARED "key-shared" {
        looks_for: "a key that stands in several rows, before the first migration",
        why: "A history is of one row. The first migration refuses such a table.",
        example: Words("`key = \"order_no\"`, and each tenant counts its own"),
        mend: "name a key that is unique: `key = [\"tenant_id\", \"order_no\"]`",
    }

    CANNOT_BE_GUARDED "cannot-be-guarded" {
        looks_for: "a table that the first migration would refuse to guard",
        why: "Its columns are of other types than `[target.sql]` says, or it is nothing that triggers can guard \
            as a whole.",
        example: Words("`key_type = \"text\"`, and the key is a `timestamptz`"),
        mend: "mend the table, or say what it has; where nothing fits, name another key",
    }

    SHARED_TYPE "shared-type" {
        looks_for: "a label that is renamed while other columns have its enum type",
        why: "PostgreSQL renames it for all of them, and their code goes on to write the old one.",
        example: Words("`runs.status` and `steps.status` are both of the type `run_status`"),
        mend: "rename it there too and say `--shared`, or keep `value = \"the old one\"`",
    }

    OBSERVED "observed" {
        looks_for: "steps that an observing guard let through, and would refuse if it enforced",
        why: "Each is a step that the table forgot, or one that should not be. Know which before \
            you enforce.",
        example: Words("`shipped -> packed`, 14 times last week"),
        mend: "add the transition that the finding prints, or mend what takes the step",
    }
}
