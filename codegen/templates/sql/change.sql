-- {{ header }}
{% if let Some(lock) = lock %}
{{ lock.comment }}{{ lock.sql }}
{% endif -%}
{% if !columns.is_empty() %}
{% if dialect == "postgres" -%}
-- What a start may give from here on. This waits for those who use the table, and those who come after
-- wait behind it: rather not for long. Where this fails, run it again.
SET LOCAL lock_timeout = '3s';
{% else -%}
-- What a start may give from here on.
{% endif -%}
{% for column in columns -%}
ALTER TABLE {{ n.table }} ADD COLUMN {{ column }};
{% endfor -%}
{% endif -%}
{% if waits %}
-- Whoever was writing when the file before was committed may still act on what was before: this
-- waits until they are done, and takes no lock. A transaction that is left open has to be ended.
DO $phasegate$
DECLARE
  writers text[] := ARRAY(
    SELECT l.virtualtransaction FROM pg_catalog.pg_locks l
    WHERE l.relation = '{{ n.table }}'::regclass AND l.mode = 'RowExclusiveLock'
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
      AND l.pid IS DISTINCT FROM pg_backend_pid()
  );
BEGIN
  WHILE EXISTS (
    SELECT FROM pg_catalog.pg_locks l
    WHERE l.virtualtransaction = ANY (writers) AND l.relation = '{{ n.table }}'::regclass
  ) LOOP
    PERFORM pg_catalog.pg_sleep(0.01);
  END LOOP;
END
$phasegate$;
{% endif -%}
{% if !labels.is_empty() && owns %}
-- New labels, each in its place, where it is not there yet. They lock only the type; nothing in
-- this file uses them, because PostgreSQL refuses that before they are committed.
{%- for label in labels %}
ALTER TYPE {{ n.status_type }} ADD VALUE IF NOT EXISTS {{ label.value }}{{ label.place }};
{%- endfor %}
{% endif -%}
{% if !labels.is_empty() && !owns %}
-- New labels of the type that {{ n.column }} has, each in its place, where it lacks them. They lock
-- only the type; nothing in this file uses them, because PostgreSQL refuses that before they are
-- committed.
DO {{ tag }}
DECLARE
  labels regtype := (
    SELECT a.atttypid FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = '{{ n.table }}'::regclass AND a.attname = '{{ n.column_name }}' AND NOT a.attisdropped
  );
BEGIN
{%- for label in labels %}
  EXECUTE format('ALTER TYPE %s ADD VALUE IF NOT EXISTS %L{{ label.place_word }} %L', labels, {{ label.value }}, {{ label.neighbour }});
{%- endfor %}
END
{{ tag }};
{% endif -%}
{% if !relabelled.is_empty() && owns %}
-- Labels that are called otherwise from here on, in rows and in the column's default too. That
-- locks only the type.
{%- for label in relabelled %}
ALTER TYPE {{ n.status_type }} RENAME VALUE {{ label.from }} TO {{ label.to }};
{%- endfor %}
{% endif -%}
{% if !relabelled.is_empty() && !owns %}
-- Labels of the type that {{ n.column }} has that are called otherwise from here on, where they are
-- not yet. That locks only the type.
DO {{ tag }}
DECLARE
  labels oid := (
    SELECT a.atttypid FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = '{{ n.table }}'::regclass AND a.attname = '{{ n.column_name }}' AND NOT a.attisdropped
  );
{%- if !shared %}
  others text := (
    SELECT string_agg(format('%s.%I', c.oid::regclass, a.attname), ', ' ORDER BY c.oid::regclass::text, a.attname)
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    WHERE a.atttypid IN (labels, (SELECT t.typarray FROM pg_catalog.pg_type t WHERE t.oid = labels))
      AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'm')
      AND NOT (a.attname = '{{ n.column_name }}' AND c.oid IN (SELECT p.relid FROM pg_catalog.pg_partition_tree('{{ n.table }}'::regclass) p UNION SELECT '{{ n.table }}'::regclass))
  );
{%- endif %}
BEGIN
{%- if !shared %}
  IF others IS NOT NULL AND EXISTS (
    SELECT FROM pg_catalog.pg_enum e WHERE e.enumtypid = labels AND e.enumlabel IN ({% for label in relabelled %}{% if !loop.first %}, {% endif %}{{ label.from }}{% endfor %})
  ) THEN
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: other columns have the type of {{ n.table_name }}.{{ n.column_name }}, and their labels would be renamed, too: ' || others,
      HINT = 'Where that is meant, remove the files of this migration and its tables/NNNN.toml, and write them again by phasegate migrate --shared.';
  END IF;
{%- endif %}
{%- for label in relabelled %}
  IF EXISTS (SELECT FROM pg_catalog.pg_enum e WHERE e.enumtypid = labels AND e.enumlabel = {{ label.from }}) THEN
    EXECUTE format('ALTER TYPE %s RENAME VALUE %L TO %L', labels::regtype, {{ label.from }}, {{ label.to }});
  END IF;
{%- endfor %}
END
{{ tag }};
{% endif -%}
{% if let Some(unknown) = unknown %}
{{ unknown.comment }}{{ unknown.sql }}
{% endif -%}
{% if !drops.is_empty() %}
{% if dialect == "sqlite" -%}
-- The rules stand in views and in the guards: those are made anew.
{% endif -%}
{% for drop in drops -%}
{{ drop }}
{% endfor -%}
{% endif -%}
{% if !moved.is_empty() %}
{% if let Some(rules) = moving -%}
-- Rows that go by the new name from here on. Whoever wants to change one of them waits until this
-- file is committed; everyone else goes on. The guard lets this pass by names under no rules, which
-- are gone before anybody else could see them.
{{ rules.anew() }}
{% else -%}
-- Rows that go by another name from here on: a rename of a state is no step.
{% endif -%}
{%- if dialect == "postgres" -%}
-- A row that is hidden would be left behind: rather an error.
SET LOCAL row_security = off;
{% endif -%}
{%- for rename in moved -%}
{%- if dialect == "postgres" -%}
UPDATE {{ n.table }} SET {{ n.column }} = {{ rename.to }}
WHERE {{ n.column }} = {{ rename.from }} AND {{ n.column }}::text COLLATE "C" = {{ rename.from }};
{% else -%}
UPDATE {{ n.table }} SET {{ n.column }} = {{ rename.to }} WHERE {{ n.column }} = {{ rename.from }} COLLATE BINARY;
{% endif -%}
{%- endfor %}
{%- if dialect == "postgres" -%}
SET LOCAL row_security TO DEFAULT;
{% endif -%}
{%- endif -%}
{% if let Some(default) = default %}
-- What a row starts in where nothing is said. SQLite has no statement for that; this is the way that
-- its documentation gives (ALTER TABLE, "Making Other Kinds Of Table Schema Changes"). The first
-- statement fails where the column is not as phasegate made it.
SELECT json_extract('{}', 'phasegate: the column {{ n.column_name }} of {{ n.table_name }} is not as phasegate made it')
WHERE NOT EXISTS (
  SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '{{ n.table_name }}' AND instr(sql, {{ default.from }}) > 0
);
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = replace(sql, {{ default.from }}, {{ default.to }})
WHERE type = 'table' AND name = '{{ n.table_name }}';
PRAGMA writable_schema = RESET;
{% endif -%}
{% for object in objects %}
{{ object.comment }}{% if dialect == "postgres" %}{{ object.anew() }}{% else %}{{ object.sql }}{% endif %}
{% endfor -%}
