//! `derive` of `[target.rust]`, each library's: random sequences that the generated code gives are taken by the
//! validator and by the database's guard, or refused at their last state and only there.

use crate::common::backend::world::{Database, World, machine};
use parcel::{IllegalSequence, LegalSequence, ParcelStatus, Stored, validate_sequence};
use phasegate::Schema;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

const PARCEL: &str = include_str!("derive/parcel.toml");

#[path = "derive/parcel.rs"]
mod parcel;

on_each_database! {
    takes_every_legal_sequence_and_refuses_the_last_of_an_illegal_one
}

#[test]
fn the_generated_rust_is_what_the_table_gives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parcel.toml");
    std::fs::write(&path, PARCEL).unwrap();
    let loaded = phasegate_codegen::load(&path).unwrap();
    let artifacts = phasegate_codegen::render(&loaded, &[&phasegate_codegen::emit::rust::Rust]);
    assert_eq!(artifacts[0].text, include_str!("derive/parcel.rs"));
}

#[test]
fn states_are_ordered_as_in_the_table_and_the_first_initial_one_is_the_default() {
    assert_eq!(ParcelStatus::default(), ParcelStatus::Announced);
    assert!(ParcelStatus::ALL.is_sorted());
    assert!(ParcelStatus::Void < ParcelStatus::Delivered);
}

#[test]
fn openapi_has_the_values() {
    use utoipa::{PartialSchema as _, ToSchema as _};
    let schema = serde_json::to_value(ParcelStatus::schema()).unwrap();
    let values = ParcelStatus::ALL.map(ParcelStatus::as_str);
    assert_eq!(schema, serde_json::json!({ "type": "string", "enum": values }));
    assert_eq!(<ParcelStatus as utoipa::ToSchema>::name(), "ParcelStatus");
    assert_eq!(Stored::<String>::name(), "StoredParcelStatus");
    let any = serde_json::to_value(Stored::<String>::schema()).unwrap();
    assert_eq!(any, serde_json::json!({ "type": "string" }));
}

/// Whether a sequence is refused, at its last state and only there.
fn only_the_last_is_refused(states: &[ParcelStatus]) -> bool {
    let judged = validate_sequence(states.iter().copied());
    judged.is_err_and(|rejected| rejected.at == states.len())
}

proptest! {
    #[test]
    fn legal_sequences_are_legal(states in ParcelStatus::legal_sequences(0..9)) {
        prop_assert!(states.len() < 9);
        prop_assert!(validate_sequence(states.iter().copied()).is_ok(), "{states:?}");
    }

    #[test]
    fn illegal_sequences_are_refused_at_their_end(states in ParcelStatus::illegal_sequences(0..9)) {
        prop_assert!(only_the_last_is_refused(&states), "{states:?}");
    }
}

/// What is left of the random sequences that lead to a state.
fn shrunk(
    to: ParcelStatus,
    sequences: impl Strategy<Value = Vec<ParcelStatus>>,
) -> Vec<ParcelStatus> {
    let config = Config { failure_persistence: None, ..Config::default() };
    // Always the same: how far it shrinks depends on where it begins.
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, random);
    let avoids = |states: Vec<ParcelStatus>| {
        prop_assert!(states.last() != Some(&to));
        Ok(())
    };
    match runner.run(&sequences, avoids) {
        Err(TestError::Fail(_, states)) => states,
        other => panic!("no sequence leads there: {other:?}"),
    }
}

#[test]
fn every_state_is_met_and_what_fails_is_shrunk_to_few_states() {
    // The shortest has three states; what is taken away changes what the later choices choose.
    let legal = shrunk(ParcelStatus::Delivered, ParcelStatus::legal_sequences(0..9));
    assert!((3..=5).contains(&legal.len()), "{legal:?}");
    for state in ParcelStatus::ALL {
        let illegal = shrunk(state, ParcelStatus::illegal_sequences(0..9));
        assert!((1..=4).contains(&illegal.len()), "{illegal:?}");
    }
}

