//! The table as it is written: the shapes of the file, each text with its place.

mod kinds;
pub(crate) mod names;
mod places;
mod read;
pub(crate) mod refusals;
mod row;
mod source;
mod target;
pub(crate) mod text;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

pub use names::NameList;
pub use read::{MAX_BYTES, read};
pub use source::Source;
pub use target::TargetRows;
pub(crate) use text::LOST;
pub use text::{Placed, Text};

use crate::machine::Outcome;

/// A whole table.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields, title = "phasegate transition table, format 1")]
pub struct Table {
    /// The version of this format.
    #[schemars(extend("const" = 1), with = "i64")]
    pub format: i64,
    /// The folder that paths are relative to and stay inside, from the table's own; by default
    /// the table's own folder.
    #[schemars(with = "Option<String>")]
    pub root: Option<Text>,
    /// The machine.
    pub machine: Placed<MachineRow>,
    /// The steps of the stepper, in display order.
    #[schemars(default)]
    pub phase: Vec<Placed<PhaseRow>>,
    /// The values of the status column.
    #[schemars(length(min = 1))]
    pub state: Vec<Placed<StateRow>>,
    /// The legal steps.
    #[schemars(default)]
    pub transition: Vec<Placed<TransitionRow>>,
    /// The workflow's jobs.
    #[schemars(default)]
    pub job: Vec<Placed<JobRow>>,
    /// What is generated: only the targets that have a section.
    #[schemars(default)]
    pub target: TargetRows,
    /// The sections of which some row could not be read.
    #[schemars(skip)]
    pub lost: BTreeSet<&'static str>,
}

/// `[machine]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MachineRow {
    /// Its name in code.
    #[schemars(with = "String", regex(pattern = r"^[a-z][a-z0-9_]*$"))]
    pub name: Text,
    /// What people read; by default the name in words.
    #[schemars(with = "Option<String>")]
    pub title: Option<Text>,
    /// The states that a row may start in, the default first.
    pub initial: NameList,
    /// What there is to say.
    pub doc: Option<String>,
    /// Strings that are passed through to JS and JSON.
    #[serde(default)]
    pub meta: BTreeMap<String, String>,
}

/// `[[phase]]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhaseRow {
    /// Its name in code.
    #[schemars(with = "String", regex(pattern = r"^[a-z][a-z0-9_]*$"))]
    pub name: Text,
    /// What people read; by default the name in words.
    #[schemars(with = "Option<String>")]
    pub title: Option<Text>,
    /// What there is to say.
    pub doc: Option<String>,
    /// Strings that are passed through to JS and JSON.
    #[serde(default)]
    pub meta: BTreeMap<String, String>,
}

/// `[[state]]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateRow {
    /// Its name in code.
    #[schemars(with = "String", regex(pattern = r"^[a-z][a-z0-9_]*$"), length(max = 63))]
    pub name: Text,
    /// What is stored, sent and received instead of the name: 1 to 63 bytes, no control characters.
    #[schemars(with = "Option<String>", length(min = 1, max = 63))]
    pub value: Option<Text>,
    /// What the status column holds, with `storage = "integer"`: then every state has one, and no two the
    /// same.
    #[schemars(with = "Option<i64>")]
    pub number: Option<Spanned<i64>>,
    /// What people read; by default the `value` where it reads as words (`In Transit`), else the name in words.
    #[schemars(with = "Option<String>")]
    pub title: Option<Text>,
    /// The phase that it belongs to.
    #[schemars(with = "Option<String>")]
    pub phase: Option<Text>,
    /// Reaching this state is the report that its phase is done.
    #[schemars(with = "Option<bool>")]
    pub completes: Option<Spanned<bool>>,
    /// Its report may be lost or refused, and may be passed over.
    #[schemars(with = "Option<bool>")]
    pub optional: Option<Spanned<bool>>,
    /// Being here is an end, and of this kind.
    #[schemars(with = "Option<OutcomeWord>")]
    pub outcome: Option<Spanned<OutcomeWord>>,
    /// This end can be left again.
    #[schemars(with = "Option<bool>")]
    pub reopens: Option<Spanned<bool>>,
    /// How long a row is usually in it, as a whole number and `s`, `m`, `h` or `d`: for people, views and
    /// metrics; nothing moves by it.
    #[schemars(with = "Option<String>", regex(pattern = r"^[0-9]+[smhd]$"))]
    pub expect: Option<Text>,
    /// Rows may still hold it, and nothing enters it any more.
    #[schemars(with = "Option<bool>")]
    pub retired: Option<Spanned<bool>>,
    /// Its name before, for the next migration only.
    #[schemars(with = "Option<String>")]
    pub renamed_from: Option<Text>,
    /// What there is to say.
    pub doc: Option<String>,
    /// Strings that are passed through to JS and JSON.
    #[serde(default)]
    pub meta: BTreeMap<String, String>,
}

