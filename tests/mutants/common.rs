//! What the tests of the databases share.

#[path = "../common/judge.rs"]
pub(crate) mod judge;
#[path = "../common/postgres.rs"]
pub(crate) mod postgres;
#[path = "../common/program.rs"]
pub(crate) mod program;
#[path = "../common/sql.rs"]
pub(crate) mod sql;
