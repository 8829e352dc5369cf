//! What `phasegate compat` takes the layers for, held against the layers: real backends of either
//! version on real databases of either, fed with all that either's workflow may send.

use crate::common::backend::world::{DEPLOY, DEPLOY_V1, Database, World, schema};
use crate::common::node;
use phasegate::store::Start;
use phasegate::{Machine as _, Report, Schema, View};
use phasegate_codegen::Machine;
use phasegate_codegen::compat::{By, Receiver, ReportResult, Value, Why, World as Layers};
use phasegate_codegen::machine::{JobId, Outcome, ReportKind, StateId};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

on_each_database! {
    every_mix_answers_the_runs_of_the_deploy_workflows_as_compat_says
    every_mix_answers_whatever_is_reported_as_compat_says
    a_row_goes_on_through_a_migration_and_a_rollback_as_compat_says
}

const LAPS: &str = r#"
format = 1
[machine]
name = "deploy"
initial = "queued"
[[state]]
name = "queued"
[[state]]
name = "building"
[[state]]
name = "succeeded"
outcome = "success"
[[transition]]
path = ["queued", "building", "building", "succeeded"]
[[transition]]
path = ["queued", "succeeded"]
[target.sql]
"#;

/// Pairs of tables that differ in all that a backend and a database judge by.
fn pairs() -> Vec<(String, String)> {
    let required = DEPLOY.replacen("completes = true\noptional  = true", "completes = true", 1);
    assert_ne!(required, DEPLOY);
    let once = LAPS.replace("\"building\", \"building\"", "\"building\"");
    let stored = LAPS.replace("name = \"building\"", "name = \"building\"\nvalue = \"at work\"");
    let started = LAPS
        .replace("initial = \"queued\"", "initial = \"asked\"")
        .replace("[[transition]]\npath = [\"queued\", \"succeeded\"]", "")
        .replace(
            "[[state]]\nname = \"queued\"",
            "[[state]]\nname = \"asked\"\n[[state]]\nname = \"queued\"",
        )
        + "[[transition]]\npath = [\"asked\", \"queued\"]\n";
    let started =
        started.replace("[target.sql]\n[[transition]]", "[[transition]]") + "[target.sql]\n";
    let several = LAPS.replace("initial = \"queued\"", "initial = [\"queued\", \"building\"]");
    let laps = LAPS.to_owned();
    vec![
        (DEPLOY_V1.to_owned(), DEPLOY.to_owned()),
        (DEPLOY_V1.to_owned(), required),
        (laps.clone(), once),
        (laps.clone(), stored),
        (laps.clone(), several),
        (laps, started),
    ]
}

fn machine(table: &str) -> Machine {
    phasegate_codegen::machine("table.toml", table.as_bytes()).unwrap().1
}

/// Numbers that look random, the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }
}

/// One database of a version, and the backends of both over it.
struct Stage<'m> {
    world: World,
    layers: &'m Layers<'m>,
    backends: Vec<Arc<Machine>>,
    /// The version of the database.
    stored: usize,
    seen: BTreeMap<String, usize>,
}

/// A row, and what the model takes it for.
struct Row {
    id: String,
    history: Vec<Value>,
    attempted: Option<Value>,
}

impl<'m> Stage<'m> {
    fn of(database: Database, tables: &[&str; 2], layers: &'m Layers<'m>, stored: usize) -> Self {
        let backends: Vec<Arc<Machine>> =
            tables.iter().map(|table| Arc::new(machine(table))).collect();
        let world = World::empty(database, backends[stored].clone(), Schema::named("deploy"));
        world.sql(&schema(tables[stored], database));
        Self { world, layers, backends, stored, seen: BTreeMap::new() }
    }

    const fn receiver(&self, backend: usize) -> Receiver {
        Receiver { backend, database: self.stored }
    }

