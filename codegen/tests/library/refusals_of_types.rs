//! The refusals of values of a wrong type: what stands there, what belongs there, both in the words of
//! the format; and whose entry of a row lacks something.

use serde_json::Value as Json;

use crate::common::{check, findings, machine, two, with};
use phasegate_codegen::finding::Finding;

/// The findings of a rule.
fn of_rule(table: &str, rule: &str) -> Vec<Finding> {
    findings(table.as_bytes()).into_iter().filter(|finding| finding.rule.id == rule).collect()
}

/// Message and help of the one finding of a wrong type.
#[track_caller]
fn wrong_type(table: &str) -> (String, String) {
    let found = of_rule(table, "wrong-type");
    let [one] = &found[..] else { panic!("{table}: {found:#?}") };
    (one.message.clone(), one.help.clone())
}

#[test]
fn refuses_a_date_wherever_it_stands() {
    check(
        two(", meta = «2020-01-01", ", meta = { on = «2020-01-01T10:00:00Z, at = «[07:32:00] }"),
        &[
            "wrong-type `meta` of [[state]] has the date `2020-01-01` where a table of keys",
            "wrong-type `on` in `meta` of [[state]] has the date `2020-01-01T10:00:00Z` where a string",
            "wrong-type `at` in `meta` of [[state]] has a list where a string belongs",
        ],
    );
    check(
        with(
            "root = «2020-01-01\nphase = [«2020-01-01]\n[target.sql]\nmigrations = «2020-01-01\n\
             columns = «2020-01-01\nkey = [\"a\", «07:32:00]\nowns = «2020-01-01\n\
             storage = «2020-01-01\ndialects = [«2020-01-01]",
        ),
        &[
            "wrong-type `root` is a date, not a path",
            "wrong-type `[[phase]]` is a date",
            "wrong-type `migrations` of [target.sql] has the date `2020-01-01` where a folder",
            "wrong-type `columns` of [target.sql] has the date `2020-01-01` where a table of a type",
            "wrong-type `key` of [target.sql] has the time `07:32:00` where a string belongs",
            "wrong-type `owns` of [target.sql] has the date `2020-01-01` where `true` or `false`",
            "wrong-type `storage` of [target.sql] has the date `2020-01-01` where one of `enum`",
            "wrong-type `dialects` of [target.sql] has the date `2020-01-01` where one of `postgres`",
        ],
    );
    check(
        with("[[job]]\nname = \"j\"\nmilestones = [«2020-01-01]"),
        &["wrong-type is a date, not a table"],
    );
    // A key that there is none of is that, whatever it has.
    check(with("[target.rust]\n«since = 2020-01-01"), &["unknown-key `since`"]);
}

#[test]
fn a_date_is_written_as_a_string_where_one_belongs() {
    let wrong = two(", title = 2020-01-01", "");
    let (_, help) = wrong_type(&wrong);
    assert_eq!(help, "write it as a string: \"2020-01-01\"");
    machine(&wrong.replace("2020-01-01", "\"2020-01-01\""));
}

/// What stands there, what belongs there, and the first of the words, written instead.
#[test]
fn names_the_words_of_a_key_that_takes_words() {
    let outcome = "one of `success`, `failure`, `cancelled`, `neutral`";
    let rust = "one of `serde`, `sqlx`, `schemars`, ";
    for (table, found, words, right) in [
        (two("", ", outcome = @"), "the integer `1`", outcome, "\"success\""),
        (two("", ", outcome = @"), "a table of keys", outcome, "\"success\""),
        (
            with("[target.sql]\nstorage = @"),
            "a list",
            "one of `enum`, `text`, `integer`",
            "\"enum\"",
        ),
        (with("[target.sql]\nmode = @"), "`true`", "one of `enforce`, `observe`", "\"enforce\""),
        (
            with("[target.sql]\ndialects = [@]"),
            "the number `1.5`",
            "one of `postgres`, `sqlite`",
            "\"sqlite\"",
        ),
        (
            with("[target.sql]\ndialects = [@]"),
            "a table of keys",
            "one of `postgres`, `sqlite`",
            "\"sqlite\"",
        ),
        (
            with("[target.sql]\nkey_type = @"),
            "the integer `1`",
            "one of `text`, `uuid`, `bigint`, `integer`, or a list of them",
            "[\"text\"]",
        ),
        (
            with("[target.sql]\nkey = ['a', 'b']\nkey_type = ['text', @]"),
            "the integer `1`",
            "one of `text`, `uuid`, `bigint`, `integer`",
            "\"text\"",
        ),
        (
            with("[target.sql]\ncolumns = { a = @ }"),
            "the integer `1`",
            "one of `text`, `bigint`, `timestamptz`, `jsonb`",
            "\"text\"",
        ),
        (with("[target.rust]\nderive = [@]"), "a list", rust, "\"serde\""),
        (with("[target.workflow]\ncredential = @"), "`true`", "one of `token`, `oidc`", "\"oidc\""),
    ] {
        for value in values_of(found) {
            let (message, help) = wrong_type(&table.replace('@', value));
            assert!(message.contains(&format!("has {found} where {words}")), "{value}: {message}");
            assert!(help.starts_with(&format!("write {words}")), "{help}");
        }
        machine(&table.replace('@', right));
    }
}

/// Values that a message calls so.
fn values_of(found: &str) -> &'static [&'static str] {
    match found {
        "the integer `1`" => &["1"],
        "the number `1.5`" => &["1.5"],
        "`true`" => &["true"],
        "a list" => &["[]", "['serde', 'text']", "[1]"],
        _ => &[
            "{}",
            "{ x = 1 }",
            "{ success = 1 }",
            "{ success = {} }",
            "{ sqlite = {} }",
            "{ sqlite = [] }",
            "{ failure = {}, success = {} }",
        ],
    }
}

