//! What is known of inputs and of the repository, and what is reported of a condition that was misread.

use crate::hand_written::*;

const SKIPPABLE: (&str, &str) =
    ("start = \"build_running\"", "skippable = true\nstart = \"build_running\"");

/// The job that deploys, with a condition, in a workflow with an input.
fn with(input: &str, condition: &str) -> String {
    let workflow = include_str!("workflows/trials/cond.yml");
    let on = format!("on:\n  workflow_dispatch:\n    inputs:\n      lane: {input}\n");
    let workflow = changed(workflow, "on:\n  workflow_dispatch:\n", &on);
    changed(&workflow, "    if: always()\n", &format!("    if: {condition}\n"))
}

#[test]
fn the_values_that_an_input_can_have_are_known() {
    let choice = "{type: choice, required: true, options: [eu, us]}";
    for (input, condition, is_found) in [
        (choice, "inputs.lane == 'eu' || inputs.lane == 'us'", false),
        (choice, "inputs.lane != ''", false),
        (choice, "inputs.lane == 'eu' || github.event.inputs.lane == 'us'", false),
        (choice, "inputs.lane == 'eu'", true),
        (choice, "inputs.lane == 'eu' || inputs.lane == 'asia'", true),
        ("{type: choice, options: [eu, us]}", "inputs.lane != ''", true),
        ("{type: choice, default: eu, options: [eu, us]}", "inputs.lane != ''", false),
        ("{type: boolean}", "inputs.lane || !inputs.lane", false),
        ("{type: boolean}", "inputs.lane == true || github.event.inputs.lane == 'false'", false),
        // The event has texts, of which none is empty; the context has flags, of which none is a text.
        ("{type: boolean}", "github.event.inputs.lane", false),
        ("{type: boolean}", "inputs.lane == 'true' || inputs.lane == 'false'", true),
        ("{type: string}", "inputs.lane == 'x' || github.event.inputs.lane != 'x'", false),
        ("{type: string}", "inputs.lane == 'x' || inputs.lane == 'y'", true),
    ] {
        let found = said(&with(input, condition), &[]);
        let rules: Vec<&str> = found.iter().map(|(rule, _)| rule.as_str()).collect();
        assert_eq!(
            rules,
            if is_found { vec!["job-condition"] } else { vec![] },
            "{input}, {condition}: {found:#?}"
        );
    }
    let found = said(&with(choice, "inputs.lane == 'eu'"), &[]);
    assert!(found[0].1.contains("where inputs.lane is us"), "{found:#?}");
}

#[test]
fn two_inputs_are_one_thing_each_in_a_run() {
    // The build and what needs it are skipped in the same runs.
    let choice = "{type: choice, required: true, options: [eu, us]}";
    let asks = |condition: &str| {
        let workflow = with(
            choice,
            "${{ !failure() && !cancelled() && (inputs.lane == 'eu' || needs.build.result == 'skipped') }}",
        );
        changed(&workflow, "  build:\n", &format!("  build:\n    if: {condition}\n"))
    };
    finds(&asks("github.event.inputs.lane == 'eu'"), &[SKIPPABLE], &[]);
    let found = said(&asks("inputs.lane == 'us'"), &[SKIPPABLE]);
    assert_eq!(found.len(), 1, "{found:#?}");
}

#[test]
fn a_condition_that_keeps_forks_out_holds_where_consoles_start_runs() {
    for (condition, is_found) in [
        ("github.repository == 'acme/app'", false),
        ("github.repository_owner == 'acme'", false),
        ("${{ github.repository == 'Acme/App' && github.repository != 'other/app' }}", false),
        ("github.repository != 'acme/template'", false),
        ("github.event.repository.owner.login == 'acme'", false),
        (
            "github.event.repository.full_name == 'acme/app' && github.repository == 'acme/app'",
            false,
        ),
        ("github.event.repository.fork == false && !github.event.repository.fork", false),
        ("github.event.repository.owner.login == 'a' || github.repository_owner == 'b'", true),
        ("github.repository == 'acme/app' && github.ref == 'refs/heads/main'", true),
        ("github.repository == 'acme/app' && github.repository == 'acme/fork'", true),
        ("startsWith(github.repository, 'acme/')", true),
    ] {
        let found = said(&with("{type: string}", condition), &[]);
        assert_eq!(!found.is_empty(), is_found, "{condition}: {found:#?}");
    }
}