    /// Starts a row in one of the states that a backend starts them in, where the model says that it
    /// can be; in the first of them without a word.
    fn start(&mut self, backend: usize, dice: &mut Dice) -> Option<Row> {
        let machine: &Machine = &self.backends[backend];
        let values = self.layers.initial(backend);
        let at = dice.roll(values.len());
        let text = self.layers.text(values[at]).to_owned();
        let start = if at > 0 { Start::new().status(text) } else { Start::new() };
        let started = self.world.run(self.world.store.start(machine, &start));
        let expected = self.layers.start(self.receiver(backend), values[at]);
        assert_eq!(started.is_ok(), expected.is_accepted(), "{started:?}, {expected:?}");
        *self.seen.entry(format!("start {at}: {}", started.is_ok())).or_default() += 1;
        let id = started.ok()?.id;
        Some(Row { id, history: vec![values[at]], attempted: None })
    }

    /// Reports a state to the row, and holds the answer against the model's.
    fn report(
        &mut self,
        backend: usize,
        row: &mut Row,
        report: &Report,
        expected: ReportResult,
    ) -> bool {
        let machine: &Machine = &self.backends[backend];
        let from = *row.history.last().unwrap();
        let answer = self.world.run(self.world.store.apply_callback(machine, &row.id, report));
        let what = format!(
            "{} in {}, backend {backend} on database {}: {answer:?}",
            report.status,
            self.layers.text(from),
            self.stored
        );
        let word = match &answer {
            Ok(answer) => answer.as_str().to_owned(),
            Err(_) => "fault".to_owned(),
        };
        let said = match expected {
            ReportResult::Applied => "applied",
            ReportResult::Duplicate => "duplicate",
            ReportResult::NotSent => panic!("{what}: it was sent"),
            ReportResult::Refused(_, Why::Fault) => "fault",
            ReportResult::Refused(_, why) => why.as_str(),
        };
        assert_eq!(word, said, "{what}, and compat says {expected:?}");
        *self.seen.entry(format!("{expected:?}")).or_default() += 1;
        if expected == ReportResult::Applied {
            row.history.push(self.layers.find(&report.status).unwrap());
            row.attempted = report.attempted.as_deref().and_then(|text| self.layers.find(text));
        }
        expected.is_accepted()
    }

    /// Whatever each version's page shows of a row.
    fn look(&self, row: &Row) {
        for (page, machine) in self.backends.iter().enumerate() {
            let machine: &Machine = machine;
            let snapshot =
                self.world.run(self.world.store.snapshot(machine, &row.id)).unwrap().unwrap();
            assert_eq!(snapshot.status, self.layers.text(*row.history.last().unwrap()));
            let events: Vec<Value> =
                snapshot.events.iter().map(|event| self.layers.find(&event.to).unwrap()).collect();
            assert_eq!(events, row.history);
            let shown: Vec<&str> = snapshot.phases.iter().map(|phase| phase.view).collect();
            let said: Vec<View> = self.layers.views(page, &row.history, row.attempted);
            let said: Vec<&str> = said.into_iter().map(View::as_str).collect();
            assert_eq!(shown, said, "page {page} of {events:?}");
        }
    }
}

/// What a job of a run does next: a report, and whether its loss is tolerated.
struct Sends {
    job: String,
    state: StateId,
    attempted: Option<StateId>,
    tolerated: bool,
}

