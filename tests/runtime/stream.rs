//! Event streams: a snapshot first, each transition once, and on from where the client was, even
//! across backends.

use crate::common::backend;
use crate::common::backend::client::{Sent, Stream, call};
use crate::common::backend::world::{Database, World};
use phasegate::Report;
use phasegate::http::{Backend, BearerToken, Options};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

on_each_database! {
    begins_with_a_snapshot_and_goes_on_with_each_transition
    goes_on_from_where_the_client_was
    begins_anew_where_the_place_is_none
    is_woken_by_its_own_instance_at_once
    brings_what_another_instance_and_plain_sql_do
    shows_a_forced_step_with_its_reason_and_goes_on_from_there
    shows_no_other_row
    repeats_and_loses_nothing_while_reports_come
    ends_with_its_row
    shows_that_it_is_there
    says_nothing_of_a_database_that_is_away
    follows_the_list
    what_is_sent_of_a_list_adds_up_to_it
    follows_as_many_rows_as_asked_for
    follows_so_many_different_lists_and_lets_them_go
    goes_on_at_the_backend_that_follows
}

fn seqs(sent: &[Sent]) -> Vec<i64> {
    sent.iter().map(|sent| sent.id).collect()
}

fn begins_with_a_snapshot_and_goes_on_with_each_transition(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    row.walk(&["smoke_running"]);
    let mut stream = row.stream(None);
    assert!(stream.head.contains("200 OK"), "{}", stream.head);
    assert!(stream.head.contains("content-type: text/event-stream"), "{}", stream.head);
    let first = stream.next().unwrap();
    assert_eq!((first.event.as_str(), first.id), ("snapshot", 2));
    assert_eq!(first.data, row.snapshot());
    row.report(&json!({"status": "smoke_passed", "job": "smoke"})).ok(200);
    row.report(&json!({"status": "queued"})).problem(422, "illegal-transition");
    row.report(&json!({"status": "smoke_passed"})).ok(200);
    row.walk(&["building"]);
    let next = stream.next().unwrap();
    assert_eq!((next.event.as_str(), next.id), ("transition", 3));
    assert_eq!(next.data, row.snapshot()["events"][2]);
    assert_eq!(next.data["job"], "smoke");
    let next = stream.next().unwrap();
    assert_eq!((next.event.as_str(), next.id), ("transition", 4), "refusals are no transitions");
}

fn goes_on_from_where_the_client_was(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    row.walk(&["smoke_running", "smoke_passed", "building"]);
    let mut stream = row.stream(Some("2"));
    let sent: Vec<_> = (0..2).map(|_| stream.next().unwrap()).collect();
    assert_eq!(seqs(&sent), [3, 4]);
    assert!(sent.iter().all(|sent| sent.event == "transition"));
    let mut stream = row.stream(Some("4"));
    row.walk(&["failed"]);
    assert_eq!(stream.next().unwrap().id, 5, "nothing came before");
    let mut stream = row.stream(Some("0"));
    assert_eq!(stream.next().unwrap().id, 1);
}

fn begins_anew_where_the_place_is_none(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    for place in ["x", "-1", "2", "99999999999999999999", "1.0"] {
        let first = row.stream(Some(place)).next().unwrap();
        assert_eq!((first.event.as_str(), first.id), ("snapshot", 1), "{place}");
    }
}

fn is_woken_by_its_own_instance_at_once(database: Database) {
    let mut world = World::deploy(database);
    world.serve(Options::default().poll(Duration::from_secs(60)));
    let row = world.start();
    let mut stream = row.stream(None);
    stream.next().unwrap();
    // Reads on once, finds nothing, and waits.
    std::thread::sleep(Duration::from_millis(200));
    row.walk(&["building"]);
    assert_eq!(stream.next().unwrap().id, 2);
}

fn brings_what_another_instance_and_plain_sql_do(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let mut stream = row.stream(Some("1"));
    let other = world.other_store();
    let report = Report::new("smoke_running");
    world.run(other.apply_callback(&*world.machine, &row.id, &report)).unwrap();
    assert_eq!(stream.next().unwrap().data["to"], "smoke_running");
    world.sql(&format!("UPDATE deploys SET status = 'building' WHERE id = '{}'", row.id));
    let next = stream.next().unwrap();
    assert_eq!((&next.data["to"], &next.data["job"]), (&json!("building"), &json!(null)));
    world.run(other.close());
}

