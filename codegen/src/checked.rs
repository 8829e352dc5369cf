//! What `check` says of a table: its artifacts, its proofs and its migrations, and what of that is
//! accepted.

use std::path::Path;

use crate::accepted::Accepted;
use crate::artifact::{self, FileResult, FileState, WriteMode, generate_command};
use crate::emit::TARGETS;
use crate::finding::{self, Finding};
use crate::load::{Error, Loaded, load};
use crate::migrate;
use crate::pipeline::{Generated, sync};
use crate::table::Source;
use crate::verify::{self, Proved};

/// What was found of a table; `phasegate check` prints just this.
#[derive(Debug)]
#[non_exhaustive]
pub struct Checked {
    /// What became of the artifacts and the workflows written by hand, with every warning.
    pub generated: Generated,
    /// What is not as it should be: artifacts, refuted claims, migrations. What is accepted is a warning
    /// here, with its reason.
    pub findings: Vec<Finding>,
    /// The claims, each proven, refuted or bounded.
    #[doc(hidden)]
    pub proofs: Vec<Proved>,
    /// Whether the table was ever migrated to; none where it has no `[target.sql]`.
    pub migrated: Option<bool>,
    /// The file of accepted findings, and which of its entries have occurred.
    #[doc(hidden)]
    pub accepted: Accepted,
    source: Source,
}

impl Checked {
    /// Whether nothing is found, or all of it is accepted.
    pub fn is_current(&self) -> bool {
        !self.errors().any(Finding::is_error)
    }

    /// The findings that may fail it, those in workflows written by hand among them.
    fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().chain(self.generated.workflows.iter().flat_map(|kept| &kept.findings))
    }

    /// # Panics
    /// Where `phasegate check` would end 1, with what it finds, the differences of the artifacts, and the
    /// command that mends these, where there are any.
    pub fn assert_current(&self) {
        if self.is_current() {
            return;
        }
        let mut message = String::new();
        for outcome in &self.generated.outcomes {
            message += outcome.diff.as_deref().unwrap_or_default();
        }
        for finding in self.findings.iter().filter(|finding| finding.is_error()) {
            let source = (finding.path == self.source.path).then_some(&self.source);
            message += &finding::text(std::slice::from_ref(finding), source, false);
        }
        for kept in &self.generated.workflows {
            if kept.findings.iter().any(Finding::is_error) {
                message += &finding::text(&kept.findings, Some(&kept.source), false);
            }
        }
        let is_written =
            |outcome: &FileResult| matches!(outcome.state, FileState::Stale | FileState::Missing);
        if self.generated.outcomes.iter().any(is_written) {
            message += &format!("to write the artifacts anew, run `{}`", self.generated.command);
        }
        panic!("{message}");
    }
}

/// What `phasegate check` finds of a table: for a test.
///
/// # Errors
/// Where the table is not valid, or a file cannot be read.
pub fn check(table: &Path) -> Result<Checked, Error> {
    checked(&load(table)?, table)
}

/// The same of a table that was read from `table`.
///
/// # Errors
/// Where a file cannot be read, or the one of accepted findings is no such file.
pub fn checked(loaded: &Loaded, table: &Path) -> Result<Checked, Error> {
    // Side by side: none needs the others, and `check` is to take no time.
    let (proofs, generated, migrations) = std::thread::scope(|scope| {
        let proofs = scope.spawn(|| verify::verify(&loaded.machine));
        let generated = sync(loaded, TARGETS, WriteMode::Check);
        let migrations = migrate::check(loaded);
        (proofs.join().expect("a proof does not panic"), generated, migrations)
    });
    let (mut generated, migrations) = (generated?, migrations?);
    let command = generate_command([table.display().to_string()]);
    let mut findings = artifact::findings(&generated.outcomes, &command);
    for finding in &mut findings {
        finding.path = loaded.root.join(&finding.path).display().to_string();
    }
    for found in [verify::findings(&loaded.source, &proofs), migrations.findings] {
        let (warnings, errors) = found.into_iter().partition(|finding| !finding.is_error());
        let (warnings, errors): (Vec<Finding>, Vec<Finding>) = (warnings, errors);
        generated.warnings.extend(warnings);
        findings.extend(errors);
    }
    let mut accepted = Accepted::of(table)?;
    let kept = generated.workflows.iter_mut().flat_map(|kept| &mut kept.findings);
    let of_table = generated.warnings.iter_mut().chain(&mut findings);
    accepted.accept(loaded, of_table.chain(kept))?;
    let source = loaded.source.clone();
    let migrated = migrations.begun;
    Ok(Checked { generated, findings, proofs, migrated, accepted, source })
}
