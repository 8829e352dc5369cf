//! Whether a value of a workflow is of the kind that it is to be, and how that kind is called.

use super::document::{Node, Value};
use super::shapes::Shape;
use super::values::{is_action, is_cron, is_workflow};

/// Whether only an expression stands there, which may come to whatever is wanted.
fn is_expression(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("${{") && text.ends_with("}}")
}

/// Whether a value is of a kind, whatever is in it.
pub(super) fn is_form(node: &Node, shape: &Shape) -> bool {
    match shape {
        Shape::List(_) => matches!(node.value, Value::List { .. }),
        Shape::Keys(_) | Shape::Own(_) | Shape::Mixed(..) => {
            matches!(node.value, Value::Map { .. })
        }
        Shape::Word(_) => node.text().is_some() && !node.is_null(),
        Shape::Text
        | Shape::Filled
        | Shape::Plain
        | Shape::Action
        | Shape::Workflow
        | Shape::Cron
        | Shape::Flag
        | Shape::Number
        | Shape::Nothing
        | Shape::Either(_)
        | Shape::Any => false,
    }
}

/// Whether a value is what it is to be; of a list and of keys, whether it is one.
pub(super) fn fits(node: &Node, shape: &Shape) -> bool {
    let Some(text) = node.text() else {
        return match shape {
            Shape::Either(all) => all.iter().any(|one| fits(node, one)),
            Shape::Any => true,
            Shape::List(_) | Shape::Keys(_) | Shape::Own(_) | Shape::Mixed(..) => {
                is_form(node, shape)
            }
            Shape::Text
            | Shape::Filled
            | Shape::Plain
            | Shape::Action
            | Shape::Workflow
            | Shape::Cron
            | Shape::Word(_)
            | Shape::Flag
            | Shape::Number
            | Shape::Nothing => false,
        };
    };
    let is_plain = matches!(node.value, Value::Scalar { is_plain: true, .. });
    match shape {
        Shape::Text | Shape::Any => true,
        Shape::Filled => !text.is_empty() && !node.is_null(),
        Shape::Plain => !text.is_empty() && !node.is_null() && !text.contains("${{"),
        Shape::Action => is_action(text.trim()),
        Shape::Workflow => is_workflow(text.trim()),
        Shape::Cron => is_cron(text),
        Shape::Word(all) => all.contains(&text),
        Shape::Flag => {
            is_expression(text)
                || is_plain && matches!(text.to_lowercase().as_str(), "true" | "false")
        }
        Shape::Number => is_expression(text) || is_plain && is_number(text),
        Shape::Nothing => node.is_null(),
        Shape::List(_) | Shape::Keys(_) | Shape::Own(_) | Shape::Mixed(..) => is_expression(text),
        Shape::Either(all) => all.iter().any(|one| fits(node, one)),
    }
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && text.replace('_', "x").parse::<f64>().is_ok()
}

/// What is wanted, as people say it.
pub(super) fn wanted(shape: &Shape) -> String {
    match shape {
        Shape::Text | Shape::Filled => "a text".to_owned(),
        Shape::Plain => "a text without an expression".to_owned(),
        Shape::Action => {
            "a path (`./...`), an image (`docker://...`), or `OWNER/REPOSITORY@REF`".to_owned()
        }
        Shape::Workflow => "`./.github/workflows/FILE.yml`, or that of another repository with \
                            `OWNER/REPOSITORY/` before it and `@REF` behind it"
            .to_owned(),
        Shape::Cron => {
            "a minute (0-59), an hour (0-23), a day (1-31), a month (1-12) and a day of the week \
                        (0-6), such as `0 5 * * 1`"
                .to_owned()
        }
        Shape::Word(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            words.join(" or ")
        }
        Shape::Flag => "`true` or `false`".to_owned(),
        Shape::Number => "a number".to_owned(),
        Shape::Nothing => "nothing".to_owned(),
        Shape::List(_) => "a list".to_owned(),
        Shape::Keys(_) | Shape::Own(_) | Shape::Mixed(..) => "keys with values".to_owned(),
        Shape::Either(all) => all.iter().map(wanted).collect::<Vec<_>>().join(", or "),
        Shape::Any => "a value".to_owned(),
    }
}
