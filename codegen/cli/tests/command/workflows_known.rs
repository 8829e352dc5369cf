//! What is known of a workflow before any run of it: flags as YAML writes them, the legs of a matrix, and
//! two words for one state.

use crate::hand_written::*;
use crate::workflow_reader::*;

/// The two jobs with more in one of them.
fn building(more: &str) -> String {
    changed(PLAIN, "  build:\n", &format!("  build:\n{more}"))
}

#[test]
fn a_flag_is_one_however_yaml_writes_it() {
    for word in ["true", "True", "TRUE"] {
        finds(&building(&format!("    if: {word}\n")), &[], &[]);
    }
    for word in ["false", "False", "FALSE"] {
        let found = said(&building(&format!("    if: {word}\n")), &[]);
        assert!(found.len() == 1 && found[0].0 == "job-condition", "{found:#?}");
    }
    let tolerated = said(&building("    continue-on-error: TRUE\n"), &[]);
    assert_eq!(tolerated[0].0, "tolerated-job", "{tolerated:#?}");
    // In quotes it is a name that GitHub does not know.
    assert_eq!(said(&building("    if: 'TRUE'\n"), &[])[0].0, "refused-workflow");
}

#[test]
fn a_matrix_without_a_leg_is_called_so() {
    for none in ["{os: []}", "{os: [a], exclude: [{os: a}]}", "{}"] {
        let found = said(&building(&format!("    strategy: {{matrix: {none}}}\n")), &[]);
        assert_eq!(found[0].0, "matrix-job", "{found:#?}");
        assert!(found[0].1.contains("has a matrix without a leg: it never runs"), "{found:#?}");
    }
    let found = said(&building("    strategy: {matrix: {os: [a, b]}}\n"), &[]);
    assert!(found[0].1.contains("once for each leg"), "{found:#?}");
}

#[test]
fn what_the_only_leg_says_is_known() {
    let with = |matrix: &str, flag: &str| {
        building(&format!(
            "    continue-on-error: ${{{{ {flag} }}}}\n    strategy:\n      matrix: {matrix}\n"
        ))
    };
    for (matrix, flag) in [
        ("{experimental: [false]}", "matrix.experimental"),
        ("{os: [a], include: [{os: a, experimental: false}]}", "matrix.experimental"),
        ("{include: [{os: a, experimental: False}]}", "matrix.Experimental"),
        ("{os: [a]}", "matrix.os == 'b'"),
        ("{os: [a, b], exclude: [{os: b}], include: [{x: true}, {x: false}]}", "matrix.x"),
    ] {
        finds(&with(matrix, flag), &[], &[]);
    }
    for (matrix, flag) in [
        ("{experimental: [true]}", "matrix.experimental"),
        ("{experimental: ['false']}", "matrix.experimental"),
        ("{experimental: [\"${{ inputs.x == 'y' }}\"]}", "matrix.experimental"),
        ("{os: [a]}", "matrix.os == 'a'"),
    ] {
        let found = said(&with(matrix, flag), &[]);
        assert!(found[0].0 == "tolerated-job", "{matrix}: {found:#?}");
    }
}

#[test]
fn two_words_for_one_state_say_the_same() {
    let with = |result: &str| format!("{PLAIN}{}", concluding("[build, deploy]", result));
    let plain = "needs.deploy.result == 'success' && 'success' || 'failure'";
    finds(&with(plain), &[], &[]);
    finds(&with("needs.deploy.result == 'success' && 'success' || 'cancelled'"), &[], &[]);
    // Where the table has a state for each, they do not.
    let stopped = [
        (
            "outcome = \"success\"",
            "outcome = \"success\"\n\n[[state]]\nname = \"stopped\"\noutcome = \"cancelled\"",
        ),
        ("to = \"failed\"", "to = [\"failed\", \"stopped\"]"),
        (
            "always = true\nsuccess = \"succeeded\"\nfailure = \"failed\"",
            "always = true\nsuccess = \"succeeded\"\nfailure = \"failed\"\ncancelled = \"stopped\"",
        ),
    ];
    let found = said(&with(plain), &stopped);
    assert!(
        found[0].0 == "conclusion" && found[0].1.contains("the table `cancelled`"),
        "{found:#?}"
    );
}
