//! A report says what is true where it stands: before the work that it says begins, after the work
//! whose outcome it tells, and of a job whose result is not glossed over.

use crate::binary::Folder;
use crate::hand_written::*;

const CHECKOUT: &str = "      - uses: actions/checkout@v4\n";

/// The adopted order workflow with a region moved to before or after a text that it has once.
fn moved(name: &str, to: &str, is_after: bool) -> String {
    let text = ordered(ORDER, 0).read(AT);
    let region = region(&text, name).to_owned();
    let rest = changed(&text, &region, "");
    let at = if is_after { format!("{to}{region}") } else { format!("{region}{to}") };
    changed(&rest, to, &at)
}

/// What is found in the adopted order workflow after a change; `generate` leaves it.
#[track_caller]
fn finds(text: &str, expected: &[(&str, &str, &str)]) {
    let folder = ordering(text);
    assert_eq!(folder.read(AT), text, "nothing was stale");
    holds(&folder, expected);
}

/// The order workflow with its first job's steps changed.
fn charging(steps: &str) -> String {
    changed(ORDER, &format!("{CHECKOUT}      - run: ./charge\n"), steps)
}

#[test]
fn a_start_below_the_work_is_found() {
    let marker = "# phasegate:begin charge.start";
    let (rule, line) = ("misplaced-region", "on line 12");
    let help = "move the region above line 12";
    let work = "      - run: ./charge\n";
    finds(&moved("charge.start", work, true), &[(rule, marker, help)]);
    for work in [
        "      - uses: acme/charge@v1\n",
        "      - {run: ./charge}\n",
        "      - &charge\n        run: ./charge\n",
        "      - run: |\n          apt-get install -y jq\n          ./charge\n",
        "      - run: apt-get install -y charger\n",
        "      - run: command -v jq || ./charge\n",
        "      - uses: ./charge\n",
    ] {
        let text = moved("charge.start", "      - run: ./charge\n", true);
        finds(&changed(&text, "      - run: ./charge\n", work), &[(rule, marker, line)]);
    }
    // What an action of a repository does is work, also where it is checked out beforehand.
    let other = "      - uses: actions/checkout@v4\n        with: {path: in, repository: a/b}\n";
    let text = ordered(ORDER, 0).read(AT);
    let text = text.replacen(CHECKOUT, &format!("{other}      - uses: ./in/charge\n{CHECKOUT}"), 1);
    finds(&text, &[(rule, marker, "move the checkout from line 14 above line 13")]);
    // Above the checkout, too: then that is what moves.
    let text = moved("charge.start", work, true);
    let text = changed(&text, work, "");
    let text = text.replacen(CHECKOUT, &format!("{work}{CHECKOUT}"), 1);
    finds(&text, &[(rule, marker, "move the checkout from line 12 above line 11")]);
}

#[test]
fn what_the_checkout_or_the_action_needs_may_stand_above_a_start() {
    for (before, after) in [
        ("      - uses: step-security/harden-runner@v2\n", ""),
        ("      - uses: actions/create-github-app-token@v2\n        id: app\n", ""),
        (
            "      - run: sudo apt-get update && sudo apt-get install -y --no-install-recommends jq\n",
            "",
        ),
        ("      - run: git config --global core.longpaths true\n", ""),
        ("      - uses: actions/checkout@v4\n        with: {path: other, repository: a/b}\n", ""),
        ("", "      - run: |\n          # the action's\n          apk add bash curl jq\n"),
        ("", "      - run: command -v jq || sudo apt-get install -y jq\n"),
        (
            "",
            "      - run: |\n          set -eu\n          apt-get install \\\n            -y jq\n",
        ),
        ("", "      - uses: step-security/harden-runner@v2\n"),
        ("", "      - uses: actions/checkout@v4\n        with: {path: other, repository: a/b}\n"),
    ] {
        let text = ordered(ORDER, 0).read(AT);
        let text = text.replacen(CHECKOUT, &format!("{before}{CHECKOUT}{after}"), 1);
        finds(&text, &[]);
    }
}

