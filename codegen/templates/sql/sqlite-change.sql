-- {{ header }}

-- The rules stand in views and in the guards: all of them are made anew, in the one transaction that this
-- file is.
{% include "sql/sqlite-drop.sql" %}
{%- if history %}
DROP TRIGGER {{ n.event_trigger }};
DROP TRIGGER {{ n.prune_insert }};
{%- endif %}
DROP VIEW {{ n.states }};
DROP VIEW {{ n.transitions }};
DROP VIEW {{ n.language }};
DROP VIEW {{ n.renames }};
{% if !renamed.is_empty() %}
-- Rows that go by another name from here on: a rename of a state is no step.
{%- for rename in renamed %}
UPDATE {{ n.table }} SET {{ n.column }} = {{ rename.to }} WHERE {{ n.column }} = {{ rename.from }} COLLATE BINARY;
{%- endfor %}
{% endif -%}
{% if let Some(default) = default %}
-- What a row starts in where nothing is said. SQLite has no statement for that; this is the way that
-- its documentation gives (ALTER TABLE, "Making Other Kinds Of Table Schema Changes"). The first
-- statement fails where the column is not as phasegate made it.
SELECT json_extract('{}', 'phasegate: the column {{ n.column_word }} of {{ n.table_word }} is not as phasegate made it')
WHERE NOT EXISTS (
  SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = {{ default.table }} AND instr(sql, {{ default.from }}) > 0
);
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = replace(sql, {{ default.from }}, {{ default.to }})
WHERE type = 'table' AND name = {{ default.table }};
PRAGMA writable_schema = RESET;
{% endif %}
{% include "sql/sqlite-rules.sql" %}
{% if history %}
{% include "sql/sqlite-event.sql" %}
{% endif %}
{% include "sql/sqlite-guard.sql" %}
