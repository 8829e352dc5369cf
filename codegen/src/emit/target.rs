//! What a target is: all that differs from one layer to another, and the same without its types,
//! as the list of targets holds it.

use std::any::Any;
use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::Hash;
use std::ops::Range;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use crate::artifact::{Artifact, Header};
use crate::finding::Findings;
use crate::machine::{Machine, Targets};
use crate::rules;
use crate::suggest::shown;
use crate::table::refusals::{Refusals, Value};
use crate::table::text::{LOST, Placed, Text};

/// A layer that is generated where the table has a section for it.
pub trait Target: Sync + 'static {
    /// The section: `[target.KEY]`.
    const KEY: &'static str;
    /// What is generated, in a sentence, for editors and `--help`.
    const ABOUT: &'static str;
    /// The section as it is written. Its documentation is what editors show.
    type Row: DeserializeOwned + JsonSchema + Send + Sync;
    /// The section with its defaults.
    type Spec: Send + Sync;

    /// Fills the defaults in; `machine` is the machine's name.
    fn resolve(row: &Self::Row, machine: &str) -> Self::Spec;

    /// All that will be written, and what else the section gives as a path.
    fn outputs<'t>(row: &'t Self::Row, spec: &Self::Spec, machine: &str) -> Vec<Output<'t>>;

    /// Whether something in it holds a state as its number.
    fn has_numbers(_: &Self::Spec) -> bool {
        false
    }

    /// Reports what is wrong with the section, or with what it makes of the table's names.
    fn check(_: &Placed<Self::Row>, _: &Self::Spec, _: &Words<'_>, _: &mut Findings<'_>) {}

    /// The artifacts. A pure function of the machine.
    fn render(machine: &Machine, spec: &Self::Spec, header: &Header) -> Vec<Artifact>;
}

/// The names of a table, with their places.
pub struct Words<'t> {
    /// The machine's.
    pub(crate) machine: &'t Text,
    /// The states'.
    pub(crate) states: Vec<&'t Text>,
    /// The phases'.
    pub(crate) phases: Vec<&'t Text>,
    /// The jobs'.
    pub(crate) jobs: Vec<&'t Text>,
    /// All that is generated.
    pub(crate) targets: &'t Targets,
}

/// Files or folders that a target writes.
pub struct Output<'t> {
    /// What messages call it.
    pub(crate) what: String,
    /// What the table says of it, where it does.
    pub(crate) given: Option<&'t Text>,
    /// What that has to be.
    pub(crate) form: Form,
    /// What comes of it.
    pub(crate) paths: Vec<String>,
}

/// What a path that is given leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// A folder.
    Folder,
    /// Any file.
    File,
    /// A file of this kind, which ends with one of these.
    Ending(&'static str, &'static [&'static str]),
}

/// A section, or its spec, whatever target's it is.
pub(crate) type Erased = Arc<dyn Any + Send + Sync>;

/// A target without its types.
pub trait Kind: Sync {
    /// [`Target::KEY`]
    fn key(&self) -> &'static str;
    /// [`Target::ABOUT`]
    fn about(&self) -> &'static str;
    /// The section in the JSON Schema of the format.
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema;
    /// Reads the section.
    fn read(&self, section: Value<'_>, refusals: &mut Refusals<'_>) -> Option<Erased>;
    /// [`Target::resolve`]
    fn resolve(&self, row: &Erased, machine: &str) -> Erased;
    /// [`Target::outputs`], and the place of the section.
    fn outputs<'t>(
        &self,
        row: &'t Erased,
        spec: &Erased,
        machine: &str,
    ) -> (Range<usize>, Vec<Output<'t>>);
    /// [`Target::has_numbers`]
    fn has_numbers(&self, spec: &Erased) -> bool;
    /// [`Target::check`]
    fn check(&self, row: &Erased, spec: &Erased, words: &Words<'_>, findings: &mut Findings<'_>);
    /// [`Target::render`]; nothing where the table has no such section.
    fn render(&self, machine: &Machine, header: &Header) -> Vec<Artifact>;
}

/// A section and a spec are handed to the target that made them.
fn typed<T: Any>(erased: &Erased) -> &T {
    erased.downcast_ref().expect("they are kept by the target's own key")
}

impl<T: Target> Kind for T {
    fn key(&self) -> &'static str {
        T::KEY
    }
    fn about(&self) -> &'static str {
        T::ABOUT
    }
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        let mut schema = generator.subschema_for::<Option<Placed<T::Row>>>();
        schema.insert("description".to_owned(), T::ABOUT.into());
        schema
    }
    fn read(&self, section: Value<'_>, refusals: &mut Refusals<'_>) -> Option<Erased> {
        let row: Placed<T::Row> = refusals.row(&format!("[target.{}]", T::KEY), section)?;
        Some(Arc::new(row))
    }
    fn resolve(&self, row: &Erased, machine: &str) -> Erased {
        Arc::new(T::resolve(&typed::<Placed<T::Row>>(row).row, machine))
    }
    fn outputs<'t>(
        &self,
        row: &'t Erased,
        spec: &Erased,
        machine: &str,
    ) -> (Range<usize>, Vec<Output<'t>>) {
        let row = typed::<Placed<T::Row>>(row);
        (row.span.clone(), T::outputs(&row.row, typed(spec), machine))
    }
    fn has_numbers(&self, spec: &Erased) -> bool {
        T::has_numbers(typed(spec))
    }
    fn check(&self, row: &Erased, spec: &Erased, words: &Words<'_>, findings: &mut Findings<'_>) {
        T::check(typed(row), typed(spec), words, findings);
    }
    fn render(&self, machine: &Machine, header: &Header) -> Vec<Artifact> {
        let spec = machine.targets.of::<T>();
        spec.map(|spec| T::render(machine, spec, header)).unwrap_or_default()
    }
}

