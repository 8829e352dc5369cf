//! What the database says of a status column.

use std::collections::BTreeSet;

use super::parts;
use crate::live::connect::{Conn, Rows};
use crate::live::ddl;
use phasegate_codegen::emit::sql::{Dialect, KeyType, Storage, literal, quoted};
use phasegate_codegen::suggest::{list, nearest, shown};

/// Where a table is.
pub(super) struct Place {
    pub(super) dialect: Dialect,
    pub(super) schema: String,
    pub(super) table: String,
}

/// A column of it.
pub(super) struct Column {
    pub(super) name: String,
    /// Its type, in the database's words.
    pub(super) kind: String,
    pub(super) is_key: bool,
    pub(super) key_type: Option<KeyType>,
    pub(super) storage: Option<Storage>,
    /// The text that is its default, where that is a literal.
    pub(super) default: Option<String>,
    /// The number that is its default, where that is a literal.
    pub(super) number: Option<i64>,
}

/// What may be looked at under a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kinds {
    /// Tables only: a view has no rows of its own to guard.
    Tables,
    /// Whatever can be read.
    Readable,
}

impl Place {
    fn sql(&self) -> String {
        match self.dialect {
            Dialect::Postgres => format!("{}.{}", quoted(&self.schema), quoted(&self.table)),
            Dialect::Sqlite => quoted(&self.table),
        }
    }
}

/// A cell that is never null.
fn text(rows: &[Option<String>], at: usize) -> String {
    rows.get(at).cloned().flatten().unwrap_or_default()
}

/// The columns, in their order.
pub(super) async fn columns(
    conn: &mut Conn,
    place: &Place,
    kinds: Kinds,
) -> Result<Vec<Column>, String> {
    let kinds = match (place.dialect, kinds) {
        (Dialect::Postgres, Kinds::Tables) => "'r', 'p'",
        (Dialect::Postgres, Kinds::Readable) => "'r', 'p', 'v', 'm', 'f'",
        (Dialect::Sqlite, Kinds::Tables) => "'table'",
        (Dialect::Sqlite, Kinds::Readable) => "'table', 'view'",
    };
    let sql = match place.dialect {
        Dialect::Postgres => format!(
            "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), \
             coalesce((a.attnum = ANY (i.indkey))::int, 0)::text, b.typcategory::text, b.typname::text, \
             CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             JOIN pg_type t ON t.oid = a.atttypid \
             JOIN pg_type b ON b.oid = coalesce(nullif(t.typbasetype, 0), t.oid) \
             LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary \
             LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
             WHERE c.relkind IN ({kinds}) AND n.nspname = {} AND c.relname = {} ORDER BY a.attnum",
            literal(&place.schema),
            literal(&place.table)
        ),
        Dialect::Sqlite => format!(
            "SELECT i.name, i.type, CAST(i.pk > 0 AS text), upper(i.type), '', i.dflt_value FROM sqlite_master m \
             JOIN pragma_table_info(m.name) i WHERE m.type IN ({kinds}) AND m.name = {} COLLATE NOCASE ORDER BY i.cid",
            literal(&place.table)
        ),
    };
    let rows = conn.rows(&sql).await?;
    if rows.is_empty() {
        return Err(no_table(conn, place).await?);
    }
    Ok(rows.iter().map(|row| column(row, place.dialect)).collect())
}

fn column(row: &[Option<String>], dialect: Dialect) -> Column {
    let (class, name) = (text(row, 3), text(row, 4));
    let (key_type, storage) = match dialect {
        Dialect::Postgres => (
            match (class.as_str(), name.as_str()) {
                ("S", _) => Some(KeyType::Text),
                (_, "uuid") => Some(KeyType::Uuid),
                (_, "int2" | "int4" | "int8") => Some(KeyType::Bigint),
                _ => None,
            },
            match class.as_str() {
                "S" => Some(Storage::Text),
                "E" => Some(Storage::Enum),
                _ if matches!(name.as_str(), "int2" | "int4" | "int8") => Some(Storage::Integer),
                _ => None,
            },
        ),
        Dialect::Sqlite if class.contains("INT") => (Some(KeyType::Bigint), Some(Storage::Integer)),
        Dialect::Sqlite => (Some(KeyType::Text), Some(Storage::Text)),
    };
    Column {
        name: text(row, 0),
        kind: text(row, 1),
        is_key: text(row, 2) == "1",
        key_type,
        storage,
        number: row.get(5).cloned().flatten().and_then(|default| {
            let number = default.split("::").next().unwrap_or_default();
            number.trim_matches(['\'', '(', ')']).parse().ok()
        }),
        default: row.get(5).cloned().flatten().and_then(|default| literal_text(&default)),
    }
}

