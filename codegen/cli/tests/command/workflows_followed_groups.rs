//! Helps for concurrency groups and for those who call a workflow, followed to the letter.

use crate::hand_written::*;
use crate::workflow_reader::*;

#[test]
fn a_group_that_is_there_twice_in_a_run_leads_to_one() {
    let id = "${{ inputs.ship_id }}";
    let of_run =
        |group: &str| changed(PLAIN, "jobs:\n", &format!("concurrency: \"{group}\"\njobs:\n"));
    let of_both = |group: &str, job: &str| {
        changed(
            &of_run(group),
            "    needs: build\n",
            &format!("    needs: build\n    concurrency: \"{job}\"\n"),
        )
    };
    leads_out(&of_run("prod"), &[], &[], "shared-group");
    for (run, job) in [
        (format!("ship-{id}"), "SHIP-${{ github.event.inputs.ship_id }}".to_owned()),
        ("${{ github.run_id }}".to_owned(), "${{ github['run_id'] }}".to_owned()),
        ("x-${{ format('{0}', github.run_id) }}".to_owned(), "x-${{ github.run_id }}".to_owned()),
    ] {
        leads_out(&of_both(&run, &job), &[], &[], "group-twice");
    }
    for (run, job) in [
        (format!("ship-{id}"), "ship".to_owned()),
        (format!("ship-{id}"), "ship-${{ github.run_id }}".to_owned()),
        (format!("ship-{id}"), format!("deploy-{id}")),
        (format!("ship-{id}"), "${{ vars.LANE }}".to_owned()),
    ] {
        finds(&of_both(&run, &job), &[], &[]);
    }
    // A job next to the concluding one cancels it.
    let group = "    concurrency: {group: \"x-${{ github.run_id }}\", cancel-in-progress: true}\n";
    let cleanup = format!(
        "  cleanup:\n    needs: deploy\n    if: always()\n    runs-on: x\n{group}    steps: [{{run: ls}}]\n"
    );
    let conclude = concluding("[build, deploy]", OF_ALL)
        .replace("    runs-on: x\n", &format!("    runs-on: x\n{group}"));
    leads_out(&format!("{PLAIN}{cleanup}{conclude}"), &[], &[], "group-twice");
    // One that only waits for it does no harm, and one that comes before it neither.
    let waits = group.replace("true", "false");
    finds(
        &format!("{PLAIN}{}{}", cleanup.replace(group, &waits), conclude.replace(group, &waits)),
        &[],
        &[],
    );
    let before = conclude.replace("[build, deploy]", "[build, deploy, cleanup]");
    finds(&format!("{PLAIN}{cleanup}{}", before.replace(OF_ALL, "needs.deploy.result == 'success' && 'success' || needs.build.result == 'failure' && 'failure' || needs.deploy.result == 'failure' && 'failure' || (needs.build.result == 'cancelled' || needs.deploy.result == 'cancelled') && 'cancelled' || 'failure'")), &[], &[]);
}

#[test]
fn groups_of_a_caller_and_of_what_it_calls_lead_to_one() {
    let call = include_str!("workflows/trials/call.yml");
    let with = |text: &str, group: &str| {
        changed(text, "jobs:\n", &format!("concurrency: \"{group}\"\njobs:\n"))
    };
    for (inner, outer) in [
        ("ship-${{ inputs.ship_id }}", "ship-${{ inputs.row }}"),
        (
            "${{ github.workflow }}-${{ github.run_id }}",
            "${{ github.workflow }}-${{ github.run_id }}",
        ),
        ("${{ inputs.tag }}-${{ inputs.ship_id }}", "x-${{ inputs.row }}"),
    ] {
        let folder = called(&with(call, inner), &with(CALLER, outer));
        assert_eq!(followed(&folder, &[]), ["group-twice"], "{inner}");
    }
    // What is printed for each of the two is another group.
    let folder = called(&with(call, "prod"), &with(CALLER, "prod"));
    let rules = followed(&folder, &[]);
    assert!(
        rules.iter().all(|rule| ["shared-group", "group-twice"].contains(&rule.as_str())),
        "{rules:?}"
    );
    let folder = called(&with(call, "deploy"), &with(CALLER, "prod"));
    assert_eq!(followed(&folder, &[]), ["shared-group", "shared-group"]);
    // The kept one may be the caller.
    let kept = with(
        &changed(
            PLAIN,
            "  deploy:\n    needs: build\n",
            "  scan:\n    uses: ./.github/workflows/all.yml\n  deploy:\n    needs: [build, scan]\n",
        ),
        "${{ github.workflow }}-${{ github.run_id }}",
    );
    let scan = "on:\n  workflow_call:\nconcurrency: ${{ github.workflow }}-${{ github.run_id }}\njobs:\n  scan:\n    runs-on: x\n    steps: [{run: ls}]\n";
    let folder = called(&kept, scan);
    assert_eq!(followed(&folder, &[]), ["group-twice"]);
}

#[test]
fn a_caller_that_gives_another_id_leads_to_the_rows() {
    let call = include_str!("workflows/trials/call.yml");
    for other in [
        "${{ github.run_id }}",
        "${{ inputs.go && inputs.row || '' }}",
        "${{ inputs.row || github.run_id }}",
        "${{ needs.plan.outputs.row }}",
        "x-${{ inputs.row }}",
    ] {
        let folder = called(call, &changed(CALLER, "${{ inputs.row }}", other));
        let rules = followed(&folder, &[]);
        assert_eq!(rules[0], "missing-input", "{other}");
    }
    for same in [
        "${{ inputs.row }}",
        "${{ inputs.row || '' }}",
        "${{ format('{0}', inputs.row) }}",
        "${{ github.event.inputs.row }}",
    ] {
        let folder = called(call, &changed(CALLER, "${{ inputs.row }}", same));
        assert_eq!(followed(&folder, &[]), [""; 0], "{same}");
    }
    // No console starts it.
    let pushed = CALLER.replace("${{ inputs.row }}", "${{ github.sha }}");
    let (_, jobs) = pushed.split_once("jobs:\n").unwrap();
    let folder = called(call, &format!("on: push\njobs:\n{jobs}"));
    assert!(findings(&folder).iter().any(|finding| finding.help.contains("take `ship_id` off")));
}
