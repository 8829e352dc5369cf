//! Rules on migrations.

use super::Example::Words;

rows! { MIGRATE

    NOT_MIGRATED "not-migrated" {
        looks_for: "a table that has changed for the database since the last migration",
        why: "Databases judge by the table of the last migration: what the backend accepts, they \
            refuse.",
        example: Words("a state was added to `deploy.toml`, and `phasegate migrate` was not run"),
        mend: "run `phasegate migrate`, review what it writes, and commit it",
    }

    NOTHING_NEW "nothing-new" {
        looks_for: "`migrate --baseline` where no migration was written by hand",
        why: "A baseline says that a migration written by hand leads to this table, and takes its \
            number.",
        example: Words("`phasegate migrate --baseline` right after `phasegate migrate`"),
        mend: "write the migration by hand first",
    }

    NOTHING_TO_REMOVE "nothing-to-remove" {
        looks_for: "`migrate --remove` where no database has anything of the machine by its migrations",
        why: "A removal takes out what the last table that was migrated to has.",
        example: Words("`phasegate migrate --remove` twice in a row"),
        mend: "nothing is to be done; what was run by hand is taken out by hand",
    }

    REMOVED_FOR_GOOD "removed-for-good" {
        looks_for: "what `migrate --remove` drops with its rows, and what it leaves",
        why: "A history that is dropped comes back by no migration. Rows of the table itself are the \
            application's: they stay.",
        example: Words("`phasegate migrate --remove`"),
        mend: "copy the history first where anyone may ask for it",
    }

    MIGRATION_EDITED "migration-edited" {
        looks_for: "a migration, or a table of past migrations, that is not as it was written",
        why: "Databases have run it as it was. An edited one makes new databases differ from them, \
            and tools that compare checksums stop.",
        example: Words("a comment was added to `migrations/postgres/0002_add_smoke.sql`"),
        mend: "restore it from version control; a change goes into the table, and by `phasegate \
            migrate` into the next migration",
    }

    MIGRATION_MISSING "migration-missing" {
        looks_for: "a migration, or a table of past migrations, that is gone",
        why: "Databases have run it, and new ones will lack what it did.",
        example: Words("`migrations/tables/0002.toml` was deleted"),
        mend: "restore it from version control; the newest may be removed where no database has \
            run them",
    }

    MIGRATION_FORKED "migration-forked" {
        looks_for: "two migrations that were written to follow the same table",
        why: "Two branches each wrote the next migration. Neither knows what the other did.",
        example: Words("two branches that both added a state were merged"),
        mend: "where no database has run the later one, remove it with its table, and run \
            `phasegate migrate` again",
    }

    MIGRATION_UNRECORDED "migration-unrecorded" {
        looks_for: "a migration of this machine that no table of past migrations knows",
        why: "Nothing says which table it leads to, so that the next migration could do its work \
            twice.",
        example: Words("a migration was committed without the file in `migrations/tables/`"),
        mend: "restore that table from version control, or remove the migration if no database has \
            run it",
    }

    NUMBER_TAKEN "number-taken" {
        looks_for: "two migrations with one number",
        why: "Tools run migrations in the order of their numbers, and refuse two of one.",
        example: Words("`0003_add_index.sql`, written by hand next to `0003_add_smoke.sql`"),
        mend: "give the one written by hand a number of its own",
    }

    LINE_ENDS "line-ends" {
        looks_for: "a migration whose line ends were changed to CRLF",
        why: "Tools that compare checksums take it for another file.",
        example: Words("a checkout on Windows with `core.autocrlf`"),
        mend: "say `* text eol=lf` in a `.gitattributes` of the folder, then check it out anew",
    }

    BYTE_ORDER_MARK "byte-order-mark" {
        looks_for: "a migration that has got a byte order mark",
        why: "Tools that compare checksums take it for another file, and some databases refuse it.",
        example: Words("an editor saved the file as \"UTF-8 with BOM\""),
        mend: "restore it from version control, or save it as UTF-8 without the mark",
    }

    TARGET_CHANGED "target-changed" {
        looks_for: "a change in `[target.sql]` that moves what databases already have",
        why: "The table, its key or its column is where the application looks. Only you know who \
            else uses them.",
        example: Words("`table = \"deploys\"` became `table = \"deployments\"`"),
        mend: "while no database has run the migrations, remove them with their tables/NNNN.toml and migrate \
            again; else set it back, or make it a new table under a new machine name, or migrate by hand \
            and run `phasegate migrate --baseline`",
    }

    MACHINE_LEFT "machine-left" {
        looks_for: "migrations of a machine that no table of the project describes any more, or whose table \
            has no `[target.sql]` any more",
        why: "The machine's name is part of what its objects are called. Under another name everything \
            is made a second time, and the first stays in the databases and guards its table.",
        example: Words("`name = \"order\"` became `name = \"purchase\"` after `phasegate migrate`"),
        mend: "keep the name: `title` is what people read; or restore the table of the machine that \
            is to go, or its `[target.sql]`, and run `phasegate migrate --remove` on it",
    }

    MIGRATIONS_MOVED "migrations-moved" {
        looks_for: "a folder of migrations without any, while another has those that were written \
            so far",
        why: "Databases have run the others. Migrations that begin anew would create everything \
            again.",
        example: Words("`migrations = \"db/migrations\"` was set, and the files stayed in \
            `migrations/`"),
        mend: "move the files along, or take the change back",
    }

    RENAME_DONE "rename-done" {
        looks_for: "a `renamed_from` whose rename was migrated before",
        why: "It says nothing any more, and would say something false once a state has the old \
            name again.",
        example: Words("`renamed_from = \"checking\"`, a migration later"),
        mend: "remove `renamed_from`",
    }

    RENAME_OF_NOTHING "rename-of-nothing" {
        looks_for: "a `renamed_from` that names no state of a table that was migrated to",
        why: "No row can be in that state, and mostly the name is misspelt.",
        example: Words("`renamed_from = \"chekcing\"`"),
        mend: "remove `renamed_from`, or write the name that the state had",
    }

    VALUE_RENAMED "value-renamed" {
        looks_for: "a rename that changes what is stored",
        why: "Backends and workflows of the table before don't know the new value, and their \
            reports of the old one are refused.",
        example: Words("`smoke` is renamed to `smoke_test`, without a `value`"),
        mend: "where older versions still run, keep what is stored: give the state the old name as \
            its `value`",
    }

    ROWS_MOVED "rows-moved" {
        looks_for: "a migration that moves rows of a renamed state in one transaction",
        why: "A transaction that writes one of those rows waits until it is committed.",
        example: Words("`storage = \"text\"`, and a million rows in the state that is renamed"),
        mend: "see first how many rows there are; where they are too many to wait for, keep the \
            `value`",
    }

    DEFAULT_LEFT "default-left" {
        looks_for: "a column default that no row starts in any more",
        why: "An INSERT that says no status takes the default, and the guard refuses it, or marks \
            it while it observes.",
        example: Words("the application's own column has `DEFAULT 'new'`, and rows start in \
            `queued` now"),
        mend: "change the default to the initial state, or say the status in every INSERT",
    }

    NOT_NUMBERED "not-numbered" {
        looks_for: "a folder of migrations with files that are not named as the tool takes them \
            whose folder it is",
        why: "They don't count for the next number, and that tool runs none of them.",
        example: Words("`V2__add_smoke.sql` in a folder of sqlx's"),
        mend: "give phasegate's migrations a folder of their own in `[target.sql] migrations`",
    }

    MIXED_LAYOUTS "mixed-layouts" {
        looks_for: "a folder with migrations of more than one tool, before phasegate has written any \
            there",
        why: "Each tool has names, an order and forms of its own. Nothing says which of them runs \
            what phasegate writes.",
        example: Words("`0001_users.sql` next to `V2__orders.sql`"),
        mend: "name a folder of one tool for each dialect: `migrations = { postgres = \"...\" }`",
    }

    SEVERAL_HEADS "several-heads" {
        looks_for: "Alembic revisions that nothing comes after, more than one of them",
        why: "The next revision names the one that it follows, and `alembic upgrade head` refuses \
            several.",
        example: Words("two branches that both added a revision were merged"),
        mend: "run `alembic merge heads`, then `phasegate migrate`",
    }

    UNKNOWN_TO_TOOL "unknown-to-tool" {
        looks_for: "a tool for migrations that would drop, or lose, what phasegate's make",
        why: "Some tools compare the database with a model of their own, or keep their own form of \
            the schema. What those lack is dropped by a later migration, or missing in a new \
            database.",
        example: Words("Rails with `db/schema.rb`, which has no triggers"),
        mend: "what the finding says for the tool: `config.active_record.schema_format = :sql` in \
            Rails, `include_object` in Alembic's env.py, `prisma db pull` or `tables.external` with \
            Prisma",
    }

    VALUE_TAKEN "value-taken" {
        looks_for: "a state with a value that is another state's until the migration has run",
        why: "While it runs, rows of the two could not be distinguished.",
        example: Words("`checking` is renamed to `checked`, and what was `checked` to `passed`, in \
            one step"),
        mend: "rename one after the other, each with a migration of its own",
    }

    NUMBER_CHANGED "number-changed" {
        looks_for: "a state whose `number` is another one than a migration gave it",
        why: "Rows hold the number that it had, and the application's code writes it. While both were \
            in use, one number would mean two states.",
        example: Words("`open` has `number = 1` in the last migration, and `number = 2` in the table"),
        mend: "set it back; give what is really new a state of its own, and say `retired = true` of the \
            one that nothing enters any more",
    }

    RULES_RETURN "rules-return" {
        looks_for: "a table with the very rules of an earlier one, in which a value meant another \
            state",
        why: "The history says by which rules a step was judged. It could not be known which of the \
            two a value of then meant.",
        example: Words("`a` and `b` swap their names, and swap them back two migrations later"),
        mend: "give a renamed state a value that it has not had, or add a state that is `retired = \
            true`",
    }
}
