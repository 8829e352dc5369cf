//! What `verify` proves of tables, and what it says of broken ones.

use phasegate_codegen::Machine;
use phasegate_codegen::verify::{self, Verdict};

fn table(name: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    std::fs::read_to_string(format!("{root}/{name}")).unwrap()
}

fn machine(table: &str) -> Machine {
    match phasegate_codegen::machine("test.toml", table.as_bytes()) {
        Ok((_, machine, _)) => machine,
        Err(error) => panic!("{error}\nin: {table}"),
    }
}

#[test]
fn x_print() {
    for t in std::env::var("T").unwrap().split(' ') {
        let m = machine(&table(t));
        let now = std::time::Instant::now();
        let proofs = verify::verify(&m);
        println!("{t} {:?}\n{}", now.elapsed(), verify::text(&proofs));
    }
}
