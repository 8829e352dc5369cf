//! Regions of hand-written workflows that are missing, drifted, or not where they belong are reported,
//! and what can't be told apart is left as it is.

use crate::hand_written::*;

#[test]
fn finds_a_region_that_is_not_what_the_table_gives() {
    after(
        "          state: building\n",
        "          state: deploying\n",
        &[(
            "stale-region",
            "# phasegate:begin deploy.start",
            "run `phasegate generate deploy.toml`",
        )],
    );
    after(
        "        continue-on-error: true\n",
        "",
        &[("stale-region", "# phasegate:begin smoke.start", "")],
    );
    // An empty one is filled, wherever it stands among the steps.
    let folder = adopted();
    let text = folder.read(AT);
    let empty = outside(&text);
    folder.write(AT, &empty);
    assert_eq!(found(&folder).len(), 9);
    folder.run(&["generate"]);
    assert_eq!(folder.read(AT), text);
}

#[test]
fn finds_a_region_that_is_missing_and_says_what_mends_it() {
    let folder = adopted();
    let text = folder.read(AT);
    let start = text.find("      # phasegate:begin deploy.start").unwrap();
    let end = start + text[start..].find("# phasegate:end\n").unwrap() + "# phasegate:end\n".len();
    folder.write(AT, format!("{}{}", &text[..start], &text[end..]));
    let found = found(&folder);
    assert_eq!(found[0].0, "missing-region");
    let command = format!("run `phasegate workflow adopt {AT} --table deploy.toml`");
    assert!(found[0].2.contains("`deploy.start`") && found[0].2.contains(&command), "{found:?}");
}

#[test]
fn says_once_that_a_workflow_is_not_adopted_yet() {
    let mended = RELEASE.replace("Wait until healthy", "Health check");
    let command = format!("run `phasegate workflow adopt {AT} --table deploy.toml`");
    holds(&repository(&mended), &[("not-adopted", "jobs:", &format!("nothing ({command})"))]);
    // What adopting would not mend is said next to it.
    let job = "deploy:";
    holds(
        &repository(RELEASE),
        &[
            ("not-adopted", "jobs:", &command),
            ("missing-region", job, "call that step so"),
            ("missing-region", job, "first give `deploy.health_checking`"),
        ],
    );
    let dispatch = mended.split_once("  workflow_dispatch:\n").unwrap().1;
    let dispatch = dispatch.split_once("\npermissions").unwrap().0;
    let by_hand = mended.replace(&format!("\n{dispatch}"), " {}\n");
    let folder = repository(&by_hand);
    let found = found(&folder);
    let rules: Vec<&str> = found.iter().map(|(rule, ..)| rule.as_str()).collect();
    assert_eq!(rules, ["missing-input", "not-adopted"], "{found:#?}");
    assert!(found[1].2.contains(&format!("`callback_token`; then {command}")), "{found:#?}");
}

#[test]
fn finds_markers_that_do_not_pair_and_then_writes_nothing() {
    let end = "          state: building\n      # phasegate:end\n";
    let begin = "      # phasegate:begin deploy.start\n";
    after(
        end,
        "          state: building\n",
        &[("nested-region", "# phasegate:begin deploy.deploying", "within `deploy.start`")],
    );
    after(begin, "", &[("unbalanced-region", "# phasegate:end", "has not begun")]);
    after(
        "          attempted: ${{ needs.smoke",
        "          # phasegate:begin x\n          attempted: ${{ needs.smoke",
        &[("nested-region", "# phasegate:begin x", "within `conclude.outcome`")],
    );
    after(
        "# the end\n",
        "# phasegate:begin smoke.start\n",
        &[("unbalanced-region", "# phasegate:begin smoke.start", "does not end")],
    );
    for (bad, part) in [
        ("      # phasegate:begin\n", "no marker"),
        ("      # phasegate:begin deploy.start now\n", "no marker"),
        ("      # phasegate:start deploy.start\n", "no marker"),
        ("      # phasegate: begin deploy.start\n", "no marker"),
    ] {
        let folder = adopted();
        let text = folder.read(AT).replacen(begin, bad, 1);
        folder.write(AT, &text);
        let found = found(&folder);
        assert_eq!(found[0].0, "bad-marker", "{found:?}");
        assert!(found[0].2.contains(part), "{found:?}");
        folder.run(&["generate"]);
        assert_eq!(folder.read(AT), text);
    }
    after(
        "        run: make\n",
        "        run: make # phasegate:begin deploy.start\n",
        &[("bad-marker", "run: make # phasegate:begin deploy.start", "on a line of its own")],
    );
}