/// The words of `outcome`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeWord {
    /// What was set out to be done is done.
    Success,
    /// It was tried, and it failed.
    Failure,
    /// It was called off.
    Cancelled,
    /// An end that is neither good nor bad.
    Neutral,
}

impl From<OutcomeWord> for Outcome {
    fn from(word: OutcomeWord) -> Self {
        match word {
            OutcomeWord::Success => Self::Success,
            OutcomeWord::Failure => Self::Failure,
            OutcomeWord::Cancelled => Self::Cancelled,
            OutcomeWord::Neutral => Self::Neutral,
        }
    }
}

/// `[[transition]]`: either `path`, or `from` and `to`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransitionRow {
    /// Each adjacent pair is a transition.
    #[schemars(with = "Option<Vec<String>>", length(min = 2))]
    pub path: Option<Spanned<Vec<Text>>>,
    /// A state, a list of states, or `"*"`: every state that has no outcome.
    pub from: Option<NameList>,
    /// With `"*"`: not from these.
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub except: Option<Spanned<Vec<Text>>>,
    /// A state, a list of states, or `"*"`: every state that has no outcome and is not retired,
    /// the row's own aside.
    pub to: Option<NameList>,
    /// What there is to say.
    pub doc: Option<String>,
}

/// `[[job]]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobRow {
    /// Its id in the workflow.
    #[schemars(with = "String", regex(pattern = r"^[A-Za-z_][A-Za-z0-9_-]*$"))]
    pub name: Text,
    /// What people read; by default the name in words.
    #[schemars(with = "Option<String>")]
    pub title: Option<Text>,
    /// Jobs that must have succeeded first, with all that they need.
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub needs: Option<Spanned<Vec<Text>>>,
    /// A concluding job: runs whatever became of the jobs it needs, and reports only its outcome.
    #[schemars(with = "Option<bool>")]
    pub always: Option<Spanned<bool>>,
    /// Its own condition may skip it, and that is no failure.
    #[schemars(with = "Option<bool>")]
    pub skippable: Option<Spanned<bool>>,
    /// The state that is reported first.
    #[schemars(with = "Option<String>")]
    pub start: Option<Text>,
    /// Reported in this order between start and end.
    #[schemars(with = "Option<Vec<MilestoneRow>>", length(min = 1))]
    pub milestones: Option<Spanned<Vec<MilestoneRow>>>,
    /// Reported last, where the job succeeded.
    #[schemars(with = "Option<String>")]
    pub success: Option<Text>,
    /// Reported last, where it failed.
    #[schemars(with = "Option<String>")]
    pub failure: Option<Text>,
    /// Reported last, where it was cancelled; by default the failure state.
    #[schemars(with = "Option<String>")]
    pub cancelled: Option<Text>,
    /// What there is to say.
    pub doc: Option<String>,
}

/// A report between a job's start and its end.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MilestoneRow {
    /// The step's name in the workflow.
    #[schemars(with = "String", length(min = 1))]
    pub name: Text,
    /// The state that it reports.
    #[schemars(with = "String")]
    pub state: Text,
}

/// The JSON Schema of the format, for editors.
pub fn json_schema() -> String {
    let mut schema = schemars::schema_for!(Table).to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("$comment".to_owned(), "Generated by phasegate: `phasegate schema`.".into());
    }
    format!("{schema:#}\n")
}
