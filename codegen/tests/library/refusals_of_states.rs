//! The refusals of states, transitions and jobs that contradict each other.

use crate::common::{check, table, two, with};

#[test]
fn refuses_a_table_without_states() {
    check(
        "«format = 1\nmachine = { name = \"m\", initial = «[] }\nstate = []",
        &["no-states the table has no state", "empty-list"],
    );
}

#[test]
fn refuses_initial_states_that_cannot_be_started_in() {
    let initial =
        |mark: &str, a: &str| two(a, "").replace("\"a\" }\n", &format!("{mark}\"a\" }}\n"));
    check(initial("«", ", retired = true"), &["initial-retired `a`"]);
    check(initial("«", ", optional = true"), &["initial-optional `a`"]);
    check(
        initial("«", ", outcome = \"neutral\", reopens = true"),
        &["initial-ended the initial state `a` is an end"],
    );
    check(
        table(r#"{ name = "a" }, { name = "b", retired = true }"#, "", "")
            .replace("\"a\" }\n", "«\"a\" }\n"),
        &["initial-ended"],
    );
    // Every one of several.
    check(two("", "").replace("\"a\" }\n", "[\"a\", «\"b\"] }\n"), &["initial-ended `b`"]);
    check(
        table(
            r#"{ name = "a" }, { name = "b" }, { name = "z" }"#,
            r#"{ from = ["a", "b"], to = "z" }"#,
            "",
        )
        .replace("\"a\" }\n", "[\"b\", \"a\"] }\n"),
        &[],
    );
}

#[test]
fn accepts_a_machine_of_one_state_that_starts_and_ends_in_it() {
    check(table(r#"{ name = "a" }"#, "", ""), &[]);
    check(table(r#"{ name = "a" }"#, r#"{ from = "a", to = "a" }"#, ""), &[]);
    check(table(r#"{ name = "a", outcome = "success" }"#, "", ""), &[]);
}

#[test]
fn refuses_an_optional_state_that_nothing_could_make_up_for() {
    let of = |b: &str, z: &str| {
        table(
            &format!(r#"{{ name = "a" }}, {{ name = "b"{b} }}, {{ name = "z"{z} }}"#),
            r#"{ path = ["a", "b", "z"] }"#,
            "",
        )
    };
    check(of(", optional = true", ""), &[]);
    check(of("", ", optional = «true"), &["optional-end no transition leaves the optional"]);
    check(of("", ", optional = «true, outcome = \"success\""), &["optional-end has an outcome"]);
    check(
        of(", outcome = \"neutral\", reopens = true, optional = «true", ""),
        &["optional-end has an outcome"],
    );
    check(of("", ", optional = false, outcome = \"success\""), &[]);
    // A transition to itself does not leave it.
    check(
        of("", ", optional = «true")
            .replace("[\"a\", \"b\", \"z\"]", "[\"a\", \"b\", \"z\", \"z\"]"),
        &["optional-end no transition leaves"],
    );
}

#[test]
fn refuses_completes_without_a_phase() {
    let of = |b: &str| format!("{}phase = [{{ name = \"p\" }}]", two("", b));
    check(of(", completes = true, phase = \"p\""), &[]);
    check(of(", completes = «true"), &["completes-without-phase `b`"]);
    check(of(", completes = false"), &[]);
}

#[test]
fn refuses_reopens_without_an_outcome_or_on_a_terminal_state() {
    let of = |b: &str| {
        table(
            &format!(r#"{{ name = "a" }}, {{ name = "b"{b} }}, {{ name = "z" }}"#),
            r#"{ path = ["a", "b", "a", "z"] }"#,
            "",
        )
    };
    check(of(", outcome = \"failure\", reopens = true"), &[]);
    check(of(", reopens = «true"), &["reopens-without-outcome `b` reopens and is no end"]);
    check(
        two("", ", outcome = \"failure\", reopens = «true"),
        &["reopens-terminal no transition leaves it"],
    );
    check(two("", ", outcome = \"failure\", reopens = false"), &[]);
}

#[test]
fn refuses_an_outcome_without_reopens_on_a_state_that_is_left() {
    let of = |transitions: &str| {
        table(
            r#"{ name = "a" }, { name = "b", outcome = «"failure" }, { name = "z", outcome = "success" }"#,
            transitions,
            "",
        )
    };
    check(of(r#"{ path = ["a", "b", "z"] }"#), &["outcome-left goes on to `z`"]);
    // To stay is not to leave; and what `"*"` says, it says of states without an outcome.
    check(of(r#"{ path = ["a", "b", "b"] }, { from = "*", to = "z" }"#).replace('«', ""), &[]);
    // Whatever else cannot be read.
    check(of(r#"{ path = ["a", "b", "z"] }, { path = «1 }"#), &["outcome-left", "wrong-type"]);
}

#[test]
fn refuses_states_that_nothing_leads_to() {
    let of = |attributes: &str, transitions: &str| {
        table(
            &format!(r#"{{ name = "a" }}, {{ name = «"b"{attributes} }}, {{ name = "z" }}"#),
            transitions,
            "",
        )
    };
    check(of("", r#"{ path = ["a", "z"] }, { from = "b", to = "z" }"#), &["unreachable `b`"]);
    check(of("", r#"{ path = ["a", "b", "z"] }"#).replace('«', ""), &[]);
    check(
        of(", retired = true", r#"{ path = ["a", "z"] }, { from = "b", to = "z" }"#)
            .replace('«', ""),
        &[],
    );
    // Only from a retired state: rows may still hold it.
    check(
        table(
            r#"{ name = "a" }, { name = "b", retired = true }, { name = "c" }, { name = "z" }"#,
            r#"{ path = ["a", "z"] }, { path = ["b", "c", "z"] }"#,
            "",
        ),
        &[],
    );
    // By itself alone.
    check(of("", r#"{ path = ["a", "z"] }, { path = ["b", "b", "z"] }"#), &["unreachable"]);
}

#[test]
fn refuses_states_with_no_way_to_an_end_where_there_is_one() {
    let states = |z: &str| {
        format!(r#"{{ name = "a" }}, {{ name = «"b" }}, {{ name = «"c" }}, {{ name = "z"{z} }}"#)
    };
    let trap = r#"{ path = ["a", "b", "c", "b"] }, { from = "a", to = "z" }"#;
    check(
        table(&states(""), trap, ""),
        &["no-way-to-end from `b` no end", "no-way-to-end from `c` no end"],
    );
    check(
        table(&states(""), &format!("{trap}, {{ from = \"c\", to = \"z\" }}"), "").replace('«', ""),
        &[],
    );
    // A machine that never ends is one.
    check(table(r#"{ name = "a" }, { name = "b" }"#, r#"{ path = ["a", "b", "a"] }"#, ""), &[]);
    // Nor is it one that ends because some of its rows still hold an end that is retired.
    check(
        table(
            r#"{ name = "a" }, { name = "b" }, { name = "z", retired = true, outcome = "success" }"#,
            r#"{ path = ["a", "b", "a"] }"#,
            "",
        ),
        &[],
    );
    // An end that is left again is an end.
    check(
        table(
            r#"{ name = "a" }, { name = "b", outcome = "failure", reopens = true }"#,
            r#"{ path = ["a", "b", "a"] }"#,
            "",
        ),
        &[],
    );
}

#[test]
fn refuses_a_pair_that_is_listed_twice() {
    let of = |transitions: &str| {
        table(r#"{ name = "a" }, { name = "b" }, { name = "z" }"#, transitions, "")
    };
    check(
        of(r#"{ path = ["a", "b", "z"] }, { from = "a", to = «"b" }"#),
        &["duplicate-transition `a` -> `b` is listed twice"],
    );
    check(of(r#"{ path = ["a", "b", "a", «"b", "z"] }"#), &["duplicate-transition `a` -> `b`"]);
    check(
        of(r#"{ from = ["a", «"a"], to = ["b", «"b", "z"] }"#),
        &["duplicate-transition `from` lists `a`", "duplicate-transition `to` lists `b`"],
    );
    check(
        of(r#"{ path = ["a", "b"] }, { from = "*", to = "z" }, { from = "*", to = «"z" }"#),
        &["duplicate-transition two `\"*\"` rows"],
    );
    check(
        of(r#"{ path = ["a", "b"] }, { from = "*", except = ["b"], to = "z" },
              { from = "*", except = ["a"], to = "z" }"#),
        &[],
    );
    // By name and by `"*"`.
    check(of(r#"{ path = ["a", "b", "z"] }, { from = "*", to = "z" }"#), &[]);
    check(of(r#"{ from = "*", to = "z" }, { path = ["a", "b", "z"] }"#), &[]);
}

#[test]
fn refuses_transitions_into_a_retired_state() {
    let of = |transitions: &str| {
        table(
            r#"{ name = "a" }, { name = "old", retired = true }, { name = "z" }"#,
            &format!("{{ from = [\"a\", \"old\"], to = \"z\" }}, {transitions}"),
            "",
        )
    };
    check(of(""), &[]);
    check(of(r#"{ from = "a", to = «"old" }"#), &["into-retired `old`"]);
    check(of(r#"{ from = ["a", "z"], to = «"old" }"#), &["into-retired"]);
    check(of(r#"{ path = ["a", «"old"] }"#), &["into-retired"]);
    check(of(r#"{ from = "*", to = «"old" }"#), &["into-retired"]);
    check(of(r#"{ from = "old", to = «"old" }"#), &["into-retired"]);
}

#[test]
fn refuses_rows_of_transitions_that_say_too_much_or_too_little() {
    let of = |row: &str| {
        table(
            r#"{ name = "a" }, { name = "b" }, { name = "z" }"#,
            &format!("{{ path = [\"a\", \"b\"] }}, {row}"),
            "",
        )
    };
    check(
        of(r#"{ from = "b", except = «["a"], to = "z" }"#),
        &["except-without-star `except` stands without"],
    );
    check(of(r#"«{ path = ["b", "z"], from = "a" }"#), &["path-and-from both"]);
    check(of(r#"«{ path = ["b", "z"], to = "a" }"#), &["path-and-from both"]);
    check(of(r#"{ path = ["b", "z"], except = «["a"] }"#), &["except-without-star"]);
    check(of(r#"{ path = «["b"] }"#), &["short-path one state"]);
    check(of(r#"{ path = «[] }"#), &["short-path empty"]);
    check(of(r#"{ from = [«"*", "a"], to = "z" }"#), &["misplaced-star in `from`"]);
    check(of(r#"{ from = [«"*"], to = "z" }"#), &["misplaced-star in `from`"]);
    check(of(r#"{ from = "a", to = [«"*", "z"] }"#), &["misplaced-star in `to`"]);
    check(of(r#"{ from = "a", to = "*" }"#), &[]);
    check(of(r#"{ from = "a", except = «["b"], to = "*" }"#), &["except-without-star"]);
    check(of(r#"{ path = ["b", «"*"] }"#), &["misplaced-star in `path`"]);
    check(of(r#"{ from = "*", to = "z" }"#), &[]);
}

#[test]
fn refuses_circles_of_jobs() {
    let of = |needs: &[(&str, &str)]| {
        let rows: Vec<String> = needs
            .iter()
            .map(|(job, needs)| format!("{{ name = \"{job}\", needs = {needs} }}"))
            .collect();
        with(&format!("job = [{{ name = \"r\" }}, {}]", rows.join(", ")))
    };
    check(of(&[("s", "[\"r\"]"), ("t", "[\"r\", \"s\"]")]), &[]);
    check(of(&[("s", "«[\"s\"]")]), &["needs-cycle circle: `s` needs `s`"]);
    check(
        of(&[("s", "«[\"r\", \"t\"]"), ("t", "[\"u\"]"), ("u", "[\"s\"]"), ("v", "[\"u\"]")]),
        &["needs-cycle circle: `s` needs `t` needs `u` needs `s`"],
    );
    // Two circles that share no job are two findings.
    check(
        of(&[("s", "«[\"s\"]"), ("t", "[\"s\", \"u\"]"), ("u", "«[\"v\"]"), ("v", "[\"u\"]")]),
        &["needs-cycle `s` needs `s`", "needs-cycle `u` needs `v` needs `u`"],
    );
}

#[test]
fn refuses_a_report_of_a_retired_state() {
    let of = |job: &str| {
        table(
            r#"{ name = "a" }, { name = "old", retired = true }, { name = "z" }"#,
            r#"{ from = ["a", "old"], to = "z" }"#,
            &format!("job = [{{ name = \"j\", {job} }}]"),
        )
    };
    check(of("success = \"z\""), &[]);
    for key in ["start", "success", "failure", "cancelled"] {
        check(of(&format!("{key} = «\"old\"")), &["reports-retired `old`"]);
    }
    check(of("milestones = [{ name = \"n\", state = «\"old\" }]"), &["reports-retired `old`"]);
}

#[test]
fn refuses_concluding_jobs_that_conclude_nothing_or_report_more() {
    let of = |job: &str| {
        with(&format!("job = [{{ name = \"i\" }}, {{ name = \"j\", success = \"z\", {job} }}]"))
    };
    check(of("always = true, needs = [\"i\"]"), &[]);
    check(of("always = «true"), &["always-without-needs `j` needs no job"]);
    check(of("always = false"), &[]);
    check(
        of(
            "always = true, needs = [\"i\"], start = «\"b\", milestones = «[{ name = \"n\", state = \"b\" }]",
        ),
        &["always-with-reports has `start`", "always-with-reports has `milestones`"],
    );
    check(of("always = false, needs = [\"i\"], start = \"b\""), &[]);
}

#[test]
fn refuses_paths_that_are_absolute_or_leave_the_root() {
    let of = |path: &str| with(&format!("[target.docs]\npath = {path}"));
    for good in ["\"x.md\"", "\"./a/b.md\"", "\"a//b.md\"", "\"..a/b..md\""] {
        check(of(good), &[]);
    }
    for bad in ["/x.md", "C:/x.md", "C:\\\\x.md", "\\\\x"] {
        check(of(&format!("«\"{bad}\"")), &["absolute-path is absolute"]);
    }
    for bad in ["../x.md", "a/../../x.md", ".."] {
        check(of(&format!("«\"{bad}\"")), &["path-leaves-root leaves the root"]);
    }
    for bad in ["", ".", "a/../b.md", "a\\\\b.md", "a\\nb.md", "a/", "a/."] {
        check(of(&format!("«\"{bad}\"")), &["bad-path"]);
    }
    for section in ["rust", "sql", "workflow", "js", "json"] {
        check(with(&format!("[target.{section}]\npath = «\"/x.js\"")), &["absolute-path"]);
    }
    check(with("[target.js]\npath = «\"x.ts\""), &["bad-path module"]);
    // The compiler takes a file of declarations for no module, and compiles nothing of it.
    check(with("[target.ts]\npath = «\"x.d.ts\""), &["bad-path declarations"]);
    check(with("[target.ts]\npath = «\"x.d.mts\""), &["bad-path declarations"]);
    check(with("[target.sql]\nmigrations = «\"../m\""), &["path-leaves-root"]);
    check(with("[target.sql]\nmigrations = { sqlite = «\"/m\" }"), &["absolute-path"]);
    check(with("root = \"../..\""), &[]);
    check(with("root = «\"/\""), &["absolute-path the root `/`"]);
    check(with("root = «\"\""), &["bad-path"]);
}

#[test]
fn refuses_a_path_that_two_artifacts_share() {
    check(with("[target.docs]\npath = \"x.md\"\n[target.json]\npath = \"y.json\""), &[]);
    check(
        with("[target.docs]\npath = \"x.json\"\n[target.json]\npath = «\"./x.json\""),
        &["shared-path [target.json] and [target.docs] both write `x.json`"],
    );
    check(
        with("[target.js]\npath = \"x.js\"\n[target.docs]\npath = «\"x.d.ts\""),
        &["shared-path `x.d.ts`"],
    );
    // A file where a folder is wanted.
    check(
        with("[target.docs]\npath = \"x\"\n[target.sql]\npath = «\"x\""),
        &["shared-path both write `x/"],
    );
    check(
        with("[target.sql]\nmigrations = { sqlite = \"m\", postgres = «\"m\" }"),
        &["shared-path migrations of [target.sql]"],
    );
    // The table itself.
    check(with("[target.docs]\npath = «\"table.toml\""), &["shared-path the table itself"]);
    check(with("root = \".\"\n[target.docs]\npath = «\"table.toml\""), &["shared-path"]);
    // By default none is shared.
    check(
        with(
            "[target.docs]\n[target.json]\n[target.js]\n[target.rust]\n[target.sql]\n[target.workflow]",
        ),
        &[],
    );
}

#[test]
fn tells_of_everything_that_is_wrong_in_one_run() {
    check(
        "format = 1\ncolour = 1\n\
         machine = { name = \"M\", initial = \"old\" }\n\
         state = [{ name = \"a\" }, { name = \"old\", retired = true }, { name = \"a\" },\n\
         { name = \"z\", outcome = \"success\", optional = true }, { name = \"lost\" }]\n\
         transition = [{ path = [\"old\", \"a\", \"z\", \"a\"] }, { from = [\"a\", \"old\"], to = \"zz\" },\n\
         { from = \"lost\", to = \"z\" }]\n\
         job = [{ name = \"j\", needs = [\"k\"], start = \"old\" }]\n\
         [target.docs]\npath = \"/x\"\n"
            .replace("colour", "«colour")
            .replace("\"M\"", "«\"M\"")
            .replace("\"old\" }\ns", "«\"old\" }\ns")
            .replace(", { name = \"a\" },\n", ", { name = «\"a\" },\n")
            .replace("\"success\", optional = true", "«\"success\", optional = «true")
            .replace("name = \"lost\"", "name = «\"lost\"")
            .replace("\"zz\"", "«\"zz\"")
            .replace("\"k\"", "«\"k\"")
            .replace("start = ", "start = «")
            .replace("\"/x\"", "«\"/x\""),
        &[
            "unknown-key",
            "bad-name",
            "initial-retired",
            "duplicate-name",
            "outcome-left",
            "optional-end",
            "unreachable `lost`",
            "unknown-state `zz`",
            "unknown-job",
            "reports-retired",
            "absolute-path",
        ],
    );
}
