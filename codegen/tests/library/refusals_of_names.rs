//! The refusals of names: those that cannot be names, those that stand for two things or for
//! nothing, and those that a target cannot bear.

use crate::common;
use crate::common::{check, findings, table, two, with};

#[test]
fn refuses_bad_names() {
    check(with("").replace("\"m\"", "«\"9\""), &["bad-name `9` is not a name for a machine"]);
    for bad in ["A", "_a", "a-b", "a b", "é", "", "9a", "a\\t"] {
        check(
            table(
                &format!(r#"{{ name = "a" }}, {{ name = «"{bad}", retired = true }}"#),
                r#"{ from = "a", to = "a" }"#,
                "",
            )
            .replace("{ name = \"a\" }, ", "{ name = \"a\" }, { name = \"z\" }, ")
            .replace("to = \"a\"", "to = \"z\""),
            &["bad-name for a state"],
        );
        check(with(&format!("phase = [{{ name = «\"{bad}\" }}]")), &["bad-name for a phase"]);
    }
    for good in ["a", "_A-9", "Build"] {
        check(with(&format!("job = [{{ name = \"{good}\" }}]")), &[]);
    }
    for bad in ["9", "-a", "a.b", "", "é", "a b"] {
        check(with(&format!("job = [{{ name = «\"{bad}\" }}]")), &["bad-name for a job"]);
    }
    check(
        with("job = [{ name = \"j\", milestones = [{ name = «\" \", state = \"b\" }] }]"),
        &["bad-name milestone"],
    );
}

#[test]
fn refuses_names_of_states_of_more_than_63_bytes() {
    let of = |name: &str| {
        let text = two("", "").replace("\"b\"", &format!("\"{name}\""));
        text.replacen("\"bbb", "«\"bbb", usize::from(name.len() > 63))
    };
    check(of(&"b".repeat(63)), &[]);
    check(of(&"b".repeat(64)), &["name-too-long 64 bytes"]);
    // Phases, jobs and the machine itself are nobody's labels.
    let long = "p".repeat(80);
    check(
        with(&format!("phase = [{{ name = \"{long}\" }}]\njob = [{{ name = \"{long}\" }}]")),
        &[],
    );
    check(with("[target.rust]").replace("\"m\"", &format!("\"{long}\"")), &[]);
}

#[test]
fn refuses_two_of_a_kind_with_one_name() {
    check(
        table(r#"{ name = "a" }, { name = «"a" }, { name = "z" }"#, r#"{ path = ["a", "z"] }"#, ""),
        &["duplicate-name two states are called `a`"],
    );
    check(
        with(
            "phase = [{ name = \"p\" }, { name = «\"p\" }]\njob = [{ name = \"j\" }, { name = «\"j\" }]",
        ),
        &["duplicate-name two phases", "duplicate-name two jobs"],
    );
    // A phase, a job and a state may share a name.
    check(with("phase = [{ name = \"a\" }]\njob = [{ name = \"a\" }]"), &[]);
}

#[test]
fn refuses_values_that_cannot_be_stored() {
    let of = |value: &str| two("", &format!(r#", value = {value}"#));
    for good in ["smoke-passed", "In Progress", "é", "'; DROP TABLE", " ", &"é".repeat(31)] {
        check(of(&format!("\"{good}\"")), &[]);
    }
    for bad in ["", "a\\tb", "\\u007f", "\\u0085", &"é".repeat(32), &"v".repeat(64)] {
        check(of(&format!("«\"{bad}\"")), &["bad-value cannot be stored"]);
    }
}

#[test]
fn refuses_two_states_with_one_value_and_a_value_that_is_another_name() {
    check(two(r#", value = "x""#, r#", value = "y""#), &[]);
    check(two(r#", value = "a""#, ""), &[]);
    check(two(r#", value = "x""#, r#", value = «"x""#), &["duplicate-value `a` and `b`"]);
    check(two(r#", value = «"b""#, ""), &["value-is-a-name `b`"]);
    check(two("", r#", value = «"a""#), &["value-is-a-name `a`"]);
    check(two(r#", value = «"b""#, r#", value = «"a""#), &["value-is-a-name", "value-is-a-name"]);
}

#[test]
fn refuses_identifiers_that_a_database_would_cut() {
    let named = |length: usize, rest: &str| {
        let name = "m".repeat(length);
        let mark = if length > 50 && rest.contains("sql") { "«" } else { "" };
        with(rest).replace("\"m\"", &format!("{mark}\"{name}\""))
    };
    check(named(80, "[target.rust]"), &[]);
    check(named(40, "[target.sql]"), &[]);
    check(named(60, "[target.sql]"), &["identifier-too-long"]);
    let long = "t".repeat(64);
    check(
        with(&format!("[target.sql]\ntable = «\"{long}\"\nevents = «\"{long}s\"")),
        &["identifier-too-long 64 bytes", "identifier-too-long 65 bytes"],
    );
}

#[test]
fn refuses_identifiers_that_are_not_plain() {
    for bad in ["a b", "a-b", "9a", "", "a;", "é"] {
        for key in ["schema", "table", "key", "column", "events"] {
            check(
                with(&format!("[target.sql]\n{key} = «\"{bad}\"")),
                &["bad-identifier not a plain identifier"],
            );
        }
        check(with(&format!("[target.rust]\ntype = «\"{bad}\"")), &["bad-identifier"]);
    }
    check(with("[target.workflow]\nid_input = «\"a b\""), &["bad-identifier"]);
    check(with("[target.workflow]\nid_input = \"order-id\""), &[]);
    for bad in ["", "a b", "a${{ x }}", "a\\n"] {
        check(with(&format!("[target.workflow]\naction = «\"{bad}\"")), &["bad-action `uses:`"]);
    }
    check(with("[target.workflow]\naction = \"owner/repository@v1\""), &[]);
}

#[test]
fn refuses_names_that_collide_in_a_target_that_the_table_has() {
    let states = |target: &str| {
        let mark = if target.is_empty() { "" } else { "«" };
        let states = format!(r#"{{ name = "a" }}, {{ name = "a_1" }}, {{ name = {mark}"a1" }}"#);
        table(&states, r#"{ path = ["a", "a_1", "a1"] }"#, target)
    };
    check(states(""), &[]);
    check(states("[target.rust]"), &["colliding-names both give the Rust variant `A1`"]);
    check(
        with("phase = [{ name = \"p_1\" }, { name = «\"p1\" }]\n[target.rust]"),
        &["colliding-names the phases `p_1` and `p1`"],
    );
    check(with("[target.rust]\ntype = «\"Outcome\""), &["colliding-names another type"]);
    check(with("[target.sql]\nevents = «\"m_states\""), &["colliding-names `m_states`"]);
    check(with("[target.sql]\nkey = «\"status\""), &["colliding-names key and the status column"]);
    check(with("[target.sql]\nkey = «\"reason\""), &["colliding-names another column"]);
    check(with("[target.sql]\nkey = \"reason\"\nowns = false"), &[]);
    let jobs =
        |mark: &str| format!("job = [{{ name = \"build\" }}, {{ name = {mark}\"Build\" }}]\n");
    check(with(&jobs("")), &[]);
    check(with(&format!("{}[target.workflow]", jobs("«"))), &["colliding-names only in case"]);
    check(with("[target.workflow]\nid_input = «\"callback_token\""), &["colliding-names"]);
}

#[test]
fn refuses_reserved_words_that_cannot_be_escaped() {
    let state = |name: &str, target: &str| {
        table(
            &format!(r#"{{ name = "a" }}, {{ name = {name} }}"#),
            &format!(r#"{{ path = ["a", {}] }}"#, name.replace('«', "")),
            target,
        )
    };
    check(state("\"self\"", "[target.js]"), &[]);
    check(state("«\"self\"", "[target.rust]"), &["reserved-word `Self`"]);
    // A variant in camel case is none of the other keywords.
    check(state("\"match\"", "[target.rust]"), &[]);
    check(with("[target.rust]\ntype = «\"match\""), &["reserved-word of Rust"]);
    check(
        with("[target.sql]\nschema = «\"pg_x\"\nkey = «\"ctid\""),
        &["reserved-word `pg_x`", "reserved-word `ctid`"],
    );
    check(with("[target.sql]\ndialects = [\"sqlite\"]\nschema = \"pg_x\"\nkey = \"ctid\""), &[]);
    check(with("[target.sql]\ntable = «\"sqlite_x\""), &["reserved-word `sqlite_x`"]);
    check(with("[target.sql]\ndialects = [\"postgres\"]\ntable = \"sqlite_x\""), &[]);
}

#[test]
fn refuses_names_that_name_nothing_and_suggests_the_nearest() {
    let good = "format = 1\nmachine = { name = \"m\", initial = \"queued\" }\n\
        phase = [{ name = \"gate\" }]\n\
        state = [{ name = \"queued\", phase = \"gate\" }, { name = \"failed\" }]\n\
        transition = [{ path = [\"queued\", \"failed\"] }]\n\
        job = [{ name = \"smoke\" }, { name = \"end\", needs = [\"smoke\"], success = \"failed\" }]";
    check(good, &[]);
    for (before, after, row, help) in [
        ("initial = \"queued\"", "initial = «\"qeued\"", "unknown-state `initial`", "`queued`?"),
        ("phase = \"gate\"", "phase = «\"gates\"", "unknown-phase `phase`", "`gate`?"),
        (
            "[\"queued\"",
            "[«\"quued\"",
            "unknown-state `path`",
            "did you mean `queued`? If not, add a [[state]] of this name",
        ),
        ("[\"smoke\"]", "[«\"smok\"]", "unknown-job `needs`", "`smoke`?"),
        ("success = \"failed\"", "success = «\"faild\"", "unknown-state `success`", "`failed`?"),
        (
            "success = \"failed\"",
            "success = «\"xyz\"",
            "unknown-state `success` names no state: `xyz`",
            "the states are `queued`, `failed`; name one of them, or add a [[state]] of this name",
        ),
    ] {
        let text = good.replacen(before, after, 1);
        check(&text, &[row]);
        let found = findings(text.replace(common::MARK, "").as_bytes());
        assert!(found[0].help.contains(help), "{}", found[0].help);
    }
    check(with("").replace("{ name = \"b\"", "{ name = \"b\", phase = «\"p\""), &["unknown-phase"]);
}

#[test]
fn refuses_unknown_states_in_every_place_of_a_transition_and_of_a_job() {
    check(
        table(
            r#"{ name = "alpha" }, { name = "omega" }, { name = "a" }"#,
            r#"{ from = [«"alph", «"nil"], to = «"omeg" },
               { from = "*", except = [«"omegaa"], to = "alpha" }"#,
            "",
        ),
        &[
            "unknown-state `from` names no state: `alph`",
            "unknown-state `from` names no state: `nil`",
            "unknown-state `to` names no state: `omeg`",
            "unknown-state `except` names no state: `omegaa`",
        ],
    );
    check(
        with(
            "[[job]]\nname = \"j\"\nstart = «\"q1\"\n\
             milestones = [{ name = \"n\", state = «\"q2\" }]\n\
             success = «\"q3\"\nfailure = «\"q4\"\ncancelled = «\"q5\"",
        ),
        &[
            "unknown-state `start`",
            "unknown-state `milestones`",
            "unknown-state `success`",
            "unknown-state `failure`",
            "unknown-state `cancelled`",
        ],
    );
}

#[test]
fn one_typing_error_is_one_finding() {
    // `building` would be unreachable, and `z` too, were the path not read as it was meant.
    let states = r#"{ name = "a" }, { name = "building" }, { name = "z", outcome = "success" }"#;
    check(table(states, r#"{ path = ["a", «"bulding", "z"] }"#, ""), &["unknown-state"]);
    // The name that is missing is the one that is named elsewhere.
    check(
        table(r#"{ name = "a" }, «{ title = "B" }"#, r#"{ path = ["a", "building"] }"#, ""),
        &["missing-key"],
    );
    // An end that cannot be read is an end all the same: `"*"` does not lead on from it.
    check(
        table(
            r#"{ name = "a" }, { name = "z", outcome = «"sucess" }, { name = "f", outcome = "failure" }"#,
            r#"{ path = ["a", "z"] }, { from = "*", to = "f" }"#,
            "",
        ),
        &["unknown-value"],
    );
}

#[test]
fn refuses_renamed_from_of_a_state_that_exists_or_that_stands_twice() {
    let of =
        |a: &str, b: &str| two(&format!(", renamed_from = {a}"), &format!(", renamed_from = {b}"));
    check(of("\"x\"", "\"y\""), &[]);
    check(of("\"x\"", "«\"a\""), &["renamed-from-exists `a`, which still exists"]);
    check(of("«\"a\"", "\"y\""), &["renamed-from-exists"]);
    check(of("\"x\"", "«\"x\""), &["renamed-from-twice `a` and `b`"]);
    check(of("«\"x y\"", "\"y\""), &["bad-name"]);
}

#[test]
fn refuses_numbers_that_are_missing_too_many_or_the_same() {
    const SQL: &str = "[target.sql]\nstorage = \"integer\"\n";
    let of = |a: &str, b: &str, sql: &str| format!("{}{sql}", two(a, b));
    check(of(", number = 0", ", number = -9223372036854775808", SQL), &[]);
    check(of("", "", ""), &[]);
    check(
        table(
            r#"{ name = «"a" }, { name = "z", number = 1 }"#,
            r#"{ path = ["a", "z"] }"#,
            &SQL.replace("\"m\"", ""),
        ),
        &["missing-number the state `a` has no number"],
    );
    check(
        of(", number = «0", ", number = «1", "[target.sql]\nstorage = \"text\"\n"),
        &["number-without-column `a` has a number", "number-without-column `b`"],
    );
    check(of(", number = «0", "", ""), &["number-without-column"]);
    check(
        of(", number = 7", ", number = «7", SQL),
        &["duplicate-number `a` and `b` have one number: 7"],
    );
    check(of(", number = 7", ", number = «\"7\"", SQL), &["wrong-type"]);
    check(of(", number = 7", ", number = «9223372036854775808", SQL), &["wrong-type"]);
    check(
        of(", number = 7", ", number = 8, value = «\"9\"", SQL),
        &["value-is-a-number the value `9` reads as another number"],
    );
    check(of(", number = 7", ", number = 8, value = «\"1.5\"", SQL), &["value-is-a-number"]);
    check(of(", number = 7", ", number = 8, value = \"8\"", SQL), &[]);
}

#[test]
fn refuses_a_null_that_is_no_state_or_of_an_owned_column() {
    let of = |keys: &str| format!("{}[target.sql]\n{keys}", two("", ""));
    check(of("owns = false\nnull = \"a\""), &[]);
    check(of("null = «\"a\""), &["null-of-an-owned-column"]);
    check(of("owns = false\nnull = «\"aa\""), &["unknown-state `null` names no state: `aa`"]);
}

#[test]
fn refuses_columns_that_are_none_or_are_there_already() {
    let of = |keys: &str| format!("{}[target.sql]\n{keys}", two("", ""));
    check(
        of("columns = { ref = \"text\", n = \"bigint\", at = \"timestamptz\", more = \"jsonb\" }"),
        &[],
    );
    check(of("columns = {}\ncolumn = \"ref\""), &[]);
    check(of("columns = { a = «\"int\" }"), &["unknown-value `int`"]);
    check(of("columns = { a = «7 }"), &["wrong-type"]);
    check(of("columns = «[\"a\"]"), &["wrong-type"]);
    check(of("columns = { «\"a b\" = \"text\" }"), &["bad-identifier"]);
    let long = format!("columns = {{ «{} = \"text\" }}", "a".repeat(64));
    check(of(&long), &["identifier-too-long"]);
    for taken in ["token_hash", "Created_At", "status", "ID"] {
        let columns = format!("columns = {{ a = \"text\", «{taken} = \"text\" }}");
        check(of(&columns), &[&format!("colliding-names another column `{taken}`")]);
    }
    check(of("columns = { a = \"text\", «A = \"text\" }"), &["colliding-names another column `A`"]);
    check(of("columns = { «xmin = \"text\" }"), &["reserved-word"]);
    let adopted = "owns = false\ncolumns = { «a = \"text\" }";
    check(of(adopted), &["columns-of-an-adopted-table"]);
}

#[test]
fn refuses_keys_of_several_columns_that_are_none() {
    let of = |keys: &str| format!("{}[target.sql]\n{keys}", two("", ""));
    check(of("key = [\"a\", \"b\"]\nkey_type = [\"text\", \"bigint\"]"), &[]);
    check(of("key = [\"a\"]\nkey_type = \"integer\""), &[]);
    check(of("key = [\"a\", \"b\"]"), &[]);
    check(of("key = «[]"), &["empty-list `key` is an empty list"]);
    check(of("key = [\"a\", «\"A\"]"), &["duplicate-entry"]);
    check(of("key = [\"a\", «\"a b\"]"), &["bad-identifier"]);
    check(of("key = [\"a\", «\"status\"]"), &["colliding-names `status` is both the key"]);
    check(of("key = [\"a\", «\"ref\"]"), &["colliding-names another column `ref`"]);
    check(of("key = [\"a\", «7]"), &["wrong-type"]);
    check(
        of("key = [\"a\", \"b\"]\nkey_type = «\"text\""),
        &["key-types the key has 2 columns, and `key_type` says 1 types"],
    );
    check(of("key_type = «[\"text\", \"uuid\"]"), &["key-types the key has 1 columns"]);
    check(of("key = [\"a\", \"b\"]\nkey_type = [\"text\", «\"int\"]"), &["unknown-value `int`"]);
    let long = format!("key = [\"a\", \"{}\"]", "b".repeat(62));
    check(of(&long).replace("name = \"m\"", "name = «\"m\""), &["identifier-too-long"]);
}

#[test]
fn refuses_a_type_that_no_column_has_and_one_that_sqlx_lacks() {
    let of = |keys: &str| format!("{}[target.sql]\n{keys}", two("", ""));
    check(of("type = \"Shared.RunStatus\""), &[]);
    check(of("storage = \"text\"\ntype = «\"mood\""), &["type-without-enum"]);
    check(of("dialects = [\"sqlite\"]\ntype = «\"mood\""), &["type-without-enum"]);
    check(of("type = «\"a b\""), &["bad-identifier"]);
    check(of("type = «\"a.b.c\""), &["bad-identifier"]);
    check(of(&format!("type = «\"app.{}\"", "a".repeat(64))), &["identifier-too-long"]);
    let derived =
        |keys: &str| of(&format!("{keys}\n[target.rust]\nderive = [\"serde\", «\"sqlx\"]"));
    let finds = ["missing-type sqlx asks for the enum type of `ms.status`"];
    check(derived("owns = false"), &finds);
    for keys in [
        "",
        "owns = false\ntype = \"mood\"",
        "owns = false\nstorage = \"text\"",
        "owns = false\ndialects = [\"sqlite\"]",
    ] {
        check(derived(keys).replace('«', ""), &[]);
    }
}
