//! The Rust validator: one file without dependencies.

mod databases;
mod derive;

use std::collections::HashMap;

use askama::Template;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

pub use derive::Derive;
use derive::Support;

use super::sql::{Dialect, Storage};
use super::target::{or, plain, twice};
use super::{Form, Output, Target, Words, normal};
use crate::artifact::{Artifact, Header};
use crate::finding::Findings;
use crate::machine::{Machine, Meta, PhaseId, StateId};
use crate::rules;
use crate::suggest::shown;
use crate::table::text::{LOST, Placed, Text};

/// `[target.rust]`.
#[derive(Debug)]
pub struct Rust;

/// `[target.rust]`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RustRow {
    /// The file; by default `generated/MACHINE.rs`.
    #[schemars(with = "Option<String>")]
    pub path: Option<Text>,
    /// The status enum; by default the machine's name in camel case, and `Status`.
    #[serde(rename = "type")]
    #[schemars(with = "Option<String>")]
    pub type_name: Option<Text>,
    /// Trait support; none by default.
    #[schemars(with = "Option<Vec<Derive>>")]
    pub derive: Option<Vec<Spanned<Derive>>>,
}

/// `[target.rust]`.
#[derive(Clone, Debug)]
pub struct RustTarget {
    /// The file, from the root, with `/`.
    pub path: String,
    /// The name of the status enum.
    pub type_name: String,
    /// The trait support asked for.
    pub derive: Vec<Derive>,
}

impl Target for Rust {
    const KEY: &'static str = "rust";
    const ABOUT: &'static str = "The Rust validator.";
    type Row = RustRow;
    type Spec = RustTarget;

    fn resolve(row: &RustRow, machine: &str) -> RustTarget {
        let mut derive: Vec<_> = row.derive.iter().flatten().map(|word| *word.get_ref()).collect();
        derive.sort_unstable();
        derive.dedup();
        RustTarget {
            path: normal(&or(row.path.as_ref(), || format!("generated/{machine}.rs"))),
            type_name: or(row.type_name.as_ref(), || format!("{}Status", camel(machine))),
            derive,
        }
    }

    fn outputs<'t>(row: &'t RustRow, spec: &RustTarget, _: &str) -> Vec<Output<'t>> {
        vec![Output::of::<Self>(row.path.as_ref(), Form::File, vec![spec.path.clone()])]
    }

    fn check(
        row: &Placed<RustRow>,
        spec: &RustTarget,
        words: &Words<'_>,
        findings: &mut Findings<'_>,
    ) {
        twice(row.derive.iter().flatten(), |word| word.crate_name(), findings);
        plain(row.type_name.as_ref(), findings);
        let span = row.type_name.as_ref().map_or_else(|| words.machine.span(), Spanned::span);
        let help = "call the type something else: `type = \"...\"`";
        if is_keyword(&spec.type_name) {
            let message = format!("`{}` is a reserved word of Rust", spec.type_name);
            findings.error(rules::RESERVED_WORD, span.clone(), message, help);
        }
        if taken_types(words.machine.get_ref()).contains(&spec.type_name) {
            let message =
                format!("`{}` is the name of another type in the generated file", spec.type_name);
            findings.error(rules::COLLIDING_NAMES, span, message, help);
        }
        let derive = row.derive.iter().flatten().find(|word| word.get_ref().crate_name() == "sqlx");
        let own = words.targets.sql().filter(|sql| {
            let is_enum = sql.storage == Storage::Enum && sql.type_name.is_none();
            !sql.owns && is_enum && sql.dialects.contains(&Dialect::Postgres)
        });
        if let (Some(derive), Some(sql)) = (derive, own) {
            let message = format!(
                "sqlx asks for the enum type of `{}.{}` by its name, and the table does not say it",
                shown(&sql.table),
                shown(&sql.column)
            );
            let help = "say it in [target.sql]: `type = \"NAME\"` or `\"SCHEMA.NAME\"`";
            findings.error(rules::MISSING_TYPE, derive.span(), message, help);
        }
        variants(&words.states, "states", findings);
        variants(&words.phases, "phases", findings);
    }

    fn render(machine: &Machine, spec: &RustTarget, header: &Header) -> Vec<Artifact> {
        vec![Artifact::new(&spec.path, text_of(machine, spec, header))]
    }
}

