//! Two instances, many reporters, and connections that are torn: nothing is lost, doubled or illegal.
//!
//! `PHASEGATE_RACES` is how many rounds there are (2 without it); `PHASEGATE_SEED` begins them as another run
//! did. Each round says its seed when it fails.

use crate::common::backend::client::call;
use crate::common::backend::world::{Database, World};
use phasegate::StateId;
use phasegate::http::{Backend, BearerToken, Options};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

on_each_database! {
    nothing_is_lost_doubled_or_illegal
}

const ROWS: usize = 6;
const REPORTERS: usize = 8;
const REPORTS: usize = 12;

/// The next of a row of numbers that look like chance.
fn next(seed: &mut u64) -> usize {
    // Knuth's MMIX.
    *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    usize::try_from(*seed >> 33).unwrap()
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|given| given.parse().unwrap())
}

fn nothing_is_lost_doubled_or_illegal(database: Database) {
    let rounds = number("PHASEGATE_RACES").unwrap_or(2);
    let first = number("PHASEGATE_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    for seed in first..first + rounds {
        round(database, seed);
    }
}

fn round(database: Database, seed: u64) {
    let world = World::deploy(database);
    let options = Options::default().burst(std::num::NonZeroU32::MAX);
    let other = world.run(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let store = world.other_store_later().await;
        let backend = Backend::with(store, world.machine.clone(), BearerToken, options);
        backend.serve(listener, Default::default()).unwrap()
    });
    let urls = [world.url.clone(), other.url()];
    let rows: Vec<_> = (0..ROWS).map(|_| world.start()).map(|row| (row.id, row.token)).collect();
    let states: Vec<&str> =
        (0..world.machine.states()).map(|state| world.machine.value(StateId::new(state))).collect();
    let over = AtomicBool::new(false);
    // What was applied, by row and event id, as the answers say.
    let applied: Vec<BTreeMap<(usize, String), i64>> = std::thread::scope(|scope| {
        if database == Database::Postgres {
            scope.spawn(|| tear(&world, &over));
        }
        let reporters = (0..REPORTERS).map(|reporter| {
            let (urls, rows, states) = (&urls, &rows, &states);
            scope.spawn(move || {
                let mut seed = seed.wrapping_mul(1000) + reporter as u64;
                let mut applied = BTreeMap::new();
                for n in 0..REPORTS {
                    let row = next(&mut seed) % rows.len();
                    let event_id = format!("{reporter}/{n}");
                    let body = json!({
                        "status": states[next(&mut seed) % states.len()], "event_id": event_id,
                    });
                    let answer = report(&urls[next(&mut seed) % 2], &rows[row], &body);
                    if let Some(seq) = answer {
                        applied.insert((row, event_id), seq);
                    }
                }
                applied
            })
        });
        let reporters: Vec<_> = reporters.collect();
        let applied = reporters.into_iter().map(|reporter| reporter.join().unwrap()).collect();
        over.store(true, Ordering::Relaxed);
        applied
    });
    world.run(other.stop());
    // What was torn last may not have been noticed yet.
    let store = world.other_store();
    for (row, (id, _)) in rows.iter().enumerate() {
        let recorded = world.run(store.reports(id)).unwrap();
        let snapshot = world.run(store.snapshot(&*world.machine, id)).unwrap().unwrap();
        let seqs: Vec<i64> = snapshot.events.iter().map(|event| event.seq).collect();
        assert_eq!(seqs, (1..=snapshot.seq).collect::<Vec<_>>(), "seed {seed}: gaps");
        for pair in snapshot.events.windows(2) {
            assert_eq!(pair[1].from.as_ref(), Some(&pair[0].to), "seed {seed}");
            let state = |value: &str| world.machine.find(value).unwrap();
            let legal = world.machine.can_become(state(&pair[0].to), state(&pair[1].to));
            assert!(legal, "seed {seed}: {} -> {}", pair[0].to, pair[1].to);
        }
        let by_id: BTreeMap<String, i64> = recorded
            .iter()
            .filter(|report| report.answer == "applied")
            .filter_map(|report| Some((report.event_id.clone()?, report.seq?)))
            .collect();
        assert_eq!(by_id.len() + 1, seqs.len(), "seed {seed}: a report each");
        for ((_, event_id), seq) in applied.iter().flatten().filter(|((of, _), _)| *of == row) {
            assert_eq!(by_id.get(event_id), Some(seq), "seed {seed}: {event_id} was answered");
        }
    }
    world.run(store.close());
}

/// Sends a report until it is answered; its place, where it is said to be applied.
fn report(url: &str, (id, token): &(String, String), body: &Value) -> Option<i64> {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    for _ in 0..100 {
        let url = format!("{url}/api/deploys/{id}/callbacks");
        let answer = call("POST", &url, &headers, body.to_string().as_bytes());
        match answer.status {
            503 => std::thread::sleep(Duration::from_millis(20)),
            200 => {
                let answer = answer.json();
                return (answer["applied"] == true).then(|| answer["seq"].as_i64().unwrap());
            }
            409 | 422 => return None,
            _ => panic!("{answer:?}"),
        }
    }
    panic!("{body} is never answered");
}

/// Tears the connections of the database, again and again.
fn tear(world: &World, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(60));
        world.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.5",
        );
    }
}