#[test]
fn a_number_is_a_whole_one_of_64_bits() {
    for (value, found) in [
        ("\"zz\"", "the string \"zz\""),
        ("1.5", "the number `1.5`"),
        ("9223372036854775808", "the integer `9223372036854775808`"),
        ("99999999999999999999999999999999999999999", "the integer `99999"),
    ] {
        let (message, help) = wrong_type(&two(&format!(", number = {value}"), ""));
        assert!(message.starts_with(&format!("`number` of [[state]] has {found}")), "{message}");
        assert!(message.ends_with(" where a whole number of 64 bits belongs"), "{message}");
        assert_eq!(help, "write a whole number of 64 bits");
    }
}

/// Every key of the format, with a value of each kind: no message has a word of the parser's or of the
/// code's.
#[test]
fn no_message_has_words_of_the_parsers() {
    let schema: Json = serde_json::from_str(&phasegate_codegen::table::json_schema()).unwrap();
    let resolve = |of: &Json| -> Json {
        let options = of["anyOf"].as_array().cloned().unwrap_or_default();
        let refers = [of.clone()]
            .into_iter()
            .chain(options)
            .find_map(|one| one["$ref"].as_str().map(str::to_owned));
        refers.map_or_else(|| of.clone(), |at| schema.pointer(&at[1..]).unwrap().clone())
    };
    let mut rows: Vec<(String, Json)> = Vec::new();
    for (key, of) in schema["properties"].as_object().unwrap() {
        match key.as_str() {
            "format" | "root" => {}
            "target" => {
                for (target, of) in resolve(of)["properties"].as_object().unwrap() {
                    rows.push((format!("[target.{target}]"), resolve(of)));
                }
            }
            "machine" => rows.push(("[machine]".to_owned(), resolve(of))),
            _ => rows.push((format!("[[{key}]]"), resolve(&of["items"]))),
        }
    }
    let values = [
        "1",
        "1.5",
        "true",
        "\"zz\"",
        "[]",
        "{}",
        "2020-01-01",
        "[1]",
        "[[1]]",
        "[{}]",
        "[2020-01-01]",
        "{ a = 1 }",
        "{ a = 2020-01-01 }",
        "{ a = {} }",
        "{ a = [] }",
        "{ sqlite = 1 }",
        "{ success = {} }",
        "99999999999999999999",
        "[{ name = 1 }]",
        "[{ name = [], state = {} }]",
    ];
    let (mut asked, mut refused) = (0, 0);
    for (section, of) in &rows {
        for key in of["properties"].as_object().unwrap().keys() {
            for value in values {
                let text = format!("format = 1\n{section}\n{key} = {value}\n");
                asked += 1;
                for finding in findings(text.as_bytes()) {
                    refused += usize::from(finding.rule.id == "wrong-type");
                    let all = format!("{} >> {}", finding.message, finding.help);
                    for word in [
                        "i64",
                        "i128",
                        "u8",
                        "spanned",
                        "variant",
                        "sequence",
                        "struct",
                        "enum ",
                        "newtype",
                        "$__",
                        "wanted",
                        "right shape",
                        "expected",
                        "Row",
                        "datetime",
                        "invalid",
                        "found",
                    ] {
                        assert!(!all.contains(word), "{text}\n{all}");
                    }
                }
            }
        }
    }
    assert!(asked > 1000 && refused > 500, "{asked} {refused}");
}

#[test]
fn names_the_milestone_that_lacks_something_or_has_too_much() {
    let job = |milestones: &str| {
        with(&format!("[[job]]\nname = \"j\"\nsuccess = \"z\"\nmilestones = [{milestones}]\n"))
    };
    let lacks = |table: &str| -> Vec<(String, String)> {
        let found = of_rule(table, "missing-key");
        found.into_iter().map(|finding| (finding.message, finding.help)).collect()
    };
    let told = |message: &str, help: &str| vec![(message.to_owned(), help.to_owned())];
    assert_eq!(
        lacks(&job("{ name = \"x\" }")),
        told(
            "the milestone `x` of [[job]] `j` lacks `state`",
            "add `state` to it, as in `{ name = \"x\", state = \"...\" }`",
        ),
    );
    machine(&job("{ name = \"x\", state = \"b\" }"));
    assert_eq!(
        lacks(&job("{ name = \"x\", state = \"b\" }, { state = \"b\" }")),
        told(
            "the milestone 2 of [[job]] `j` lacks `name`",
            "add `name` to it, as in `{ state = \"b\", name = \"...\" }`",
        ),
    );
    machine(&job("{ state = \"b\", name = \"y\" }"));
    assert_eq!(lacks(&job("{}")).len(), 2);
    check(
        job("{ name = \"x\", state = \"b\", «at = 1 }"),
        &["unknown-key `at` is not a key of the milestone `x` of [[job]] `j`"],
    );
    check(
        job("{ name = «1, state = «[] }"),
        &[
            "wrong-type `name` in `milestones` of [[job]] has the integer `1` where a string",
            "wrong-type `state` in `milestones` of [[job]] has a list",
        ],
    );
    // Under a header of its own it is named as well.
    let apart = with("[[job]]\nname = \"j\"\nsuccess = \"z\"\n[[job.milestones]]\nname = \"x\"\n");
    assert_eq!(lacks(&apart)[0].0, "the milestone `x` of [[job]] `j` lacks `state`");
}
