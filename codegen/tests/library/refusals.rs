//! The refusals of files that are no table, and of rows that have not the shape of one: next to
//! what is accepted, with rule, place and message, all in one run.

use crate::common;
use crate::common::{check, findings, table, two, with};

#[test]
fn accepts_the_tables_that_the_others_are_variations_of() {
    check(common::DEPLOY, &[]);
    check(with(""), &[]);
    check(two("", ""), &[]);
}

#[test]
fn refuses_a_file_that_is_not_utf_8() {
    for (bytes, line, column) in
        [(&b"format = 1\n# \xff"[..], 2, 3), (b"\xef\xbb\xbf# \xc3\xa9\xff", 1, 4)]
    {
        let found = findings(bytes);
        let [finding] = &found[..] else { panic!("{found:?}") };
        assert_eq!(finding.rule.id, "not-utf-8");
        assert_eq!((finding.line, finding.column), (Some(line), Some(column)));
        assert!(finding.message.contains("0xff"), "{}", finding.message);
    }
}

#[test]
fn refuses_a_file_that_is_not_toml_with_the_parsers_place_and_reason() {
    check("format = «", &["not-toml"]);
    check("format = 1\n«format = 1\n", &["not-toml duplicate key"]);
    check("format = 1\n[machine«\n", &["not-toml unclosed table"]);
    check("a = «\nb = «\n", &["not-toml", "not-toml"]);
    check(format!("«\u{feff}\u{feff}{}", with("")), &["not-toml second byte order mark"]);
}

#[test]
fn passes_a_byte_order_mark_and_carriage_returns_over() {
    check(format!("\u{feff}{}", with("")), &[]);
    check(with("").replace('\n', "\r\n"), &[]);
    check(with("«colour = 1\n").replace('\n', "\r\n"), &["unknown-key `colour`"]);
    check(format!("\u{feff}«colour = 1\n{}", with("")), &["unknown-key `colour`"]);
}

