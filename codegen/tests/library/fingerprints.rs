//! The fingerprints (rule 10 of the format): what changes them, what does not, and their very
//! digits, which other versions have to give too.

use crate::common;
use crate::common::{DEPLOY, machine};
use sha2::{Digest, Sha256};

/// A table with one of everything.
const BASE: &str = r#"format = 1
[machine]
name = "m"
initial = ["a", "b"]
[[phase]]
name = "p"
[[phase]]
name = "q"
[[state]]
name = "a"
[[state]]
name = "b"
value = "B b"
[[state]]
name = "c"
phase = "p"
completes = true
optional = true
[[state]]
name = "d"
phase = "q"
outcome = "failure"
reopens = true
[[state]]
name = "z"
outcome = "success"
[[state]]
name = "old"
retired = true
[[transition]]
path = ["a", "b", "c", "d", "b", "z"]
[[transition]]
from = ["old", "c"]
to = "z"
[[job]]
name = "i"
start = "c"
success = "z"
failure = "d"
[[job]]
name = "j"
needs = ["i"]
milestones = [{ name = "M", state = "c" }]
success = "z"
failure = "d"
[[job]]
name = "end"
always = true
needs = ["i", "j"]
success = "z"
failure = "d"
"#;

fn fingerprints(table: &str) -> (String, String) {
    let fingerprints = machine(table).fingerprints;
    for digits in [&fingerprints.language, &fingerprints.table] {
        assert_eq!(digits.len(), 16);
        assert!(digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
    }
    (fingerprints.language, fingerprints.table)
}

/// The base with some texts in place of others.
#[track_caller]
fn with(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(BASE.to_owned(), |table, (before, after)| {
        assert!(table.contains(before), "the base has no {before:?}");
        table.replacen(before, after, 1)
    })
}

#[test]
fn the_deploy_table_has_these() {
    let (language, table) = fingerprints(DEPLOY);
    assert_eq!((language.as_str(), table.as_str()), ("775a73dba2dc4ce4", "3214e42ddef3e601"));
}

#[test]
fn one_meaning_has_one_pair_however_it_is_written() {
    for changes in [
        // Titles, docs, meta, the history of names, and targets.
        &[("name = \"m\"", "name = \"m\"\ntitle = \"M\"\ndoc = \"x\"\nmeta = { a = \"b\" }")][..],
        &[("name = \"p\"", "name = \"p\"\ntitle = \"P\"\ndoc = \"x\"\nmeta = { a = \"b\" }")],
        &[("name = \"a\"", "name = \"a\"\ntitle = \"A\"\ndoc = \"x\"\nmeta = { a = \"b\" }")],
        &[("name = \"a\"", "name = \"a\"\nrenamed_from = \"aa\"")],
        &[("name = \"a\"", "name = \"a\"\nexpect = \"30m\"")],
        &[("name = \"i\"", "name = \"i\"\ntitle = \"I\"\ndoc = \"x\"")],
        &[("[[transition]]", "[[transition]]\ndoc = \"x\"")],
        &[("[machine]", "[target.rust]\n[target.sql]\ntable = \"t\"\n[machine]")],
        &[("format = 1", "# a comment\nformat = 0x1\nroot = \"..\"")],
        // What is the default.
        &[("name = \"a\"", "name = \"a\"\nvalue = \"a\"\noptional = false\nretired = false")],
        &[("name = \"z\"\n", "name = \"z\"\nreopens = false\n")],
        &[("name = \"i\"", "name = \"i\"\nalways = false\ncancelled = \"d\"")],
        // The same pairs in other rows and in another order, skips and all.
        &[(
            "path = [\"a\", \"b\", \"c\", \"d\", \"b\", \"z\"]",
            "path = [\"c\", \"d\", \"b\", \"z\"]\n[[transition]]\npath = [\"a\", \"b\", \"c\"]",
        )],
        &[("from = [\"old\", \"c\"]", "from = [\"c\", \"old\"]")],
        &[(
            "from = [\"old\", \"c\"]\nto = \"z\"",
            "from = [\"old\", \"c\"]\nto = \"z\"\n[[transition]]\nfrom = \"b\"\nto = \"d\"",
        )],
        &[("needs = [\"i\", \"j\"]", "needs = [\"j\", \"i\"]")],
    ] {
        // A declared skip is no change: the legal pairs are the same.
        assert_eq!(fingerprints(&with(changes)), fingerprints(BASE), "{changes:?}");
    }
    assert_eq!(fingerprints(&BASE.replace('\n', "\r\n")), fingerprints(BASE));
    let three = "initial = [\"a\", \"b\", \"c\"]";
    let of = |initial: &str| {
        fingerprints(&with(&[
            ("initial = [\"a\", \"b\"]", initial),
            ("completes = true\noptional = true", "completes = true"),
        ]))
    };
    assert_eq!(of(three), of("initial = [\"a\", \"c\", \"b\"]"));
}

#[test]
fn every_attribute_of_the_meaning_changes_the_one_of_the_table() {
    let (language, table) = fingerprints(BASE);
    // Each change, and whether databases and validators judge otherwise by it.
    for (changes, judged_otherwise) in [
        (&[("name = \"m\"", "name = \"n\"")][..], false),
        (&[("initial = [\"a\", \"b\"]", "initial = [\"b\", \"a\"]")], false),
        (&[("initial = [\"a\", \"b\"]", "initial = \"a\"")], true),
        (&[("name = \"p\"", "name = \"pp\""), ("phase = \"p\"", "phase = \"pp\"")], false),
        (
            &[(
                "[[phase]]\nname = \"p\"\n[[phase]]\nname = \"q\"",
                "[[phase]]\nname = \"q\"\n[[phase]]\nname = \"p\"",
            )],
            false,
        ),
        (&[("[[phase]]", "[[phase]]\nname = \"r\"\n[[phase]]")], false),
        (&[("value = \"B b\"", "value = \"B\"")], true),
        // Only a name: what is stored stays.
        (
            &[
                ("name = \"old\"", "name = \"older\"\nvalue = \"old\""),
                ("[\"old\", \"c\"]", "[\"older\", \"c\"]"),
            ],
            false,
        ),
        (&[("phase = \"p\"\ncompletes = true", "phase = \"q\"\ncompletes = true")], false),
        (&[("completes = true\n", "")], false),
        (&[("name = \"b\"", "name = \"b\"\nphase = \"p\"")], false),
        (&[("optional = true\n", "")], true),
        (&[("outcome = \"failure\"", "outcome = \"cancelled\"")], false),
        (&[("outcome = \"success\"", "outcome = \"neutral\"")], false),
        (&[("outcome = \"success\"\n", "")], false),
        (
            &[
                ("retired = true\n", ""),
                ("initial = [\"a\", \"b\"]", "initial = [\"a\", \"b\", \"old\"]"),
            ],
            true,
        ),
        (&[("[[transition]]", "[[transition]]\nfrom = \"a\"\nto = \"z\"\n[[transition]]")], true),
        (&[("[[transition]]", "[[transition]]\nfrom = \"b\"\nto = \"b\"\n[[transition]]")], true),
        // The order of states is that of the stepper, the docs, the enum.
        (
            &[
                ("[[state]]\nname = \"a\"\n", ""),
                ("[[state]]\nname = \"z\"", "[[state]]\nname = \"a\"\n[[state]]\nname = \"z\""),
            ],
            false,
        ),
        (
            &[
                ("name = \"i\"", "name = \"k\""),
                ("needs = [\"i\"]", "needs = [\"k\"]"),
                ("needs = [\"i\", \"j\"]", "needs = [\"k\", \"j\"]"),
            ],
            false,
        ),
        (&[("needs = [\"i\"]\n", "")], false),
        (&[("start = \"c\"\n", "")], false),
        (&[("name = \"M\"", "name = \"N\"")], false),
        (&[("name = \"M\", state = \"c\"", "name = \"M\", state = \"d\"")], false),
        (
            &[(
                "success = \"z\"\nfailure = \"d\"\n[[job]]\nname = \"j\"",
                "success = \"d\"\nfailure = \"d\"\n[[job]]\nname = \"j\"",
            )],
            false,
        ),
        (
            &[(
                "failure = \"d\"\n[[job]]\nname = \"j\"",
                "failure = \"d\"\ncancelled = \"z\"\n[[job]]\nname = \"j\"",
            )],
            false,
        ),
        (&[("failure = \"d\"\n[[job]]\nname = \"j\"", "[[job]]\nname = \"j\"")], false),
        (&[("always = true\n", "")], false),
    ] {
        let (new_language, new_table) = fingerprints(&with(changes));
        assert_ne!(new_table, table, "{changes:?}");
        assert_eq!(new_language != language, judged_otherwise, "{changes:?}");
    }
}

#[test]
fn reopening_is_part_of_the_meaning() {
    let left = "[[transition]]\npath = [\"a\", \"d\"]\n";
    let table = |reopens: &str| {
        format!(
            "format = 1\n[machine]\nname = \"m\"\ninitial = \"a\"\n[[state]]\nname = \"a\"\n\
             [[state]]\nname = \"d\"\noutcome = \"failure\"\n{reopens}{left}\
             [[transition]]\nfrom = \"d\"\nto = \"a\"\n"
        )
    };
    // The two cannot be had with one relation: an end that is left must say so, and an end that
    // is not must not.
    machine(&table("reopens = true\n"));
    common::check(table("").replace("\"failure\"", "«\"failure\""), &["outcome-left"]);
}

/// The canonical form as it is documented, built by hand for the smallest of tables.
#[test]
fn the_canonical_form_is_what_the_documentation_says() {
    let record = |fields: &[&str]| {
        let fields: String = fields.iter().map(|f| format!("{}:{f}", f.len())).collect();
        format!("{fields}\n")
    };
    let digits = |form: &str| {
        let hash = Sha256::digest(form.as_bytes());
        hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let (language, table) = fingerprints(
        "format = 1\n[machine]\nname = \"m\"\ninitial = \"b\"\n[[phase]]\nname = \"p\"\n\
         [[state]]\nname = \"b\"\n[[state]]\nname = \"a\"\nvalue = \"é\"\nphase = \"p\"\n\
         completes = true\noutcome = \"success\"\n[[transition]]\nfrom = \"b\"\nto = \"a\"\n\
         [[job]]\nname = \"j\"\nsuccess = \"a\"\nmilestones = [{ name = \"M\", state = \"a\" }]\n\
         [[job]]\nname = \"k\"\nalways = true\nneeds = [\"j\"]\nfailure = \"a\"\n",
    );
    let form = [
        record(&["language", "1"]),
        record(&["state", "b", "1"]),
        record(&["state", "é", "0"]),
        record(&["pair", "b", "é"]),
    ];
    assert_eq!(language, digits(&form.concat()));
    let form = [
        record(&["table", "1"]),
        record(&["machine", "m", "1", "b"]),
        record(&["phase", "p"]),
        record(&["state", "b", "b", "", "0", "0", "", "0", "0"]),
        record(&["state", "a", "é", "p", "1", "0", "success", "0", "0"]),
        record(&["pair", "b", "a"]),
        record(&["job", "j", "0", "0", "", "2", "M", "a", "a", "", ""]),
        record(&["job", "k", "1", "j", "1", "", "0", "", "a", "a"]),
    ];
    assert_eq!(table, digits(&form.concat()));
}

#[test]
fn numbers_are_in_both_and_nothing_else_of_the_column_is() {
    let of = |a: i64, keys: &str| {
        format!(
            "format = 1\nmachine = {{ name = \"m\", initial = \"a\" }}\nstate = [{{ name = \"a\", number = {a} }}, \
             {{ name = \"b\", number = -1 }}]\ntransition = [{{ path = [\"a\", \"b\"] }}]\n\
             [target.sql]\nstorage = \"integer\"\n{keys}"
        )
    };
    let digits = |form: &str| {
        let hash: Vec<u8> = Sha256::digest(form).to_vec();
        hash[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let (language, table) = fingerprints(&of(30, ""));
    assert_eq!(
        language,
        digits("8:language1:1\n5:state1:a1:12:30\n5:state1:b1:02:-1\n4:pair1:a1:b\n")
    );
    let states = "5:state1:a1:a0:1:01:00:1:01:02:30\n5:state1:b1:b0:1:01:00:1:01:02:-1\n";
    let form = format!("5:table1:1\n7:machine1:m1:11:a\n{states}4:pair1:a1:b\n");
    assert_eq!(table, digits(&form));
    assert_ne!(fingerprints(&of(31, "")), (language.clone(), table.clone()));
    assert_eq!(fingerprints(&of(30, "owns = false\nnull = \"b\"")), (language, table));
}