/// A run of a workflow, at random, as its jobs would make it; `deliver` says whether a report was
/// accepted.
fn run(machine: &Machine, dice: &mut Dice, deliver: &mut dyn FnMut(&Sends) -> bool) {
    let mut succeeded = vec![None; machine.jobs.len()];
    for id in machine.job_ids() {
        let job = machine.job(id);
        let all_well = job.needs.iter().all(|need| succeeded[need.index()] == Some(true));
        if !job.always && !all_well {
            continue;
        }
        let reports = machine.reports(id);
        // How far its work gets; beyond its last piece it succeeds.
        let works = if dice.one_in(3) { dice.roll(reports.len() + 1) } else { usize::MAX };
        let mut well = true;
        let mut attempted = None;
        for (place, report) in reports.iter().enumerate() {
            let state = match report.kind {
                ReportKind::Start | ReportKind::Milestone(_) => {
                    well &= place <= works;
                    if !well {
                        continue;
                    }
                    report.state()
                }
                ReportKind::Outcome if job.always => {
                    if all_well {
                        job.success
                    } else {
                        job.failure
                    }
                }
                ReportKind::Outcome if well && works > place => job.success,
                ReportKind::Outcome => {
                    well = false;
                    if dice.one_in(3) { job.cancelled } else { job.failure }
                }
            };
            let Some(state) = state else { continue };
            let said =
                if job.always { concluded(machine, id, &succeeded, all_well) } else { attempted };
            let sends = Sends {
                job: job.name.clone(),
                state,
                attempted: said,
                tolerated: report.tolerated,
            };
            let lost = report.tolerated && dice.one_in(5);
            let accepted = !lost && deliver(&sends);
            well &= accepted || report.tolerated;
            attempted = Some(state);
        }
        succeeded[id.index()] = Some(well);
    }
}

fn concluded(
    machine: &Machine,
    id: JobId,
    succeeded: &[Option<bool>],
    well: bool,
) -> Option<StateId> {
    let named = machine.concluding_attempted(id).into_iter();
    named
        .into_iter()
        .find(|(need, _)| succeeded[need.index()] == Some(well))
        .and_then(|(_, state)| state)
}

fn report_of(machine: &Machine, sends: &Sends, run: usize) -> Report {
    let mut report = Report::new(machine.state(sends.state).value.clone());
    report.job = Some(sends.job.clone());
    report.run_id = Some(run.to_string());
    report.run_attempt = Some(1);
    report.attempted = sends.attempted.map(|state| machine.state(state).value.clone());
    report
}

fn every_mix_answers_the_runs_of_the_deploy_workflows_as_compat_says(database: Database) {
    const RUNS: usize = 16;
    let tables = [DEPLOY_V1, DEPLOY];
    let machines = tables.map(machine);
    let layers = Layers::of(&[&machines[0], &machines[1]], &["old".into(), "new".into()]);
    let mut dice = Dice(7);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut ends: BTreeMap<bool, usize> = BTreeMap::new();
    for stored in 0..2 {
        let mut stage = Stage::of(database, &tables, &layers, stored);
        // The pages of both versions look at each row: with these four that makes the 16 mixes.
        for (workflow, backend) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            for number in 0..RUNS {
                let mut row = stage.start(backend, &mut dice).unwrap();
                let sender = &machines[workflow];
                run(sender, &mut dice, &mut |sends| {
                    let from = *row.history.last().unwrap();
                    let to = layers.value(workflow, sends.state);
                    let expected = layers.receive(workflow, stage.receiver(backend), from, to);
                    let report = report_of(sender, sends, number);
                    let accepted = stage.report(backend, &mut row, &report, expected);
                    // What the decision says of this pair: a refusal is tolerated, or no refusal.
                    assert!(accepted || sends.tolerated, "{report:?} fails its job: {expected:?}");
                    accepted
                });
                stage.look(&row);
                let receiver = layers.meaning(workflow, *row.history.last().unwrap()).unwrap();
                *ends.entry(receiver.outcome == Some(Outcome::Success)).or_default() += 1;
            }
        }
        seen.append(&mut stage.seen);
    }
    let wanted = [
        ReportResult::Applied,
        ReportResult::Duplicate,
        ReportResult::Refused(By::Backend, Why::Unknown),
    ];
    for answer in wanted.map(|answer| format!("{answer:?}")) {
        assert!(seen.contains_key(&answer), "{answer} was seen: {seen:?}");
    }
    assert!(ends.len() == 2, "some runs succeed, and some do not: {ends:?}");
}

