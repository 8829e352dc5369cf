//! The terminal, the list and the page without script say of a row what its page says: of many histories,
//! forced and observed steps among them.
use crate::common;
use crate::common::backend::world::{DEPLOY, Database, World, machine, schema};
use crate::common::node;
use phasegate::console::Shown;
use phasegate::store::Start;
use phasegate::{Report, Schema, StateId};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

/// Numbers that look random, the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// Rows of a table with a history each, and what is shown of them. A guard that observes lets through what
/// the table does not have.
fn rows(table: &str, number: usize) -> Vec<Value> {
    let observes = table.contains("observe");
    let machine = machine(table);
    let world = World::empty(Database::Sqlite, machine.clone(), Schema::of(&*machine));
    world.sql(&schema(table, Database::Sqlite));
    let (name, rows) = (machine.name(), &world.store.schema().table);
    let states: Vec<StateId> = (0..machine.states()).map(StateId::new).collect();
    let mut dice = Dice(13);
    for _ in 0..number {
        let id = world.run(world.store.start(&*machine, &Start::new())).unwrap().id;
        let mut at = machine.initial();
        for _ in 0..dice.roll(7) {
            let to = states[dice.roll(states.len())];
            let value = machine.value(to);
            let update = format!("UPDATE {rows} SET status = '{value}' WHERE id = '{id}'");
            if to == at {
                continue;
            }
            if machine.can_become(at, to) && dice.roll(4) > 0 {
                let mut report = Report::new(value);
                if dice.roll(2) == 0 {
                    report = report.attempted(machine.value(states[dice.roll(states.len())]));
                }
                world.run(world.store.apply_callback(&*machine, &id, &report)).unwrap();
            } else if machine.can_become(at, to) || (observes && dice.roll(2) == 0) {
                world.sql(&update);
            } else if dice.roll(2) == 0 {
                world.sql(&format!(
                    "INSERT INTO {name}_force (key, to_state, reason, actor) VALUES ('{id}', '{value}', 'why', 'ines'); {update}"
                ));
            } else {
                continue;
            }
            at = to;
        }
    }
    let page = world.run(world.store.list(&*machine, 1000, None)).unwrap().unwrap();
    assert_eq!(page.items.len(), number);
    let row = |item| {
        let item: &phasegate::store::Item = item;
        let snapshot = world.run(world.store.snapshot(&*machine, &item.id)).unwrap().unwrap();
        assert_eq!(snapshot.phases, item.phases, "the list has what the snapshot has");
        let shown = Shown::of(&*machine, &snapshot);
        let steps = shown.steps.iter().map(|step| json!([step.title, step.look, step.label]));
        json!({
            "snapshot": snapshot,
            "item": item,
            "shown": [shown.status, shown.look, shown.summary, steps.collect::<Vec<_>>()],
        })
    };
    page.items.iter().map(row).collect()
}

#[test]
#[ignore = "needs node: run by tests/run"]
fn the_terminal_and_the_list_say_what_the_page_says() {
    let observing = DEPLOY.replace("[target.sql]\n", "[target.sql]\nmode = \"observe\"\n");
    assert_ne!(observing, DEPLOY);
    let folder = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for (at, table) in [DEPLOY, &observing].into_iter().enumerate() {
        let path = folder.path().join("table.toml");
        std::fs::write(&path, table).unwrap();
        let module = node::write(folder.path(), &format!("map{at}.mjs"), &common::load(&path));
        all.push(json!({ "module": module, "rows": rows(table, 150) }));
    }
    let element = folder.path().join("element.mjs");
    std::fs::copy(common::root().join("src/console/assets/phasegate-stepper.js"), &element)
        .unwrap();
    let asked = folder.path().join("rows.json");
    std::fs::write(&asked, serde_json::to_vec(&all).unwrap()).unwrap();
    let output = Command::new("node")
        .arg(common::root().join("tests/runtime/shown.mjs"))
        .args([&element, &asked])
        .stdin(Stdio::null())
        .output()
        .expect("node runs; install it (on Debian: apt-get install nodejs)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
