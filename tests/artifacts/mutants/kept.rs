//! Defects of a workflow written by hand in which the reports are kept current, caught by what is
//! found in it; and where nothing is found, by its form or by running it.

use super::defect::{Defect, check, cut, killer, put};
use crate::workflow::form;
use crate::workflow::generated::Generated;
use crate::workflow::kept;
use crate::workflow::runs;

const fn release(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("deploy.toml", kept::NAME, what, from, to)
}

pub(crate) const DEFECTS: [Defect; 29] = [
    release("another state reported", "state: building", "state: deploying"),
    release("a lost continue-on-error", "        continue-on-error: true\n", ""),
    release(
        "a step added to a region",
        "      # phasegate:end\n",
        "      - run: x\n      # phasegate:end\n",
    ),
    release(
        "two markers between two reports lost",
        "          state: building\n      # phasegate:end\n\n      - name: Check out\n        uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1  # v7.0.1\n        with:\n          persist-credentials: false\n\n      - name: Build\n        run: echo \"build\"\n\n      # phasegate:begin deploy.deploying\n",
        "          state: building\n\n      - name: Check out\n        uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1  # v7.0.1\n        with:\n          persist-credentials: false\n\n      - name: Build\n        run: echo \"build\"\n\n",
    ),
    release(
        "a key of one's own in a region",
        "          state: building\n",
        "          state: building\n        env: {A: b}\n",
    ),
    release(
        "a start below the work",
        "      # phasegate:begin deploy.start\n",
        "      - run: x\n      # phasegate:begin deploy.start\n",
    ),
    release(
        "work between a milestone and its step",
        "      # From here on it counts.\n",
        "      - run: x\n      # From here on it counts.\n",
    ),
    release(
        "work below an outcome",
        "    # Below the steps there is more.\n",
        "      - run: x\n    # Below the steps there is more.\n",
    ),
    release(
        "a job whose failure counts as success",
        "    timeout-minutes: 20\n",
        "    timeout-minutes: 20\n    continue-on-error: true\n",
    ),
    release(
        "a report in another place of its region",
        "      - name: \"Report: Building\"\n",
        "\n      - name: \"Report: Building\"\n",
    ),
    release(
        "a region that never ends",
        "          state: building\n      # phasegate:end\n",
        "          state: building\n",
    ),
    release("a region that never begins", "      # phasegate:begin deploy.start\n", ""),
    release(
        "a marker with a typing error",
        "# phasegate:begin deploy.start",
        "# phasegate:beginn deploy.start",
    ),
    release("a region that the table lacks", "begin deploy.start", "begin deploy.started"),
    release("a region of another job", "begin deploy.start", "begin smoke.start"),
    release("two regions swapped", "begin deploy.start\n", "begin deploy.deploying\n"),
    cut(
        "deploy.toml",
        kept::NAME,
        "a region gone",
        "      # phasegate:begin deploy.deploying\n",
        "# phasegate:end\n",
    ),
    release(
        "a region that is indented otherwise",
        "      # phasegate:begin deploy.start\n",
        "    # phasegate:begin deploy.start\n",
    ),
    release("a job called otherwise", "  freeze-check:\n", "  freeze_check:\n"),
    cut("deploy.toml", kept::NAME, "the concluding job gone", "  conclude:\n", "# phasegate:end\n"),
    release(
        "a concluding job that stops at a failure",
        "    if: always() && inputs.console_deploy_id != ''\n    runs-on",
        "    runs-on",
    ),
    release(
        "a conclusion that passes over failures",
        "contains(needs.*.result, 'failure') && 'failure' || ",
        "",
    ),
    release(
        "a conclusion that waits for some",
        "needs: [smoke, freeze-check, deploy]",
        "needs: [freeze-check, deploy]",
    ),
    release("a job that waits for nothing", "    needs: [smoke]\n", ""),
    release(
        "a matrix",
        "    timeout-minutes: 20\n",
        "    strategy:\n      matrix:\n        os: [a, b]\n",
    ),
    release(
        "a step with a report's id",
        "      - name: All of them\n",
        "      - name: All of them\n        id: report_1\n",
    ),
    release("no input for the id", "      console_deploy_id:\n", "      deploy_id:\n"),
    release("no input for the token", "      callback_token:\n", "      token:\n"),
    release("a workflow that nobody starts", "  workflow_dispatch:\n", "  push:\n"),
];

pub(crate) fn run(table: &str, defect: Option<&Defect>) -> Option<String> {
    let repository = kept::Repository::adopted();
    let text = repository.text();
    let text = defect.map_or_else(|| text.clone(), |defect| defect.apply(&text));
    repository.write(&text);
    let found = repository.kept().findings;
    killer(|at| {
        if let Some(finding) = found.first() {
            at.set(finding.rule.id);
            panic!("{}", finding.message);
        }
        // What is kept says what the generated workflow says, step by step and run by run.
        let mut generated = Generated::from(table);
        let whole = generated.artifacts.iter_mut().find(|a| a.path.ends_with("-console.yml"));
        whole.unwrap().text = text;
        let it = &generated;
        check!(at, form::others_actions_are_pinned_and_permissions_are_as_few_as_can_be(it));
        check!(at, runs::a_run_that_no_console_started_reports_nothing_and_does_its_work(it));
        check!(at, runs::the_conclusion_is_what_rule_9_says_for_all_results(it));
        check!(at, runs::tries_every_run(it));
        check!(at, form::every_report_says_what_the_table_says(it));
    })
}
