//! `[target.*]`: a row of each target that has a section, by the list of all targets.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the parser's enum: what is no table of keys is wrong, whatever it is"
)]

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::de::DeValue;

use super::refusals::{Refusals, Value};
use super::text::Placed;
use crate::emit::{Erased, TARGETS, Target};

/// `[target.*]`.
#[derive(Clone, Debug, Default)]
pub struct TargetRows(BTreeMap<&'static str, Erased>);

impl TargetRows {
    /// The section of a target, where the table has it.
    pub fn of<T: Target>(&self) -> Option<&Placed<T::Row>> {
        self.get(T::KEY)?.downcast_ref()
    }

    /// The same without its type.
    pub(crate) fn get(&self, key: &str) -> Option<&Erased> {
        self.0.get(key)
    }

    pub(super) fn read(value: Option<Value<'_>>, refusals: &mut Refusals<'_>) -> Self {
        let Some(value) = value else { return Self::default() };
        let span = value.span();
        let mut sections = match value.into_inner() {
            DeValue::Table(sections) => sections,
            other => {
                let wanted = "sections, such as [target.rust]";
                refusals.wrong_type(span, other.type_str(), "target", wanted);
                return Self::default();
            }
        };
        let rows = TARGETS.iter().filter_map(|target| {
            let section = sections.remove(target.key())?;
            Some((target.key(), target.read(section, refusals)?))
        });
        let rows = Self(rows.collect());
        let unknown = sections.iter().map(|(key, _)| (key.span(), key.get_ref().as_ref()));
        let known: Vec<&str> = TARGETS.iter().map(|target| target.key()).collect();
        refusals.unknown_keys(unknown, "[target]", &known);
        rows
    }
}

impl JsonSchema for TargetRows {
    fn schema_name() -> Cow<'static, str> {
        "TargetRows".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let sections: serde_json::Map<_, _> = TARGETS
            .iter()
            .map(|target| (target.key().to_owned(), target.schema(generator).to_value()))
            .collect();
        json_schema!({
            "description": "`[target.*]`.",
            "type": "object",
            "properties": sections,
            "additionalProperties": false,
        })
    }
}
