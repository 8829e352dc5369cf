//! Which rows a list has.

use super::conn::Arg;
use super::names::SqlNames;
use super::shape::Shape;
use crate::text::quoted;
use crate::{ColumnType, Schema};
use std::collections::BTreeSet;

/// Which rows a list has: all of them, as long as nothing is asked for.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct Filter {
    states: Option<BTreeSet<String>>,
    text: Option<String>,
}

impl Filter {
    /// All rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only rows that are in one of these states, by their values.
    #[must_use]
    pub fn states<V: Into<String>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.states = Some(values.into_iter().map(Into::into).collect());
        self
    }

    /// Only rows that have this text in their key or in one of the schema's columns of text. Letters of
    /// either case are one; on SQLite those of ASCII are.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if text.contains('\0') {
            // No text of a database has it.
            return self.states::<String>([]);
        }
        self.text = Some(text);
        self
    }

    /// Whether nothing is asked for.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// The states as the statement takes them.
    pub(super) fn states_as_json(&self) -> Option<String> {
        let json = |states| serde_json::to_string(states).expect("texts are JSON");
        self.states.as_ref().map(json)
    }

    pub(super) fn text_arg(&self) -> Arg<'_> {
        Arg::Text(self.text.as_deref())
    }
}

/// The condition on a row `d`: $1 the states, an array in JSON, and $2 the text, where they are given.
pub(super) fn condition(names: &SqlNames, schema: &Schema, shape: &Shape) -> String {
    let state = names.state("d", shape);
    let is_text = |(name, of): &&(String, ColumnType)| {
        *of == ColumnType::Text && shape.columns.contains(name)
    };
    let columns = schema.columns.iter().filter(is_text);
    let mut texts = vec![names.shown("d")];
    texts.extend(columns.map(|(name, _)| format!("coalesce(d.{}, '')", quoted(name))));
    // What no text that is typed has in it stands between two.
    let (all, states, holds) = if names.postgres {
        let between = texts.join(" || chr(31) || ");
        let states = "jsonb_array_elements_text(CAST(CAST($1 AS text) AS jsonb))".to_owned();
        (between, format!("SELECT {states}"), "strpos")
    } else {
        (texts.join(" || char(31) || "), "SELECT value FROM json_each($1)".to_owned(), "instr")
    };
    format!(
        "(CAST($1 AS text) IS NULL OR {state} IN ({states})) \
         AND (CAST($2 AS text) IS NULL OR {holds}(lower({all}), lower(CAST($2 AS text))) > 0)"
    )
}
