//! Alembic: `versions/REVISION_words.py`, each after the one that it names.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::tool::{Layout, NO_WAY_BACK, Step, WHY};
use crate::emit::sql::Dialect;
use crate::migrate::Runner;
use crate::migrate::folder::{Entry, Folder, Link, owner};
use crate::migrate::snapshot::sha256;
use crate::migrate::version::Version;

pub(super) struct Alembic;

/// How much of a hash is a revision's name, as Alembic itself makes them.
const NAME: usize = 12;

impl Layout for Alembic {
    fn tool(&self) -> &'static str {
        "Alembic"
    }

    fn runner(&self, _: &Path) -> Option<Runner> {
        Some(Runner { tool: self.tool(), command: "alembic upgrade head" })
    }

    fn homes(&self) -> &'static [&'static str] {
        &["alembic/versions", "migrations/versions"]
    }

    fn zero(&self) -> &'static str {
        "0000"
    }

    /// A name has none: it is its place in the chain.
    fn version(&self, _: &str) -> Option<Version> {
        None
    }

    fn shows(&self, folder: &Path, name: &str) -> bool {
        link(folder, name).is_some()
    }

    fn entries(&self, folder: &Path, names: &[String]) -> Vec<Entry> {
        let links: BTreeMap<&String, Link> =
            names.iter().filter_map(|name| Some((name, link(folder, name)?))).collect();
        let after: BTreeMap<&str, &[String]> =
            links.values().map(|link| (link.id.as_str(), link.follows.as_slice())).collect();
        let mut places = BTreeMap::new();
        let mut entries: Vec<Entry> = links
            .iter()
            .filter_map(|(name, link)| {
                let place = place(&link.id, &after, &mut places);
                Some(Entry {
                    version: self.parse(&format!("{place:04}"))?,
                    name: (*name).clone(),
                    machine: owner(&folder.join(name)),
                    chain: Some(link.clone()),
                })
            })
            .collect();
        entries.sort_by(|a, b| a.version.cmp(&b.version).then_with(|| a.name.cmp(&b.name)));
        entries
    }

    fn write(&self, folder: &Folder, steps: &[Step<'_>]) -> Vec<(String, String)> {
        let mut head = folder.heads().first().map(|head| (*head).to_owned());
        let mut files = Vec::new();
        for (nth, step) in (1..).zip(steps) {
            let below = head.as_deref().map_or("None".to_owned(), |head| format!("\"{head}\""));
            let mut id = sha256(format!("{below}\n{}", step.text).as_bytes());
            id.truncate(NAME);
            files.push((
                format!("{id}_{}.py", step.name),
                module(&id, &below, step, nth < steps.len()),
            ));
            head = Some(id);
        }
        files
    }

    fn warning(&self, _: &Path, tables: &str) -> Option<(String, String)> {
        Some((
            format!(
                "Alembic takes a table that the models lack for one to drop: the next `alembic revision \
                 --autogenerate` would write an `op.drop_table` of {tables}"
            ),
            "leave them out by `include_object` in env.py, where it calls `context.configure`"
                .to_owned(),
        ))
    }
}

/// What a module says of its place; none where it is no migration.
fn link(folder: &Path, name: &str) -> Option<Link> {
    let is_module =
        name.ends_with(".py") && !name.starts_with(".#") && !name.starts_with("__init__");
    let path = folder.join(name);
    // A pipe or a device would never end.
    fs::metadata(&path).ok().filter(|about| is_module && about.is_file())?;
    let text = fs::read_to_string(path).ok()?;
    let id = assigned(&text, "revision")?.into_iter().next()?;
    Some(Link { id, follows: assigned(&text, "down_revision")? })
}

/// The texts that a module assigns to a name: one, a tuple, or none.
fn assigned(text: &str, name: &str) -> Option<Vec<String>> {
    let is_it = |line: &&str| {
        line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(['=', ':']))
    };
    let line = text.lines().find(is_it)?;
    let start = text.find(&format!("\n{line}")).map_or(0, |at| at + 1);
    let (_, value) = text[start..].split_once('=')?;
    let end = if value.trim_start().starts_with(['(', '[', '{']) {
        value.find([')', ']', '}'])
    } else {
        value.find('\n')
    };
    let mut rest = &value[..end.unwrap_or(value.len())];
    let mut found = Vec::new();
    while let Some(at) = rest.find(['"', '\'']) {
        let quote = char::from(rest.as_bytes()[at]);
        let (word, after) = rest[at + 1..].split_once(quote)?;
        found.push(word.to_owned());
        rest = after;
    }
    Some(found)
}