#[test]
fn refuses_unknown_keys_at_every_level() {
    check(with("«title = 1"), &["unknown-key `title` is not a key of the table"]);
    check(
        with("[target.rust]\n«paht = \"x\"\n[target.«ruby]\n"),
        &["unknown-key `paht` is not a key of [target.rust]", "unknown-key `ruby`"],
    );
    check(
        two(r#", «colour = "red", «phas = "p""#, ""),
        &["unknown-key `colour` is not a key of [[state]]", "unknown-key `phas`"],
    );
    check(
        with("job = [{ name = \"j\", milestones = [{ name = \"n\", state = \"b\", «x = 1 }] }]"),
        &["unknown-key `x`"],
    );
    check(
        with("[target.sql]\nmigrations = { «mysql = \"x\", sqlite = \"y\" }"),
        &["unknown-key `mysql` is not a key of `migrations`"],
    );
    check(
        with("").replace("initial =", "«final = \"a\", initial ="),
        &["unknown-key `final` is not a key of [machine]"],
    );
}

#[test]
fn refuses_missing_keys() {
    check(
        "«««",
        &[
            "missing-key the table lacks `format`",
            "missing-key the table lacks `machine`",
            "missing-key the table lacks `state`",
        ],
    );
    check(
        "format = 1\nmachine = ««{}\nstate = [{ name = \"a\" }]",
        &["missing-key [machine] lacks `name`", "missing-key [machine] lacks `initial`"],
    );
    check(
        table(r#"{ name = "a" }, «{}, «{ optional = false }"#, "", ""),
        &["missing-key [[state]] lacks `name`", "missing-key"],
    );
    check(with("phase = [«{}]\njob = [«{}]"), &["missing-key", "missing-key"]);
    check(
        with("job = [{ name = \"j\", milestones = [«{ name = \"n\" }, «{ state = \"b\" }] }]"),
        &["missing-key lacks `state`", "missing-key lacks `name`"],
    );
    check(
        table(r#"{ name = "a" }"#, r#"«{}, «{ from = "a" }, «{ to = "a" }"#, ""),
        &["missing-key says nothing", "missing-key lacks `to`", "missing-key lacks `from`"],
    );
}

#[test]
fn refuses_wrong_types_of_whole_sections() {
    check(
        "format = «\"1\"\nmachine = «1\nstate = «1\nphase = «\"x\"\njob = «1.5\ntransition = «{}\n\
         target = «[]\nroot = «1",
        &[
            "wrong-type `format` is a string",
            "wrong-type `[machine]` is an integer",
            "wrong-type `state` is an integer",
            "wrong-type `phase` is a string",
            "wrong-type `job` is a float",
            "wrong-type `transition` is a table",
            "wrong-type `target` is an array",
            "wrong-type `root` is an integer",
        ],
    );
}

#[test]
fn refuses_wrong_types_and_says_nothing_of_what_only_follows_from_them() {
    check(
        table(
            r#"{ name = "a", phase = «1, completes = true, optional = «"yes", title = «[] }, «7"#,
            r#"{ from = «1, to = "a" }, { path = ["a", «2] }, { from = "*", except = «3, to = "a" }"#,
            "",
        ),
        &[
            "wrong-type `phase` of [[state]] has the integer `1` where a string belongs",
            "wrong-type `optional` of [[state]] has the string \"yes\" where `true` or `false`",
            "wrong-type `title` of [[state]] has a list",
            "wrong-type `[[state]]` is an integer",
            "wrong-type `from` of [[transition]]",
            "wrong-type `path` of [[transition]]",
            "wrong-type `except` of [[transition]]",
        ],
    );
    check(
        with(
            "[[job]]\nname = \"j\"\nneeds = «\"j\"\nalways = true\nmilestones = [«\"b\"]\nsuccess = «1\n\
             [target.sql]\ndialects = «\"sqlite\"\nowns = «1\nevents = «true\nmigrations = «1\n\
             [target.rust]\nderive = [«1]\n[target]\njs = «1",
        ),
        &[
            "wrong-type `needs` of [[job]]",
            "wrong-type `milestones` of `[[job]]` is a string",
            "wrong-type `success` of [[job]]",
            "wrong-type `dialects`",
            "wrong-type `owns`",
            "wrong-type `events`",
            "wrong-type `migrations`",
            "wrong-type `derive`",
            "wrong-type `[target.js]` is an integer",
        ],
    );
    check(
        "format = 1\nmachine = { name = «1, initial = [«2], meta = { a = «1 } }\n\
         state = [{ name = \"a\" }]",
        &["wrong-type `name`", "wrong-type `initial`", "wrong-type `meta`"],
    );
}

#[test]
fn refuses_values_outside_their_set() {
    check(
        two("", r#", outcome = «"sucess""#),
        &["unknown-value `sucess` is not a value of `outcome`"],
    );
    check(two("", r#", outcome = "neutral""#), &[]);
    check(
        with(
            "[target.sql]\ndialects = [«\"mysql\"]\nkey_type = «\"int\"\nstorage = «\"x\"\n\
             [target.rust]\nderive = [«\"serd\"]",
        ),
        &[
            "unknown-value `mysql`",
            "unknown-value `int`",
            "unknown-value `x`",
            "unknown-value `serd`",
        ],
    );
    check(with("[target.sql]\nevents = false\nkey_type = \"uuid\"\nstorage = \"text\""), &[]);
}

#[test]
fn refuses_empty_lists() {
    check(with("").replace("\"a\" }\n", "«[] }\n"), &["empty-list `initial`"]);
    check(
        table(
            r#"{ name = "a" }"#,
            r#"{ from = «[], to = «[] }, { from = "*", except = «[], to = "a" }"#,
            "",
        ),
        &["empty-list `from`", "empty-list `to`", "empty-list `except`"],
    );
    check(
        with(
            "job = [{ name = \"j\", needs = «[], milestones = «[] }]\n[target.sql]\n\
             dialects = «[]\nmigrations = «{}",
        ),
        &[
            "empty-list `needs`",
            "empty-list `milestones`",
            "empty-list `dialects`",
            "empty-list `migrations`",
        ],
    );
}

#[test]
fn refuses_lists_that_hold_something_twice() {
    check(
        with(
            "job = [{ name = \"i\" }, { name = \"j\", needs = [\"i\", «\"i\"] }]\n\
             [target.sql]\ndialects = [\"sqlite\", «\"sqlite\"]\n\
             [target.rust]\nderive = [\"serde\", \"sqlx\", «\"serde\"]",
        ),
        &["duplicate-entry `i`", "duplicate-entry", "duplicate-entry"],
    );
    check(
        with("").replace("\"a\" }\n", "[\"a\", «\"a\"] }\n"),
        &["duplicate-entry `initial` lists `a` twice"],
    );
}

#[test]
fn refuses_a_format_that_it_does_not_know_and_reads_no_further() {
    let format = |text: &str| with("colour = 1").replacen("= 1", &format!("= {text}"), 1);
    check(format("«2"), &["unknown-format the format 2"]);
    check(format("«99999999999999999999"), &["unknown-format"]);
    // One number, however it is written.
    for one in ["1", "+1", "0x1"] {
        check(format(one).replace("colour", "«colour"), &["unknown-key"]);
    }
}

#[test]
fn refuses_a_text_that_is_a_nul_character() {
    check(table(r#"{ name = "a" }, { name = «"\u0000" }"#, "", ""), &["control-character NUL"]);
}
