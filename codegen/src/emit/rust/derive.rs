//! `derive` of `[target.rust]`: traits of which libraries the generated file implements, and where each is
//! behind a feature of the user's.

use schemars::JsonSchema;
use serde::Deserialize;

use super::databases::{Database, databases};
use crate::machine::Machine;

/// Trait support of the generated Rust.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "lowercase")]
pub enum Derive {
    /// `serde::Serialize` and `Deserialize`.
    Serde,
    /// `sqlx::Type`, `Encode` and `Decode`, and arrays on PostgreSQL.
    Sqlx,
    /// `schemars::JsonSchema`.
    Schemars,
    /// `utoipa::ToSchema`.
    Utoipa,
    /// `proptest::Arbitrary`, and strategies for legal and illegal sequences.
    Proptest,
    /// `quickcheck::Arbitrary`, for legal and illegal sequences too.
    Quickcheck,
    /// The first, with the crate's feature `serde` only.
    #[serde(rename = "serde?")]
    SerdeIf,
    /// The second, with the crate's feature `sqlx` only.
    #[serde(rename = "sqlx?")]
    SqlxIf,
    /// The third, with the crate's feature `schemars` only.
    #[serde(rename = "schemars?")]
    SchemarsIf,
    /// The fourth, with the crate's feature `utoipa` only.
    #[serde(rename = "utoipa?")]
    UtoipaIf,
    /// The fifth, with the crate's feature `proptest` only.
    #[serde(rename = "proptest?")]
    ProptestIf,
    /// The sixth, with the crate's feature `quickcheck` only.
    #[serde(rename = "quickcheck?")]
    QuickcheckIf,
}

impl Derive {
    /// The name of the crate, and of the feature that it may depend on.
    pub(super) const fn crate_name(self) -> &'static str {
        match self {
            Self::Serde | Self::SerdeIf => "serde",
            Self::Sqlx | Self::SqlxIf => "sqlx",
            Self::Schemars | Self::SchemarsIf => "schemars",
            Self::Utoipa | Self::UtoipaIf => "utoipa",
            Self::Proptest | Self::ProptestIf => "proptest",
            Self::Quickcheck | Self::QuickcheckIf => "quickcheck",
        }
    }

    /// The condition that it is under, where there is one.
    fn feature(self) -> Option<String> {
        match self {
            Self::Serde
            | Self::Sqlx
            | Self::Schemars
            | Self::Utoipa
            | Self::Proptest
            | Self::Quickcheck => None,
            Self::SerdeIf
            | Self::SqlxIf
            | Self::SchemarsIf
            | Self::UtoipaIf
            | Self::ProptestIf
            | Self::QuickcheckIf => Some(format!("feature = \"{}\"", self.crate_name())),
        }
    }

    /// What stands before each of its impls.
    fn gate(self) -> String {
        self.feature().map_or_else(String::new, |feature| format!("#[cfg({feature})]\n"))
    }
}

/// What is asked for, ready to print: of each crate what stands before its impls.
pub(super) struct Support {
    pub(super) serde: Option<String>,
    pub(super) schemars: Option<String>,
    pub(super) utoipa: Option<String>,
    pub(super) proptest: Option<String>,
    pub(super) quickcheck: Option<String>,
    /// What both of them take.
    pub(super) sequences: Option<String>,
    pub(super) sqlx: Option<String>,
    /// How sqlx meets the status column, in each database of the table.
    pub(super) databases: Vec<Database>,
}

impl Support {
    pub(super) fn of(machine: &Machine, derive: &[Derive]) -> Self {
        let gate = |crate_name: &str| {
            derive.iter().find(|it| it.crate_name() == crate_name).map(|it| it.gate())
        };
        Self {
            serde: gate("serde"),
            schemars: gate("schemars"),
            utoipa: gate("utoipa"),
            proptest: gate("proptest"),
            quickcheck: gate("quickcheck"),
            sequences: sequences(derive),
            sqlx: gate("sqlx"),
            databases: databases(machine),
        }
    }
}

/// What stands before what the two libraries of random tests share: a gate where both have one.
fn sequences(derive: &[Derive]) -> Option<String> {
    let of = |it: &&Derive| ["proptest", "quickcheck"].contains(&it.crate_name());
    let asked: Vec<&Derive> = derive.iter().filter(of).collect();
    if asked.is_empty() {
        return None;
    }
    let gates: Option<Vec<String>> = asked.iter().map(|it| it.feature()).collect();
    Some(match gates.as_deref() {
        None => String::new(),
        Some([one]) => format!("#[cfg({one})]\n"),
        Some(both) => format!("#[cfg(any({}))]\n", both.join(", ")),
    })
}
