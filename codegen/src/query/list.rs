//! A list of rows that a query brings along, as its engine writes one.

use super::engine::{Engine, Rows};

/// A common table expression of constants. Every field is ready to be printed.
pub(super) struct List {
    form: Rows,
    columns: Vec<&'static str>,
    /// What comes before the first row.
    pub(super) open: String,
    pub(super) rows: Vec<RowView>,
    /// What comes after the last row.
    pub(super) close: &'static str,
    /// What comes between a row and the next.
    pub(super) between: &'static str,
}

/// A row, with what is to be said of it.
pub(super) struct RowView {
    pub(super) row: String,
    pub(super) comment: String,
}

impl List {
    pub(super) fn new(engine: Engine, name: &str, columns: &[&'static str]) -> Self {
        let form = engine.ways().rows;
        let list = columns.join(", ");
        let open = match form {
            Rows::Values => format!("{name} ({list}) AS (\n  VALUES"),
            Rows::Union => format!("{name} ({list}) AS ("),
            Rows::Structs => format!("{name} AS (\n  SELECT {list} FROM UNNEST(["),
            Rows::FromValues => {
                let numbered = (1..).zip(columns);
                let numbered = numbered.map(|(at, column)| format!("column{at} AS {column}"));
                format!(
                    "{name} AS (\n  SELECT {} FROM VALUES",
                    numbered.collect::<Vec<_>>().join(", ")
                )
            }
        };
        let (close, between) = match form {
            Rows::Values | Rows::FromValues => (")", ","),
            Rows::Union => (")", " UNION ALL"),
            Rows::Structs => ("  ])\n)", ","),
        };
        Self { form, columns: columns.to_vec(), open, rows: Vec::new(), close, between }
    }

    /// Adds a row of expressions.
    pub(super) fn row(&mut self, expressions: Vec<String>, comment: String) {
        let list = expressions.join(", ");
        let row = match self.form {
            Rows::Values | Rows::FromValues => format!("({list})"),
            Rows::Union => format!("SELECT {list}"),
            // The first one names the fields.
            Rows::Structs if self.rows.is_empty() => {
                let fields = expressions.iter().zip(&self.columns);
                let fields = fields.map(|(expression, column)| format!("{expression} AS {column}"));
                format!("STRUCT({})", fields.collect::<Vec<_>>().join(", "))
            }
            Rows::Structs => format!("STRUCT({list})"),
        };
        self.rows.push(RowView { row, comment });
    }
}