/// What a default says, where it is a text: `'new'`, `'new'::order_status`, SQLite's `"new"`.
fn literal_text(default: &str) -> Option<String> {
    let default = default.trim().trim_start_matches('(').trim_end_matches(')');
    let quote = default.chars().next().filter(|&quote| quote == '\'' || quote == '"')?;
    let mut text = String::new();
    let mut rest = default[1..].chars().peekable();
    while let Some(char) = rest.next() {
        if char == quote && rest.next_if_eq(&quote).is_none() {
            let cast: String = rest.collect();
            let is_cast = |char: char| char.is_alphanumeric() || "_:. \"()[],".contains(char);
            let is_all = cast.is_empty() || cast.starts_with("::") && cast.chars().all(is_cast);
            return is_all.then_some(text);
        }
        text.push(char);
    }
    None
}

/// What has a name already where phasegate writes, in lower case.
pub(super) async fn taken(conn: &mut Conn, place: &Place) -> Result<BTreeSet<String>, String> {
    let schema = literal(&place.schema);
    let sql = match place.dialect {
        Dialect::Postgres => format!(
            "SELECT lower(c.relname) FROM pg_class c WHERE c.relnamespace::regnamespace::text = quote_ident({schema}) \
             UNION SELECT lower(p.proname) FROM pg_proc p WHERE p.pronamespace::regnamespace::text = quote_ident({schema}) \
             UNION SELECT lower(t.typname) FROM pg_type t WHERE t.typnamespace::regnamespace::text = quote_ident({schema})"
        ),
        Dialect::Sqlite => "SELECT lower(name) FROM sqlite_master".to_owned(),
    };
    Ok(conn.rows(&sql).await?.into_iter().flatten().flatten().collect())
}

/// What is said where there is no such table.
async fn no_table(conn: &mut Conn, place: &Place) -> Result<String, String> {
    let sql = match place.dialect {
        Dialect::Postgres => {
            "SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1"
        }
        Dialect::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1"
        }
    };
    let view = match place.dialect {
        Dialect::Postgres => format!(
            "SELECT '' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('v', 'm') AND n.nspname = {} AND c.relname = {}",
            literal(&place.schema),
            literal(&place.table)
        ),
        Dialect::Sqlite => format!(
            "SELECT '' FROM sqlite_master WHERE type = 'view' AND name = {} COLLATE NOCASE",
            literal(&place.table)
        ),
    };
    let is_view = !conn.rows(&view).await?.is_empty();
    let names: Vec<String> = conn.rows(sql).await?.into_iter().flatten().flatten().collect();
    let asked = match place.schema.as_str() {
        "public" => place.table.clone(),
        schema => format!("{schema}.{}", place.table),
    };
    if is_view {
        let tables = list(&names);
        return Ok(format!(
            "`{}` of {} is a view, and a view has no rows of its own to guard: name the table under it, \
             one of {tables}",
            shown(&asked),
            conn.shown()
        ));
    }
    let help = match nearest(&asked, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", list(&names)),
    };
    Ok(format!("{} has no table `{}`: {help}", conn.shown(), shown(&asked)))
}

fn counted(rows: Rows) -> Vec<(Option<String>, u64)> {
    let row =
        |row: Vec<Option<String>>| (row[0].clone(), text(&row, 1).parse().unwrap_or_default());
    rows.into_iter().map(row).collect()
}

/// The values that rows hold, and how many do, the most frequent first; one more than so many tells
/// that there are more.
pub(super) async fn held(
    conn: &mut Conn,
    place: &Place,
    column: &str,
    most: usize,
) -> Result<Vec<(Option<String>, u64)>, String> {
    // Nothing, too, is among them.
    let sql = format!(
        "SELECT CAST({0} AS text), CAST(count(*) AS text) FROM {1} GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {2}",
        quoted(column),
        place.sql(),
        most + 2
    );
    Ok(counted(conn.rows(&sql).await?))
}

/// The labels of the column's enum in their order, or the values that a simple CHECK lists.
pub(super) async fn labels(
    conn: &mut Conn,
    place: &Place,
    column: &str,
) -> Result<Vec<String>, String> {
    if place.dialect == Dialect::Sqlite {
        let sql = format!(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = {} COLLATE NOCASE",
            literal(&place.table)
        );
        let made: String = conn.rows(&sql).await?.into_iter().flatten().flatten().collect();
        let listed = ddl::checks(&made).into_iter().find_map(|check| listed(&check, column));
        return Ok(listed.unwrap_or_default());
    }
    let of = format!(
        "a.attrelid = {}::regclass AND a.attname = {}",
        literal(&place.sql()),
        literal(column)
    );
    let labels = conn
        .rows(&format!(
            "SELECT e.enumlabel::text FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
             JOIN pg_enum e ON e.enumtypid = coalesce(nullif(t.typbasetype, 0), t.oid) WHERE {of} ORDER BY e.enumsortorder"
        ))
        .await?;
    if !labels.is_empty() {
        return Ok(labels.into_iter().flatten().flatten().collect());
    }
    let checks = conn
        .rows(&format!(
            "SELECT pg_get_constraintdef(c.oid) FROM pg_attribute a JOIN pg_constraint c \
             ON c.conrelid = a.attrelid AND c.contype = 'c' AND c.conkey = ARRAY[a.attnum] WHERE {of}"
        ))
        .await?;
    let checks: Vec<String> = checks.into_iter().flatten().flatten().collect();
    Ok(checks
        .iter()
        .find(|check| check.contains("= ANY ("))
        .map_or_else(Vec::new, |check| literals(check)))
}