fn every_mix_answers_whatever_is_reported_as_compat_says(database: Database) {
    const ROWS: usize = 12;
    let mut dice = Dice(11);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (old, new) in pairs() {
        let tables = [old.as_str(), new.as_str()];
        let machines = tables.map(machine);
        let layers = Layers::of(&[&machines[0], &machines[1]], &["old".into(), "new".into()]);
        let values: Vec<Value> = layers.values().collect();
        for stored in 0..2 {
            let mut stage = Stage::of(database, &tables, &layers, stored);
            for _ in 0..ROWS {
                let Some(mut row) = stage.start(dice.roll(2), &mut dice) else { continue };
                for _ in 0..12 {
                    // The backend is switched between any two reports.
                    let backend = dice.roll(2);
                    let to = values[dice.roll(values.len())];
                    let from = *row.history.last().unwrap();
                    let expected = layers.judge(stage.receiver(backend), from, to);
                    stage.report(backend, &mut row, &Report::new(layers.text(to)), expected);
                }
                stage.look(&row);
            }
            for (answer, times) in std::mem::take(&mut stage.seen) {
                *seen.entry(answer).or_default() += times;
            }
        }
    }
    let refused = |by, why| ReportResult::Refused(by, why);
    let wanted = [
        ReportResult::Applied,
        ReportResult::Duplicate,
        refused(By::Backend, Why::Unknown),
        refused(By::Backend, Why::Illegal),
        refused(By::Backend, Why::Ended),
        refused(By::Database, Why::Unknown),
        refused(By::Database, Why::Illegal),
        refused(By::Database, Why::Fault),
    ];
    let starts = ["start 0: true", "start 0: false", "start 1: true", "start 1: false"];
    let starts = starts.map(str::to_owned);
    for answer in wanted.map(|answer| format!("{answer:?}")).into_iter().chain(starts) {
        assert!(seen.contains_key(&answer), "{answer} was seen: {seen:?}");
    }
}

fn a_row_goes_on_through_a_migration_and_a_rollback_as_compat_says(database: Database) {
    let tables = [DEPLOY_V1, DEPLOY];
    let machines = tables.map(machine);
    let layers = Layers::of(&[&machines[0], &machines[1]], &["old".into(), "new".into()]);
    let mut stage = Stage::of(database, &tables, &layers, 0);
    let mut dice = Dice(13);
    let migration = match database {
        Database::Sqlite => include_str!("../../migrations/sqlite/0002_change_deploy.sql"),
        Database::Postgres => include_str!("../../migrations/postgres/0002_change_deploy.sql"),
    };
    // Reports that are on their way when the database is migrated, and when the backend goes back.
    let mut runs: Vec<(usize, Row, Vec<Sends>)> = (0..40)
        .map(|number| {
            let workflow = number % 2;
            let mut sent = Vec::new();
            run(&machines[workflow], &mut dice, &mut |sends| {
                let Sends { job, state, attempted, tolerated } = sends;
                sent.push(Sends {
                    job: job.clone(),
                    state: *state,
                    attempted: *attempted,
                    tolerated: *tolerated,
                });
                true
            });
            (workflow, stage.start(0, &mut dice).unwrap(), sent)
        })
        .collect();
    let mut by_guard = 0;
    for (moment, backend) in [0, 1, 1, 0].into_iter().enumerate() {
        if moment == 1 {
            stage.world.sql(migration);
            stage.stored = 1;
            stage.world.store = stage.world.other_store();
        }
        for (number, (workflow, row, sent)) in runs.iter_mut().enumerate() {
            let part = (sent.len() / (4 - moment)).min(sent.len());
            for sends in sent.drain(..part).collect::<Vec<_>>() {
                let from = *row.history.last().unwrap();
                let to = layers.value(*workflow, sends.state);
                let expected = layers.receive(*workflow, stage.receiver(backend), from, to);
                by_guard += usize::from(
                    expected == ReportResult::Applied && layers.state(backend, from).is_none(),
                );
                let report = report_of(&machines[*workflow], &sends, number);
                stage.report(backend, row, &report, expected);
            }
        }
    }
    runs.iter().for_each(|(_, row, _)| stage.look(row));
    assert!(by_guard > 0, "the guard judged a state that the old backend lacks");
    assert!(machines[0].table() != machines[1].table());
}

