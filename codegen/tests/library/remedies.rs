//! The help of every proof, followed to the letter: what it found is gone then.

use std::collections::BTreeSet;

use crate::common::proofs::{fixture, table};
use crate::sides::GATE;
use crate::unfinished::found;
use phasegate_codegen::rules;

/// A table, what is found of it, what its help says, and the table after somebody did that.
#[derive(Clone)]
struct Remedy {
    rule: &'static str,
    table: String,
    says: &'static str,
    followed: String,
}

/// A table with some texts replaced, each of which stands there once.
fn with(table: &str, changes: &[(&str, &str)]) -> String {
    let mut text = table.to_owned();
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{from} stands once in {text}");
        text = text.replace(from, to);
    }
    text
}

const CONCLUDE: &str = "[[job]]\nname    = \"conclude\"\n\
    needs   = [\"smoke\", \"freeze-check\", \"deploy\"]\nalways  = true\n\
    success = \"succeeded\"\nfailure = \"failed\"\n";

/// Remedies of what goes wrong with the deploy table.
fn of_the_workflow() -> Vec<Remedy> {
    let deploy = table("deploy.toml");
    let remedy = |rule, says, wrong: &[(&str, &str)], right: &[(&str, &str)]| {
        let table = with(&deploy, wrong);
        Remedy { rule, says, followed: with(&table, right), table }
    };
    let target = "[target.rust]\n";
    let concluded = format!("{CONCLUDE}{target}");
    let honest = "]\nsuccess = \"succeeded\"\nfailure = \"failed\"";
    let lying = CONCLUDE.replace("\"succeeded\"", "\"failed\"");
    vec![
        remedy(
            "workflow-ends",
            "add a concluding [[job]]: `always = true`, `needs` all others, and the states that the \
             last of them reports",
            &[(CONCLUDE, "")],
            &[(target, &concluded)],
        ),
        remedy(
            "workflow-again",
            "let a concluding [[job]] (`always = true`) that `needs` all others report what became \
             of them",
            &[(CONCLUDE, "")],
            &[(target, &concluded)],
        ),
        remedy(
            "workflow-accepted",
            "let jobs that report one row follow each other by `needs`",
            &[
                ("needs   = [\"smoke\"]\n", ""),
                ("needs      = [\"freeze-check\"]", "needs      = [\"smoke\", \"freeze-check\"]"),
            ],
            &[(
                "name    = \"freeze-check\"\n",
                "name    = \"freeze-check\"\nneeds = [\"smoke\"]\n",
            )],
        ),
        remedy(
            "workflow-truth",
            "let every job that reports an end need what has to have succeeded",
            &[("needs      = [\"freeze-check\"]\n", "")],
            &[(
                "name       = \"deploy\"\n",
                "name = \"deploy\"\nneeds = [\"smoke\", \"freeze-check\"]\n",
            )],
        ),
        remedy(
            "workflow-truth",
            "let none report a success for what went wrong",
            &[(honest, &honest.replace("\"failed\"", "\"succeeded\""))],
            &[(&honest.replace("\"failed\"", "\"succeeded\""), honest)],
        ),
        remedy(
            "workflow-accepted",
            "report a state that is legal there",
            &[(CONCLUDE, &lying)],
            &[(&lying, CONCLUDE)],
        ),
        remedy(
            "workflow-late-loss",
            "let a concluding [[job]] need every other job",
            &[(
                "needs   = [\"smoke\", \"freeze-check\", \"deploy\"]",
                "needs = [\"smoke\", \"freeze-check\"]",
            )],
            &[(
                "needs = [\"smoke\", \"freeze-check\"]",
                "needs = [\"smoke\", \"freeze-check\", \"deploy\"]",
            )],
        ),
        remedy(
            "workflow-views",
            "`freeze_checking` is reported after `smoke_passed`, which completes `smoke_gate`: give it another \
             phase",
            &[(
                "\"freeze_checking\"\nphase    = \"freeze_check\"",
                "\"freeze_checking\"\nphase    = \"smoke_gate\"",
            )],
            &[(
                "\"freeze_checking\"\nphase    = \"smoke_gate\"",
                "\"freeze_checking\"\nphase    = \"freeze_check\"",
            )],
        ),
    ]
}

