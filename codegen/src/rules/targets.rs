//! Rules on targets.

use super::Example::Lines;

rows! { TARGETS

    ABSOLUTE_PATH "absolute-path" {
        looks_for: "a path that starts at the top of a file system or of a drive",
        why: "A table is the same on every machine, and an absolute path is not.",
        example: Lines {
            wrong: r#"
[target.docs]
path = "/srv/parcel.md"
"#,
            right: r#"
[target.docs]
path = "docs/parcel.md"
"#,
        },
        mend: "write it from the table's folder, or from `root`",
    }

    BAD_PATH "bad-path" {
        looks_for: "a path that no file can be written to: empty, a folder, with `\\` or control \
            characters, or of the wrong ending",
        why: "A path has to mean the same file on every system, and its ending says to other tools \
            what is in it.",
        example: Lines {
            wrong: r#"
[target.docs]
path = "docs\\parcel.md"
"#,
            right: r#"
[target.docs]
path = "docs/parcel.md"
"#,
        },
        mend: "write a path whose parts are apart by `/`, with the ending that the finding names",
    }

    PATH_LEAVES_ROOT "path-leaves-root" {
        looks_for: "a path that leads out of the root",
        why: "What is generated stays inside the folder that the table belongs to, so that no run \
            touches another project.",
        example: Lines {
            wrong: r#"
[target.docs]
path = "../parcel.md"
"#,
            right: r#"
[target.docs]
path = "docs/parcel.md"
"#,
        },
        mend: "set `root` to the folder that holds them all, or write a path inside it",
    }

    SHARED_PATH "shared-path" {
        looks_for: "two artifacts, or an artifact of another table, that are written to one path",
        why: "The one written last would replace the other on every run.",
        example: Lines {
            wrong: r#"
[target.docs]
path = "generated/parcel.json"
[target.json]
"#,
            right: r#"
[target.docs]
path = "generated/parcel.md"
[target.json]
"#,
        },
        mend: "give each a path of its own",
    }

    BAD_IDENTIFIER "bad-identifier" {
        looks_for: "a name in a target that is no plain identifier",
        why: "It stands in generated code as it is, where only letters, digits and `_` do.",
        example: Lines {
            wrong: r#"
[target.sql]
table = "all parcels"
"#,
            right: r#"
[target.sql]
table = "all_parcels"
"#,
        },
        mend: "write a letter or `_`, then letters, digits and `_`",
    }

    IDENTIFIER_TOO_LONG "identifier-too-long" {
        looks_for: "an identifier of the SQL target of more than 63 bytes",
        why: "PostgreSQL cuts longer identifiers without a word, so that two objects could get one \
            name.",
        example: Lines {
            wrong: r#"
[target.sql]
table = "parcels_of_the_last_year_and_of_those_before_that_are_not_archived"
"#,
            right: r#"
[target.sql]
table = "parcels"
"#,
        },
        mend: "shorten the name that it is made of",
    }

    COLLIDING_NAMES "colliding-names" {
        looks_for: "two names that become one in a target",
        why: "The generated code would not compile, or one object of the database would replace \
            the other.",
        example: Lines {
            wrong: r#"
[[state]]
name = "sent_2"
retired = true
[[state]]
name = "sent2"
retired = true
[target.rust]
"#,
            right: r#"
[[state]]
name = "sent_twice"
retired = true
[[state]]
name = "sent2"
retired = true
[target.rust]
"#,
        },
        mend: "rename one of them; a state keeps what is stored with `value`",
    }

    RESERVED_WORD "reserved-word" {
        looks_for: "a name that a language or a database keeps for itself",
        why: "No quotes free it, so that what is generated would not compile, or could not be \
            created.",
        example: Lines {
            wrong: r#"
[[state]]
name = "self"
retired = true
[target.rust]
"#,
            right: r#"
[[state]]
name = "itself"
value = "self"
retired = true
[target.rust]
"#,
        },
        mend: "name it something else; a state keeps what is stored with `value`",
    }

    BAD_ACTION "bad-action" {
        looks_for: "an `action` that `uses:` can't say",
        why: "It stands in the workflow as it is, where no expression and no white space may \
            stand.",
        example: Lines {
            wrong: r#"
[target.workflow]
action = "my action"
"#,
            right: r#"
[target.workflow]
action = "./.github/actions/notify-parcel-status"
"#,
        },
        mend: "write a path such as `./.github/actions/NAME`, or `owner/repository@ref`",
    }

    KEY_TYPES "key-types" {
        looks_for: "a `key_type` of more or fewer types than `key` has columns",
        why: "Each column of the key stands in the history by its own type.",
        example: Lines {
            wrong: r#"
[target.sql]
key = ["depot", "id"]
key_type = "bigint"
"#,
            right: r#"
[target.sql]
key = ["depot", "id"]
key_type = ["text", "bigint"]
"#,
        },
        mend: "say a type for each column of `key`, in their order",
    }

    TYPE_WITHOUT_ENUM "type-without-enum" {
        looks_for: "`type` in [target.sql] where the status column has no enum type",
        why: "Texts and numbers have no type of their own, and SQLite has no enums: the name would say \
            nothing.",
        example: Lines {
            wrong: r#"
[target.sql]
storage = "text"
type = "parcel_state"
"#,
            right: r#"
[target.sql]
storage = "enum"
type = "parcel_state"
"#,
        },
        mend: "leave `type` out, or say `storage = \"enum\"`",
    }

    MISSING_TYPE "missing-type" {
        looks_for: "`derive = [\"sqlx\"]` with an application's own enum column without its `type`",
        why: "sqlx asks PostgreSQL for the type by its name, and only the application knows that: a read \
            of the column would fail.",
        example: Lines {
            wrong: r#"
[target.rust]
derive = ["sqlx"]
[target.sql]
owns = false
"#,
            right: r#"
[target.rust]
derive = ["sqlx"]
[target.sql]
owns = false
type = "app.parcel_state"
"#,
        },
        mend: "say the type's name in [target.sql]: `type = \"NAME\"` or `\"SCHEMA.NAME\"`",
    }

    NULL_OF_AN_OWNED_COLUMN "null-of-an-owned-column" {
        looks_for: "`null` with a table that phasegate makes",
        why: "The column of such a table is NOT NULL: nothing could stand there for the state.",
        example: Lines {
            wrong: r#"
[target.sql]
null = "packed"
"#,
            right: r#"
[target.sql]
owns = false
null = "packed"
"#,
        },
        mend: "leave `null` out, or say `owns = false` of a table that is yours",
    }

    COLUMNS_OF_AN_ADOPTED_TABLE "columns-of-an-adopted-table" {
        looks_for: "`columns` with `owns = false`",
        why: "What a start may give are columns of a table that phasegate makes. It makes none of a table that \
            is the application's.",
        example: Lines {
            wrong: r#"
[target.sql]
owns = false
columns = { note = "text" }
"#,
            right: r#"
[target.sql]
columns = { note = "text" }
"#,
        },
        mend: "leave `columns` out, and start rows with the application's own INSERT",
    }

    OBSERVE_WITHOUT_HISTORY "observe-without-history" {
        looks_for: "`mode = \"observe\"` with `events = false`",
        why: "An observing guard marks in the history what it would refuse. Without a history it \
            could only let everything through.",
        example: Lines {
            wrong: r#"
[target.sql]
mode = "observe"
events = false
"#,
            right: r#"
[target.sql]
mode = "observe"
"#,
        },
        mend: "leave `events` out, or enforce at once",
    }
}
