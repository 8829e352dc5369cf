//! Steps next to the reports: what a milestone says has to happen.

use crate::hand_written::*;

#[test]
fn a_milestone_whose_step_may_be_skipped_is_found() {
    let workflow = include_str!("workflows/trials/cond.yml");
    let workflow = changed(workflow, "    if: always()\n", "");
    let name = "      - name: Roll out\n";
    for (condition, is_found) in [
        ("github.ref == 'refs/heads/main'", true),
        ("inputs.lane == 'x'", true),
        ("failure()", true),
        ("${{ !cancelled() && vars.GO }}", true),
        ("steps.plan.outputs.any == 'true'", true),
        ("runner.os == 'Windows'", true),
        ("success()", false),
        ("always()", false),
        ("inputs.ship_id != ''", false),
        ("runner.os == 'Linux'", false),
        ("job.status == 'success'", false),
        ("needs.build.result == 'success'", false),
        ("steps.plan.outcome == 'success'", false),
        ("github.event_name == 'workflow_dispatch'", false),
    ] {
        let step =
            format!("      - id: plan\n        run: ./plan\n{name}        if: {condition}\n");
        let text = changed(&workflow, name, &step);
        let folder = tried(&text, &[]);
        let found = found(&folder);
        if !is_found {
            assert_eq!(found, [], "{condition}");
            continue;
        }
        // No report is written above it, and the way out is said.
        assert!(!folder.read(AT).contains("begin deploy.rolling"), "{}", folder.read(AT));
        let said = &found[0].2;
        assert!(
            found[0].0 == "missing-region"
                && said.contains(&format!("take its `if: {condition}` off")),
            "{said}"
        );
    }
    // One that was there before.
    let folder = tried(&workflow, &[]);
    let text = changed(&folder.read(AT), name, &format!("{name}        if: vars.GO\n"));
    folder.write(AT, text);
    holds(
        &folder,
        &[("skipped-step", "# phasegate:begin deploy.rolling", "its own condition may skip")],
    );
    // Whatever the step below it is called.
    let text = folder.read(AT).replace("name: Roll out", "name: Something");
    folder.write(AT, text);
    holds(&folder, &[("skipped-step", "# phasegate:begin deploy.rolling", "let its script ask")]);
}