#[test]
fn a_condition_that_says_something_else_than_it_seems_to_is_told_so() {
    let with = |condition: &str| said(&with("{type: string}", condition), &[]);
    for condition in [
        "|\n      ${{ needs.build.result == 'success' && success() }}",
        "|\n      ${{ !cancelled() }}",
    ] {
        let found = with(condition);
        assert!(found[0].1.contains("write `if: |-`"), "{found:#?}");
    }
    let found = with("${{ success() }} && inputs.lane != ''");
    assert!(found[0].1.contains("put the whole condition between one"), "{found:#?}");
    let text = include_str!("workflows/trials/concl.yml");
    let text = changed(
        text,
        "    needs: [setup, build]\n    if: needs.setup.outputs.go == 'true'\n",
        "    needs: build\n    if: needs.setup.outputs.go == 'true'\n",
    );
    let found = said(&text, &[]);
    assert!(
        found.iter().any(|(_, said)| said.contains("add `setup` to its `needs`")),
        "{found:#?}"
    );
}

#[test]
fn a_flag_that_is_an_expression_is_evaluated() {
    let workflow = include_str!("workflows/trials/cond.yml");
    let tolerated = |flag: &str| {
        changed(workflow, "    if: always()\n", &format!("    continue-on-error: {flag}\n"))
    };
    for (flag, is_found) in [
        ("${{ false }}", false),
        ("false", false),
        ("${{ inputs.none == 'x' }}", false),
        ("${{ true }}", true),
        ("${{ github.ref == 'x' }}", true),
        ("${{ needs.build.result == 'skipped' }}", true),
    ] {
        let all: [(&str, &[&str]); 1] = [("tolerated-job", &["`deploy`"])];
        finds(&tolerated(flag), &[], if is_found { &all } else { &[] });
    }
}

#[test]
fn a_job_is_needed_by_its_name_whatever_its_case() {
    let workflow = include_str!("workflows/trials/cond.yml");
    for needs in ["Build", "[BUILD]"] {
        let workflow = changed(
            workflow,
            "    needs: build\n    if: always()\n",
            &format!("    needs: {needs}\n"),
        );
        finds(&workflow, &[], &[]);
    }
}

#[test]
fn a_concluding_job_that_may_wait_for_ever_or_say_something_else_is_found() {
    let workflow = include_str!("workflows/trials/concl.yml");
    let workflow = workflow
        .replace("    if: always() && needs.setup.outputs.go == 'true'\n", "    if: always()\n");
    let workflow = workflow.replace("    if: needs.setup.outputs.go == 'true'\n", "");
    finds(&workflow, &[], &[]);
    let at = "    needs: [setup, build, deploy]\n    if: always()\n    runs-on: ubuntu-latest\n";
    let with = |lines: &str| {
        changed(
            &workflow,
            at,
            &format!("    needs: [setup, build, deploy]\n    if: always()\n{lines}"),
        )
    };
    let here = "    runs-on: ubuntu-latest\n";
    for (lines, part) in [
        (format!("{here}    environment: production\n"), "by its `environment`"),
        (format!("{here}    environment: {{name: production}}\n"), "by its `environment`"),
        ("    runs-on: ${{ needs.setup.outputs.go }}\n".to_owned(), "by its `runs-on`"),
        (
            "    runs-on: [self-hosted, '${{ needs.setup.outputs.go }}']\n".to_owned(),
            "by its `runs-on`",
        ),
        ("    runs-on: ${{ fromJSON(needs.setup.outputs.go) }}\n".to_owned(), "by its `runs-on`"),
        (
            format!("{here}    container: {{image: '${{{{ needs.setup.outputs.go }}}}'}}\n"),
            "by its `container`",
        ),
    ] {
        finds(&with(&lines), &[], &[("conclusion", &["`conclude` may never begin", part])]);
    }
    for lines in [
        "    runs-on: ${{ needs.setup.outputs.go || 'ubuntu-latest' }}\n",
        "    runs-on: ${{ fromJSON(needs.setup.outputs.go || '[\"ubuntu-latest\"]') }}\n",
        "    runs-on: ${{ vars.RUNNER }}\n",
        "    runs-on: x-${{ needs.setup.outputs.go }}\n",
    ] {
        finds(&with(lines), &[], &[]);
    }
    let chat = "      - run: echo chat\n";
    for (script, is_found) in [
        ("echo \"RESULT=success\" >> \"$GITHUB_ENV\"", true),
        ("\"RESULT=ok\" >> $env:GITHUB_ENV", true),
        ("printf 'RESULT<<X\\nok\\nX\\n' >> \"$GITHUB_ENV\"", true),
        ("echo \"THE_RESULT=success\" >> \"$GITHUB_ENV\"", false),
        ("RESULT=x ./chat", false),
    ] {
        let text = changed(&workflow, chat, &format!("      - run: |-\n          {script}\n"));
        let all: [(&str, &[&str]); 1] =
            [("conclusion", &["`conclude` may say something else", "may set `RESULT`"])];
        finds(&text, &[], if is_found { &all } else { &[] });
    }
}