#[test]
fn a_milestone_elsewhere_than_before_its_step_is_found() {
    let (rule, marker) = ("misplaced-region", "# phasegate:begin ship.shipped");
    let step = "      - name: Hand over\n        run: ./hand\n";
    let elsewhere = "does not stand before its step `Hand over`";
    finds(&moved("ship.shipped", step, true), &[(rule, marker, elsewhere)]);
    finds(&moved("ship.shipped", "      - run: ./pack\n", false), &[(rule, marker, elsewhere)]);
    let text = ordered(ORDER, 0).read(AT);
    let between = changed(&text, step, &format!("      - run: ./label\n{step}"));
    let line = between.lines().position(|line| line == "      - name: Hand over").unwrap() + 1;
    let help = format!("move the region right above line {line}, where");
    finds(&between, &[(rule, marker, &help)]);
    // Comments may stand between.
    finds(&changed(&text, step, &format!("\n      # Now it goes.\n\n{step}")), &[]);
    // Where no step is called so, somebody has said which it is; but one there must be.
    let other = changed(&text, "- name: Hand over", "- name: Over it goes");
    finds(&other, &[]);
    let region = region(&other, "ship.shipped").to_owned();
    let step = changed(step, "Hand over", "Over it goes");
    let last = changed(&changed(&other, &region, ""), &step, &format!("{step}{region}"));
    finds(&last, &[(rule, marker, "no step comes after `ship.shipped`")]);
}

#[test]
fn a_step_below_the_outcome_is_an_error_where_it_can_fail_the_job() {
    let rule = "outcome-not-last";
    let text = moved("charge.outcome", "      - run: ./charge\n", false);
    finds(&text, &[(rule, "- run: ./charge", "cannot say that this step failed")]);
    assert_eq!(ordering(&text).run(&["check"]).code, Some(1));
    // A step that can't fail the job makes no report false; neither does one of a conclusion.
    let tidy = "      - run: ./tidy\n        continue-on-error: true\n";
    let text = ordered(ORDER, 0).read(AT);
    let charge = region(&text, "charge.outcome");
    let conclude = region(&text, "conclude.outcome");
    for (after, line) in [
        (changed(&text, charge, &format!("{charge}{tidy}")), "- run: ./tidy"),
        (changed(&text, conclude, &format!("{conclude}      - run: ./tell\n")), "- run: ./tell"),
    ] {
        finds(&after, &[(rule, line, "")]);
        assert_eq!(ordering(&after).run(&["check"]).code, Some(0));
    }
    // The one that harms is told of first.
    let two = changed(&text, charge, &format!("{charge}{tidy}      - run: ./more\n"));
    finds(&two, &[(rule, "- run: ./more", "")]);
}

#[test]
fn adopting_refuses_a_place_where_a_start_would_say_what_is_not_true() {
    let waits = ("missing-region", "charge:", "first give `charge.start` its place");
    for (steps, part) in [
        (format!("      - run: ./charge\n{CHECKOUT}"), "move the checkout above line 11"),
        (format!("      - uses: acme/charge@v1\n{CHECKOUT}"), "move the checkout above line 11"),
        (
            format!("      - run: ./prepare\n{CHECKOUT}      - run: ./charge\n"),
            "line 11 does the job's work before the checkout on line 12",
        ),
    ] {
        let text = charging(&steps);
        let folder = ordered(&text, 1);
        assert!(!folder.read(AT).contains("begin charge."), "{}", folder.read(AT));
        holds(&folder, &[("missing-region", "charge:", part), waits]);
    }
    // An action of others needs no checkout, and the start goes first.
    let table = format!("{ORDER_TABLE}action = \"acme/notify@v1\"\n");
    let folder = ordering(charging(&format!("      - run: ./charge\n{CHECKOUT}")));
    folder.write("order.toml", table);
    assert_eq!(folder.run(&["workflow", "adopt", AT]).code, Some(0));
    holds(&folder, &[]);
    let text = folder.read(AT);
    assert!(text.find("begin charge.start") < text.find("- run: ./charge"), "{text}");
}

#[test]
fn adopting_refuses_a_milestone_that_is_not_to_be_told_apart_or_stands_out_of_order() {
    let job = ("missing-region", "ship:");
    let waits = (job.0, job.1, "first give `ship.shipped` its place");
    let step = "      - name: Hand over\n        run: ./hand\n";
    let twice = changed(ORDER, step, &format!("{step}{}", step.replace("Hand over", "hand over ")));
    let folder = ordered(&twice, 1);
    let said = "more than one step is called `Hand over`, on the lines";
    holds(&folder, &[(job.0, job.1, said), waits]);
    // Somebody says which it is.
    let markers = "      # phasegate:begin ship.shipped\n      # phasegate:end\n";
    folder.write(AT, folder.read(AT).replace(step, &format!("{markers}{step}")));
    assert_eq!(folder.run(&["workflow", "adopt", AT]).code, Some(0));
    holds(&folder, &[]);

    let first = changed(&changed(ORDER, step, ""), "    needs: [charge]\n", "    needs: charge\n");
    let (head, tail) = first.rsplit_once(CHECKOUT).unwrap();
    let folder = ordered(format!("{head}{step}{CHECKOUT}{tail}"), 1);
    let found = found(&folder);
    assert!(found.iter().any(|f| f.2.contains("move the step below it")), "{found:#?}");
    assert!(!folder.read(AT).contains("begin ship.shipped"), "{}", folder.read(AT));
}

