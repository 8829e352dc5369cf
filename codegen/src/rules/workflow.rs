//! Rules on workflows written by hand.

use super::Example::Words;

rows! { WORKFLOW

    MISSING_WORKFLOW "missing-workflow" {
        looks_for: "an entry of `workflows` that names no file",
        why: "The reports of that workflow are kept current by no one.",
        example: Words("`workflows = [\".github/workflows/deply.yml\"]`"),
        mend: "name the file that was meant, write the workflow, or take the entry out",
    }

    UNREADABLE_WORKFLOW "unreadable-workflow" {
        looks_for: "a workflow that can't be read: not UTF-8, not one document of YAML, or with \
            line ends that YAML does not have",
        why: "Nothing can be put into a file that can't be read, and nothing be said of its \
            reports.",
        example: Words("a tab where YAML wants spaces"),
        mend: "mend the file at the line that the finding names",
    }

    UNLISTED_WORKFLOW "unlisted-workflow" {
        looks_for: "a workflow that was adopted and that `workflows` does not name",
        why: "`generate` and `check` pass it over: its reports are right today and by no one's \
            doing tomorrow.",
        example: Words("`phasegate workflow adopt .github/workflows/deploy.yml`, with `workflows` \
            left as it was"),
        mend: "add the file to `workflows` of [target.workflow]",
    }

    NOT_ADOPTED "not-adopted" {
        looks_for: "a workflow that the table names, and in which none of its reports stands",
        why: "It runs, and no one hears of it.",
        example: Words("`workflows = [\".github/workflows/deploy.yml\"]`, with that file as it was"),
        mend: "run `phasegate workflow adopt FILE`",
    }

    BAD_MARKER "bad-marker" {
        looks_for: "a comment that begins with `phasegate:` and is no marker, or one that does not \
            stand on a line of its own",
        why: "Markers say which lines are written anew. One that can't be read would leave a \
            region open.",
        example: Words("`# phasegate:start build.start`"),
        mend: "write `# phasegate:begin JOB.REPORT` or `# phasegate:end` on a line of its own, \
            indented by spaces",
    }

    NESTED_REGION "nested-region" {
        looks_for: "a region that begins before the one above it has ended",
        why: "One of the two has lost its end, in a merge for instance, and nothing says which \
            lines are whose.",
        example: Words("two `# phasegate:begin` markers without a `# phasegate:end` between them"),
        mend: "put the end marker back, right below the report that it belongs to",
    }

    UNBALANCED_REGION "unbalanced-region" {
        looks_for: "a marker without its counterpart",
        why: "Nothing says where the region begins or ends, so that none of the file's regions is \
            written.",
        example: Words("a merge took the last `# phasegate:end` away"),
        mend: "put the other marker back, or remove this one",
    }

    UNKNOWN_REGION "unknown-region" {
        looks_for: "a region for a report that the table does not have",
        why: "What stands in it reports a state of a job that the table no longer gives.",
        example: Words("the region `build.start`, after the job `build` lost its `start` in the \
            table"),
        mend: "remove the region with its markers, or give it the name of a report; where it is \
            another table's, give each table a workflow of its own",
    }

    FOREIGN_REGION "foreign-region" {
        looks_for: "a region that reports for another table",
        why: "Two tables that name one workflow would fill its regions in turn, each with its own reports.",
        example: Words("`ship.toml` and `order.toml` both with `workflows = [\".github/workflows/ship.yml\"]`"),
        mend: "give each table a workflow of its own",
    }

    DUPLICATE_REGION "duplicate-region" {
        looks_for: "two regions for one report",
        why: "The job would report the state twice.",
        example: Words("a step that was copied together with its markers"),
        mend: "remove one of the two",
    }

    MISPLACED_REGION "misplaced-region" {
        looks_for: "a region that stands where its report says something false, or where it can't \
            be written",
        why: "A start below the work says that it begins when it is done; a region in another job \
            speaks for the wrong one.",
        example: Words("the region `build.start` below the step that builds"),
        mend: "move it to where the finding says; `phasegate workflow adopt` puts a missing region \
            in its place",
    }

    SKIPPED_STEP "skipped-step" {
        looks_for: "a milestone's region above a step that its own `if:` may skip",
        why: "The report says that the step begins, in runs, too, in which it is skipped.",
        example: Words("the region `deploy.rolling` above a step with `if: inputs.roll_out`"),
        mend: "take the step's `if:` off and let its script ask for that, or put the milestone before \
            a step that is never skipped",
    }

    REGION_ORDER "region-order" {
        looks_for: "regions of a job in another order than the table has its reports",
        why: "The reports would be sent in an order that the table does not accept.",
        example: Words("the milestone's region above that of the start"),
        mend: "move the region below the one that is reported before it",
    }

    MISSING_REGION "missing-region" {
        looks_for: "a report of a job that the workflow does not send",
        why: "The row never comes to that state, though the table says that this job reports it.",
        example: Words("`success` was added to the job `build` only in the table"),
        mend: "run `phasegate workflow adopt FILE`, or follow the finding where it has to be done \
            by hand",
    }

    STALE_REGION "stale-region" {
        looks_for: "a region that is not what the table gives",
        why: "The workflow reports by an older table: the state, the job or the toleration may be \
            another now.",
        example: Words("a state was renamed in the table, and its region still says the old name"),
        mend: "run `phasegate generate`, and commit what it writes",
    }

    OWN_TEXT_IN_REGION "own-text-in-region" {
        looks_for: "a step, a key or a comment of your own within a region",
        why: "What stands between the markers is written anew, so that it would be lost. phasegate \
            leaves such a region as it is.",
        example: Words("a step that was added right below a report, above `# phasegate:end`"),
        mend: "move it out of the region, or put a lost marker back",
    }

    LOOSE_REPORT "loose-report" {
        looks_for: "a step that reports outside of any region",
        why: "It is not kept current: once the table changes it reports what no longer holds.",
        example: Words("a report that was copied from another job without its markers"),
        mend: "remove it where a region reports the same, or run `phasegate workflow adopt FILE`, \
            which takes it in",
    }

    OUTCOME_NOT_LAST "outcome-not-last" {
        looks_for: "a step below the outcome's report of a job",
        why: "Where it fails, the job fails after it has reported success.",
        example: Words("an upload of logs below the region `deploy.outcome`"),
        mend: "put the outcome's report last, or give the step `continue-on-error: true`",
    }

    DUPLICATE_KEY "duplicate-key" {
        looks_for: "a key that stands twice in one map of a workflow",
        why: "GitHub runs no such workflow, and YAML does not say which of the two holds.",
        example: Words("two `env:` in one job, after a merge"),
        mend: "remove one of the two",
    }

    REFUSED_WORKFLOW "refused-workflow" {
        looks_for: "what GitHub refuses a whole workflow for: a key or an event that it does not know, or a \
            value of another kind than it takes; a job that needs one that is not there, or itself; a job \
            without `runs-on` or steps; a job that calls a workflow and has what only one with steps has; a step with \
            `run` and `uses`, or an id that stands twice; what `uses` or `cron` can't be; a tag of YAML; an expression that can't be read, or \
            asks for a context that is not there",
        why: "No run of it begins, so that nothing can be said of its runs. What can stand where is in \
            GitHub's documentation: \"Workflow syntax\", \"Events that trigger workflows\", and, of what can \
            be asked for, \"Contexts reference\". Where GitHub has learned a key since, accept the finding.",
        example: Words("`if: secrets.TOKEN != ''`"),
        mend: "change it as the finding says",
    }

    REFUSED_CALL "refused-call" {
        looks_for: "a job that calls a workflow of the repository in a way for which GitHub refuses the run: \
            the file is not there, or has no `workflow_call`; a required input or secret is not given, or one \
            that it does not have; its jobs ask for more than the caller's `permissions`; it calls itself",
        why: "GitHub looks at all workflows of a run before any job begins. No job runs then, and no one \
            says what became of the row. The kept workflow is looked at, what it calls, and what leads to it \
            from a console's start.",
        example: Words("`uses: ./.github/workflows/deploy.yml` without `with:`, where that has an input with \
            `required: true`"),
        mend: "change the call as the finding says",
    }

    BAD_SETTING "bad-setting" {
        looks_for: "`NOTIFY_TRIES`, `NOTIFY_PAUSE` or `NOTIFY_BUDGET` in an `env` with a value that the \
            report's script does not take, or beyond the time that its step has",
        why: "The script ends before it sends anything, in every report of the run.",
        example: Words("`env: {NOTIFY_TRIES: often}`"),
        mend: "write a number, as the finding says",
    }

    MISSING_JOB "missing-job" {
        looks_for: "a job of the table that the workflow lacks",
        why: "Its states are never reported, and jobs that need it can't say what became of \
            it.",
        example: Words("the table's job `smoke`, called `smoke-test` in the workflow"),
        mend: "call the workflow's job as the table does, add it, or change the table",
    }

    MISSING_NEED "missing-need" {
        looks_for: "a job that does not wait for one that the table says it needs",
        why: "It may report before the other has, in an order that the table refuses. A concluding \
            job knows only the results of the jobs that it names.",
        example: Words("`needs: [build]` in the workflow, `needs = [\"build\", \"smoke\"]` in the \
            table"),
        mend: "add the job to `needs` in the workflow, or change the table",
    }

    TOLERATED_JOB "tolerated-job" {
        looks_for: "a job of the table with `continue-on-error`",
        why: "To the jobs that need it, such a job has succeeded whatever became of it: a failed \
            deploy goes on as if it were none.",
        example: Words("`continue-on-error: true` on the job `build`"),
        mend: "take it off the job, and give it to the steps that may fail",
    }

    MISSING_PERMISSION "missing-permission" {
        looks_for: "a job that reports by its own token (`credential = \"oidc\"`) and may not ask for it",
        why: "GitHub gives a job a token of its own only with `id-token: write`, which no job has that \
            does not say so. What it reports without one is refused. A job that calls a workflow needs it \
            for the jobs there, or GitHub refuses the whole run.",
        example: Words("`permissions: {contents: read}` on the job `build`"),
        mend: "give the job `permissions` with `id-token: write`, and with what else its steps need",
    }

    SHARED_STEPS "shared-steps" {
        looks_for: "a job whose steps are another job's too, by an anchor or an alias of YAML",
        why: "A report names its job, so that no two jobs can share one.",
        example: Words("`steps: *build`"),
        mend: "write the job and its steps out",
    }

    REUSABLE_JOB "reusable-job" {
        looks_for: "a job that calls a workflow, and has no steps to report in",
        why: "Nothing can be reported from such a job itself.",
        example: Words("`uses: ./.github/workflows/build.yml` on the job `build`"),
        mend: "let a job that follows it take its name and report how it ended, or keep the called workflow by \
            listing it in `workflows`",
    }

    MATRIX_JOB "matrix-job" {
        looks_for: "a job with a matrix of more than one leg, or of none, or of as many as an expression says; \
            a second job of a run that leads to the same reports",
        why: "It would report once for each leg: one leg says success while another still fails. \
            With one leg it runs once, as a job without a matrix. So it is where two jobs of one run call \
            workflows by which the same jobs of the table report.",
        example: Words("`strategy: ${{ fromJSON(needs.plan.outputs.legs) }}` on the job `build`"),
        mend: "let a job without a matrix follow it, take its name and report how it ended; let one job \
            of a run lead to the reports",
    }

    NO_STEPS "no-steps" {
        looks_for: "a job without steps, or with steps that have no lines of their own",
        why: "A report is a step, written on lines of its own.",
        example: Words("`steps: [{run: make}]`"),
        mend: "write `steps:` as a list with a line for each step",
    }

    CONCLUSION "conclusion" {
        looks_for: "a concluding job that does not run whatever became of the others, waits for an approval \
            or for what a lost job would have said, may fail above its first step, or does not know what \
            became of the others, or may say something else",
        why: "The end of a failed run is then never reported, or reported falsely.",
        example: Words("the job `conclude` without `if: always()`"),
        mend: "give it the `if:` and the `env:` that the finding prints",
    }

    JOB_CONDITION "job-condition" {
        looks_for: "a job that begins, or is skipped, otherwise than the table says, so that a run \
            reports what is not so",
        why: "To GitHub a skipped job is no failure, and one with `if: always()` runs after a \
            failure. To the table the one did not succeed, and the other must not begin. The \
            runs of the workflow are explored as the runner would make them; what can't be known \
            before is taken both ways.",
        example: Words("`if: always()` on the job `deploy`, which the table says needs `build`"),
        mend: "change the `if:` as the finding says, or let the table say `skippable = true`",
    }

    BAD_CONDITION "bad-condition" {
        looks_for: "a job's `if:` that is no expression of GitHub's",
        why: "GitHub runs no such workflow, and nothing can be said of its runs.",
        example: Words("`if: needs.build.result = 'success'`"),
        mend: "write an expression",
    }

    SHARED_GROUP "shared-group" {
        looks_for: "a concurrency group that the runs of several rows, or their concluding jobs, \
            wait in",
        why: "Of those that wait in a group only the last is kept. One that is replaced is \
            cancelled before any of its jobs runs: no one says what became of its row.",
        example: Words("`concurrency: deploy` at the top of a workflow"),
        mend: "let the group be called as the finding says, and give a group of its own to the job that \
            has to be the only one of its kind",
    }

    GROUP_TWICE "group-twice" {
        looks_for: "a concurrency group that two things of one run are in: the run, or a job that calls a \
            workflow, and what is within; or two jobs that may run at the same time, of which one cancels \
            the other",
        why: "What is within waits for what is around it to end, and that waits for it: GitHub cancels it \
            in every run. In a called workflow `github` is that of the run that calls it, so that one text \
            is one group in both.",
        example: Words("`concurrency: deploy-${{ inputs.deploy_id }}` at the top of a workflow, and at the \
            top of the one that it calls"),
        mend: "take `concurrency` off what is within, or give it a group of another name",
    }

    TAKEN_ID "taken-id" {
        looks_for: "a step with the id that a report of its job gets",
        why: "Reports ask for each other by their ids, and GitHub refuses a job in which one \
            stands twice.",
        example: Words("a step of your own with `id: report_1`"),
        mend: "give the step another id, there and wherever it is asked for",
    }

    MISSING_INPUT "missing-input" {
        looks_for: "a dispatch input that the reports need",
        why: "Without the row's id a run reports nothing; without the token its reports are \
            refused.",
        example: Words("`workflow_dispatch:` without `inputs:`"),
        mend: "run `phasegate workflow adopt FILE`, or add the inputs that the finding prints",
    }

    NO_DISPATCH "no-dispatch" {
        looks_for: "a workflow that is neither dispatched nor called",
        why: "Nothing gives it the row that it reports for. A run that follows another, by \
            `workflow_run`, has no inputs: it could read the row's id from the run before, but \
            nothing may hand the token on to it.",
        example: Words("`on: push`"),
        mend: "add `workflow_dispatch` to `on:` with the inputs that the finding prints; what follows \
            another workflow is to be called by it",
    }

    NO_CHECKOUT "no-checkout" {
        looks_for: "a job that reports with an action of its own repository, and does not check it \
            out first",
        why: "The action is not there. A report that is tolerated is then lost without a word.",
        example: Words("`uses: ./.github/actions/notify-deploy-status` in a job without \
            `actions/checkout`"),
        mend: "put a step with `uses: actions/checkout` above the first report",
    }

    PARTIAL_CHECKOUT "partial-checkout" {
        looks_for: "a checkout after which the repository's own action may not be there",
        why: "It checks out another repository, another ref, another path, a part of the files, or \
            runs only under a condition. A tolerated report is then lost without a word.",
        example: Words("`actions/checkout` with `path: app`"),
        mend: "check the repository out whole above the first report, and what else is needed \
            after it",
    }

    LOST_ACTION "lost-action" {
        looks_for: "a step after which the action in the workspace is another commit's, or gone, \
            with a report below it",
        why: "The report is then sent by an action of another time, or lost without a word where \
            it is tolerated.",
        example: Words("`git clean -ffdx` above a report with `uses: \
            ./.github/actions/notify-deploy-status`"),
        mend: "let `action` begin with `$/`, or check the repository out again below the step",
    }

    BARE_CONTAINER "bare-container" {
        looks_for: "a job that reports in a container whose image has no bash, curl or jq, as its \
            name shows, before a step installs them",
        why: "The action runs a script with these. A report that is tolerated is lost without a \
            word.",
        example: Words("`container: alpine:3`, with the start above `apk add bash curl jq`"),
        mend: "install them in a step above the first report",
    }

    TOO_MANY_INPUTS "too-many-inputs" {
        looks_for: "a workflow that would have more dispatch inputs than GitHub takes, with those \
            of the reports",
        why: "GitHub runs no workflow with more than 25.",
        example: Words("24 inputs of your own, and the id and the token"),
        mend: "give several values by one input, or start the workflow by `repository_dispatch`",
    }

    INPUT_DEFAULT "input-default" {
        looks_for: "an input of the reports with a `default` that is not empty",
        why: "A run that somebody starts by hand would report for a row that no console gave it, and without \
            a token.",
        example: Words("`deploy_id: {type: string, default: none}`"),
        mend: "write `default: \"\"`, or take it off",
    }

    INPUT_TYPE "input-type" {
        looks_for: "an input of the reports that takes no text",
        why: "The console gives the row's id and the token as texts. GitHub refuses the dispatch.",
        example: Words("`deploy_id: {type: number}`"),
        mend: "write `type: string`",
    }
}
