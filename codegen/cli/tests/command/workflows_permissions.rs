//! With `credential = "oidc"` each job that reports may ask for a token of its own, or is found.

use crate::hand_written::*;
use crate::workflow_reader::*;

const OIDC: (&str, &str) = ("id_input = ", "credential = \"oidc\"\nid_input = ");

/// The plain workflow with `permissions` at its top, and at the job that deploys.
fn with(top: &str, deploy: &str) -> String {
    let text = changed(PLAIN, "jobs:\n", &format!("{top}jobs:\n"));
    changed(&text, "    needs: build\n", &format!("    needs: build\n{deploy}"))
}

#[test]
fn a_job_that_may_ask_for_its_token_is_fine() {
    for (top, deploy) in [
        ("permissions: write-all\n", ""),
        ("permissions: {contents: read, id-token: write}\n", ""),
        ("permissions:\n  id-token: write\n", "    permissions: {id-token: write}\n"),
        ("permissions:\n  id-token: write\n", "    permissions: write-all\n"),
    ] {
        finds(&with(top, deploy), &[OIDC], &[]);
    }
    // The row's token needs none.
    finds(&with("permissions: {}\n", ""), &[], &[]);
    // What is generated has it.
    let folder = tried(&with("permissions: write-all\n", ""), &[OIDC]);
    assert!(folder.read(AT).contains("    permissions:\n      id-token: write\n"));
}

#[test]
fn a_job_that_may_not_ask_for_its_token_is_found_and_led_out() {
    let write = "permissions: {id-token: write}\n";
    for (top, deploy, jobs) in [
        ("", "", 2),
        ("permissions: {}\n", "", 2),
        ("permissions: read-all\n", "", 2),
        ("permissions:\n  contents: read\n  id-token: none\n", "", 2),
        (write, "    permissions: {contents: read, deployments: write}\n", 1),
        (write, "    permissions: {}\n", 1),
        (write, "    permissions: read-all\n", 1),
    ] {
        let workflow = with(top, deploy);
        let folder = tried(&workflow, &[OIDC]);
        let found = found(&folder);
        let of = found.iter().filter(|(rule, _, _)| rule == "missing-permission").count();
        assert_eq!((of, found.len()), (jobs, jobs), "{workflow}{found:#?}");
        let rules = followed(&folder, &[]);
        assert_eq!(rules.len(), jobs, "{rules:?}");
        let text = folder.read(AT);
        assert!(!deploy.contains("deployments") || text.contains("deployments: write"), "{text}");
    }
}

#[test]
fn a_job_that_calls_one_needs_the_token_for_it() {
    let call = include_str!("workflows/trials/call.yml");
    let with = |permissions: &str| {
        let folder = tried(call, &[OIDC]);
        let uses = "    uses: ./.github/workflows/release.yml\n";
        folder.write(ALL, changed(CALLER, uses, &format!("{permissions}{uses}")));
        folder
    };
    assert_eq!(found(&with("    permissions: {contents: read, id-token: write}\n")), []);
    for permissions in ["", "    permissions: {contents: read}\n"] {
        let folder = with(permissions);
        let found = found(&folder);
        assert!(found.len() == 1 && found[0].0 == "missing-permission", "{found:#?}");
        assert!(found[0].2.contains("the job `ship`, which calls"), "{found:#?}");
        assert_eq!(followed(&folder, &[]), ["missing-permission"]);
    }
    // A called job has no more than its own workflow gives it.
    let folder =
        tried(&changed(call, "jobs:\n", "permissions: {contents: read}\njobs:\n"), &[OIDC]);
    assert_eq!(found(&folder).len(), 2);
}
