//! Defects of the view as JSON and of the page, caught by reading them back.

use phasegate_codegen::emit::docs::Docs;
use phasegate_codegen::emit::json::Json;
use phasegate_codegen::machine::{Kind, StateId};
use phasegate_codegen::{Machine, load, render};
use serde_json::{Value, json};

use super::defect::{Defect, check, killer, put};
use crate::common::facts;

const fn view(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("deploy.toml", "deploy.json", what, from, to)
}

const fn page(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("deploy.toml", "deploy.md", what, from, to)
}

pub(crate) const DEFECTS: [Defect; 21] = [
    view(
        "a pair dropped",
        "    {\"from\": \"building\", \"to\": \"deploying\", \"kind\": \"declared\"},\n",
        "",
    ),
    view(
        "a skip marked as declared",
        "\"to\": \"smoke_passed\", \"kind\": \"skip\"",
        "\"to\": \"smoke_passed\", \"kind\": \"declared\"",
    ),
    view(
        "a swapped phase",
        "\"title\": \"Building\", \"doc\": null, \"phase\": \"deploy\"",
        "\"title\": \"Building\", \"doc\": null, \"phase\": \"health_check\"",
    ),
    view("another outcome", "\"outcome\": \"failure\"", "\"outcome\": \"neutral\""),
    view("a wrong terminal flag", "\"terminal\": true", "\"terminal\": false"),
    view("another initial state", "\"initial\": [\"queued\"]", "\"initial\": [\"building\"]"),
    view(
        "the fingerprints swapped",
        "{\"language\": \"775a73dba2dc4ce4\", \"table\": \"3214e42ddef3e601\"}",
        "{\"language\": \"3214e42ddef3e601\", \"table\": \"775a73dba2dc4ce4\"}",
    ),
    view("a report marked as tolerated", "\"tolerated\": false", "\"tolerated\": true"),
    view("a job that needs nothing", "\"needs\": [\"freeze-check\"]", "\"needs\": []"),
    view("a concluding job that is none", "\"always\": true", "\"always\": false"),
    page("a state's row missing", "| Building | `building` | Deploy |  |  |\n", ""),
    page("a state's marks lost", "completes its phase, optional", "optional"),
    page("a pair left out", "| `building` | `deploying`, `failed` |", "| `building` | `failed` |"),
    page(
        "a skip among the declared",
        "`smoke_running`, `failed` | `smoke_passed`, ",
        "`smoke_running`, `failed`, `smoke_passed` | ",
    ),
    page(
        "a phase's row missing",
        "| Health check | `health_check` | `health_checking` |  |  |\n",
        "",
    ),
    page("an arrow missing", "  s5 --> s6\n", ""),
    page("an arrow of a skip drawn as declared", "  s0 --> s1\n", "  s0 --> s1\n  s0 --> s2\n"),
    page(
        "a note at another end",
        "e9[\"every open state\"]:::note --> s9",
        "e8[\"every open state\"]:::note --> s8",
    ),
    page(
        "a state drawn in another phase",
        "    s4[\"Freeze passed\"]\n  end\n  subgraph p2[\"Deploy\"]\n",
        "  end\n  subgraph p2[\"Deploy\"]\n    s4[\"Freeze passed\"]\n",
    ),
    page(
        "a report's row missing",
        "| Deploy (`deploy`) | `freeze-check` | at “Deploy” | `deploying` | the job fails |\n",
        "",
    ),
    page(
        "a report said to be tolerated",
        "| at its start | `building` | the job fails |",
        "| at its start | `building` | tolerated |",
    ),
];

pub(crate) fn run(table: &str, defect: Option<&Defect>) -> Option<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(table);
    let loaded = load(&path).unwrap();
    let artifacts = render(&loaded, &[&Json, &Docs]);
    let text = |end: &str| {
        let text = &artifacts.iter().find(|artifact| artifact.path.ends_with(end)).unwrap().text;
        let defect = defect.filter(|defect| defect.artifact == end);
        defect.map_or(text.clone(), |defect| defect.apply(text))
    };
    let (view, page, machine) = (text("deploy.json"), text("deploy.md"), &loaded.machine);
    killer(|at| {
        let view: Value = check!(at, serde_json::from_str(&view).unwrap());
        check!(at, the_view_has_the_states_of_the_table(&view, machine));
        check!(at, the_view_has_the_transitions_of_the_table(&view, machine));
        check!(at, the_view_has_the_jobs_of_the_table(&view, machine));
        check!(at, the_page_has_a_row_for_each_phase_and_state(&page, machine));
        check!(at, the_page_has_the_transitions_of_the_table(&page, machine));
        check!(at, the_diagram_has_the_transitions_and_phases_of_the_table(&page, machine));
        check!(at, the_page_has_the_reports_of_the_table(&page, machine));
    })
}

fn value(machine: &Machine, id: StateId) -> &str {
    &machine.state(id).value
}

fn the_view_has_the_states_of_the_table(view: &Value, machine: &Machine) {
    assert_eq!(view["fingerprints"], facts::fingerprints(machine));
    assert_eq!(view["initial"], facts::initial(machine));
    let mut states = facts::states(machine);
    for (state, found) in machine.states.iter().zip(&mut states) {
        found["doc"] = json!(state.doc);
    }
    assert_eq!(view["states"], json!(states));
}

