//! Whatever keeps a job of a hand-written workflow from reporting what the table says is reported.

use crate::hand_written as workflows;
use std::fs;

use crate::binary::Folder;
use crate::common::with;
use crate::hand_written::*;

#[test]
fn finds_a_job_that_the_workflow_lacks() {
    // The fault that this began with: the table has a gate, and the workflow never heard of it.
    after(
        "  freeze-check:\n    needs",
        "  freeze-chekc:\n    needs",
        &[
            ("missing-job", "freeze-chekc:", "call the job `freeze-chekc` so"),
            (
                "misplaced-region",
                "# phasegate:begin freeze-check.start",
                "in the job `freeze-chekc`",
            ),
            (
                "misplaced-region",
                "# phasegate:begin freeze-check.outcome",
                "no job `freeze-check`: call the job `freeze-chekc` so",
            ),
        ],
    );
    after(
        "  conclude:\n",
        "  aftermath:\n",
        &[
            (
                "missing-job",
                "aftermath:",
                "no job `conclude` of the table (call the job `aftermath` so",
            ),
            ("misplaced-region", "# phasegate:begin conclude.outcome", "in the job `aftermath`"),
        ],
    );
}

#[test]
fn a_job_by_another_name_is_known_by_its_reports() {
    // However little the names have in common, nothing is to be moved to a job that is not there.
    let folder = adopted();
    let text = folder.read(AT);
    let renamed = text.replace("  smoke:\n", "  try-it:\n").replace("[smoke,", "[try-it,");
    folder.write(AT, renamed.replace("needs: smoke\n", "needs: try-it\n"));
    let found = found(&folder);
    let said: Vec<&str> = found.iter().map(|found| found.2.as_str()).collect();
    assert!(said[0].contains("call the job `try-it` so"), "{found:#?}");
    let moved: Vec<&&str> =
        said.iter().filter(|said| said.contains("the region `smoke.")).collect();
    assert_eq!(moved.len(), 2, "{found:#?}");
    for said in moved {
        assert!(said.contains("no job `smoke`: call the job `try-it` so"), "{said}");
    }
    // A concluding job's report is written once.
    let renamed = text.replace("  conclude:\n", "  aftermath:\n");
    folder.write(AT, &renamed);
    assert_eq!(folder.run(&["workflow", "adopt", AT]).code, Some(1));
    assert_eq!(folder.read(AT), renamed);
    // A report in another of the table's jobs, that of which was taken out.
    let conclude = text.find("  conclude:\n").unwrap();
    let outcome = region(&text, "conclude.outcome");
    let (head, _) = text.split_at(conclude);
    let head = changed(
        head,
        "      # phasegate:begin smoke.outcome\n",
        &format!("{outcome}      # phasegate:begin smoke.outcome\n"),
    );
    folder.write(AT, head);
    let found = workflows::found(&folder);
    let said = found.iter().find(|f| f.2.contains("region `conclude.outcome`")).unwrap();
    assert!(said.2.contains("no job `conclude`: remove the region"), "{found:#?}");
}

#[test]
fn finds_what_keeps_a_job_from_reporting() {
    let smoke = "  smoke:\n    runs-on: ubuntu-latest\n";
    after(
        smoke,
        &format!("{smoke}    strategy: {{matrix: {{os: [a, b]}}}}\n"),
        &[("matrix-job", "smoke:", "once for each leg")],
    );
    after(smoke, &format!("{smoke}    strategy: {{fail-fast: true}}\n"), &[]);
    after(
        "    needs: [freeze-check, build-image]",
        "    needs: [build-image]",
        &[("missing-need", "deploy:", "does not wait for `freeze-check`")],
    );
    // Through another job, it does.
    after("  build-image:\n", "  build-image:\n    needs: [freeze-check]\n", &[]);
    after(
        "    needs: [smoke, freeze-check, deploy]",
        "    needs: [freeze-check, deploy]",
        &[("missing-need", "conclude:", "only the results of those it names")],
    );
    after(
        "    if: always() && inputs.console_deploy_id != ''\n    runs-on",
        "    runs-on",
        &[("conclusion", "conclude:", "always()")],
    );
    after(
        "contains(needs.*.result, 'skipped') && 'failure'",
        "contains(needs.*.result, 'skipped') && 'success'",
        &[("conclusion", "conclude:", "what became of the others")],
    );
    after(
        "      - uses: actions/checkout@v4\n        with:\n          persist-credentials: false\n",
        "",
        &[("no-checkout", "# phasegate:begin smoke.start", "checked out")],
    );
    after(
        "      - name: Smoke tests\n",
        "      - id: report_1\n        name: Smoke tests\n",
        &[("taken-id", "- id: report_1", "another id")],
    );
    after(
        "    - run: ./freeze.sh",
        "    - uses: \"./generated/workflow/notify-deploy-status\"\n    - run: ./freeze.sh",
        &[(
            "loose-report",
            "- uses: \"./generated/workflow/notify-deploy-status\"",
            "not kept current",
        )],
    );
    after(
        "      # phasegate:end\n    env:\n",
        "      # phasegate:end\n      - run: last\n    env:\n",
        &[("outcome-not-last", "- run: last", "last")],
    );
    after(
        "      callback_token:\n",
        "      callback_tokens:\n",
        &[("missing-input", "on:", "`callback_token`")],
    );
    after(
        "  workflow_dispatch:\n",
        "  repository_dispatch:\n",
        &[
            ("no-dispatch", "on:", "workflow_dispatch:\n    inputs:\n      console_deploy_id:\n"),
            ("refused-workflow", "inputs:", "`on.repository_dispatch` has a key `inputs`"),
        ],
    );
    // A workflow that is called has its inputs from there, and the token in its caller's event.
    let folder = adopted();
    let text = folder.read(AT).replace("  workflow_dispatch:\n", "  workflow_call:\n");
    let choice =
        "choice\n        options: [staging, production]   # keep in step with the console\n";
    let text = changed(&text, choice, "string\n");
    folder.write(AT, text.replace("      callback_token:\n", "      other:\n"));
    assert_eq!(found(&folder), []);
}

