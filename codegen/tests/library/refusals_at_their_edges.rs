//! What refusals say at their edges: how many of a kind are reported, in which words, and what is not
//! said of a row that could not be read.

use crate::common::{check, findings, machine, table, two, warns, with};
use phasegate_codegen::emit::sql::Dialect;
use phasegate_codegen::finding::Finding;
use phasegate_codegen::machine::MAX_TRANSITIONS;

fn of_rule(table: &str, rule: &str) -> Vec<Finding> {
    findings(table.as_bytes()).into_iter().filter(|finding| finding.rule.id == rule).collect()
}

/// The help of the one finding of a rule.
fn help(table: &str, rule: &str) -> String {
    let found = of_rule(table, rule);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].help.clone()
}

#[test]
fn a_phase_or_a_job_that_could_not_be_read_may_be_the_one_that_is_named() {
    let phase = two(", phase = \"elsewhere\"", "") + "phase = [{ name = «5 }]\n";
    check(phase, &["wrong-type"]);
    let job = "job = [{ name = «5 }, { name = \"other\", needs = [\"elsewhere\"] }]";
    check(with(job), &["wrong-type"]);
}

#[test]
fn what_a_row_that_could_not_be_read_may_have_said_is_not_missed() {
    let states = r#"{ name = "a" }, { name = "z" }"#;
    check(table(states, r#"{ from = "a", to = «5 }"#, ""), &["wrong-type"]);
}

#[test]
fn fifty_names_are_looked_for_and_the_others_told_in_short() {
    let unknown = |count: usize| {
        let rows: Vec<String> =
            (0..count).map(|at| format!("{{ path = [\"a\", \"b{at}x\"] }}")).collect();
        let text =
            two("", "").replace("transition = [", &format!("transition = [{}, ", rows.join(", ")));
        of_rule(&text, "unknown-state").into_iter().map(|f| f.help).collect::<Vec<_>>()
    };
    let helps = unknown(52);
    let short = helps.iter().filter(|help| *help == "add the state, or name another").count();
    assert_eq!((helps.len(), short), (52, 2));
    assert!(unknown(50).iter().all(|help| help.starts_with("the states are ")));
    // Where some could not be read, the others are not told at all.
    let text = (0..60).map(|at| format!(", {{ path = [\"a\", \"far_from_all{at}\"] }}"));
    let text = table(
        r#"{ name = "a" }, { name = 5 }"#,
        &format!(r#"{{ path = ["a", "a"] }}{}"#, text.collect::<String>()),
        "",
    );
    assert_eq!(of_rule(&text, "unknown-state").len(), 0);
}

#[test]
fn a_table_without_phases_says_so_to_a_state_that_names_one() {
    assert_eq!(
        help(&two(", phase = \"p\"", ""), "unknown-phase"),
        "the table has no phase; add a [[phase]] of this name"
    );
}

#[test]
fn twelve_jobs_of_a_circle_are_named() {
    let circle = |jobs: usize| {
        let rows: Vec<String> = (0..jobs)
            .map(|at| format!("{{ name = \"j{at}\", needs = [\"j{}\"] }}", (at + 1) % jobs))
            .collect();
        let found = of_rule(&with(&format!("job = [{}]", rows.join(", "))), "needs-cycle");
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].message.clone()
    };
    assert!(circle(12).ends_with("`j10` needs `j11` needs `j0`"), "{}", circle(12));
    assert!(circle(13).ends_with("`j11` needs 1 more needs `j0`"), "{}", circle(13));
}

#[test]
fn a_name_that_is_none_is_told_the_nearest_that_is_one() {
    let such_as = |name: &str| {
        let help = help(&two("", "").replace("\"b\"", &format!("\"{name}\"")), "bad-name");
        help.rsplit("such as ").next().unwrap().to_owned()
    };
    let kept =
        |name: &str, value: &str| format!("`{name}`; `value = \"{value}\"` keeps what is stored");
    assert_eq!(such_as("Smoke Gate2"), kept("smoke_gate2", "Smoke Gate2"));
    assert_eq!(such_as("1st"), kept("s1st", "1st"));
    // As it says.
    check(two(", value = \"Smoke Gate2\"", ""), &[]);
    // What no value could be is none to keep.
    assert_eq!(such_as(&"É".repeat(32)), format!("`s{}`", "_".repeat(32)));
}

#[test]
fn a_value_of_63_bytes_is_stored_and_one_of_64_is_not() {
    let of = |bytes: usize| two(&format!(", value = «\"{}\"", "x".repeat(bytes)), "");
    check(of(63).replace('«', ""), &[]);
    check(of(64), &["bad-value"]);
}

#[test]
fn ways_out_lead_to_ends_that_can_be_entered() {
    let states = r#"{ name = "a" }, { name = "stuck" }, { name = "stays" }, { name = "z" },
        { name = "old", retired = true, outcome = "neutral" }"#;
    let text =
        table(states, r#"{ path = ["a", "stuck", "stays", "stuck"] }, { path = ["a", "z"] }"#, "");
    let helps: Vec<String> =
        of_rule(&text, "no-way-to-end").into_iter().map(|finding| finding.help).collect();
    assert_eq!(helps, ["add a transition that leads to an end: `z`"; 2]);
}

#[test]
fn each_dialect_has_its_own_folder_of_migrations_where_that_is_said() {
    let folders = "[target.sql]\nmigrations = { postgres = 'db/pg', sqlite = 'db/lite' }";
    let sql = machine(&with(folders)).targets.sql().cloned().unwrap();
    let folder = |dialect| sql.migrations[&dialect].as_str();
    assert_eq!((folder(Dialect::Postgres), folder(Dialect::Sqlite)), ("db/pg", "db/lite"));
}

/// `smoke_passed` is called otherwise where it is defined only: the nearest of the others is not it, and
/// what comes of that guess is not said.
#[test]
fn a_state_that_no_transition_names_may_be_the_one_that_a_wrong_name_means() {
    let states = |name: &str| {
        format!(
            r#"{{ name = "a" }}, {{ name = "{name}" }}, {{ name = "smoke_failed" }}, {{ name = "z" }}"#
        )
    };
    let paths = r#"{ path = ["a", "smoke_passed", "z"] }, { path = ["a", "smoke_failed", "z"] }"#;
    let rules = |table: &str| -> Vec<&str> {
        findings(table.as_bytes()).into_iter().map(|finding| finding.rule.id).collect()
    };
    assert_eq!(rules(&table(&states("smoke_passed"), paths, "")), [""; 0]);
    assert_eq!(rules(&table(&states("gate_open"), paths, "")), ["unknown-state"]);
    // Where every other state is named, the nearest is the one, and what it lacks is said.
    let misspelt = r#"{ path = ["a", "smoke_pased"] }, { path = ["smoke_passed", "smoke_failed", "smoke_passed"] }, { path = ["a", "z"] }"#;
    let found = rules(&table(&states("smoke_passed"), misspelt, ""));
    assert_eq!(found, ["no-way-to-end", "no-way-to-end", "unknown-state"]);
}

/// So many states, each with what it has.
fn states(count: usize, of: impl Fn(usize) -> &'static str) -> String {
    let rows: Vec<String> =
        (0..count).map(|at| format!("{{ name = \"s{at}\"{} }}", of(at))).collect();
    format!(
        "format = 1\nmachine = {{ name = 'm', initial = 's0' }}\nstate = [{}]\n",
        rows.join(", ")
    )
}

#[test]
fn the_first_pair_that_two_stars_list_is_named_wherever_it_stands() {
    let except: Vec<String> = (0..66).map(|at| format!("'s{at}'")).collect();
    let text = states(70, |_| "")
        + &format!(
            "transition = [{{ from = '*', to = 's1' }},\n\
             {{ from = '*', except = [{}], to = 's1' }}]",
            except.join(", ")
        );
    let found = of_rule(&text, "duplicate-transition");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].message, "two `\"*\"` rows list the transition `s66` -> `s1`");
}

#[test]
fn of_one_row_sixteen_pairs_are_told_to_be_listed_twice() {
    let list: Vec<String> = (1..40).map(|at| format!("'s{at}'")).collect();
    let row = format!("{{ from = 's0', to = [{}] }}", list.join(", "));
    let text = states(40, |_| "") + &format!("transition = [{row}, {row}]");
    assert_eq!(of_rule(&text, "duplicate-transition").len(), 16);
}

#[test]
fn a_pair_that_is_listed_by_name_and_by_a_star_counts_once() {
    // 256 states, each of which leads to all, itself included: as many as there may be.
    let all: Vec<String> = (0..256).map(|at| format!("'s{at}'")).collect();
    let all = all.join(", ");
    let by_name = format!("{{ from = [{all}], to = [{all}] }}");
    let star = format!("{{ from = '*', to = [{all}] }}");
    for rows in [format!("{by_name}, {star}"), format!("{star}, {by_name}")] {
        let text = states(256, |_| "") + &format!("transition = [{rows}]");
        assert_eq!(machine(&text).transition_count(), MAX_TRANSITIONS);
    }
}

#[test]
fn too_many_transitions_are_told_once_though_their_skips_are_too_many_too() {
    let all: Vec<String> = (0..300).map(|at| format!("'s{at}'")).collect();
    let all = all.join(", ");
    let optional = |at| if at > 0 { ", optional = true" } else { "" };
    let text =
        states(300, optional) + &format!("transition = [{{ from = [{all}], to = [{all}] }}]");
    assert_eq!(of_rule(&text, "too-many-transitions").len(), 1);
}

#[test]
fn a_skip_over_another_state_is_none_over_this_one() {
    let states = r#"{ name = "a" }, { name = "one", optional = true }, { name = "b" },
        { name = "two", optional = «true }, { name = "z" }"#;
    let rows =
        r#"{ path = ["a", "one", "z"] }, { path = ["a", "b", "two", "z"] }, { path = ["b", "z"] }"#;
    warns(table(states, rows, ""), &["optional-without-skip `two`"]);
}

#[test]
fn a_name_that_stands_twice_collides_with_itself_in_no_target() {
    let text = table(
        r#"{ name = "a" }, { name = "b" }, { name = «"b" }"#,
        r#"{ path = ["a", "b"] }"#,
        "[target.rust]",
    );
    check(text, &["duplicate-name"]);
}

#[test]
fn identifiers_of_63_bytes_are_taken() {
    let schema = |bytes: usize| with(&format!("[target.sql]\nschema = «'{}'", "c".repeat(bytes)));
    check(schema(63).replace('«', ""), &[]);
    check(schema(64), &["identifier-too-long"]);
    // The longest of those that are made of the machine's name.
    let named = |bytes: usize| {
        let name = format!("name = \"{}\", initial", "m".repeat(bytes));
        of_rule(
            &with("[target.sql]").replace("name = \"m\", initial", &name),
            "identifier-too-long",
        )
    };
    let first = (1..=63).find_map(|bytes| named(bytes).pop()).unwrap();
    assert!(first.message.contains("64 bytes"), "{}", first.message);
}

#[test]
fn a_path_that_leaves_the_root_does_so_past_parts_that_lead_nowhere() {
    for path in ["./../x.js", ".//../x.js"] {
        check(with(&format!("[target.js]\npath = «'{path}'")), &["path-leaves-root"]);
    }
}

#[test]
fn paths_that_are_wrong_are_not_compared() {
    let text = "[target.json]\npath = «'../x'\n[target.docs]\npath = «'../x'";
    check(with(text), &["path-leaves-root", "path-leaves-root"]);
}

#[test]
fn a_root_has_neither_backslashes_nor_control_characters() {
    for root in ["'a\\b'", "\"a\\u0007b\""] {
        let text = with("").replace("format = 1\n", &format!("format = 1\nroot = «{root}\n"));
        check(text, &["bad-path"]);
    }
}

#[test]
fn a_folder_of_migrations_that_two_dialects_share_is_shown_where_it_stands() {
    let folders = "[target.sql]\nmigrations = { postgres = 'db', sqlite = «'db' }";
    check(with(folders), &["shared-path"]);
}