fn the_view_has_the_transitions_of_the_table(view: &Value, machine: &Machine) {
    let pairs: Vec<Value> = machine
        .transitions()
        .map(|(from, to, kind)| {
            json!({ "from": value(machine, from), "to": value(machine, to), "kind": kind.as_str() })
        })
        .collect();
    assert_eq!(view["transitions"], json!(pairs));
}

fn the_view_has_the_jobs_of_the_table(view: &Value, machine: &Machine) {
    for (id, found) in machine.job_ids().zip(view["jobs"].as_array().unwrap()) {
        let job = machine.job(id);
        let needs: Vec<&String> = job.needs.iter().map(|&need| &machine.job(need).name).collect();
        assert_eq!(found["needs"], json!(needs));
        assert_eq!(found["always"], job.always);
        let state = |id: Option<StateId>| id.map(|id| value(machine, id));
        for (report, found) in machine.reports(id).iter().zip(found["reports"].as_array().unwrap())
        {
            let outcomes = report.outcomes;
            assert_eq!(found["success"], json!(state(outcomes.success)));
            assert_eq!(found["failure"], json!(state(outcomes.failure)));
            assert_eq!(found["cancelled"], json!(state(outcomes.cancelled)));
            assert_eq!(found["tolerated"], report.tolerated);
        }
    }
}

/// The cells of the rows below a heading, without the head of the table.
fn rows<'a>(page: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let (_, part) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let part = part.split("\n## ").next().unwrap();
    let cells = |line: &'a str| line.split('|').map(str::trim).collect::<Vec<_>>();
    part.lines().filter(|line| line.starts_with('|')).skip(2).map(cells).collect()
}

fn the_page_has_a_row_for_each_phase_and_state(page: &str, machine: &Machine) {
    let phases = rows(page, "Phases");
    let names: Vec<String> = phases.iter().map(|row| row[2].replace('`', "")).collect();
    assert_eq!(names, machine.phases.iter().map(|phase| phase.name.clone()).collect::<Vec<_>>());
    let states = rows(page, "States");
    assert_eq!(states.len(), machine.states.len());
    for (row, state) in states.iter().zip(&machine.states) {
        assert_eq!(row[2], format!("`{}`", state.name));
        assert_eq!(row[3], state.phase.map_or("", |phase| &machine.phase(phase).title));
        assert_eq!(row[4].contains("completes its phase"), state.completes, "{row:?}");
        assert_eq!(row[4].contains("optional"), state.optional, "{row:?}");
        let ends = state.outcome.map(|outcome| format!("ends as a {}", outcome.as_str()));
        assert!(row[4].contains(&ends.unwrap_or_default()), "{row:?}");
    }
}

fn the_page_has_the_transitions_of_the_table(page: &str, machine: &Machine) {
    let mut expected = Vec::new();
    for from in machine.state_ids().filter(|&from| machine.next(from).next().is_some()) {
        let of = |kind| {
            let to = machine.next(from).filter(|&to| machine.kind(from, to) == Some(kind));
            to.map(|to| format!("`{}`", value(machine, to))).collect::<Vec<_>>().join(", ")
        };
        let from = format!("`{}`", value(machine, from));
        expected.push([String::new(), from, of(Kind::Declared), of(Kind::Skip), String::new()]);
    }
    assert_eq!(rows(page, "Transitions"), expected);
}

fn the_diagram_has_the_transitions_and_phases_of_the_table(page: &str, machine: &Machine) {
    let lines: Vec<&str> = page.lines().map(str::trim).collect();
    let arrows: Vec<&str> = lines.iter().copied().filter(|line| line.contains("> s")).collect();
    // Without skips; what every open state leads to is one note.
    let leads = |from, to| machine.kind(from, to) == Some(Kind::Declared);
    let is_open = |&id: &StateId| !machine.state(id).is_ended();
    let is_noted = |to: StateId| {
        !is_open(&to) && machine.state_ids().filter(is_open).all(|from| leads(from, to))
    };
    let notes = machine.state_ids().filter(|&id| is_noted(id)).map(StateId::index);
    let mut expected: Vec<String> =
        notes.map(|at| format!("e{at}[\"every open state\"]:::note --> s{at}")).collect();
    let pairs = machine.transitions().filter(|&(from, to, _)| leads(from, to) && !is_noted(to));
    expected.extend(pairs.map(|(from, to, _)| format!("s{} --> s{}", from.index(), to.index())));
    assert_eq!(arrows, expected);
    for (at, state) in machine.states.iter().enumerate() {
        let node = lines.iter().position(|line| {
            line.starts_with(&format!("s{at}[")) || line.starts_with(&format!("s{at}("))
        });
        let before = &lines[..node.unwrap()];
        let opened =
            before.iter().rev().find(|line| line.starts_with("subgraph") || **line == "end");
        let phase = state.phase.map(|phase| format!("subgraph p{}[", phase.index()));
        match phase {
            Some(start) => assert!(opened.unwrap().starts_with(&start), "{}", state.name),
            None => assert!(opened.is_none_or(|line| *line == "end"), "{}", state.name),
        }
    }
}

fn the_page_has_the_reports_of_the_table(page: &str, machine: &Machine) {
    let rows = rows(page, "Who reports what");
    let reports: Vec<_> = machine.job_ids().flat_map(|id| machine.reports(id)).collect();
    assert_eq!(rows.len(), reports.len());
    for (row, report) in rows.iter().zip(reports) {
        let state = report.outcomes.success.unwrap();
        assert!(row[4].contains(&format!("`{}`", value(machine, state))), "{row:?}");
        assert_eq!(row[5] == "tolerated", report.tolerated, "{row:?}");
    }
}
