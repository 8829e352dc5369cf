//! Calls whose future is dropped before it is done, as when a client goes away: they leave nothing behind.

use crate::common::backend::world::{Database, World};
use phasegate::store::Start;
use phasegate::{Answer, Report, Store};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqlitePoolOptions;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

on_each_database! {
    a_dropped_call_leaves_no_transaction_open
}

/// Drops a future that has been polled so often, where it is not done by then.
async fn polled<T>(mut times: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| match times {
        0 => Poll::Ready(None),
        _ => {
            times -= 1;
            future.as_mut().poll(context).map(Some)
        }
    })
    .await
}

/// A store of one connection, so that what a call leaves behind meets the next one.
async fn narrow(world: &World, database: Database) -> Store {
    let (url, schema) = (&world.database_url, world.store.schema().clone());
    match database {
        Database::Sqlite => {
            let pool = SqlitePoolOptions::new().max_connections(1);
            Store::sqlite(pool.connect(url).await.unwrap(), schema)
        }
        Database::Postgres => {
            let pool = PgPoolOptions::new().max_connections(1);
            Store::postgres(pool.connect(url).await.unwrap(), schema)
        }
    }
}

fn a_dropped_call_leaves_no_transaction_open(database: Database) {
    let world = World::deploy(database);
    world.run(async {
        let store = narrow(&world, database).await;
        let start = || async { store.start(&*world.machine, &Start::default()).await.unwrap().id };
        let report = Report::new("smoke_running");
        let mut done = 0;
        // At every place where a call waits.
        for times in 1.. {
            let (read, id) = (start().await, start().await);
            let is_done = polled(times, store.snapshot(&*world.machine, &read)).await.is_some();
            let answer = store.apply_callback(&*world.machine, &id, &report).await.unwrap();
            assert!(matches!(answer, Answer::Applied { .. }), "dropped at {times}: {answer:?}");
            polled(times, store.apply_callback(&*world.machine, &read, &report)).await;
            store.snapshot(&*world.machine, &id).await.unwrap().unwrap();
            // Past the end of both calls nothing is dropped any more.
            done += usize::from(is_done);
            if done > 20 {
                break;
            }
        }
        store.close().await;
    });
    let lost = "SELECT count(*) FROM deploy_reports WHERE answer = 'applied' AND seq > 1";
    let moved = "SELECT count(*) FROM deploys WHERE CAST(status AS text) = 'smoke_running'";
    assert!(world.count(lost) > 20);
    assert_eq!(world.count(lost), world.count(moved));
}
