//! What a database is made of, up to what a change of the table need not keep: the order of an
//! enum's labels, and what former states are called.
#![allow(dead_code, reason = "each test uses a part")]

use phasegate_codegen::Machine;
use phasegate_codegen::emit::sql::Dialect;

use super::sql::{Db, Row, literal};

/// The schema that PostgreSQL has the machine in.
pub(crate) fn namespace(machine: &Machine) -> &str {
    let sql = machine.targets.sql().expect("the table has the target");
    sql.schema.as_deref().unwrap_or("public")
}

/// Everything that the machine's tables, types, functions and triggers are, and the rows that the
/// guards judge by.
pub(crate) async fn shape<D: Db>(db: &mut D, machine: &Machine) -> Vec<Row> {
    let name = &machine.name;
    let (schema, texts) = match D::DIALECT {
        Dialect::Postgres => {
            (format!("\"{}\".", namespace(machine)), postgres(&literal(namespace(machine))))
        }
        Dialect::Sqlite => (String::new(), sqlite()),
    };
    let of = |suffix: &str| format!("{schema}\"{name}_{suffix}\"");
    let rows = [
        format!(
            "SELECT state, CAST(position AS text), CAST(initial AS text) FROM {} ORDER BY 1",
            of("states")
        ),
        format!("SELECT from_state, to_state, kind FROM {} ORDER BY 1, 2", of("transitions")),
        format!("SELECT fingerprint FROM {}", of("language")),
    ];
    let mut shape = Vec::new();
    for sql in texts.iter().chain(&rows) {
        shape.extend(db.rows(sql).await);
    }
    shape
}

fn sqlite() -> Vec<String> {
    let all = "SELECT type, name, tbl_name, sql FROM sqlite_schema \
               WHERE tbl_name <> '_sqlx_migrations' AND name NOT LIKE '%\\_renames' ESCAPE '\\' \
               ORDER BY type, name";
    vec![all.to_owned()]
}

fn postgres(schema: &str) -> Vec<String> {
    let texts = [
        "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull::text, \
           a.attidentity::text, pg_get_expr(d.adbin, d.adrelid) \
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 \
         LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
         WHERE c.relnamespace = SCHEMA::regnamespace AND c.relkind = 'r' AND c.relname <> '_sqlx_migrations' \
         ORDER BY c.relname, a.attnum",
        "SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) FROM pg_constraint \
         WHERE connamespace = SCHEMA::regnamespace AND conrelid::regclass::text <> '_sqlx_migrations' ORDER BY 1, 2",
        "SELECT indexname::text, indexdef FROM pg_indexes \
         WHERE schemaname = SCHEMA AND tablename <> '_sqlx_migrations' ORDER BY 1",
        "SELECT pg_get_triggerdef(t.oid), t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid \
         WHERE NOT t.tgisinternal AND c.relnamespace = SCHEMA::regnamespace ORDER BY 1",
        "SELECT regexp_replace(pg_get_functiondef(oid), 'renames.: .*', ''), proacl::text FROM pg_proc WHERE pronamespace = SCHEMA::regnamespace ORDER BY 1",
        "SELECT t.typname::text, e.enumlabel::text FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid \
         WHERE t.typnamespace = SCHEMA::regnamespace ORDER BY t.typname, e.enumlabel::text COLLATE \"C\"",
    ];
    // A schema's name as a text, and as an identifier where it is looked up.
    let quoted = schema.replace('\'', "");
    texts
        .iter()
        .map(|sql| {
            sql.replace("SCHEMA::regnamespace", &format!("'\"{quoted}\"'::regnamespace"))
                .replace("SCHEMA", schema)
        })
        .collect()
}