/// The texts that a CHECK of SQLite's lists for a column, where that is all it says.
fn listed(check: &str, column: &str) -> Option<Vec<String>> {
    let check = check.trim();
    if let Some(inner) = check.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return listed(inner, column);
    }
    let quotes = ['"', '`', '[', ']'];
    let named = check.get(..check.find(|c: char| c.is_whitespace() || c == '(')?)?;
    let rest = check[named.len()..].trim_start();
    let (is_in, list) = rest.split_at_checked(2)?;
    let list = list.trim().strip_prefix('(')?.strip_suffix(')')?;
    let is_of_it = named.trim_matches(quotes).eq_ignore_ascii_case(column);
    let texts = literals(list);
    let said: Vec<String> = texts.iter().map(|text| literal(text)).collect();
    let blank = |text: &str| text.split_whitespace().collect::<String>();
    let is_all = blank(list) == blank(&said.join(","));
    (is_of_it && is_in.eq_ignore_ascii_case("in") && is_all).then_some(texts)
}

/// The texts between single quotes.
fn literals(sql: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut chars = sql.chars().peekable();
    while let Some(char) = chars.next() {
        if char != '\'' {
            continue;
        }
        let mut text = String::new();
        while let Some(char) = chars.next() {
            if char == '\'' && chars.next_if_eq(&'\'').is_none() {
                break;
            }
            text.push(char);
        }
        found.push(text);
    }
    found
}

/// The steps of a log, by pair, the most frequent first.
pub(super) async fn steps(
    conn: &mut Conn,
    dialect: Dialect,
    history: &str,
    only: Option<&str>,
) -> Result<Vec<(Option<String>, String, u64)>, String> {
    let wrong =
        || format!("`{}` is no history: say [SCHEMA.]TABLE.KEY,STATE,ORDER", shown(history));
    let (first, rest) = history.split_once(',').ok_or_else(wrong)?;
    let (state, order) = rest.split_once(',').ok_or_else(wrong)?;
    let mut place = parts(first);
    let key = place.pop().ok_or_else(wrong)?;
    let table = place.pop().ok_or_else(wrong)?;
    let schema = place.pop().unwrap_or_else(|| "public".to_owned());
    let place = Place { dialect, schema, table };
    let there = columns(conn, &place, Kinds::Readable).await?;
    for name in [key.as_str(), state, order] {
        super::named(&there, name, &place)?;
    }
    let sql = format!(
        "SELECT was, becomes, CAST(count(*) AS text) FROM (SELECT CAST({state} AS text) AS becomes, \
         lag(CAST({state} AS text)) OVER (PARTITION BY {key} ORDER BY {order}) AS was FROM {table} WHERE {only}) steps \
         WHERE becomes IS NOT NULL AND (was IS NULL OR was <> becomes) GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2 LIMIT 2000",
        state = quoted(state),
        key = quoted(&key),
        order = quoted(order),
        table = place.sql(),
        only = only.map_or("true".to_owned(), |only| format!("({only}\n)"))
    );
    let step = |row: Vec<Option<String>>| {
        (row[0].clone(), text(&row, 1), text(&row, 2).parse().unwrap_or_default())
    };
    Ok(conn.rows(&sql).await?.into_iter().map(step).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_default_that_is_a_text_and_no_other() {
        for (default, text) in [
            ("'new'::order_status", Some("new")),
            ("'it''s'", Some("it's")),
            ("\"new\"", Some("new")),
            ("('new'::character varying)::text", Some("new")),
            ("'new'::text || 'er'::text", None),
            ("lower('NEW'::text)", None),
            ("0", None),
            ("NULL", None),
        ] {
            assert_eq!(literal_text(default).as_deref(), text, "{default}");
        }
    }

    #[test]
    fn reads_what_a_check_lists_where_that_is_all() {
        let both = Some(vec!["in (a)".to_owned(), "it's".to_owned()]);
        for (check, texts) in [
            ("state IN ('in (a)', 'it''s')", &both),
            ("( \"State\" in('in (a)','it''s') )", &both),
            ("[state] IN ('in (a)',\n 'it''s')", &both),
            ("state IN ('a') OR other IN ('b')", &None),
            ("(state IN ('a')) OR (state IN ('b'))", &None),
            ("status IN ('a')", &None),
            ("state NOT IN ('a')", &None),
            ("state IN (1, 2)", &None),
            ("state IN (SELECT 'a')", &None),
            ("é", &None),
        ] {
            assert_eq!(&listed(check, "state"), texts, "{check}");
        }
    }

    #[test]
    fn reads_the_texts_of_a_check() {
        let check = "CHECK ((status = ANY (ARRAY['a'::text, 'it''s'::text])))";
        assert_eq!(literals(check), ["a", "it's"]);
    }
}
