//! What is worth a warning and fails nothing.

use crate::common;
use crate::common::{check, table, warns, with};

#[test]
fn the_deploy_table_is_worth_no_warning() {
    warns(common::DEPLOY, &[]);
    warns(with(""), &[]);
}

#[test]
fn warns_of_a_state_that_only_a_star_leads_on_from() {
    let of = |transitions: &str| {
        table(
            r#"{ name = "a" }, { name = «"b" }, { name = "z" }, { name = "f", outcome = "failure" }"#,
            &format!("{{ path = [\"a\", \"b\"] }}, {{ from = \"a\", to = \"z\" }}, {transitions}"),
            "",
        )
    };
    let star = r#"{ from = "*", except = ["z"], to = "f" }"#;
    warns(of(star), &["only-star-leads-on `b`"]);
    warns(of(&format!("{star}, {{ from = \"b\", to = \"z\" }}")).replace('«', ""), &[]);
    // What is listed by name too was meant, and to stay is no way on.
    warns(of(&format!("{star}, {{ from = \"b\", to = \"f\" }}")).replace('«', ""), &[]);
    warns(of(&format!("{star}, {{ from = \"b\", to = \"b\" }}")), &["only-star-leads-on `b`"]);
    // Nothing enters a retired state.
    let retired = of(star).replace("name = «\"b\"", "name = \"b\", retired = true");
    warns(retired.replace("{ path = [\"a\", \"b\"] }, ", ""), &[]);
}

/// Of a message that names some of many states the fingerprint is of all of them, in whatever order.
#[test]
fn a_warning_about_many_states_is_about_all_of_them() {
    let subject = |states: &[String]| {
        let rows: String = states.iter().map(|name| format!("{{ name = \"{name}\" }}, ")).collect();
        let table = table(
            &format!("{{ name = \"a\" }}, {rows}{{ name = \"z\", outcome = \"failure\" }}"),
            r#"{ from = "a", to = "*" }, { from = "*", to = "z" }"#,
            "",
        );
        let (_, _, warnings) = phasegate_codegen::machine("a.toml", table.as_bytes()).unwrap();
        let [warning] = &warnings[..] else { panic!("{warnings:#?}") };
        warning.subject.clone().unwrap()
    };
    let mut states: Vec<String> = (0..40).map(|at| format!("s{at}")).collect();
    let first = subject(&states);
    states.reverse();
    assert_eq!(subject(&states), first);
    // One that the message does not name.
    *states.iter_mut().find(|name| *name == "s30").unwrap() = "t30".to_owned();
    assert_ne!(subject(&states), first);
}

/// A row that names a state leads on from it, wherever to.
#[test]
fn a_state_that_a_row_lets_go_everywhere_is_worth_no_warning() {
    let of = |transitions: &str| {
        table(
            r#"{ name = "a" }, { name = "b" }, { name = "z" }, { name = "f", outcome = "failure" }"#,
            &format!("{{ path = [\"a\", \"b\"] }}, {{ from = \"a\", to = \"z\" }}, {transitions}"),
            "",
        )
    };
    let star = r#"{ from = "*", except = ["z"], to = "f" }"#;
    warns(of(&format!("{star}, {{ from = \"b\", to = \"*\" }}")), &[]);
    warns(
        of(&format!(r#"{star}, {{ from = "*", except = ["z", "a"], to = "*" }}"#))
            .replace("\"b\" }", "«\"b\" }"),
        &["only-star-leads-on `b`"],
    );
}

#[test]
fn of_hundreds_of_optional_states_without_a_skip_one_warning_is_told() {
    let of = |number: usize| {
        let states: String =
            (0..number).map(|at| format!("{{ name = \"o{at}\", optional = true }}, ")).collect();
        table(
            &format!("{{ name = \"a\" }}, {states}{{ name = \"z\", outcome = \"success\" }}"),
            r#"{ path = ["a", "z"] }, { from = "*", to = "*" }, { from = "*", to = "z" }"#,
            "",
        )
    };
    let warnings = |number| {
        let (_, _, warnings) = phasegate_codegen::machine("a.toml", of(number).as_bytes()).unwrap();
        warnings
    };
    let told: Vec<String> = warnings(200).into_iter().map(|warning| warning.message).collect();
    let [star, skips] = &told[..] else { panic!("{told:#?}") };
    assert!(star.starts_with("only `\"*\"` leads on from 200 states: `o0`, "), "{star}");
    assert!(skips.starts_with("no skip passes over 200 optional states: `o0`, "), "{skips}");
    assert_eq!(warnings(8).len(), 2 * 8, "each of a few where it stands");
    assert_eq!(warnings(9).len(), 2);
}

#[test]
fn warns_of_a_phase_without_states_where_others_have_some() {
    let of = |phase: &str| {
        with("phase = [{ name = \"p\" }, { name = «\"q\" }]")
            .replace("\"b\" }", &format!("\"b\"{phase} }}"))
    };
    warns(of(", phase = \"p\""), &["phase-without-states `q`"]);
    warns(of("").replace('«', ""), &[]);
}

#[test]
fn warns_of_an_optional_state_that_no_skip_uses() {
    let of = |transitions: &str| {
        table(
            r#"{ name = "a" }, { name = "b", optional = «true }, { name = "z" }"#,
            transitions,
            "",
        )
    };
    warns(
        of(r#"{ path = ["a", "b", "z"] }, { from = "a", to = "z" }"#),
        &["optional-without-skip"],
    );
    warns(of(r#"{ path = ["a", "b", "z"] }"#).replace('«', ""), &[]);
    // A job goes on without its report, by whatever leads past it.
    let tolerated = table(
        r#"{ name = "a" }, { name = "b", optional = true }, { name = "z" }"#,
        r#"{ path = ["a", "b", "z"] }, { from = "a", to = "z" }"#,
        r#"job = [{ name = "j", start = "b", success = "z" }]"#,
    );
    warns(tolerated, &[]);
    // A skip never leads back to where it started.
    warns(of(r#"{ path = ["a", "b", "a", "z"] }"#), &["optional-without-skip `b`"]);
}

#[test]
fn warns_of_a_state_that_no_job_reports_in_a_table_with_jobs() {
    let of = |job: &str| with(job).replace("\"b\" }", "«\"b\" }");
    warns(of("job = [{ name = \"j\", success = \"z\" }]"), &["never-reported `b`"]);
    for key in ["start", "failure", "cancelled"] {
        let job = format!("job = [{{ name = \"j\", success = \"z\", {key} = \"b\" }}]");
        warns(of(&job).replace('«', ""), &[]);
    }
    warns(
        of("job = [{ name = \"j\", success = \"z\", milestones = [{ name = \"n\", state = \"b\" }] }]")
            .replace('«', ""),
        &[],
    );
    warns(of("").replace('«', ""), &[]);
    // No one can report a retired one.
    warns(
        table(
            r#"{ name = "a" }, { name = "b", retired = true }, { name = "z" }"#,
            r#"{ from = ["a", "b"], to = "z" }"#,
            "job = [{ name = \"j\", success = \"z\" }]",
        ),
        &[],
    );
}

#[test]
fn says_no_more_than_is_wrong_where_something_is() {
    // The job would report `b`, were it not misspelt beyond recognition.
    let text = with("job = [{ name = \"j\", success = \"z\", start = «\"nothing\" }]");
    check(&text, &["unknown-state"]);
    let all = common::findings(text.replace('«', "").as_bytes());
    assert_eq!(all.len(), 1, "{all:?}");
}
