//! A build script that brings the artifacts up to date before the crate is built. It needs, in the
//! crate's `Cargo.toml`:
//!
//! ```toml
//! [build-dependencies]
//! phasegate-codegen = "0.1"
//! ```

fn main() {
    println!("cargo::rerun-if-changed=order.toml");
    if let Err(error) = phasegate_codegen::generate("order.toml".as_ref()) {
        // The same words, with line and caret, that `phasegate check` has.
        eprintln!("{error}");
        std::process::exit(1);
    }
}
