//! Rules as people read them: one in a terminal, their list, and the page of all, `docs/rules.md`.

use super::{BASE, Example, FAMILIES, Family, LOST, Rule, all};

/// The page that has a section for every rule.
const PAGE: &str = "docs/rules.md";

impl Rule {
    /// The address of its section, from the root of phasegate's repository.
    pub fn docs(&self) -> String {
        format!("{PAGE}#{}", self.id)
    }

    /// All that there is to say of it, for a terminal.
    pub fn text(&self) -> String {
        let why = sentence(self.why);
        let mut out = format!("{}: {}\n\n{why}\n\n", self.id, self.looks_for);
        let mut lines = |title: &str, text: &str| {
            out += &format!("{title}:\n\n");
            text.trim_start().lines().for_each(|line| out += &format!("    {line}\n"));
            out += "\n";
        };
        match self.example {
            Example::Words(words) => out += &format!("Example: {}\n\n", sentence(words)),
            Example::Table { wrong, right } => {
                lines("Example", wrong);
                lines("Mended", right);
            }
            Example::Lines { wrong, right } => {
                lines("Example, of the table", BASE);
                lines("with these lines below it", wrong);
                lines("Mended", right);
            }
            Example::Jobs { wrong, right } => {
                lines("Example, of the table", &format!("{BASE}{LOST}"));
                lines("with these lines below it", wrong);
                lines("Mended", right);
            }
        }
        out + &format!("help: {}\n", self.mend)
    }

    /// Its section of the page.
    fn section(&self) -> String {
        let (looks_for, why) = (sentence(self.looks_for), sentence(self.why));
        let mut out =
            format!("\n### {}\n\n**Looks for:** {looks_for}\n\n**Why:** {why}\n\n", self.id);
        let (what, wrong, right) = match self.example {
            Example::Words(words) => {
                let words = sentence(words);
                return out
                    + &format!("**Example:** {words}\n\n**Mend it:** {}\n", sentence(self.mend));
            }
            Example::Table { wrong, right } => ("", wrong, right),
            Example::Lines { wrong, right } => (" (below the [table](#examples))", wrong, right),
            Example::Jobs { wrong, right } => {
                (" (below the [table that can fail](#examples))", wrong, right)
            }
        };
        let (wrong, right) = (wrong.trim_start(), right.trim_start());
        out += &format!("**Example**{what}:\n\n```toml\n{wrong}```\n\n");
        out += &format!("**Mend it:** {}\n\n```toml\n{right}```\n", sentence(self.mend));
        out
    }
}

/// Every rule in a line each.
pub fn list() -> String {
    let width = all().map(|rule| rule.id.len()).max().unwrap_or(0);
    all().map(|rule| format!("{:<width$}  {}\n", rule.id, rule.looks_for)).collect()
}

/// The page of all rules.
pub fn markdown() -> String {
    let mut out = format!(
        "\
# Rules

<!-- Made by `cargo run -- explain --markdown > docs/rules.md`; a test holds it to the rules. -->

`phasegate explain RULE` prints one section of this page, and `phasegate explain` the list. Each
finding names its rule, and in JSON the address of its section here (`docs`).

## Examples

Most examples are a few lines. They stand below this table:

```toml
{BASE}```

Examples of jobs have these lines between, so that a parcel can be lost:

```toml
{LOST}```
"
    );
    for family in FAMILIES {
        out += &format!("\n## {}\n\n{}\n", family.title, reported(family));
        family.rules.iter().for_each(|rule| out += &rule.section());
    }
    out
}

/// Who reports the rules of a family, and which others with them.
fn reported(family: &Family) -> String {
    if family.by.is_empty() {
        return "Reported by every command that reads a table. Such a table is not one: the command \
                ends 2, and nothing of it can be accepted."
            .to_owned();
    }
    let commands: Vec<String> = family.by.iter().map(|command| format!("`{command}`")).collect();
    let also: Vec<String> =
        family.also.iter().map(|rule| format!("[{0}](#{0})", rule.id)).collect();
    match also.is_empty() {
        true => format!("Reported by {}.", commands.join(", ")),
        false => format!("Reported by {}, as is {}.", commands.join(", "), also.join(", ")),
    }
}

/// A fragment with a capital at its start and a full stop at its end.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    let end = if text.ends_with(['.', '?', ':']) { "" } else { "." };
    first.into_iter().chain(chars).collect::<String>() + end
}
