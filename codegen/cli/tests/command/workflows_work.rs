//! Jobs that only report, and others do their work; and jobs that no run of a console has.

use crate::hand_written::*;

const PLAIN: &str = include_str!("workflows/trials/plain.yml");
const SKIPPABLE: (&str, &str) =
    ("start = \"build_running\"", "skippable = true\nstart = \"build_running\"");

/// `deploy` reports what a called workflow does.
fn followed(work: &str, deploy: &str) -> String {
    let own = "  deploy:\n    needs: build\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - name: Roll out\n        run: ./ship\n";
    let instead = format!(
        "  deploy-work:\n    needs: build\n{work}    uses: acme/ci/.github/workflows/ship.yml@v1\n  deploy:\n{deploy}    runs-on: ubuntu-latest\n    steps:\n"
    );
    changed(PLAIN, own, &instead)
}

/// The table without what is within the work that is called.
const WHOLE: (&str, &str) = (
    "start = \"deploy_running\"\nmilestones = [{ name = \"Roll out\", state = \"rolling\" }]\n",
    "",
);

#[test]
fn a_job_that_only_reports_follows_what_became_of_its_work() {
    let only_main = "    if: github.ref == 'refs/heads/main'\n";
    // By itself it is skipped where its work is.
    let sound = "    needs: deploy-work\n";
    finds(&followed("", sound), &[WHOLE], &[]);
    for condition in [
        "${{ !failure() && !cancelled() && needs.build.result == 'success' }}",
        "${{ !failure() && !cancelled() && needs.build.result == 'success' && (needs.deploy-work.result == 'success' || needs.deploy-work.result == 'skipped') }}",
    ] {
        let deploy = format!("    needs: [build, deploy-work]\n    if: {condition}\n");
        let found = said(&followed(only_main, &deploy), &[WHOLE]);
        let about = "the job `deploy` only reports, and reports its success where `deploy-work`, which does its work, is skipped";
        let said = found.iter().find(|(_, said)| said.contains(about));
        let (_, help) = said.unwrap_or_else(|| panic!("{found:#?}"));
        // To the letter: the condition, and the job that may be skipped.
        let condition = help.split("give it `if: ").nth(1).unwrap().split('`').next().unwrap();
        assert!(help.contains("`skippable = true`"), "{help}");
        let deploy = format!("    needs: [build, deploy-work]\n    if: {condition}\n");
        let left = crate::hand_written::said(&followed(only_main, &deploy), &[WHOLE]);
        assert!(left.iter().all(|(_, said)| !said.contains("only reports")), "{left:#?}");
    }
}

#[test]
fn a_job_with_work_of_its_own_may_begin_where_another_was_skipped() {
    let workflow = changed(
        PLAIN,
        "  deploy:\n    needs: build\n",
        "  lint:\n    if: github.ref == 'refs/heads/main'\n    runs-on: x\n    steps:\n      - run: lint\n  deploy:\n    needs: [build, lint]\n    if: ${{ !failure() && !cancelled() && needs.build.result == 'success' }}\n",
    );
    finds(&workflow, &[], &[]);
}

#[test]
fn a_skippable_job_that_no_run_of_a_console_has_is_found() {
    let build = "  build:\n";
    for condition in ["false", "github.event_name == 'push'"] {
        let workflow = changed(PLAIN, build, &format!("{build}    if: {condition}\n"));
        let found = said(&workflow, &[SKIPPABLE]);
        let is_told = |(rule, said): &&(String, String)| {
            rule == "job-condition"
                && said.contains("the job `build` is skipped in every run that a console starts")
        };
        let (_, told) = found.iter().find(is_told).unwrap_or_else(|| panic!("{found:#?}"));
        assert!(!told.contains("skippable = true"), "{told}");
        assert!(told.contains("take its `if:` off"), "{told}");
    }
}

#[test]
fn a_called_workflow_whose_callers_no_console_starts_is_found() {
    let call = include_str!("workflows/trials/call.yml");
    let folder = tried(call, &[]);
    holds(&folder, &[]);
    let caller = |on: &str| {
        format!(
            "name: all\non:\n{on}jobs:\n  ship:\n    uses: ./.github/workflows/release.yml\n    with:\n      tag: x\n      ship_id: ${{{{ inputs.ship_id }}}}\n"
        )
    };
    for on in [
        "  push:\n",
        "  schedule:\n    - cron: 0 0 * * *\n",
        "  release:\n  workflow_run:\n    workflows: [x]\n",
    ] {
        folder.write(".github/workflows/all.yml", caller(on));
        let found = found(&folder);
        let is_told = |(rule, _, said): &&(String, u64, String)| {
            rule == "no-dispatch"
                && said.contains("no workflow that calls this one is started by a console")
        };
        let (_, _, told) = found.iter().find(is_told).unwrap_or_else(|| panic!("{on}: {found:#?}"));
        // To the letter.
        let inputs = told.split("start\n").nth(1).unwrap().split("\nand hand").next().unwrap();
        folder.write(".github/workflows/all.yml", caller(&format!("{on}{inputs}\n")));
        holds(&folder, &[]);
    }
}
