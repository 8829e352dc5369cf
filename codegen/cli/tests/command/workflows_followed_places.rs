//! Where reports stand among the steps of a job, by an action that needs no checkout: helps followed to
//! the letter.

use crate::hand_written::*;
use crate::workflow_reader::*;

/// A job whose work stands above its checkout.
fn deploying(steps: &str) -> String {
    let own = "      - uses: actions/checkout@v4\n      - name: Roll out\n        run: ./ship\n";
    changed(PLAIN, own, steps)
}

const DEPLOY: &str = "      - name: Roll out\n        uses: azure/webapps-deploy@v3\n";
const TEST: &str = "      - run: ./test\n";
/// The table without the milestone.
const WHOLE: (&str, &str) = ("milestones = [{ name = \"Roll out\", state = \"rolling\" }]\n", "");
/// What is checked out, and when.
const CHECKOUTS: [&str; 4] = [
    "      - uses: actions/checkout@v4\n",
    "      - uses: actions/checkout@v4\n        with: {path: app}\n",
    "      - uses: actions/checkout@v4\n        with: {repository: acme/infra}\n",
    "      - uses: actions/checkout@v4\n        if: inputs.tag != ''\n",
];

#[test]
fn a_start_that_needs_no_checkout_is_the_first_step() {
    for checkout in CHECKOUTS {
        for changes in [&[][..], &[WHOLE]] {
            let folder = tried(&deploying(&format!("{DEPLOY}{checkout}{TEST}")), changes);
            holds(&folder, &[]);
            let text = folder.read(AT);
            assert!(text.find("begin deploy.start") < text.find("webapps-deploy"), "{text}");
        }
    }
    // What guards the steps below it stays above them, comments stay with their step.
    let guard = "      - uses: step-security/harden-runner@v2\n";
    let checkout = CHECKOUTS[0];
    let folder =
        tried(&deploying(&format!("{guard}\n      # Now.\n{DEPLOY}\n{checkout}{TEST}")), &[]);
    holds(&folder, &[]);
    let text = folder.read(AT);
    assert!(text.contains(&format!("{guard}\n      # phasegate:begin deploy.start\n")), "{text}");
    assert!(text.contains(&format!("      # phasegate:end\n\n      # Now.\n{DEPLOY}")), "{text}");
    // A region that somebody wrote stands below it.
    let by_hand = "      # phasegate:begin deploy.rolling\n      # phasegate:end\n";
    let folder = tried(&deploying(&format!("{by_hand}{DEPLOY}{checkout}{TEST}")), &[]);
    holds(&folder, &[]);
}

#[test]
fn a_start_below_work_that_stands_above_the_checkout_leads_to_one_above_it() {
    let start = "      # phasegate:begin deploy.start\n      # phasegate:end\n";
    let rolling = "      # phasegate:begin deploy.rolling\n      # phasegate:end\n";
    for checkout in CHECKOUTS {
        let steps = format!("{DEPLOY}{checkout}{start}{TEST}");
        leads_out(&deploying(&steps), &[WHOLE], &[], "misplaced-region");
        let steps = format!("{rolling}{steps}");
        leads_out(&deploying(&steps), &[], &[], "region-order");
    }
    // What only sets up may stand above the checkout, and above a start that somebody put there.
    let checkout = CHECKOUTS[0];
    for set_up in
        ["actions/setup-node@v4", "actions/create-github-app-token@v2", "actions/cache@v4"]
    {
        let steps = format!("      - uses: {set_up}\n{checkout}{start}{TEST}");
        finds(&deploying(&steps), &[WHOLE], &[]);
    }
    let steps = format!("      - uses: ./setup-all\n{checkout}{start}{TEST}");
    leads_out(&deploying(&steps), &[WHOLE], &[], "misplaced-region");
    // A milestone that stands nowhere near its step is the one that moves.
    let steps = format!("{rolling}{checkout}{start}{DEPLOY}{TEST}");
    leads_out(&deploying(&steps), &[], &[], "region-order");
}

#[test]
fn milestones_in_the_order_of_the_table_and_steps_in_another_lead_out() {
    let two = (
        "milestones = [{ name = \"Roll out\", state = \"rolling\" }]",
        "milestones = [{ name = \"Warm up\", state = \"rolling\" }, { name = \"Roll out\", state = \"rolled\" }]",
    );
    let state = (
        "[[state]]\nname = \"succeeded\"",
        "[[state]]\nname = \"rolled\"\nphase = \"deploy\"\noptional = true\n\n[[state]]\nname = \"succeeded\"",
    );
    let path = ("\"rolling\", \"succeeded\"]", "\"rolling\", \"rolled\", \"succeeded\"]");
    let region =
        |name: &str| format!("      # phasegate:begin deploy.{name}\n      # phasegate:end\n");
    let (start, rolling, rolled) = (region("start"), region("rolling"), region("rolled"));
    let steps =
        format!("{start}{rolled}{DEPLOY}{rolling}      - name: Warm up\n        run: ./warm\n");
    finds(
        &deploying(&steps),
        &[two, state, path],
        &[("region-order", &["each stands above its own step"])],
    );
}