#[test]
fn finds_a_region_that_says_something_else_where_it_stands() {
    let folder = adopted();
    let text = folder.read(AT);
    let start = text.find("      # phasegate:begin smoke.start").unwrap();
    let end = start + text[start..].find("# phasegate:end\n").unwrap() + "# phasegate:end\n".len();
    let region = &text[start..end];
    after(
        "      # Careful here.\n",
        &format!("{region}      # Careful here.\n"),
        &[("duplicate-region", "# phasegate:begin smoke.start", "begins on line")],
    );
    after(
        "begin deploy.deploying\n",
        "begin deploy.deplyoing\n",
        &[
            ("missing-region", "deploy:", "`deploy.deploying`"),
            (
                "unknown-region",
                "# phasegate:begin deploy.deplyoing",
                "did you mean `deploy.deploying`?",
            ),
        ],
    );
    after(
        "# the end\n",
        "# phasegate:begin deploy.x\n# phasegate:end\n",
        &[("unknown-region", "# phasegate:begin deploy.x", "no report `deploy.x`")],
    );
    // Two tables cannot keep one file: neither's report is thrown away for the other's sake.
    after(
        "# the end\n",
        "# phasegate:begin deploy.x\n# phasegate:end\n",
        &[(
            "unknown-region",
            "# phasegate:begin deploy.x",
            "another table's, give each a workflow",
        )],
    );
    // Two that changed places.
    let swapped = text
        .replace("begin deploy.start\n", "begin #\n")
        .replace("begin deploy.deploying\n", "begin deploy.start\n")
        .replace("begin #\n", "begin deploy.deploying\n");
    folder.write(AT, swapped);
    let rules: Vec<String> = found(&folder).into_iter().map(|f| f.0).collect();
    assert!(rules.contains(&"region-order".to_owned()), "{rules:?}");
    after(
        "      # phasegate:begin smoke.outcome\n",
        "     # phasegate:begin smoke.outcome\n",
        &[(
            "misplaced-region",
            "# phasegate:begin smoke.outcome",
            "indented by 5 spaces, the steps next to it by 6",
        )],
    );
    after(
        "      # phasegate:begin smoke.outcome\n",
        "\t# phasegate:begin smoke.outcome\n",
        &[
            ("bad-marker", "# phasegate:begin smoke.outcome", "tab"),
            ("unbalanced-region", "# phasegate:end", "has not begun"),
        ],
    );
    after(
        "jobs:\n",
        "# phasegate:begin smoke.start\n# phasegate:end\njobs:\n",
        &[("misplaced-region", "# phasegate:begin smoke.start", "does not stand among the steps")],
    );
}

#[test]
fn a_region_that_ends_elsewhere_is_told_of_and_left() {
    let says = "does not stand among the steps of a job";
    after(
        "      # phasegate:end\n    env:\n",
        "    env:\n      # phasegate:end\n",
        &[("misplaced-region", "# phasegate:begin deploy.outcome", says)],
    );
}

#[test]
fn a_region_whose_filling_would_change_the_rest_is_told_of_and_left() {
    let empty = "      # phasegate:begin deploy.start\n      # phasegate:end\n";
    let folder = adopted();
    let text = folder.read(AT);
    let start = text.find("      # phasegate:begin deploy.start").unwrap();
    let end = start + text[start..].find("# phasegate:end\n").unwrap() + "# phasegate:end\n".len();
    let without = format!("{}{}", &text[..start], &text[end..]);
    // Within a step: what follows would become the report's.
    let split = without.replace("name: Build\n", &format!("name: Build\n{empty}"));
    // Less far in than the list can stand.
    let job = "  smoke:\n    runs-on: x\n    steps:\n";
    let shallow = "  # phasegate:begin smoke.start\n  # phasegate:end\n";
    let rest = text.split_once("  freeze-check:\n").unwrap();
    let head = rest.0.split_once("  smoke:\n").unwrap().0;
    let shallow = format!("{head}{job}{shallow}\n  freeze-check:\n{}", rest.1);
    for (text, region) in [(split, "deploy.start"), (shallow, "smoke.start")] {
        folder.write(AT, &text);
        let said = format!("the region `{region}` cannot be filled without changing the rest");
        let found = found(&folder);
        let is_it =
            |f: &&(String, u64, String)| f.0 == "misplaced-region" && f.2.starts_with(&said);
        assert!(found.iter().any(|f| is_it(&f)), "{found:#?}");
        folder.run(&["generate"]);
        assert_eq!(folder.read(AT), text);
    }
}

#[test]
fn a_text_that_holds_markers_holds_no_region() {
    // The smoke tests' script in the workflow has both markers in it.
    assert!(RELEASE.contains("          # phasegate:begin smoke.start\n          ./smoke.sh"));
    let folder = adopted();
    assert_eq!(found(&folder), []);
    assert!(
        folder.read(AT).contains("          # phasegate:begin smoke.start\n          ./smoke.sh")
    );
    after(
        "        run: make\n",
        "        run: |\n          # phasegate:end\n          make\n",
        &[],
    );
    after("        run: make\n", "        run: \"# phasegate:begin x\"\n", &[]);
}