fn variants(names: &[&Text], what: &str, findings: &mut Findings<'_>) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for name in names.iter().filter(|name| name.get_ref() != LOST) {
        let variant = camel(name.get_ref());
        if variant == "Self" {
            let message = format!(
                "`{}` gives the Rust variant `Self`, a reserved word",
                shown(name.get_ref())
            );
            let help = "rename it; a state keeps what is stored with `value`";
            findings.error(rules::RESERVED_WORD, name.span(), message, help);
        }
        match seen.get(&variant) {
            Some(&other) if other != name.get_ref() => {
                let message = format!(
                    "the {what} `{}` and `{}` both give the Rust variant `{}`",
                    shown(other),
                    shown(name.get_ref()),
                    shown(&variant)
                );
                let help = "rename one of them; a state keeps what is stored with `value`";
                findings.error(rules::COLLIDING_NAMES, name.span(), message, help);
            }
            Some(_) => {}
            None => {
                seen.insert(variant, name.get_ref());
            }
        }
    }
}

/// A name in camel case: `freeze_check` gives `FreezeCheck`.
fn camel(name: &str) -> String {
    name.split(['_', '-'])
        .flat_map(|word| {
            let mut chars = word.chars();
            chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars)
        })
        .collect()
}

/// Words that no Rust identifier can be.
fn is_keyword(word: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
        "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if",
        "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv",
        "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try",
        "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "_",
    ];
    KEYWORDS.contains(&word)
}

/// The types that the generated file has in addition to the status enum, and what it takes from the
/// prelude.
fn taken_types(machine: &str) -> Vec<String> {
    let mut taken: Vec<String> = [
        "Outcome",
        "PhaseView",
        "IllegalTransition",
        "UnknownStatus",
        "Rejected",
        "Stored",
        "Schema",
        "State",
        "Seen",
        "S",
        "P",
        "Option",
        "Result",
        "Some",
        "None",
        "Ok",
        "Err",
        "AsRef",
        "FromStr",
        "IntoIterator",
        "Iterator",
        "fmt",
        "core",
        "bool",
        "str",
        "u8",
        "u16",
        "u64",
        "i64",
        "usize",
    ]
    .map(str::to_owned)
    .to_vec();
    taken.push(format!("{}Phase", camel(machine)));
    taken
}

/// Ready to print: every field is a Rust token, or the text of a comment.
#[derive(Template)]
#[template(path = "rust/status.rs")]
struct View<'m> {
    header: String,
    about: String,
    type_name: &'m str,
    phase_type: String,
    status_doc: String,
    phase_doc: String,
    states: Vec<StateView>,
    phases: Vec<PhaseView>,
    one_word: bool,
    row: String,
    no_bits: String,
    by_value: Vec<String>,
    optional: Vec<String>,
    initial: Vec<String>,
    /// The same in the order of the table.
    starts: Vec<String>,
    machine: String,
    title: String,
    language: &'m str,
    table: &'m str,
    schema: SchemaView,
    /// Whether the status column holds numbers.
    has_numbers: bool,
    derive: Support,
}

struct SchemaView {
    schema: String,
    table: String,
    key: String,
    column: String,
    columns: String,
    events: String,
}

impl SchemaView {
    fn of(machine: &Machine) -> Self {
        let schema = machine.schema();
        let key: Vec<String> = schema.key.iter().map(|column| literal(column)).collect();
        let column = |(name, of): &(String, phasegate::ColumnType)| {
            format!("({}, {})", literal(name), literal(of.as_str()))
        };
        let columns: Vec<String> = schema.columns.iter().map(column).collect();
        Self {
            schema: literal(&schema.schema),
            table: literal(&schema.table),
            key: key.join(", "),
            column: literal(&schema.column),
            columns: columns.join(", "),
            events: match schema.events {
                Some(events) => format!("Some({})", literal(&events)),
                None => "None".to_owned(),
            },
        }
    }
}

struct StateView {
    variant: String,
    is_default: bool,
    doc: Vec<String>,
    comment: String,
    name: String,
    value: String,
    number: i64,
    title: String,
    phase: String,
    completes: bool,
    optional: bool,
    outcome: String,
    reopens: bool,
    retired: bool,
    terminal: bool,
    meta: String,
    next: String,
}

struct PhaseView {
    variant: String,
    doc: Vec<String>,
    name: String,
    title: String,
    meta: String,
    completing: bool,
}

/// A text as a Rust literal.
fn literal(text: &str) -> String {
    format!("{text:?}")
}