/// What rows go through in each of a pair's mixes of workflow, backend and database: the history and
/// the `attempted` after each report.
fn seen_in_every_mix(
    machines: [&Machine; 2],
    layers: &Layers<'_>,
    runs: usize,
) -> BTreeSet<(Vec<Value>, Option<Value>)> {
    let mut dice = Dice(17);
    let mut seen = BTreeSet::new();
    for mix in 0..8 {
        let (workflow, receiver) =
            (mix & 1, Receiver { backend: mix >> 1 & 1, database: mix >> 2 });
        for _ in 0..runs {
            let start = layers.initial(receiver.backend)[0];
            let mut row = (vec![start], None);
            run(machines[workflow], &mut dice, &mut |sends| {
                let to = layers.value(workflow, sends.state);
                let from = *row.0.last().unwrap();
                let answer = layers.receive(workflow, receiver, from, to);
                if answer == ReportResult::Applied {
                    row.0.push(to);
                    row.1 = sends.attempted.map(|state| layers.value(workflow, state));
                }
                seen.insert(row.clone());
                answer.is_accepted()
            });
        }
    }
    seen
}

#[test]
#[ignore = "needs node: run by tests/run"]
fn the_module_in_node_shows_of_every_mix_what_compat_says() {
    let folder = tempfile::tempdir().unwrap();
    // As compat takes it; with another value; and with an end that means something else.
    let line = "name  = \"building\"\n";
    let valued = DEPLOY.replacen(line, &format!("{line}value = \"at work\"\n"), 1);
    let meant = DEPLOY.replacen("outcome = \"failure\"", "outcome = \"cancelled\"", 1);
    assert!(valued != DEPLOY && meant != DEPLOY);
    let (mut views, mut unknown, mut otherwise) = (0, 0, 0);
    for (number, [old, new]) in
        [[DEPLOY_V1, DEPLOY], [DEPLOY, &valued], [DEPLOY, &meant]].into_iter().enumerate()
    {
        let tables = [old, new].map(|table| {
            let path = folder.path().join("deploy.toml");
            std::fs::write(&path, table).unwrap();
            phasegate_codegen::load(&path).unwrap()
        });
        let machines = [&tables[0].machine, &tables[1].machine];
        let layers = Layers::of(&machines, &["old".into(), "new".into()]);
        let seen = seen_in_every_mix(machines, &layers, 60);
        let text = |value: &Value| layers.text(*value);
        let histories: Vec<Json> = seen
            .iter()
            .map(|(history, attempted)| {
                let history: Vec<&str> = history.iter().map(text).collect();
                json!({ "history": history, "attempted": attempted.as_ref().map(text) })
            })
            .collect();
        for (page, table) in tables.iter().enumerate() {
            let module = node::write(folder.path(), &format!("m{number}{page}.mjs"), table);
            let said = node::ask(&[
                json!({ "module": module, "ask": "phases", "histories": histories }),
                json!({ "module": module, "ask": "facts" }),
            ]);
            for (at, (history, attempted)) in seen.iter().enumerate() {
                let shown = layers.views(page, history, *attempted);
                let shown: Vec<&str> = shown.into_iter().map(View::as_str).collect();
                assert_eq!(said[0][at], shown.join(" "), "page {page} of {}", histories[at]);
                views += 1;
            }
            for value in layers.values() {
                let states = said[1]["states"].as_array().unwrap();
                let state = states.iter().find(|state| state["value"] == layers.text(value));
                let shows = layers.meaning(page, value);
                assert_eq!(state.is_some(), shows.is_some(), "{}", layers.text(value));
                let Some((state, shows)) = state.zip(shows) else {
                    unknown += 1;
                    continue;
                };
                assert_eq!(state["ended"], shows.ended, "{state}");
                let outcome = shows.outcome.map(Outcome::as_str);
                assert_eq!(state["outcome"].as_str(), outcome, "{state}");
                otherwise +=
                    usize::from(layers.meaning(1 - page, value).is_some_and(|it| it != shows));
            }
        }
    }
    assert!(views > 500 && unknown > 5 && otherwise > 0, "{views}, {unknown}, {otherwise}");
}
