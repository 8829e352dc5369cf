//! What of a workflow keeps the report's script from sending: its settings, the tools of an image, and an
//! action that a step took away.

use crate::hand_written::*;
use crate::workflow_reader::*;

const LOCAL: (&str, &str) =
    ("id_input = ", "action = \"./.github/reports/notify-ship-status\"\nid_input = ");

#[test]
fn a_setting_that_the_script_does_not_take_leads_to_one_that_it_does() {
    let at_top = |value: &str| changed(PLAIN, "jobs:\n", &format!("env:\n  {value}\njobs:\n"));
    let in_job = |value: &str| {
        changed(
            PLAIN,
            "    needs: build\n",
            &format!("    needs: build\n    env:\n      {value}\n"),
        )
    };
    let in_step = |value: &str| {
        changed(
            PLAIN,
            "      - name: Roll out\n",
            &format!("      - name: Roll out\n        env:\n          {value}\n"),
        )
    };
    for workflow in [
        at_top("NOTIFY_TRIES: x"),
        in_job("NOTIFY_PAUSE: 1s"),
        in_step("NOTIFY_TRIES: -1"),
        at_top("NOTIFY_BUDGET: 400"),
    ] {
        leads_out(&workflow, &[], &[], "bad-setting");
    }
    let folder = tried(PLAIN, &[]);
    let text = folder.read(AT);
    for (value, parts) in [
        ("NOTIFY_TRIES: 1.5", Some("`NOTIFY_TRIES` of the workflow is `1.5`")),
        ("NOTIFY_BUDGET: a", Some("a whole number of seconds")),
        ("NOTIFY_BUDGET: 301", Some("ends after 300")),
        ("NOTIFY_PAUSE: often", Some("a number of seconds, such as `0.5`")),
        ("NOTIFY_TRIES: 3", None),
        ("NOTIFY_TRIES: ${{ vars.TRIES }}", None),
        ("NOTIFY_TRIES: ''", None),
        ("NOTIFY_PAUSE: '0.5'", None),
        ("NOTIFY_BUDGET: 300", None),
        ("NOTIFY_LOG: x.log", None),
    ] {
        folder.write(AT, changed(&text, "jobs:\n", &format!("env:\n  {value}\njobs:\n")));
        let found = found(&folder);
        assert_eq!(found.len(), usize::from(parts.is_some()), "{value}: {found:#?}");
        assert!(parts.is_none_or(|part| found[0].2.contains(part)), "{value}: {found:#?}");
    }
}

#[test]
fn an_action_that_a_step_removes_is_lost() {
    let folder = tried(PLAIN, &[LOCAL]);
    let text = folder.read(AT);
    let at = "      # phasegate:begin deploy.rolling\n";
    let with = |step: &str| folder.write(AT, changed(&text, at, &format!("{step}{at}")));
    for (run, is_lost) in [
        ("rm -rf .github", true),
        ("rm -rf ./.github/", true),
        ("rm -fr *", true),
        ("rm -rf ./*", true),
        ("sudo rm -rf .", true),
        ("rm -r -f \"$GITHUB_WORKSPACE\"", true),
        ("rm -rf ${{ github.workspace }}/*", true),
        ("rm -rf ${GITHUB_WORKSPACE}/.github/reports", true),
        ("cd build; cd $GITHUB_WORKSPACE && rm -rf .github", true),
        ("rm --recursive .github/reports/notify-ship-status", true),
        ("rm -rf build", false),
        ("rm -rf build/*", false),
        ("rm -rf .github-old", false),
        ("rm -f .github/x", false),
        ("cd build && rm -rf *", false),
        ("echo 'rm -rf .github'", false),
        ("rm -rf /tmp/*", false),
    ] {
        with(&format!("      - run: |-\n          {run}\n"));
        let found = found(&folder);
        assert_eq!(found.len(), usize::from(is_lost), "{run}: {found:#?}");
        assert!(found.iter().all(|(rule, ..)| rule == "lost-action"), "{run}: {found:#?}");
    }
    with("      - run: rm -rf *\n        working-directory: build\n");
    assert_eq!(found(&folder), []);
    let step = "      - run: rm -rf .github\n      - name: Roll out\n";
    let workflow = changed(PLAIN, "      - name: Roll out\n", step);
    for way in ["`action = ", "once more"] {
        leads_out(&workflow, &[LOCAL], &[way], "lost-action");
    }
}

#[test]
fn what_becomes_of_a_report_without_its_tools_is_said_as_it_is() {
    let docker = include_str!("workflows/trials/docker.yml");
    let docker = changed(docker, "      - run: apk add bash curl jq\n", "");
    for (image, command) in [
        ("node:22", "`- run: apt-get update && apt-get install -y jq`"),
        ("python:3.12-slim", "`- run: apt-get update && apt-get install -y curl jq`"),
        ("fedora:41", "`- run: dnf install -y jq`"),
        ("amazonlinux:2023", "`- run: yum install -y jq`"),
        ("archlinux", "`- run: pacman -Sy --noconfirm jq`"),
        ("hashicorp/terraform:1.9", "`- run: apk add --no-cache bash curl jq`"),
    ] {
        let workflow = changed(&docker, "alpine:3", image);
        let found = said(&workflow, &[]);
        let lost = "else a tolerated report is lost for ever";
        let is_said = found.len() == 1 && found[0].1.contains(command) && found[0].1.contains(lost);
        assert!(is_said, "{image}: {found:#?}");
        leads_out(&workflow, &[], &[], "bare-container");
    }
    let folder = tried(PLAIN, &[]);
    let text = folder.read(AT);
    let (head, conclude) = text.split_once("  conclude:\n").unwrap();
    folder.write(AT, format!("{head}  conclude:\n    container: node:22\n{conclude}"));
    let found = found(&folder);
    let part = "the report fails, and its job: no one says what became of the row";
    assert!(found.len() == 1 && found[0].2.contains(part), "{found:#?}");
}

#[test]
fn a_condition_that_never_holds_is_told_so() {
    let folder = tried(PLAIN, &[]);
    let text = folder.read(AT);
    for condition in ["false", "${{ 0 }}", "${{ NaN == NaN }}"] {
        folder.write(
            AT,
            changed(
                &text,
                "    needs: build\n",
                &format!("    needs: build\n    if: {condition}\n"),
            ),
        );
        let found = found(&folder);
        let part = "the job never runs: take its `if:` off; or take the job off";
        assert!(found.iter().any(|(_, _, said)| said.contains(part)), "{condition}: {found:#?}");
        assert!(
            !found.iter().any(|(_, _, said)| said.contains("exit 1")),
            "{condition}: {found:#?}"
        );
    }
    // The case of a function does not matter.
    let always = changed(PLAIN, "    needs: build\n", "    needs: build\n    if: Always()\n");
    let found = said(&always, &[]);
    assert!(!found.iter().any(|(_, said)| said.contains("&& Always()")), "{found:#?}");
    leads_out(&always, &[], &[], "job-condition");
    let starts = "    needs: build\n    if: startsWith(vars.X, 'a')\n";
    let found = said(&changed(PLAIN, "    needs: build\n", starts), &[]);
    let is_said = |(_, said): &(String, String)| said.contains("startsWith(vars.x");
    assert!(found.iter().any(is_said), "{found:#?}");
}
