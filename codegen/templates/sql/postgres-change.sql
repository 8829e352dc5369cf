-- {{ header }}
{% include "sql/postgres-lock.sql" %}
{% if waits %}
-- Whoever was writing when the file before was committed may still act on what was before: this
-- waits until they are done, and takes no lock. A transaction that is left open has to be ended.
DO $phasegate$
DECLARE
  writers text[] := ARRAY(
    SELECT l.virtualtransaction FROM pg_catalog.pg_locks l
    WHERE l.relation = {{ table_literal }}::regclass AND l.mode = 'RowExclusiveLock'
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
      AND l.pid IS DISTINCT FROM pg_backend_pid()
  );
BEGIN
  WHILE EXISTS (
    SELECT FROM pg_catalog.pg_locks l
    WHERE l.virtualtransaction = ANY (writers) AND l.relation = {{ table_literal }}::regclass
  ) LOOP
    PERFORM pg_catalog.pg_sleep(0.01);
  END LOOP;
END
$phasegate$;
{% endif -%}
{% if !labels.is_empty() && owns %}
-- New labels, each in its place, where somebody was not faster. They lock the type alone; nothing in
-- this file uses them, because PostgreSQL refuses that before they are committed.
{%- for label in labels %}
ALTER TYPE {{ n.status_type }} ADD VALUE IF NOT EXISTS {{ label.value }}{{ label.place }};
{%- endfor %}
{% endif -%}
{% if !labels.is_empty() && !owns %}
-- New labels of the type that {{ n.column }} has, each in its place, where it lacks them. They lock the
-- type alone; nothing in this file uses them, because PostgreSQL refuses that before they are
-- committed.
DO {{ tag }}
DECLARE
  labels regtype := (
    SELECT a.atttypid FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = {{ table_literal }}::regclass AND a.attname = {{ column_literal }} AND NOT a.attisdropped
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
-- locks the type alone.
{%- for label in relabelled %}
ALTER TYPE {{ n.status_type }} RENAME VALUE {{ label.from }} TO {{ label.to }};
{%- endfor %}
{% endif -%}
{% if !relabelled.is_empty() && !owns %}
-- Labels of the type that {{ n.column }} has that are called otherwise from here on, where they are
-- not yet. That locks the type alone.
DO {{ tag }}
DECLARE
  labels oid := (
    SELECT a.atttypid FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = {{ table_literal }}::regclass AND a.attname = {{ column_literal }} AND NOT a.attisdropped
  );
BEGIN
{%- for label in relabelled %}
  IF EXISTS (SELECT FROM pg_catalog.pg_enum e WHERE e.enumtypid = labels AND e.enumlabel = {{ label.from }}) THEN
    EXECUTE format('ALTER TYPE %s RENAME VALUE %L TO %L', labels::regtype, {{ label.from }}, {{ label.to }});
  END IF;
{%- endfor %}
END
{{ tag }};
{% endif -%}
{% if !moved.is_empty() %}
-- Rows that go by the new name from here on. Whoever wants to change one of them waits until this
-- file is committed; everyone else goes on. The guard lets this pass by names under no rules, which
-- are gone before anybody else could see them.
{% if let Some(rules) = moving -%}
{% include "sql/postgres-rules.sql" %}
{%- endif %}
{%- for rename in moved %}
UPDATE {{ n.table }} SET {{ n.column }} = {{ rename.to }}
WHERE {{ n.column }} = {{ rename.from }} AND {{ n.column }}::text COLLATE "C" = {{ rename.from }};
{%- endfor %}
{% endif -%}
{% if let Some(rules) = rules %}
-- {{ what }}
{% include "sql/postgres-rules.sql" %}
{% endif -%}
{% if let Some(default) = default %}
-- What a row starts in where nothing is said.
CREATE OR REPLACE FUNCTION {{ n.initial }}() RETURNS {{ n.status_type }}
LANGUAGE sql STABLE
RETURN {{ default }}::{{ n.status_type }};
{% endif -%}
{% if again %}
-- A state may become itself from here on, which only `SET` of the column tells from a change elsewhere.
-- Whoever writes is waited for, and whoever comes after waits behind: rather not for long. Where this
-- fails, run it again.
SET LOCAL lock_timeout = '3s';
{% include "sql/postgres-again.sql" %}
{% endif -%}