#[test]
fn hears_of_another_process_on_a_file_long_before_the_next_look() {
    let mut world = World::deploy(Database::Sqlite);
    let late = Duration::from_secs(60);
    world.serve(Options::default().poll(late).heartbeat(late));
    let row = world.start();
    let mut stream = row.stream(None);
    stream.next().unwrap();
    let other = world.other_store();
    for (status, seq) in [("building", 2), ("deploying", 3)] {
        // The reader has looked, and waits.
        std::thread::sleep(Duration::from_millis(300));
        let report = Report::new(status);
        world.run(other.apply_callback(&*world.machine, &row.id, &report)).unwrap();
        // The stream of a client waits for 10 seconds and no longer.
        assert_eq!(stream.next().unwrap().id, seq);
    }
    world.run(other.close());
}

fn shows_a_forced_step_with_its_reason_and_goes_on_from_there(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    row.walk(&["smoke_running", "failed"]);
    // What has ended has nothing more to say: a client that has all of it need not come back.
    let ended = format!("{}{}/events", world.url, row.path());
    assert_eq!(call("GET", &ended, &[("last-event-id", "3")], &[]).status, 204);
    let mut stream = row.stream(Some("2"));
    assert_eq!(stream.next().unwrap().id, 3);
    assert_eq!(stream.next().unwrap().event, "end");
    assert_eq!(stream.next(), None);
    let force = |to: &str, reason: &str| match database {
        Database::Sqlite => format!(
            "INSERT INTO deploy_force (key, to_state, reason, actor) VALUES ('{0}', '{to}', '{reason}', 'postgres'); \
             UPDATE deploys SET status = '{to}' WHERE id = '{0}'",
            row.id
        ),
        Database::Postgres => format!("SELECT deploy_force('{}', '{to}', '{reason}')", row.id),
    };
    // Out of an end: what the jobs report is taken again, as the table says.
    world.sql(&force("building", "the runner lied"));
    let mut stream = row.stream(Some("3"));
    let next = stream.next().unwrap();
    assert_eq!((next.event.as_str(), next.id), ("transition", 4));
    assert_eq!((&next.data["from"], &next.data["to"]), (&json!("failed"), &json!("building")));
    assert_eq!(next.data["forced"], "the runner lied");
    assert_eq!((&next.data["actor"], &next.data["observed"]), (&json!("postgres"), &json!(null)));
    assert_eq!(next.data["authenticated_by"], "database");
    row.walk(&["deploying"]);
    let next = stream.next().unwrap();
    assert_eq!((next.id, &next.data["forced"]), (5, &json!(null)));
    assert_eq!(next.data["authenticated_by"], "row-token");
    // Into an end past the health check: nothing shows as done that no one reported.
    world.sql(&force("succeeded", "looked at it by hand"));
    assert_eq!(stream.next().unwrap().id, 6);
    let snapshot = row.snapshot();
    assert_eq!(snapshot["events"][3], row.stream(Some("3")).next().unwrap().data);
    let forced = snapshot["events"].as_array().unwrap().iter();
    let forced: Vec<_> = forced.map(|event| event["forced"].is_string()).collect();
    assert_eq!(forced, [false, false, false, true, false, true]);
    let listed = &world.get("/api/deploys").ok(200)["deploys"][0];
    assert_eq!(
        (&listed["forced_seq"], &listed["forced"]),
        (&json!(6), &json!("looked at it by hand"))
    );
    let views = snapshot["phases"].as_array().unwrap().iter();
    let views: Vec<_> = views.map(|phase| phase["view"].as_str().unwrap()).collect();
    assert_eq!(views, ["unconfirmed", "unconfirmed", "done", "unconfirmed"]);
}

fn shows_no_other_row(database: Database) {
    let world = World::deploy(database);
    let (row, other) = (world.start(), world.start());
    let mut stream = row.stream(Some("1"));
    other.walk(&["building", "deploying"]);
    row.walk(&["smoke_running"]);
    assert_eq!(stream.next().unwrap().data["to"], "smoke_running");
}

fn repeats_and_loses_nothing_while_reports_come(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let states = [
        "smoke_running",
        "smoke_passed",
        "freeze_checking",
        "freeze_passed",
        "building",
        "deploying",
        "health_checking",
        "succeeded",
    ];
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    // Comes back after each event, as a client on a bad line does.
                    let mut seen = Vec::new();
                    let first = row.stream(None).next().unwrap();
                    let mut last = first.id;
                    seen.extend(1..=last);
                    while last < 9 {
                        let sent = row.stream(Some(&last.to_string())).next().unwrap();
                        last = sent.id;
                        seen.push(last);
                    }
                    seen
                })
            })
            .collect();
        row.walk(&states);
        for reader in readers {
            assert_eq!(reader.join().unwrap(), (1..=9).collect::<Vec<_>>());
        }
    });
}

fn ends_with_its_row(database: Database) {
    let world = World::deploy(database);
    let row = world.start();
    let mut stream = row.stream(None);
    stream.next().unwrap();
    world.sql(&format!("DELETE FROM deploys WHERE id = '{}'", row.id));
    assert_eq!(stream.next(), None);
}