impl Targets {
    /// What a target made of its section, where the table has it.
    pub fn of<T: Target>(&self) -> Option<&T::Spec> {
        self.get(T::KEY).map(typed)
    }

    /// The same as if the table's section said so.
    pub fn set<T: Target>(&mut self, spec: T::Spec) {
        self.put(T::KEY, Arc::new(spec));
    }
}

/// A target that is one file.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PathRow {
    /// The file; by default `generated/MACHINE.EXT`.
    #[schemars(with = "Option<String>")]
    pub path: Option<Text>,
}

/// A target that is one file, and what stands next to it.
#[derive(Clone, Debug)]
pub struct PathTarget {
    /// The file, from the root, with `/`.
    pub path: String,
}

impl PathTarget {
    pub(super) fn of(row: &PathRow, machine: &str, extension: &str) -> Self {
        let default = || format!("generated/{machine}.{extension}");
        Self { path: normal(&or(row.path.as_ref(), default)) }
    }
}

impl<'t> Output<'t> {
    /// What a target writes where its `path` says.
    pub(super) fn of<T: Target>(given: Option<&'t Text>, form: Form, paths: Vec<String>) -> Self {
        Self { what: format!("[target.{}]", T::KEY), given, form, paths }
    }
}

/// A path in its one form: without `.`, empty parts and a closing `/`.
pub(crate) fn normal(path: &str) -> String {
    path.split('/').filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/")
}

/// A text, or its default.
pub(super) fn or(given: Option<&Text>, default: impl FnOnce() -> String) -> String {
    given.map_or_else(default, |given| given.get_ref().clone())
}

/// Reports a name that is none: `^[A-Za-z_][A-Za-z0-9_]*$`.
pub(super) fn plain(given: Option<&Text>, findings: &mut Findings<'_>) {
    let Some(given) = given.filter(|given| given.get_ref() != LOST) else { return };
    let name = given.get_ref();
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_plain {
        let message = format!("`{}` is not a plain identifier", shown(name));
        let help = "a letter or `_`, then letters, digits and `_`";
        findings.error(rules::BAD_IDENTIFIER, given.span(), message, help);
    }
}

/// Reports what a list holds twice.
pub(super) fn twice<T, K: Eq + Hash>(
    list: impl IntoIterator<Item = impl Borrow<Spanned<T>>>,
    key: impl Fn(&T) -> K,
    findings: &mut Findings<'_>,
) {
    let mut seen = HashSet::new();
    for item in list {
        let item = item.borrow();
        if !seen.insert(key(item.get_ref())) {
            let message = "the list holds this twice";
            findings.error(rules::DUPLICATE_ENTRY, item.span(), message, "list it once");
        }
    }
}

/// Reports a list that is empty, unless what was in it could not be read.
pub(super) fn empty<T, R>(
    row: &Placed<R>,
    key: &str,
    list: Option<&Spanned<Vec<T>>>,
    instead: &str,
    findings: &mut Findings<'_>,
) {
    let Some(list) = list.filter(|list| list.get_ref().is_empty() && !row.has_lost(key)) else {
        return;
    };
    let message = format!("`{key}` is an empty list");
    let help = format!("leave `{key}` out{instead}");
    findings.error(rules::EMPTY_LIST, list.span(), message, help);
}