#[test]
fn quickcheck_has_the_same_sequences() {
    use quickcheck::{Arbitrary as _, Gen, QuickCheck};
    let legal = |LegalSequence(states): LegalSequence| validate_sequence(states).is_ok();
    QuickCheck::new().quickcheck(legal as fn(LegalSequence) -> bool);
    let illegal = |IllegalSequence(states): IllegalSequence| only_the_last_is_refused(&states);
    QuickCheck::new().quickcheck(illegal as fn(IllegalSequence) -> bool);
    let mut random = Gen::new(12);
    for _ in 0..200 {
        let (legal, illegal) =
            (LegalSequence::arbitrary(&mut random), IllegalSequence::arbitrary(&mut random));
        assert!(legal.shrink().all(|one| validate_sequence(one.0).is_ok()), "{legal:?}");
        assert!(illegal.shrink().all(|one| only_the_last_is_refused(&one.0)), "{illegal:?}");
    }
    let met: std::collections::BTreeSet<ParcelStatus> =
        (0..500).map(|_| quickcheck::Arbitrary::arbitrary(&mut random)).collect();
    assert_eq!(met.len(), ParcelStatus::ALL.len());
}

/// Whether plain SQL takes a state of the row of this number: its first, or one more.
fn write(world: &World, number: usize, is_first: bool, state: ParcelStatus) -> bool {
    let value = state.as_str().replace('\'', "''");
    world
        .try_sql(&if is_first {
            format!("INSERT INTO parcels (id, status) VALUES ({number}, '{value}')")
        } else {
            format!("UPDATE parcels SET status = '{value}' WHERE id = {number}")
        })
        .is_ok()
}

fn takes_every_legal_sequence_and_refuses_the_last_of_an_illegal_one(database: Database) {
    let world = World::of(database, PARCEL, PARCEL, Schema::of(&*machine(PARCEL)));
    let mut runner =
        TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let number = std::cell::Cell::new(0);
    let taken = |states: &[ParcelStatus]| {
        number.set(number.get() + 1);
        let steps = states.iter().enumerate();
        steps.take_while(|(at, state)| write(&world, number.get(), *at == 0, **state)).count()
    };
    let legal = |states: Vec<ParcelStatus>| {
        prop_assert_eq!(taken(&states), states.len());
        Ok(())
    };
    runner.run(&ParcelStatus::legal_sequences(0..7), legal).unwrap();
    let illegal = |states: Vec<ParcelStatus>| {
        // To write the state that a row is in is no transition.
        let again = states.len() > 1 && states[states.len() - 1] == states[states.len() - 2];
        prop_assert_eq!(taken(&states), states.len() - usize::from(!again));
        Ok(())
    };
    runner.run(&ParcelStatus::illegal_sequences(0..7), illegal).unwrap();
}

#[test]
#[ignore = "needs PostgreSQL 15: run by tests/run"]
fn arrays_of_states_are_written_and_read() {
    use ParcelStatus::{Delivered, Packed, Sent};
    use sqlx::Connection as _;
    let world = World::of(Database::Postgres, PARCEL, PARCEL, Schema::named("parcel"));
    world.sql(
        "INSERT INTO parcels (id, status) VALUES (1, 'packed'), (2, 'announced'), (3, 'packed')",
    );
    world.sql("UPDATE parcels SET status = 'it''s sent' WHERE id = 3");
    world.run(async {
        let mut connection = sqlx::PgConnection::connect(&world.database_url).await.unwrap();
        let among = vec![Sent, Packed, Delivered];
        let count = "SELECT count(*) FROM parcels WHERE status = ANY($1)";
        let count: i64 =
            sqlx::query_scalar(count).bind(&among).fetch_one(&mut connection).await.unwrap();
        assert_eq!(count, 2);
        let all = "SELECT array_agg(status ORDER BY id) FROM parcels WHERE id <> 2";
        let all: Vec<ParcelStatus> =
            sqlx::query_scalar(all).fetch_one(&mut connection).await.unwrap();
        assert_eq!(all, [Packed, Sent]);
        let texts = "SELECT ARRAY['it''s sent', 'delivered']";
        let texts: Vec<ParcelStatus> =
            sqlx::query_scalar(texts).fetch_one(&mut connection).await.unwrap();
        assert_eq!(texts, [Sent, Delivered]);
        connection.close().await.unwrap();
    });
}