/// Remedies of tables that have what the rule asks of all tables already: a concluding job that needs
/// every other one, phases that are completed, states that have a phase.
fn of_what_is_there() -> Vec<Remedy> {
    let two_starts = fixture("two_starts");
    let remedy = |rule, says, table: &str, right: &[(&str, &str)]| Remedy {
        rule,
        says,
        table: table.to_owned(),
        followed: with(table, right),
    };
    let order = (
        "name = \"check\"\n[[phase]]\nname = \"ship\"",
        "name = \"ship\"\n[[phase]]\nname = \"check\"",
    );
    let turned = with(GATE, &[order]);
    let incomplete = with(GATE, &[("completes = true\n", ""), ("phase = \"ship\"\n", "")]);
    vec![
        remedy(
            "workflow-again",
            "declare the steps from `held` to what `end` may report there: `ok`, `bad`",
            &two_starts,
            &[(
                "{ path = [\"held\"",
                "{ from = \"held\", to = [\"ok\", \"bad\"] }, { path = [\"held\"",
            )],
        ),
        remedy(
            "workflow-again",
            "let the phases stand in the order in which the jobs report them: `check` before `ship`",
            &turned,
            &[(order.1, order.0)],
        ),
        remedy(
            "workflow-views",
            "give `check` a state that `completes` it",
            &incomplete,
            &[(
                "name = \"checked\"\nphase = \"check\"\n",
                "name = \"checked\"\nphase = \"check\"\ncompletes = true\n",
            )],
        ),
    ]
}

/// Remedies of what goes wrong with what a stepper shows.
fn of_phases() -> Vec<Remedy> {
    let pod = table("tests/tables/pod.toml");
    let inside = "value = \"Unknown\"\nphase = \"run\"";
    let outside = with(&pod, &[(inside, "value = \"Unknown\"")]);
    let (abandoned, loan) = (table("tests/tables/abandoned.toml"), table("tests/tables/loan.toml"));
    let unfinished = |table: &str, says, changes: &[(&str, &str)]| Remedy {
        rule: "phase-left-unfinished",
        says,
        table: table.to_owned(),
        followed: with(table, changes),
    };
    // The next job says, where it starts, that an approval is there: who refuses it fails that job.
    let approval = r#"
format = 1
machine = { name = "release", initial = "queued" }
phase = [{ name = "approval" }, { name = "store" }]
state = [
  { name = "queued" }, { name = "waiting", phase = "approval" },
  { name = "approved", phase = "approval", completes = true }, { name = "uploading", phase = "store" },
  { name = "released", outcome = "success" }, { name = "failed", outcome = "failure" },
]
transition = [{ path = ["queued", "waiting", "approved", "uploading", "released"] }, { from = "*", to = "failed" }]
[[job]]
name = "ask"
start = "waiting"
[[job]]
name = "publish"
needs = ["ask"]
start = "approved"
milestones = [{ name = "Upload", state = "uploading" }]
success = "released"
failure = "failed"
[[job]]
name = "conclude"
needs = ["ask", "publish"]
always = true
success = "released"
failure = "failed"
"#;
    let approved = Remedy {
        rule: "workflow-views",
        says: "let `ask`, which does the work of `approval`, say that it is done: write `success = \"approved\"` \
               in its [[job]], and take `start` off `publish`",
        table: approval.to_owned(),
        followed: with(
            approval,
            &[
                ("start = \"waiting\"\n", "start = \"waiting\"\nsuccess = \"approved\"\n"),
                ("start = \"approved\"\n", ""),
            ],
        ),
    };
    let over = "if it is over when it is left like that, remove `completes` from its states";
    vec![
        approved,
        Remedy {
            rule: "phases-done-stays",
            says: "give each phase a state that `completes` it, and each state its phase",
            followed: with(&outside, &[("value = \"Unknown\"", inside)]),
            table: outside,
        },
        unfinished(&abandoned, over, &[("phase = \"a\"\ncompletes = true", "phase = \"a\"")]),
        unfinished(
            &abandoned,
            "put a state with `phase = \"a\"` and `completes = true` between `a_running` and \
             `b_done`, and remove the step from one to the other",
            &[
                ("[\"a_running\",\"b_done\"]", "[\"a_running\", \"a_left\", \"b_done\"]"),
                (
                    "[[state]]\nname = \"b_done\"",
                    "[[state]]\nname = \"a_left\"\nphase = \"a\"\ncompletes = true\n[[state]]\nname = \"b_done\"",
                ),
            ],
        ),
        unfinished(
            &loan,
            over,
            &[("phase     = \"checks\"\ncompletes = true", "phase = \"checks\"")],
        ),
        unfinished(
            &loan,
            "put a state with `phase = \"checks\"` and `completes = true` between `declined` and \
             `in_review`, and remove the step from one to the other",
            &[
                (
                    "from = \"declined\"\nto   = \"in_review\"",
                    "path = [\"declined\", \"checks_left\", \"in_review\"]",
                ),
                (
                    "[[state]]\nname  = \"fraud_check\"",
                    "[[state]]\nname = \"checks_left\"\nphase = \"checks\"\ncompletes = true\n\
                     [[state]]\nname  = \"fraud_check\"",
                ),
            ],
        ),
    ]
}

