//! Defects of the generated workflow and action, caught by their form, or by running them.

use super::defect::{Defect, check, killer, put};
use crate::workflow::form;
use crate::workflow::generated::Generated;
use crate::workflow::runs;

const fn deploy(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("deploy.toml", "-console.yml", what, from, to)
}

const fn action(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("deploy.toml", "action.yml", what, from, to)
}

pub(crate) const DEFECTS: [Defect; 24] = [
    deploy("a lost continue-on-error", "        continue-on-error: true\n", ""),
    deploy(
        "a continue-on-error too many",
        "        id: report_1\n        if: inputs.console_deploy_id != ''\n        timeout",
        "        id: report_1\n        if: inputs.console_deploy_id != ''\n        continue-on-error: true\n        timeout",
    ),
    deploy("a tolerated report that is an error all the same", "          tolerated: true\n", ""),
    deploy(
        "a missing always() of an outcome",
        "if: always() && inputs.console_deploy_id != ''\n        continue",
        "if: inputs.console_deploy_id != ''\n        continue",
    ),
    deploy(
        "a missing always() of the concluding job",
        "    if: always() && inputs.console_deploy_id != ''\n    runs-on",
        "    if: inputs.console_deploy_id != ''\n    runs-on",
    ),
    deploy("a report without an id", "        if: inputs.console_deploy_id != ''\n", ""),
    deploy(
        "the concluding job without an id",
        "    if: always() && inputs.console_deploy_id != ''\n    runs-on",
        "    if: always()\n    runs-on",
    ),
    deploy(
        "the console's address from an input",
        "url: ${{ vars.CONSOLE_URL }}",
        "url: ${{ inputs.url }}",
    ),
    deploy(
        "the token passed on",
        "          job: smoke\n",
        "          job: smoke\n          token: ${{ inputs.callback_token }}\n",
    ),
    deploy("another state reported", "state: building", "state: deploying"),
    deploy(
        "a report of another job",
        "job: freeze-check\n          state",
        "job: smoke\n          state",
    ),
    deploy("a wrong attempted of a step", "attempted: deploying", "attempted: building"),
    deploy(
        "a wrong attempted of an outcome",
        "(steps.report_3.outcome || 'skipped') != 'skipped' && 'health_checking' || ",
        "",
    ),
    deploy(
        "a wrong attempted of the conclusion",
        "needs.smoke.result == env.RESULT && 'smoke_running'",
        "needs.smoke.result == env.RESULT && 'freeze_checking'",
    ),
    deploy(
        "a conclusion that passes over failures",
        "contains(needs.*.result, 'failure') && 'failure' || ",
        "",
    ),
    deploy(
        "a conclusion that takes skipped for success",
        "contains(needs.*.result, 'skipped') && 'failure' || ",
        "",
    ),
    deploy("a job that waits for nothing", "    needs: [freeze-check]\n", ""),
    deploy(
        "a conclusion that waits for some",
        "needs: [smoke, freeze-check, deploy]",
        "needs: [deploy]",
    ),
    deploy("a run that cancels another", "cancel-in-progress: false", "cancel-in-progress: true"),
    deploy("more permissions", "permissions: {}", "permissions: write-all"),
    deploy(
        "an action that is not pinned",
        "uses: \"$/generated/workflow/notify-deploy-status\"",
        "uses: \"acme/notify-deploy-status@v7\"",
    ),
    put(
        "deploy.toml",
        "jobs/smoke.yml",
        "a snippet that is not the job of the workflow",
        "state: smoke_running",
        "state: smoke_passed",
    ),
    action("the action without an id", "      if: inputs.id != ''\n", ""),
    action(
        "an action that tolerates everything",
        "      shell: bash\n",
        "      shell: bash\n      continue-on-error: true\n",
    ),
];

pub(crate) fn run(table: &str, defect: Option<&Defect>) -> Option<String> {
    let mut generated = Generated::from(table);
    if let Some(defect) = defect {
        let broken = |path: &str| path.ends_with(defect.artifact);
        let artifact = generated.artifacts.iter_mut().find(|artifact| broken(&artifact.path));
        let artifact = artifact.unwrap();
        artifact.text = defect.apply(&artifact.text);
    }
    let it = &generated;
    killer(|at| {
        check!(at, form::exactly_the_tolerated_reports_may_be_lost(it));
        check!(at, form::every_report_is_guarded_and_every_outcome_is_reported_always(it));
        check!(at, form::others_actions_are_pinned_and_permissions_are_as_few_as_can_be(it));
        check!(at, form::nothing_of_the_table_is_evaluated(it));
        check!(at, form::a_local_action_is_checked_out_in_every_job_that_uses_it(it));
        check!(at, runs::a_run_that_no_console_started_reports_nothing_and_does_its_work(it));
        check!(at, runs::the_conclusion_is_what_rule_9_says_for_all_results(it));
        check!(at, runs::tries_every_run(it));
        check!(at, form::every_report_says_what_the_table_says(it));
        check!(at, form::a_snippet_is_the_job_of_the_whole_workflow(it));
    })
}
