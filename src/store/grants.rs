//! What the role of a PostgreSQL connection lacks to do what the store does.

use super::conn::Conn;
use super::shape::Shape;
use crate::Schema;
use crate::text::quoted;

/// Each right that is missing, with the statement that gives it.
pub(crate) async fn missing(
    conn: &mut Conn<'_>,
    schema: &Schema,
    shape: &Shape,
) -> sqlx::Result<Vec<String>> {
    let mut wanted = vec![
        (schema.table.as_str(), "SELECT", None),
        (&schema.table, "INSERT", None),
        (&schema.table, "UPDATE", Some(schema.column.as_str())),
        (&schema.states, "SELECT", None),
        (&schema.transitions, "SELECT", None),
        (&schema.language, "SELECT", None),
        (&schema.renames, "SELECT", None),
        (&schema.overdue, "SELECT", None),
    ];
    if shape.columns.contains("token_hash") {
        wanted.push((&schema.table, "UPDATE", Some("token_hash")));
    }
    if let Some(events) = &schema.events {
        wanted.push((events, "SELECT", None));
        wanted.push((&schema.reports, "SELECT", None));
        wanted.push((&schema.reports, "INSERT", None));
        wanted.push((&schema.pruned, "SELECT", None));
    }
    let mut lacking = Vec::new();
    for (table, right, column) in wanted {
        if !shape.has_table(table) {
            continue;
        }
        let relation = format!("{}.{}", quoted(&schema.schema), quoted(table));
        let sql = match column {
            // A right of the whole table is one of each of its columns.
            Some(_) => {
                "SELECT quote_ident(current_user) \
                 WHERE NOT has_column_privilege(CAST($1 AS text), CAST($3 AS text), CAST($2 AS text))"
            }
            None => {
                "SELECT quote_ident(current_user) WHERE CAST($3 AS text) IS NULL \
                 AND NOT has_any_column_privilege(CAST($1 AS text), CAST($2 AS text))"
            }
        };
        let args = [(&relation).into(), right.into(), super::conn::Arg::Text(column)];
        if let Some(row) = conn.row(sql, &args).await? {
            let role = row.text(0)?.unwrap_or_default();
            let lacks = format!(
                "the role {role} lacks {right} on {relation}: GRANT {right} ON {relation} TO {role}"
            );
            if !lacking.contains(&lacks) {
                lacking.push(lacks);
            }
        }
    }
    Ok(lacking)
}
