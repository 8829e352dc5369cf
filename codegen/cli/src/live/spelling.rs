//! What a name and a statement come to, however they are spelled: the text of the schema has them one
//! way, and a database prints them another.

use phasegate_codegen::emit::sql::Dialect;

/// A trigger: its definition up to white space, quotes and the order of events.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Trigger {
    /// The table that it stands on, without quotes and schema.
    pub(super) table: String,
    /// All that it is.
    pub(super) definition: String,
    /// The statement that makes it.
    pub(super) sql: String,
}

/// A function of PostgreSQL's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Function {
    /// What stands between its quotes, to the byte.
    pub(super) body: String,
    /// Language, rights, and path, as one text.
    pub(super) attributes: String,
}

/// An identifier as the database tells it from others: SQLite does not by case.
pub(super) fn folded(name: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Postgres => name.to_owned(),
        Dialect::Sqlite => name.to_lowercase(),
    }
}

/// A statement of an index or a constraint, whoever printed it.
pub(super) fn normal(sql: &str, schema: &str) -> String {
    let text = without_comments(sql).replace(['"', '(', ')'], "");
    let text = text.replace("::text", "").replace("USING btree ", "");
    let text =
        text.replace(&format!("{schema}."), "").replace("= ANY ARRAY[", "IN ").replace(']', "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A function's attributes as one text.
pub(super) fn attributes(language: &str, definer: bool, volatile: &str, config: &str) -> String {
    let rights = if definer { "its owner's rights" } else { "the caller's rights" };
    format!("{language}, {volatile}, {rights}, {config}")
}

/// The last word of a statement's head, without quotes and schema.
pub(super) fn named(head: &str) -> String {
    let last = head.trim().rsplit([' ', '.']).next().unwrap_or_default();
    last.trim_matches('"').to_owned()
}

/// A trigger as its statement has it, whoever printed that: its name, and the rest.
pub(super) fn trigger(sql: &str, dialect: Dialect) -> Option<(String, Trigger)> {
    match dialect {
        Dialect::Sqlite => {
            let text = without_comments(sql);
            let words: Vec<&str> = text.split_whitespace().collect();
            let at = words.iter().position(|word| *word == "ON")?;
            let name = folded(&named(words.get(2)?), dialect);
            let table = folded(&named(words.get(at + 1)?), dialect);
            let definition = words.join(" ");
            Some((name, Trigger { table, definition, sql: sql.to_owned() }))
        }
        Dialect::Postgres => {
            let text = sql.replace('"', "");
            let (head, rest) = text.split_once(" ON ")?;
            let mut words = head.split_whitespace().skip(2);
            let name = words.next()?.to_owned();
            let timing = words.next()?.to_owned();
            let events: Vec<&str> = words.collect();
            let mut events: Vec<String> =
                events.join(" ").split(" OR ").map(str::to_owned).collect();
            events.sort();
            let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
            let (table, _) = rest.split_once(' ')?;
            let table = named(table);
            // A condition is printed with more parentheses and casts than it was written with.
            let rest = ["::regprocedure", "::oid", "::text"]
                .iter()
                .fold(rest.replace(['(', ')', ' '], ""), |rest, cast| rest.replace(cast, ""));
            let definition = format!("{timing} {} ON {rest}", events.join(" OR "));
            Some((name, Trigger { table, definition, sql: sql.to_owned() }))
        }
    }
}

/// A statement's words, whoever laid them out.
pub(super) fn words(sql: &str) -> String {
    without_comments(sql).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A statement without the comments that begin their lines.
fn without_comments(sql: &str) -> String {
    let said = |line: &&str| !line.trim_start().starts_with("--");
    sql.lines().filter(said).collect::<Vec<_>>().join("\n")
}