/// How many revisions there are up to this one, itself among them, on the longest way.
fn place<'a>(
    id: &'a str,
    after: &BTreeMap<&'a str, &'a [String]>,
    places: &mut BTreeMap<&'a str, u64>,
) -> u64 {
    if let Some(place) = places.get(id) {
        return *place;
    }
    // Where they go in a circle, which Alembic refuses, this ends all the same.
    places.insert(id, 0);
    let Some(follows) = after.get(id) else { return 0 };
    let below = follows.iter().map(|id| place(id, after, places)).max().unwrap_or(0);
    places.insert(id, below + 1);
    below + 1
}

/// A call of the driver itself, which takes the text whole: neither `:name` nor `%` is a parameter in it.
/// A driver that is asynchronous prepares what SQLAlchemy gives it, and prepares only one statement.
const POSTGRES: &str = r#"    if bind.dialect.is_async:
        from sqlalchemy.util import await_only

        bind.exec_driver_sql("SELECT 1")  # so that the transaction has begun
        await_only(bind.connection.driver_connection.execute(SQL))
    else:
        bind.exec_driver_sql(SQL, execution_options={"no_parameters": True})
"#;

/// `executescript` commits what came before. What it begins then, SQLAlchemy ends.
const SQLITE: &str = r#"    script = bind.connection.driver_connection.executescript("BEGIN IMMEDIATE;\n" + SQL)
    if bind.dialect.is_async:
        from sqlalchemy.util import await_only

        await_only(script)
"#;

/// Alembic runs all revisions in one transaction, and what the next one does wants this one committed.
const APART: &str =
    "\n\ndef upgrade():\n    with op.get_context().autocommit_block():\n        run()\n";

fn module(id: &str, below: &str, step: &Step<'_>, is_before_another: bool) -> String {
    let (header, sql) = step.parts();
    let sql = sql.replace('\\', r"\\").replace("\"\"\"", r#"\"\"\""#);
    let run = match step.dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::Sqlite => SQLITE,
    };
    let (name, apart) = match step.dialect {
        Dialect::Postgres if is_before_another => ("run", APART),
        Dialect::Postgres | Dialect::Sqlite => ("upgrade", ""),
    };
    format!(
        "# {header}\n\"\"\"{}\"\"\"\nfrom alembic import op\n\nrevision = \"{id}\"\ndown_revision = {below}\n\
         branch_labels = None\ndepends_on = None\n\nSQL = \"\"\"\\\n{sql}\"\"\"\n\n\n\
         def {name}():\n    context = op.get_context()\n    if context.as_sql:\n        \
         context.impl.static_output(SQL)\n        return\n    bind = op.get_bind()\n{run}{apart}\n\n\
         # phasegate: {}\ndef downgrade():\n    raise RuntimeError(\"{NO_WAY_BACK}\")\n",
        step.name.replace('_', " "),
        WHY.join("\n# ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_revision_follows_in_every_form_that_is_written() {
        let follows = |text: &str| assigned(text, "down_revision");
        for (text, expected) in [
            ("down_revision = None\n", &[][..]),
            ("# x\ndown_revision = 'a'\nbranch_labels = 'b'\n", &["a"]),
            ("down_revision: Union[str, None] = \"a\"  # \n", &["a"]),
            (
                "down_revision: str | Sequence[str] = (\n    \"a\",\n    'b',\n)\nx = 'c'\n",
                &["a", "b"],
            ),
        ] {
            assert_eq!(follows(text).expect("it is there"), expected, "{text}");
        }
        assert_eq!(assigned("down_revision = 'a'\nrevision = 'b'\n", "revision").unwrap(), ["b"]);
        assert_eq!(follows("x = 1\n  down_revision = 'a'\n"), None);
    }
}
