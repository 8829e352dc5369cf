//! A concluding job that fails before its first step, or says what another step says: found, and helps
//! followed to the letter.

use crate::hand_written::*;
use crate::workflow_reader::*;

const CFG: &str = "fromJSON(needs.build.outputs.cfg)";

/// A sound workflow, the concluding job of which has more above its steps.
fn with(more: &str) -> String {
    let conclude = changed(
        &concluding("[build, deploy]", OF_ALL),
        "    runs-on: x\n",
        &format!("{more}    runs-on: x\n"),
    );
    let outputs = "  build:\n    outputs: {cfg: \"${{ steps.x.outputs.cfg }}\"}\n";
    format!("{}{conclude}", changed(PLAIN, "  build:\n", outputs))
}

/// The same with something in its `env`.
fn with_env(value: &str) -> String {
    changed(&with(""), "    env:\n", &format!("    env:\n      X: \"{value}\"\n"))
}

#[test]
fn what_may_be_an_error_before_the_first_step_of_a_conclusion_is_found() {
    finds(&with(""), &[], &[]);
    let parts: &[&str] =
        &["may fail before its first step", "`needs.build.outputs.cfg` is empty", "|| 'null')`"];
    for more in [
        format!("    defaults: {{run: {{working-directory: \"${{{{ {CFG}.dir }}}}\"}}}}\n"),
        format!("    strategy: {{max-parallel: \"${{{{ {CFG}.n || 1 }}}}\"}}\n"),
        format!("    concurrency: ${{{{ {CFG}.x }}}}-${{{{ github.run_id }}}}\n"),
        format!("    name: ${{{{ {CFG}.x }}}}\n"),
    ] {
        let workflow = with(&more);
        finds(&workflow, &[], &[("conclusion", parts)]);
        leads_out(&workflow, &[], &[], "conclusion");
    }
    for condition in [format!("always() || {CFG}"), format!("always() && ({CFG}.x || true)")] {
        let workflow = changed(&with(""), "always() && inputs.ship_id != ''", &condition);
        finds(&workflow, &[], &[("conclusion", parts)]);
        leads_out(&workflow, &[], &[], "conclusion");
    }
    for value in [
        format!("${{{{ {CFG}.x }}}}"),
        format!("a ${{{{ contains({CFG}.all, 'x') }}}}"),
        format!("${{{{ needs.build.result == 'failure' && {CFG}.x }}}}"),
        format!("${{{{ needs.build.result == 'success' && 'x' || {CFG}.x }}}}"),
        format!("${{{{ case(contains(needs.*.result, 'failure'), {CFG}.x, '') }}}}"),
    ] {
        let workflow = with_env(&value);
        finds(&workflow, &[], &[("conclusion", parts)]);
        leads_out(&workflow, &[], &[], "conclusion");
    }
    // The workflow's own, and what no job has to do with.
    let top = changed(&with(""), "jobs:\n", "env:\n  X: ${{ fromJSON(vars.cfg).a }}\njobs:\n");
    finds(&top, &[], &[("conclusion", &["on line 16", "`vars.cfg` is empty"])]);
    leads_out(&top, &[], &[], "conclusion");
    let none = with_env("${{ fromJSON('a') }}");
    finds(&none, &[], &[("conclusion", &["is no JSON", "in the place of"])]);
    leads_out(&none, &[], &[], "conclusion");
    // Empty is no number of jobs.
    let empty = with("    strategy: {max-parallel: \"${{ needs.build.outputs.cfg }}\"}\n");
    finds(&empty, &[], &[("conclusion", &["may never begin, by its `strategy`"])]);
}

#[test]
fn what_is_no_error_before_the_first_step_of_a_conclusion_is_not_found() {
    for value in [
        "${{ fromJSON(needs.build.outputs.cfg || '{}').x }}",
        "${{ needs.build.result == 'success' && fromJSON(needs.build.outputs.cfg).x || '' }}",
        "${{ needs.build.outputs.cfg && fromJSON(needs.build.outputs.cfg).x }}",
        "${{ vars.X && fromJSON(vars.X).x }}",
        "${{ vars.X != '' && inputs.tag && fromJSON(vars.X).x }}",
        "${{ case(needs.build.result == 'success', fromJSON(needs.build.outputs.cfg).x, '') }}",
        "${{ fromJSON(toJSON(needs)).build.result }}",
        "${{ fromJSON('[1]')[0] }}",
        "${{ fromJSON(github.run_number) }}",
    ] {
        finds(&with_env(value), &[], &[]);
    }
    // What the steps ask for, and what comes after them, is theirs.
    let step = "    steps:\n      - run: echo ${{ fromJSON(vars.X) }}\n        if: always()\n";
    let late = "    outputs: {x: \"${{ fromJSON(needs.build.outputs.cfg).x }}\"}\n";
    let workflow = changed(&with(late), "    steps:\n      - run: echo\n", step);
    finds(&workflow, &[], &[]);
    // Another job that fails so is a failure as any.
    let env = "  deploy:\n    env: {X: \"${{ fromJSON(vars.X).a }}\"}\n";
    finds(&changed(&with(""), "  deploy:\n", env), &[], &[]);
}

#[test]
fn a_step_that_sets_what_the_conclusion_says_is_found() {
    let step = |script: &str| {
        let uses =
            format!("      - uses: actions/github-script@v7\n        with: {{script: {script}}}\n");
        changed(&with(""), "      - run: echo\n", &uses)
    };
    let parts: &[&str] = &["may say something else: the step on line", "`RESULT`"];
    for script in [
        "'core.exportVariable(\"RESULT\", \"success\")'",
        "'core.exportVariable(name, \"success\")'",
    ] {
        finds(&step(script), &[], &[("conclusion", parts)]);
        leads_out(&step(script), &[], &[], "conclusion");
    }
    let run = "      - run: echo RESULT=success >> \"$GITHUB_ENV\"\n";
    leads_out(&changed(&with(""), "      - run: echo\n", run), &[], &[], "conclusion");
    finds(&step("'core.exportVariable(\"OTHER\", process.env.RESULT)'"), &[], &[]);
}
