//! Witnesses below a text, each shown once.

use std::fmt::Write as _;

use crate::compat::exploration::{Class, Witness};

/// Witnesses, each shown once.
#[derive(Default)]
pub(super) struct Notes(Vec<(Class, Witness)>);

impl Notes {
    pub(super) fn number(&mut self, class: Class, witness: &Witness) -> usize {
        let same = |(_, other): &(Class, Witness)| {
            other.path == witness.path && other.summary == witness.summary
        };
        match self.0.iter().position(same) {
            Some(at) => at + 1,
            None => {
                self.0.push((class, witness.clone()));
                self.0.len()
            }
        }
    }

    pub(super) fn render(&self, out: &mut String) {
        for (number, (class, witness)) in self.0.iter().enumerate() {
            line(out, "");
            let head = format!("[{}] {}: {}", number + 1, class.as_str(), witness.summary);
            line(out, &head);
            for (step, does) in witness.path.0.iter().enumerate() {
                line(out, &format!("  {:>3}. {does}", step + 1));
            }
        }
    }
}

/// A line, without the white space at its end.
pub(super) fn line(out: &mut String, text: &str) {
    writeln!(out, "{}", text.trim_end()).expect("a string takes all that is written");
}
