//! `phasegate explain`: what a rule looks for, why, an example, and how it is mended.

use clap::Args;
use serde_json::{Value, json};

use super::{CommandResult, Exit, Failure, FormatArg, print};
use crate::command::Format;
use phasegate_codegen::finding;
use phasegate_codegen::rules::{self, Example, Rule};

#[derive(Args)]
pub(crate) struct Explain {
    /// The rule, as findings name it; without one all are listed
    #[arg(value_name = "RULE")]
    rule: Option<String>,
    /// Print the page of all rules, docs/rules.md
    #[arg(long, conflicts_with_all = ["rule", "format"])]
    markdown: bool,
    #[command(flatten)]
    pub(crate) format: FormatArg,
}

impl Explain {
    pub(crate) fn run(&self) -> CommandResult {
        if self.markdown {
            print(&rules::markdown())?;
            return Ok(Exit::Well);
        }
        let one = match self.rule.as_deref() {
            None => None,
            Some(id) => Some(rules::find(id).map_err(Failure::Message)?),
        };
        let text = match (self.format.format, one) {
            (Format::Json, Some(rule)) => format!("{:#}\n", json!({ "rules": [as_json(rule)] })),
            (Format::Json, None) => {
                let all: Vec<Value> = rules::all().map(as_json).collect();
                format!("{:#}\n", json!({ "rules": all }))
            }
            (Format::Github, Some(rule)) => finding::notice(rule.id, &rule.text()),
            (Format::Github, None) => finding::notice("rules", &rules::list()),
            (Format::Text, Some(rule)) => rule.text(),
            (Format::Text, None) => rules::list(),
        };
        print(&text)?;
        Ok(Exit::Well)
    }
}

fn as_json(rule: &Rule) -> Value {
    let tables = rule.example.tables();
    let (wrong, right) = tables.unzip();
    let words = match rule.example {
        Example::Words(words) => Some(words),
        Example::Table { .. } | Example::Lines { .. } | Example::Jobs { .. } => None,
    };
    let example = json!({ "words": words, "wrong": wrong, "right": right });
    json!({
        "rule": rule.id,
        "looks_for": rule.looks_for,
        "why": rule.why,
        "example": example,
        "mend": rule.mend,
        "docs": rule.docs(),
    })
}
