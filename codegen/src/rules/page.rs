//! Rules as people read them: one in a terminal, their list, and the page of all, `docs/rules.md`.

use super::{Example, FAMILIES, Rule, all};

/// The page that has a section for every rule.
const PAGE: &str = "docs/rules.md";

impl Rule {
    /// The address of its section, from the root of phasegate's repository.
    pub fn docs(&self) -> String {
        format!("{PAGE}#{}", self.id)
    }

    /// All that there is to say of it, for a terminal.
    pub fn text(&self) -> String {
        let mut out = format!("{}: {}\n\n{}\n\n", self.id, self.looks_for, sentence(self.why));
        match self.example {
            Example::Words(words) => out += &format!("Example: {}\n\n", sentence(words)),
            Example::Table { wrong, right } => {
                out +=
                    &format!("Example:\n\n{}\nMended:\n\n{}\n", indented(wrong), indented(right));
            }
        }
        out + &format!("help: {}\n", self.mend)
    }
}

/// Every rule in a line each.
pub fn list() -> String {
    let width = all().map(|rule| rule.id.len()).max().unwrap_or(0);
    all().map(|rule| format!("{:<width$}  {}\n", rule.id, rule.looks_for)).collect()
}

/// The page of all rules.
pub fn markdown() -> String {
    let mut out = "\
# Rules

<!-- Made by `cargo run -- explain --markdown > docs/rules.md`; a test holds it to the rules. -->

`phasegate explain RULE` prints one section of this page, and `phasegate explain` the list. Each
finding names its rule, and in JSON the address of its section here (`docs`).
"
    .to_owned();
    for (title, rules) in FAMILIES {
        out += &format!("\n## {title}\n");
        for rule in *rules {
            out += &format!(
                "\n### {}\n\n**Looks for:** {}\n\n**Why:** {}\n\n",
                rule.id,
                sentence(rule.looks_for),
                sentence(rule.why)
            );
            match rule.example {
                Example::Words(words) => out += &format!("**Example:** {}\n\n", sentence(words)),
                Example::Table { wrong, right } => {
                    out += &format!(
                        "**Example:**\n\n```toml\n{wrong}```\n\nMended:\n\n```toml\n{right}```\n\n"
                    );
                }
            }
            out += &format!("**Mend it:** {}\n", sentence(rule.mend));
        }
    }
    out
}

/// A fragment with a capital at its start and a full stop at its end.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    let end = if text.ends_with(['.', '?', ':']) { "" } else { "." };
    first.into_iter().chain(chars).collect::<String>() + end
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect()
}