/// Lines for a documentation comment: no character that Markdown or the compiler would act on.
fn doc(title: &str, more: Option<&str>) -> Vec<String> {
    let escape = |line: &str| {
        let mut out = String::new();
        for c in line.trim().chars() {
            if matches!(c, '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '#' | '|') {
                out.push('\\');
            }
            // What Rust would not print in a literal it refuses in a comment, or hides.
            match c.escape_debug().next() {
                Some('\\') if c != '\\' && !matches!(c, '"' | '\'') => out.extend(c.escape_debug()),
                Some(_) | None => out.push(c),
            }
        }
        out
    };
    let mut lines = vec![escape(title)];
    if let Some(more) = more {
        lines.push(String::new());
        lines.extend(more.lines().map(escape));
    }
    lines
}

fn meta(meta: &Meta) -> String {
    let pairs: Vec<String> =
        meta.iter().map(|(key, value)| format!("({}, {})", literal(key), literal(value))).collect();
    pairs.join(", ")
}

fn state_view(machine: &Machine, id: StateId, variants: &[String]) -> StateView {
    let state = machine.state(id);
    StateView {
        variant: variants[id.index()].clone(),
        is_default: machine.initial[0] == id,
        doc: doc(&state.title, state.doc.as_deref()),
        comment: state.name.clone(),
        name: literal(&state.name),
        value: literal(&state.value),
        number: state.number.unwrap_or_default(),
        title: literal(&state.title),
        phase: match state.phase {
            Some(phase) => format!("Some(P::{})", camel(&machine.phase(phase).name)),
            None => "None".to_owned(),
        },
        completes: state.completes,
        optional: state.optional,
        outcome: match state.outcome {
            Some(outcome) => format!("Some(Outcome::{})", camel(outcome.as_str())),
            None => "None".to_owned(),
        },
        reopens: state.reopens,
        retired: state.retired,
        terminal: state.terminal,
        meta: meta(&state.meta),
        next: {
            let next: Vec<String> =
                machine.next(id).map(|to| format!("S::{}", variants[to.index()])).collect();
            next.join(", ")
        },
    }
}

fn text_of(machine: &Machine, target: &RustTarget, header: &Header) -> String {
    let variants: Vec<String> = machine.states.iter().map(|state| camel(&state.name)).collect();
    let named = |ids: &[StateId]| ids.iter().map(|id| variants[id.index()].clone()).collect();
    let mut by_value: Vec<StateId> = machine.state_ids().collect();
    by_value.sort_by(|&a, &b| machine.state(a).value.cmp(&machine.state(b).value));
    let phase_type = format!("{}Phase", camel(&machine.name));
    let words = machine.states.len().div_ceil(64);
    let view = View {
        header: header.line(),
        about: format!("The states of `{}`, and which may follow which.", machine.name),
        type_name: &target.type_name,
        status_doc: doc(&format!("{}: the status.", machine.title), None).concat(),
        phase_doc: doc(&format!("{}: the steps that people look at.", machine.title), None)
            .concat(),
        states: machine.state_ids().map(|id| state_view(machine, id, &variants)).collect(),
        phases: machine
            .phases
            .iter()
            .enumerate()
            .map(|(at, phase)| PhaseView {
                variant: camel(&phase.name),
                doc: doc(&phase.title, phase.doc.as_deref()),
                name: literal(&phase.name),
                title: literal(&phase.title),
                meta: meta(&phase.meta),
                completing: machine
                    .states
                    .iter()
                    .any(|state| state.completes && state.phase.map(PhaseId::index) == Some(at)),
            })
            .collect(),
        phase_type,
        one_word: words == 1,
        row: if words == 1 { "u64".to_owned() } else { format!("[u64; {words}]") },
        no_bits: if words == 1 { "0".to_owned() } else { format!("[0; {words}]") },
        by_value: named(&by_value),
        optional: named(machine.relation.optional()),
        initial: named(&machine.initial),
        starts: named(&machine.legal_after(None)),
        machine: literal(&machine.name),
        title: literal(&machine.title),
        language: &machine.fingerprints.language,
        table: &machine.fingerprints.table,
        schema: SchemaView::of(machine),
        has_numbers: machine.states.iter().all(|state| state.number.is_some()),
        derive: Support::of(machine, &target.derive),
    };
    format!("{}\n", view.render().expect("a view without filters prints").trim_end())
}
