//! A test that holds what is checked in to the table. It needs, in the crate's `Cargo.toml`:
//!
//! ```toml
//! [dev-dependencies]
//! phasegate-codegen = "0.1"
//! ```

#[test]
fn the_artifacts_are_what_the_table_gives() {
    // The path from the crate's own folder: of a crate of its own it is "order.toml".
    let table = "examples/order/order.toml";
    let checked = phasegate_codegen::check(table.as_ref());
    // By its own words, with line and caret: `expect` would print it as Rust has it.
    checked.unwrap_or_else(|error| panic!("{error}")).assert_current();
}