#[test]
fn what_a_proof_found_is_gone_once_its_help_was_followed() {
    let remedies = [of_the_workflow(), of_what_is_there(), of_phases()].concat();
    assert!(remedies.len() > 10);
    for Remedy { rule, table, says, followed } in &remedies {
        let finding = found(table).into_iter().find(|finding| finding.rule.id == *rule);
        let finding = finding.unwrap_or_else(|| panic!("{rule} finds nothing in {table}"));
        let one_line = says.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(finding.help.contains(&one_line), "{rule} says otherwise: {}", finding.help);
        let left: Vec<_> = found(followed).into_iter().filter(|f| f.rule.id == *rule).collect();
        assert!(left.is_empty(), "{rule} is not mended by {says:?}: {left:#?}");
    }
}

/// Of the proofs that are not tried here no table breaks one.
#[test]
fn every_proof_that_a_table_can_break_has_a_remedy_that_was_tried() {
    let tried: BTreeSet<&str> = [of_the_workflow(), of_what_is_there(), of_phases()]
        .concat()
        .iter()
        .map(|remedy| remedy.rule)
        .collect();
    let machine = crate::common::machine(&fixture("two_starts"));
    for proved in phasegate_codegen::verify::verify(&machine) {
        let page = rules::markdown();
        let section = page.split(&format!("## {}\n", proved.name)).nth(1).unwrap();
        let section = section.split("\n##").next().unwrap();
        let is_never_broken =
            section.contains("None is known") || section.contains("none is known");
        assert!(is_never_broken != tried.contains(proved.name), "{}", proved.name);
    }
}

/// Every finding stands somewhere in the table, at the name of what it is about.
#[test]
fn every_finding_of_a_proof_has_a_place_in_the_table() {
    let mut seen = BTreeSet::new();
    for Remedy { table, .. } in [of_the_workflow(), of_what_is_there(), of_phases()].concat() {
        for finding in found(&table) {
            let (line, column) = (finding.line.unwrap(), finding.column.unwrap());
            let text = table.lines().nth(line - 1).unwrap();
            let name = text[column - 1..].split('"').nth(1).unwrap();
            let key = text[..column - 1].trim_end_matches([' ', '=']);
            assert!(key.ends_with("name"), "{finding:?}: {text}");
            let all = format!("{} {}", finding.message, finding.help);
            assert!(all.contains(name), "{name} has nothing to do with {finding:?}");
            seen.insert(finding.rule.id);
        }
    }
    assert!(seen.len() > 7, "{seen:?}");
}