fn shows_that_it_is_there(database: Database) {
    let mut world = World::deploy(database);
    world.serve(Options::default().heartbeat(Duration::from_millis(50)));
    let row = world.start();
    let stream = row.stream(Some("1"));
    std::thread::sleep(Duration::from_millis(400));
    world.sql(&format!("DELETE FROM deploys WHERE id = '{}'", row.id));
    let rest = stream.rest();
    let beats = rest.matches("event: heartbeat\ndata: {\"every_ms\":50}\n\n").count();
    assert!(beats >= 3, "{rest}");
    assert!(!rest.contains("id:"), "a heartbeat moves no place: {rest}");
}

fn says_nothing_of_a_database_that_is_away(database: Database) {
    let mut world = World::deploy(database);
    let options =
        || Options::default().heartbeat(Duration::from_millis(50)).poll(Duration::from_millis(50));
    world.serve(options());
    let row = world.start();
    let stream = row.stream(Some("1"));
    std::thread::sleep(Duration::from_millis(200));
    world.sql("ALTER TABLE deploys RENAME TO deploys_away");
    std::thread::sleep(Duration::from_millis(200));
    let away = Instant::now();
    std::thread::sleep(Duration::from_millis(600));
    let lasted = away.elapsed();
    world.stop();
    let rest = stream.rest();
    let beats = u32::try_from(rest.matches("event: heartbeat").count()).unwrap();
    assert!((1..9).contains(&beats), "{beats} heartbeats, {lasted:?} of them away: {rest}");
}

fn list(world: &World, query: &str) -> Stream {
    Stream::of_list(&format!("{}/api/deploys{query}", world.url))
}

fn follows_the_list(database: Database) {
    let world = World::deploy(database);
    let mut stream = list(&world, "");
    assert!(stream.head.contains("content-type: text/event-stream"), "{}", stream.head);
    let none = stream.next().unwrap();
    assert_eq!((none.event.as_str(), none.data), ("list", json!({"deploys": [], "next": null})));
    let (first, second) = (world.start(), world.start());
    // Where the first is seen before the second is there, that one comes by itself.
    let shown = stream.next().unwrap();
    let whole = world.get("/api/deploys").ok(200);
    let mut rows = shown.data["deploys"].clone();
    if rows.as_array().unwrap().len() == 1 {
        let came = stream.next().unwrap();
        assert_eq!((came.event.as_str(), &came.data["gone"]), ("rows", &json!([])));
        assert_eq!((&came.data["came"][0]["at"], &came.data["next"]), (&json!(0), &json!(null)));
        rows.as_array_mut().unwrap().insert(0, came.data["came"][0]["row"].clone());
    }
    assert_eq!((shown.event.as_str(), &rows), ("list", &whole["deploys"]));
    assert_eq!(rows[0]["id"], second.id);

    // Reports here, and plain SQL anywhere: each row that changes by itself.
    first.walk(&["smoke_running"]);
    let changed = stream.next().unwrap();
    assert_eq!((changed.event.as_str(), &changed.data["id"]), ("row", &json!(first.id)));
    assert_eq!(
        (&changed.data["status"], &changed.data["seq"]),
        (&json!("smoke_running"), &json!(2))
    );
    world.sql(&format!("UPDATE deploys SET status = 'building' WHERE id = '{}'", second.id));
    let changed = stream.next().unwrap();
    assert_eq!(
        (&changed.data["id"], &changed.data["title"]),
        (&json!(second.id), &json!("Building"))
    );

    world.sql(&format!("DELETE FROM deploys WHERE id = '{}'", second.id));
    let left = stream.next().unwrap();
    let gone = json!({"gone": [second.id], "came": [], "next": null});
    assert_eq!((left.event.as_str(), left.data), ("rows", gone));
}

/// Whatever comes, goes and changes: what is sent, put together as the page says, is the list.
fn what_is_sent_of_a_list_adds_up_to_it(database: Database) {
    let world = World::deploy(database);
    let mut rows: Vec<_> = (0..6).map(|_| world.start()).collect();
    let mut stream = list(&world, "?limit=5&outcome=open");
    let mut shown = stream.next().unwrap().data;
    let mut seen = BTreeSet::new();
    for turn in 0..8 {
        match turn % 4 {
            0 => rows.push(world.start()),
            1 => rows[turn].walk(&["building"]),
            // It is none of the open ones any more, and an older one comes in below.
            2 => rows[turn + 1].walk(&["failed"]),
            _ => world.sql(&format!("DELETE FROM deploys WHERE id = '{}'", rows[turn - 1].id)),
        }
        let expected = world.get("/api/deploys?limit=5&outcome=open").ok(200);
        while shown != expected {
            let sent = stream.next().unwrap();
            put(&mut shown, &sent);
            seen.insert(sent.event);
        }
    }
    assert!(seen.contains("rows") && seen.contains("row"), "{seen:?}");
}

