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
    // Nobody can report a retired one.
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