#[test]
fn milestones_of_which_the_steps_stand_in_another_order_are_left_to_a_person() {
    let reversed = SHIP
        .replace("- {name: By road, run: drive}", "- {name: By #, run: drive}")
        .replace("\"By sea\"", "By road")
        .replace("By #", "By sea");
    let folder = Folder::with("ship.toml", SHIP_TABLE);
    folder.write("ship.yml", &reversed);
    folder.run(&["generate"]);
    let ran = folder.run(&["workflow", "adopt", "ship.yml"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("in another order to"), "{ran:?}");
    assert!(!ran.out.contains("error[region-order]"), "{ran:?}");
}

#[test]
fn milestones_of_one_name_have_each_their_step() {
    let table = SHIP_TABLE.replace("By road", "By wheel").replace("By sea", "by wheel");
    let workflow = SHIP.replace("By road", "by wheel").replace("\"By sea\"", "By wheel");
    let folder = Folder::with("ship.toml", &table);
    folder.write("ship.yml", &workflow);
    folder.run(&["generate"]);
    let ran = folder.run(&["workflow", "adopt", "ship.yml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let text = folder.read("ship.yml");
    let order = ["ship.moving\n", "run: drive", "ship.outcome.2\n", "ship.moving.2\n", "run: sail"];
    let places: Vec<_> = order.map(|part| text.find(part).unwrap()).into();
    assert!(places.is_sorted(), "{text}");
    // The second one's place is not the first one's.
    let [first, second] = ["ship.moving\n", "ship.moving.2\n"].map(|name| format!("begin {name}"));
    let swapped = text.replace(&first, "begin #").replace(&second, &first);
    folder.write("ship.yml", swapped.replace("begin #", &second));
    let found = found(&folder);
    assert_eq!(found.iter().filter(|f| f.0 == "misplaced-region").count(), 2, "{found:#?}");
    // With a third step of that name it is a person's to say.
    folder.write("ship.yml", format!("{workflow}      - {{name: by wheel, run: back}}\n"));
    let ran = folder.run(&["workflow", "adopt", "ship.yml"]);
    assert!(ran.code == Some(1) && ran.out.contains("more than one step"), "{ran:?}");
}

#[test]
fn a_job_whose_failure_counts_as_success_is_found() {
    let text = ordered(ORDER, 0).read(AT);
    for (value, is_found) in [("true", true), ("${{ vars.x == 'y' }}", true), ("false", false)] {
        let line = format!("    continue-on-error: {value}\n    needs: [charge]\n");
        let text = changed(&text, "    needs: [charge]\n", &line);
        let all = [("tolerated-job", "ship:", "would take it that it succeeded")];
        finds(&text, if is_found { &all } else { &[] });
    }
}

#[test]
fn a_checkout_that_is_written_elsewhere_counts() {
    let text = charging("      - &co\n        uses: Actions/Checkout@v4\n      - run: ./charge\n");
    let (head, ship) = text.split_once("  ship:\n").unwrap();
    let aliased = changed(ship, CHECKOUT, "      - *co\n");
    let folder = ordered(format!("{head}  ship:\n{aliased}"), 0);
    holds(&folder, &[]);
    assert!(folder.read(AT).contains("      - *co\n      # phasegate:begin ship.start\n"));
}

#[test]
fn what_keeps_a_checkout_from_counting_is_said() {
    for key in ["if: false", "with: {path: src}", "with: {ref: main, sparse-checkout: src}"] {
        let aliased = format!("      - &co\n        uses: actions/checkout@v4\n        {key}\n");
        let text = charging(&format!("{aliased}      - run: ./charge\n"));
        let (head, ship) = text.split_once("  ship:\n").unwrap();
        let aliased = changed(ship, CHECKOUT, "      - *co\n");
        let folder = ordered(format!("{head}  ship:\n{aliased}"), 1);
        let found = found(&folder);
        let part = key.trim_start_matches("with: {").trim_start_matches("ref: main, ");
        let part = format!("has `{}`, so that it may not be there", part.trim_end_matches('}'));
        let said = found.iter().filter(|f| f.2.contains(&part)).count();
        assert_eq!(said, 3, "{part}: {found:#?}");
    }
}