/// Puts what was sent into a list.
fn put(shown: &mut Value, sent: &Sent) {
    let rows = shown["deploys"].as_array_mut().unwrap();
    match sent.event.as_str() {
        "list" => *shown = sent.data.clone(),
        "rows" => {
            let gone = sent.data["gone"].as_array().unwrap();
            rows.retain(|row| !gone.contains(&row["id"]));
            for one in sent.data["came"].as_array().unwrap() {
                let at = usize::try_from(one["at"].as_u64().unwrap()).unwrap();
                rows.insert(at, one["row"].clone());
            }
            shown["next"] = sent.data["next"].clone();
        }
        "row" => {
            let row = rows.iter_mut().find(|row| row["id"] == sent.data["id"]);
            *row.unwrap() = sent.data.clone();
        }
        _ => {}
    }
}

fn follows_as_many_rows_as_asked_for(database: Database) {
    let world = World::deploy(database);
    let rows: Vec<_> = (0..3).map(|_| world.start()).collect();
    let mut two = list(&world, "?limit=2");
    let shown = two.next().unwrap().data;
    assert_eq!(
        (&shown["deploys"][1]["id"], &shown["next"]),
        (&json!(rows[1].id), &json!(rows[1].id))
    );
    let mut all = list(&world, "?limit=1000");
    assert_eq!(all.next().unwrap().data["deploys"][2]["id"], rows[0].id);
    rows[0].walk(&["building"]);
    assert_eq!(all.next().unwrap().data["id"], rows[0].id);
    rows[1].walk(&["building"]);
    assert_eq!(two.next().unwrap().data["id"], rows[1].id, "the third row is none of the two");
    for query in
        ["?limit=1001".to_owned(), "?limit=0".to_owned(), format!("?before={}", rows[1].id)]
    {
        let url = format!("{}/api/deploys{query}", world.url);
        call("GET", &url, &[("accept", "text/event-stream")], &[]).problem(400, "malformed");
    }
}

fn follows_so_many_different_lists_and_lets_them_go(database: Database) {
    let world = World::deploy(database);
    let mut followed: Vec<Stream> = (0..64).map(|nth| list(&world, &format!("?q={nth}"))).collect();
    assert!(followed.iter().all(|stream| stream.head.contains("200 OK")));
    let more = format!("{}/api/deploys?q=more", world.url);
    let ask = || call("GET", &more, &[("accept", "text/event-stream")], &[]);
    let refused = ask();
    assert_eq!(refused.header("retry-after"), "5");
    refused.problem(429, "too-many-requests");
    // A list that someone follows already is no other, and a page is no stream.
    followed.push(list(&world, "?q=7"));
    assert!(followed[64].head.contains("200 OK"));
    world.get("/api/deploys?q=more").ok(200);
    drop(followed);
    let until = Instant::now() + Duration::from_secs(20);
    while !list(&world, "?q=more").head.contains("200 OK") {
        assert!(Instant::now() < until, "no list was let go");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn goes_on_at_the_backend_that_follows(database: Database) {
    let mut world = World::deploy(database);
    let row = world.start();
    let (id, token) = (row.id.clone(), row.token.clone());
    let mut stream = row.stream(None);
    assert_eq!(stream.next().unwrap().id, 1);
    row.walk(&["smoke_running"]);
    assert_eq!(stream.next().unwrap().id, 2);
    let address = world.url.strip_prefix("http://").unwrap().to_owned();
    let stopped = Instant::now();
    world.stop();
    assert!(stopped.elapsed() < Duration::from_secs(3), "the stream held it up");
    assert_eq!(stream.next(), None);

    // The old version on the same port and database: the rollback.
    let old = backend::world::machine(backend::world::DEPLOY_V1);
    let store = world.store.clone();
    let running = world.run(async {
        let listener = tokio::net::TcpListener::bind(&address).await.unwrap();
        Backend::with(store, old, BearerToken, Options::default())
            .serve(listener, Default::default())
            .unwrap()
    });
    let url = format!("http://{address}/api/deploys/{id}");
    let mut stream = Stream::open(&format!("{url}/events"), Some("2"));
    let reply = backend::client::call(
        "POST",
        &format!("{url}/callbacks"),
        &[("authorization", &format!("Bearer {token}")), ("content-type", "application/json")],
        br#"{"status":"building"}"#,
    );
    assert_eq!(reply.ok(200)["from"], "smoke_running");
    assert_eq!(stream.next().unwrap().id, 3);
    world.run(running.stop());
}