const CHECKOUT: &str =
    "      - uses: actions/checkout@v4\n        with:\n          persist-credentials: false\n";

#[test]
fn finds_a_checkout_after_which_the_action_may_not_be_there() {
    let with = |line: &str| CHECKOUT.replace("        with:\n", &format!("        with:\n{line}"));
    let bad = [
        (with("          path: src\n"), "path: src"),
        (with("          repository: acme/other\n"), "repository: acme/other"),
        (with("          sparse-checkout: src\n"), "sparse-checkout: src"),
        (with("          sparse-checkout: generated/work\n"), "sparse-checkout: generated/work"),
        (format!("{CHECKOUT}        if: github.ref == 'x'\n"), "if: github.ref == 'x'"),
    ];
    for (checkout, line) in &bad {
        after(CHECKOUT, checkout, &[("partial-checkout", line, "may not be there")]);
        // One that is whole comes before the first report, too.
        after(CHECKOUT, &format!("{checkout}{CHECKOUT}"), &[]);
        // Adopting leaves the job alone, and says what is to be added.
        let release = RELEASE.replace("Wait until healthy", "Health check");
        let folder = repository(release.replacen(CHECKOUT, checkout, 1));
        let ran = folder.run(&["workflow", "adopt", AT]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(
            !folder.read(AT).lines().any(|line| is_marker(line, "# phasegate:begin smoke.outcome"))
        );
        let found = found(&folder);
        assert!(found.iter().all(|(rule, ..)| rule == "missing-region"), "{found:?}");
        assert!(found[0].2.contains(&format!("has `{}`", line.trim())), "{found:?}");
        assert!(
            found[0].2.contains("on line 37") && found[1].2.contains("first give"),
            "{found:?}"
        );
    }
    for harmless in [
        with("          path: .\n"),
        with("          repository: ${{ github.repository }}\n"),
        with("          sparse-checkout: |\n            src\n            generated/workflow\n"),
        with("          fetch-depth: 0\n"),
        format!("{CHECKOUT}        if: always()\n"),
    ] {
        after(CHECKOUT, &harmless, &[]);
    }
}

#[test]
fn adopting_writes_no_report_that_check_refuses_for_want_of_a_checkout() {
    let release = RELEASE.replace("Wait until healthy", "Health check");
    let folder = repository(release.replacen(CHECKOUT, "", 1));
    let ran = folder.run(&["workflow", "adopt", AT]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    holds(
        &folder,
        &[
            ("missing-region", "smoke:", "actions/checkout"),
            ("missing-region", "smoke:", "first give `smoke.start`"),
        ],
    );
}

#[test]
fn finds_keys_that_stand_twice() {
    after(
        "  freeze-check:\n",
        "  smoke: {runs-on: x, steps: [{run: ls}]}\n  freeze-check:\n",
        &[("duplicate-key", "smoke: {runs-on: x, steps: [{run: ls}]}", "`smoke` stands twice")],
    );
    after(
        "    timeout-minutes: 20\n",
        "    timeout-minutes: 20\n    timeout-minutes: 30\n",
        &[("duplicate-key", "timeout-minutes: 30", "`timeout-minutes` stands twice")],
    );
}

#[test]
fn a_job_without_lines_for_its_steps_is_refused_with_the_way() {
    let job = "  smoke:\n    runs-on: ubuntu-latest\n    timeout-minutes: 20\n    steps:\n";
    for (smoke, rule, part) in [
        ("{uses: ./.github/workflows/smoke.yml}", "reusable-job", "list it in `workflows`"),
        ("{runs-on: x, steps: [{uses: actions/checkout@v4}]}", "no-steps", "a line for each step"),
        ("{runs-on: x}", "no-steps", "`steps:`"),
        ("*other", "shared-steps", "write the job out"),
    ] {
        assert!(RELEASE.contains(job));
        let rest = RELEASE.split_once("  freeze-check:\n").unwrap().1;
        let head = RELEASE.split_once("  smoke:\n").unwrap().0;
        let rest = rest.replace("  build-image:\n", "  build-image: &other\n");
        let moved = rest.replace("  # The real thing.\n", &format!("  smoke: {smoke}\n\n"));
        let text =
            format!("{head}  freeze-check:\n{moved}").replace("Wait until healthy", "Health check");
        let folder = repository(&text);
        folder.write(
            ".github/workflows/smoke.yml",
            "on: workflow_call\njobs: {smoke: {runs-on: x, steps: [{run: ls}]}}\n",
        );
        let ran = folder.run(&["workflow", "adopt", AT]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let found = found(&folder);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].0 == rule && found[0].2.contains(part), "{found:?}");
    }
    // Steps that two jobs share would report twice.
    let folder = adopted();
    let text = folder.read(AT).replace("    steps:\n    - uses", "    steps: &steps\n    - uses");
    folder.write(AT, text.replace("    steps: [{run: make image}]", "    steps: *steps"));
    assert_eq!(found(&folder)[0].0, "shared-steps");
}

#[test]
fn a_file_that_is_no_workflow_is_told_of_and_left() {
    for (bytes, rule, part) in [
        (&b"jobs:\n  a: [\n"[..], "unreadable-workflow", "no workflow"),
        (b"on: x\n---\njobs: {}\n", "unreadable-workflow", "second document"),
        (b"on: x\rjobs:\r", "unreadable-workflow", "carriage return"),
        (b"on: \xff\n", "unreadable-workflow", "UTF-8"),
        (b"", "no-dispatch", "neither"),
        (b"just a text\n", "no-dispatch", "neither"),
        (b"jobs: 3\n", "refused-workflow", "`jobs` is `3`"),
    ] {
        let folder = repository(bytes);
        let found = found(&folder);
        assert!(found[0].0 == rule && found[0].2.contains(part), "{found:?}");
        assert_eq!(fs::read(folder.path(AT)).unwrap(), bytes);
        folder.run(&["workflow", "adopt", AT]);
        assert_eq!(fs::read(folder.path(AT)).unwrap(), bytes);
    }
    // A deep or a long one is no matter.
    let deep = format!("on: {}{}\n", "[".repeat(400), "]".repeat(400));
    assert_eq!(found(&repository(deep))[0].0, "unreadable-workflow");
}

#[test]
fn a_file_that_is_not_there_is_told_of_with_the_nearest() {
    let folder = Folder::with("deploy.toml", &keeping(&[".github/workflows/relase.yml"]));
    folder.write(AT, RELEASE);
    folder.write(".github/workflows/ci.yml", RELEASE);
    let ran = folder.run(&["generate"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let found = found(&folder);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].0 == "missing-workflow" && found[0].2.contains(&format!("did you mean `{AT}`?")),
        "{found:?}"
    );
    assert!(!folder.path(".github/workflows/relase.yml").exists(), "no workflow is made up");
}

#[test]
fn jobs_that_need_each_other_belong_into_one_workflow() {
    let table = with(
        "target.workflow = { workflows = [\"a.yml\", \"b.yml\"], action = \"o/r@v1\" }\n\
         [[job]]\nname = \"one\"\nsuccess = \"b\"\nfailure = \"z\"\n\
         [[job]]\nname = \"two\"\nneeds = [\"one\"]\nsuccess = \"z\"\nfailure = \"z\"\n\
         [[job]]\nname = \"three\"\nsuccess = \"z\"\nfailure = \"z\"\n",
    );
    let folder = Folder::with("m.toml", &table);
    let workflow = |jobs: &[&str]| {
        let inputs = "on: {workflow_dispatch: {inputs: {m_id: {}, callback_token: {}}}}\njobs:\n";
        let other = "  other: {runs-on: x, steps: [{run: ls}]}\n";
        jobs.iter().fold(format!("{inputs}{other}"), |text, job| {
            let needs = if *job == "two" { "    needs: one\n" } else { "" };
            text + &format!("  {job}:\n{needs}    runs-on: x\n    steps:\n      # phasegate:begin {job}.outcome\n      # phasegate:end\n")
        })
    };
    let rules = |a: &[&str], b: &[&str]| {
        folder.write("a.yml", workflow(a));
        folder.write("b.yml", workflow(b));
        folder.run(&["generate"]);
        found(&folder)
            .into_iter()
            .map(|f| (f.0, f.2.split(" of the").next().unwrap().to_owned()))
            .collect::<Vec<_>>()
    };
    let lacks = |job: &str| ("missing-job".to_owned(), format!("the workflow has no job `{job}`"));
    assert_eq!(rules(&["one", "two"], &["three"]), []);
    assert_eq!(rules(&["one", "two", "three"], &["three"]), []);
    assert_eq!(rules(&["one", "two"], &[]), [lacks("three")]);
    assert_eq!(rules(&["three"], &["two"]), [lacks("one")]);
    assert_eq!(rules(&["one", "two"], &["one", "three"]), [lacks("two")]);
}
