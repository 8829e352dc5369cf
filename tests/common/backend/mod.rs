//! What the whole-system tests of the runtime share: a table's schema in a fresh database, a
//! backend over it on a loopback port, and a client.
#![allow(dead_code, unreachable_pub, unused_macros, reason = "each test uses a part of it")]
pub mod client;
pub mod github;
pub mod guarded;
pub mod world;

/// Makes each test that is named one on SQLite, and one on PostgreSQL for who has it; where two
/// expressions stand first, they give what the test gets on either.
macro_rules! on_each_database {
    ([$sqlite:expr, $postgres:expr] $($test:ident)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test($sqlite).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            #[ignore = "needs PostgreSQL 15: run by tests/run"]
            async fn $test() {
                super::$test($postgres).await;
            })*
        }
    };
    ($($test:ident)*) => {
        mod sqlite {
            $(#[test]
            fn $test() {
                super::$test($crate::common::backend::world::Database::Sqlite);
            })*
        }
        mod postgres {
            $(#[test]
            #[ignore = "needs PostgreSQL: run by tests/run"]
            fn $test() {
                super::$test($crate::common::backend::world::Database::Postgres);
            })*
        }
    };
}
