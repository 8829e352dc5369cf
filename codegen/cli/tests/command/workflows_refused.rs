//! Workflows that GitHub refuses are found, and nothing is said to be proven of them.

use crate::hand_written::*;

const PLAIN: &str = include_str!("workflows/trials/plain.yml");

/// What stands in the deploy in the place of its `needs`.
fn with(line: &str) -> String {
    changed(PLAIN, "    needs: build\n", &format!("    needs: build\n{line}"))
}

#[track_caller]
fn refuses(workflow: &str, part: &str) {
    let found = said(workflow, &[]);
    let is_it =
        |(rule, said): &&(String, String)| rule == "refused-workflow" && said.contains(part);
    assert!(found.iter().any(|found| is_it(&found)), "{part}: {found:#?}\n{workflow}");
}

#[test]
fn what_github_refuses_is_never_proven() {
    let folder = tried(&with("    if: secrets.X != ''\n"), &[]);
    let ran = folder.run(&["verify"]);
    assert!(ran.code == Some(1) && ran.out.contains("nothing is proven"), "{ran:?}");
}

#[test]
fn jobs_that_cannot_be_are_found() {
    let needs = "    needs: build\n";
    let build = "  build:\n    runs-on: ubuntu-latest\n";
    for (workflow, part) in [
        (
            changed(PLAIN, needs, "    needs: [build, biuld]\n"),
            "`biuld`, which is no job: GitHub refuses the whole workflow (did you mean `build`?)",
        ),
        (changed(PLAIN, needs, "    needs: [build, x]\n"), "take it out of `needs`"),
        (
            changed(PLAIN, build, "  build:\n    needs: deploy\n    runs-on: ubuntu-latest\n"),
            "`build`, `deploy` wait for each other",
        ),
        (changed(PLAIN, needs, "    needs: [build, deploy]\n"), "`deploy` wait for each other"),
        (changed(PLAIN, build, "  build:\n"), "`build` has no `runs-on`"),
        (with("    uses: ./.github/workflows/x.yml\n"), "`uses` and `steps`"),
        (with("    timeout-minute: 3\n"), "did you mean `timeout-minutes`?"),
    ] {
        refuses(&workflow, part);
    }
    // The condition of a job that no job of the table waits for.
    let aside = "  aside:\n    runs-on: x\n    if: a = b\n    steps: [{run: ls}]\n";
    refuses(&format!("{PLAIN}{aside}"), "an expression of `if` can't be read");
    refuses(&with("    a-new-key: 3\n"), "accept the finding, where GitHub has learned it since");
}

#[test]
fn steps_that_cannot_be_are_found() {
    let run = "      - run: make\n";
    for (step, part) in [
        ("      - run: make\n        uses: actions/cache@v4\n", "`run` and `uses`"),
        ("      - name: nothing\n", "does nothing"),
        (
            "      - id: x\n        run: make\n      - id: X\n        run: make\n",
            "the id `X` stands twice",
        ),
        ("      - runs: make\n", "did you mean `run`?"),
        ("      - run: make\n        if: secrets.TOKEN != ''\n", "give it to the job's `env:`"),
        ("      - run: make ${{ inputs.a b }}\n", "can't be read"),
        ("      - run: make ${{ job.nope(1) }}\n", "can't be read"),
        ("      - run: make\n        if: always\n", "asks for `always`"),
    ] {
        refuses(&changed(PLAIN, run, step), part);
    }
    for fine in [
        "      - id: x\n        run: make ${{ secrets.TOKEN }} ${{ hashFiles('x') }}\n        env: {A: '${{ steps.x.outputs.a }}'}\n",
        "      - run: make\n        if: ${{ !cancelled() && hashFiles('x') != '' && env.A }}\n",
        "      - id: x\n        run: make &\n        background: true\n      - wait: x\n",
    ] {
        finds(&changed(PLAIN, run, fine), &[], &[]);
    }
}

#[test]
fn expressions_that_ask_for_what_is_not_there_are_found() {
    for (line, part) in [
        ("    if: secrets.X != ''\n", "asks for `secrets`, which is not there"),
        ("    if: env.X == 'x'\n", "by one of its `outputs`"),
        ("    if: steps.x.outputs.y\n", "by one of its `outputs`"),
        ("    if: runner.os == 'Linux'\n", "`runner`"),
        ("    if: job.status == 'x'\n", "`job`"),
        ("    if: matrix.x\n", "`github`, `needs`, `vars`, `inputs`"),
        ("    if: hashFiles('x') != ''\n", "`hashFiles()`"),
        ("    if: !cancelled()\n", "write `${{ !cancelled() }}`"),
        ("    if: !failure() && inputs.x\n", "for a tag of YAML"),
        ("    env: {A: '${{ env.B }}'}\n", "`env`"),
        ("    concurrency: ${{ secrets.X }}\n", "`secrets`"),
        ("    timeout-minutes: ${{ always() && 3 }}\n", "`always()`"),
        ("    environment: {name: x, url: '${{ secrets.X }}'}\n", "`secrets`"),
    ] {
        let workflow = with(line);
        let found = said(&workflow, &[]);
        let said = found
            .iter()
            .find(|(rule, _)| ["refused-workflow", "unreadable-workflow"].contains(&rule.as_str()));
        let said = said.map(|(_, said)| said.replace("for a tag:", "for a tag of YAML:"));
        assert!(said.is_some_and(|said| said.contains(part)), "{part}: {found:#?}");
    }
    for line in [
        "    environment: {name: '${{ vars.X }}', url: '${{ steps.x.outputs.url }}'}\n",
        "    env: {A: '${{ secrets.B }}'}\n",
        "    container: {image: x, credentials: {username: u, password: '${{ secrets.P }}'}}\n",
        "    outputs: {a: '${{ steps.x.outputs.a }}'}\n",
        "    timeout-minutes: ${{ fromJSON(vars.T || '5') }}\n",
    ] {
        finds(&with(line), &[], &[]);
    }
}
