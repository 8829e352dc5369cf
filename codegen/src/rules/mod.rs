//! One registry of every rule that a user can meet: a row each, with its id, what it looks for, why
//! that matters, an example, and how it is mended. A finding is made with a row, so that one that
//! nothing explains does not compile.

/// The rows of a family: a constant each, and the list of them.
macro_rules! rows {
    ($list:ident $($name:ident $id:literal {
        looks_for: $looks_for:expr,
        why: $why:expr,
        example: $example:expr,
        mend: $mend:expr,
    })*) => {
        $(#[doc = $looks_for]
        pub const $name: &super::Rule = &super::Rule {
            id: $id,
            looks_for: $looks_for,
            why: $why,
            example: $example,
            mend: $mend,
        };)*
        pub(super) const $list: &[&super::Rule] = &[$($name),*];
    };
}

mod artifacts;
mod audit;
mod compat;
mod document;
mod jobs;
mod live;
mod migrate;
mod names;
mod page;
mod proofs;
mod sequences;
mod states;
mod targets;
mod transitions;
mod warnings;
mod workflow;

use std::fmt;

use crate::suggest;
pub use artifacts::*;
pub use audit::*;
pub use compat::*;
pub use document::*;
pub use jobs::*;
pub use live::*;
pub use migrate::*;
pub use names::*;
pub use page::{list, markdown};
pub use proofs::*;
pub use sequences::*;
pub use states::*;
pub use targets::*;
pub use transitions::*;
pub use warnings::*;
pub use workflow::*;

/// One rule. `looks_for` and `mend` are fragments, without a capital and a full stop; `why` is
/// sentences.
#[derive(Eq, PartialEq)]
pub struct Rule {
    /// Its stable id: lower-case letters, digits and `-`.
    pub id: &'static str,
    /// What it looks for.
    pub looks_for: &'static str,
    /// Why that matters: who is hurt by it, and which way.
    pub why: &'static str,
    /// A case of it.
    pub example: Example,
    /// What to do.
    pub mend: &'static str,
}

/// A case of a rule.
#[derive(Eq, PartialEq)]
pub enum Example {
    /// A case in words.
    Words(&'static str),
    /// A table in which the rule finds something, and the same table mended.
    Table {
        /// The table as it is wrong.
        wrong: &'static str,
        /// The table as it is right.
        right: &'static str,
    },
    /// Lines below [`BASE`] in which the rule finds something, and the same lines mended.
    Lines {
        /// The lines as they are wrong.
        wrong: &'static str,
        /// The lines as they are right.
        right: &'static str,
    },
    /// The same below [`BASE`] and [`LOST`], so that a job can fail.
    Jobs {
        /// The lines as they are wrong.
        wrong: &'static str,
        /// The lines as they are right.
        right: &'static str,
    },
}

/// The table that [`Example::Lines`] stand below.
pub const BASE: &str = r#"format = 1
[machine]
name = "parcel"
initial = "packed"
[[state]]
name = "packed"
[[state]]
name = "sent"
[[state]]
name = "arrived"
outcome = "success"
[[transition]]
path = ["packed", "sent", "arrived"]
"#;

/// The lines that [`Example::Jobs`] have above them, too.
pub const LOST: &str = r#"[[state]]
name = "lost"
outcome = "failure"
[[transition]]
from = "*"
to = "lost"
"#;

impl Example {
    /// The whole tables, the wrong one and the right one, where it is more than words.
    pub fn tables(&self) -> Option<(String, String)> {
        let whole = |lines: &str| format!("{BASE}{}", lines.trim_start());
        let of_jobs = |lines: &str| format!("{BASE}{LOST}{}", lines.trim_start());
        match self {
            Self::Words(_) => None,
            Self::Table { wrong, right } => {
                Some((wrong.trim_start().to_owned(), right.trim_start().to_owned()))
            }
            Self::Lines { wrong, right } => Some((whole(wrong), whole(right))),
            Self::Jobs { wrong, right } => Some((of_jobs(wrong), of_jobs(right))),
        }
    }
}

/// A finding's `Debug` names its rule, and does not print the whole row.
impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// The rule of an id.
///
/// # Errors
/// Where there is none: that, with the nearest id.
pub fn find(id: &str) -> Result<&'static Rule, String> {
    let id = id.to_lowercase();
    all().find(|rule| rule.id == id).ok_or_else(|| {
        let help = match suggest::nearest(&id, all().map(|rule| rule.id)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`phasegate explain` lists them all".to_owned(),
        };
        format!("there is no rule `{}`; {help}", suggest::shown(&id))
    })
}

/// Rules that belong together.
struct Family {
    title: &'static str,
    /// The commands that report them; none for a table that is not one, which every command does.
    by: &'static [&'static str],
    rules: &'static [&'static Rule],
    /// Rules of other families that these commands report, too.
    also: &'static [&'static Rule],
}

/// Every family, in the order in which a user meets them.
const FAMILIES: &[Family] = &[
    family("The file, its sections and keys", &[], DOCUMENT, &[]),
    family("Names and values", &[], NAMES, &[]),
    family("States", &[], STATES, &[]),
    family("Transitions", &[], TRANSITIONS, &[]),
    family("Jobs", &[], JOBS, &[]),
    family("Targets", &[], TARGETS, &[]),
    family("Allowed in a table, and probably not meant", &["check", "generate"], WARNINGS, &[]),
    family("Proofs", &["check", "verify"], PROOFS, &[]),
    family("Generated files", &["check", "generate"], ARTIFACTS, &[SHARED_PATH]),
    family(
        "Workflows written by hand",
        &["check", "generate", "verify", "workflow adopt"],
        WORKFLOW,
        &[],
    ),
    family("Migrations", &["check", "migrate"], MIGRATE, &[STATE_REMOVED]),
    family("Live databases", &["check --database-url"], LIVE, &[DEFAULT_LEFT]),
    family("Judged sequences of states", &["accepts", "phases"], SEQUENCES, &[]),
    family("Whole histories", &["audit"], AUDIT, &[]),
    family("Changes between two versions of a table", &["compat"], COMPAT, &[]),
];

const fn family(
    title: &'static str,
    by: &'static [&'static str],
    rules: &'static [&'static Rule],
    also: &'static [&'static Rule],
) -> Family {
    Family { title, by, rules, also }
}

/// Every rule, family by family.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().flat_map(|family| family.rules.iter().copied())
}

impl Rule {
    /// Whether a command can report it of a table that is one.
    pub fn is_reported_by(&self, command: &str) -> bool {
        FAMILIES
            .iter()
            .filter(|family| family.by.contains(&command))
            .any(|family| family.rules.iter().chain(family.also).any(|rule| rule.id == self.id))
    }
}
