//! The Rust validator: one file without dependencies.

use crate::artifact::{Artifact, Header};
use crate::machine::Machine;
use crate::validate::camel;

/// Words that no Rust identifier can be.
pub(crate) fn is_keyword(word: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
        "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if",
        "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv",
        "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try",
        "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "_",
    ];
    KEYWORDS.contains(&word)
}

/// The types that the generated file has beside the status enum, and what it takes from the
/// prelude.
pub(crate) fn taken_types(machine: &str) -> Vec<String> {
    let mut taken: Vec<String> = [
        "Outcome",
        "PhaseView",
        "IllegalTransition",
        "UnknownStatus",
        "Stored",
        "Option",
        "Result",
        "Some",
        "None",
        "Ok",
        "Err",
        "str",
    ]
    .map(str::to_owned)
    .to_vec();
    taken.push(format!("{}Phase", camel(machine)));
    taken
}

pub(crate) fn render(_machine: &Machine, _header: &Header) -> Vec<Artifact> {
    Vec::new()
}
