//! The example in `examples/order`, run as its user runs it.

use std::path::PathBuf;
use std::process::Command;

use crate::binary::{Folder, finish};

/// A built example: `cargo test` builds them next to the tests.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test has a path");
    let folder = test.ancestors().nth(2).expect("it lies in target/debug/deps");
    let path = folder.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.exists(),
        "first `cargo build -p phasegate-codegen --examples`: no {}",
        path.display()
    );
    path
}

const TABLE: &str = include_str!("../../../examples/order/order.toml");

#[test]
fn the_table_of_the_example_is_what_init_writes() {
    let folder = Folder::new();
    assert_eq!(folder.run(&["init"]).code, Some(0));
    assert_eq!(folder.read("order.toml"), TABLE);
}

#[test]
fn the_crate_that_the_book_shows_has_current_artifacts_and_migrations() {
    let folder = Folder::new();
    for table in ["order.toml", "payment.toml"] {
        let path = format!("{}/../../tests/embedder/{table}", env!("CARGO_MANIFEST_DIR"));
        let ran = folder.run(&["check", &path]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
}

#[test]
fn the_build_script_writes_the_artifacts_and_fails_the_build_where_it_cannot() {
    let folder = Folder::with("order.toml", TABLE);
    let build = || {
        let script = example("order-build-script");
        finish(Command::new(script).current_dir(folder.path("")), b"")
    };
    let ran = build();
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "cargo::rerun-if-changed=order.toml\n"));
    assert_eq!(folder.run(&["check"]).code, Some(0));

    folder.write("order.toml", TABLE.replace("\"placed\"        #", "\"plced\"         #"));
    let ran = build();
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("--> order.toml:8:11") && ran.err.contains("`placed`?"), "{ran:?}");
}

#[test]
fn the_program_refuses_what_the_table_does_not_have() {
    let ran = finish(&mut Command::new(example("order")), b"");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[..2], ["placed -> authorising", "authorising -> paid"]);
    assert!(lines[2].contains("paid -> placed") && lines[2].contains("shipped"), "{}", lines[2]);
    assert_eq!(lines[3..], ["paid -> shipped", "shipped -> delivered"]);
}
