-- {{ header }}
{% if !labels.is_empty() && owns %}
-- New labels, each in its place. They lock the type alone; nothing in this file uses them, because
-- PostgreSQL refuses that before they are committed.
{%- for label in labels %}
ALTER TYPE {{ n.status_type }} ADD VALUE {{ label.value }}{{ label.place }};
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
{% if !states.is_empty() %}
-- States that are new, have moved or start rows differently.
{%- for chunk in states %}
INSERT INTO {{ n.states }} ("state", "position", "initial") VALUES
{%- for row in chunk %}
  {{ row }}{% if !loop.last %},{% endif %}
{%- endfor %}
ON CONFLICT ("state") DO UPDATE SET "position" = EXCLUDED."position", "initial" = EXCLUDED."initial";
{%- endfor %}
{% endif -%}
{% if !removed.is_empty() %}
-- Transitions that are no longer legal.
{%- for chunk in removed %}
DELETE FROM {{ n.transitions }} WHERE ("from_state", "to_state") IN (VALUES
{%- for row in chunk %}
  {{ row }}{% if !loop.last %},{% endif %}
{%- endfor %}
);
{%- endfor %}
{% endif -%}
{% if !transitions.is_empty() %}
-- Transitions that are new, or legal for another reason.
{%- for chunk in transitions %}
INSERT INTO {{ n.transitions }} ("from_state", "to_state", "kind") VALUES
{%- for row in chunk %}
  {{ row }}{% if !loop.last %},{% endif %}
{%- endfor %}
ON CONFLICT ("from_state", "to_state") DO UPDATE SET "kind" = EXCLUDED."kind";
{%- endfor %}
{% endif -%}
{% if let Some(fingerprint) = fingerprint %}
-- What the history says from here on that its steps were judged by.
UPDATE {{ n.language }} SET "fingerprint" = '{{ fingerprint }}';
{% endif -%}
{% if let Some(default) = default %}
-- What a row starts in where nothing is said. A short lock; no row is rewritten.
ALTER TABLE {{ n.table }} ALTER COLUMN {{ n.column }} SET DEFAULT {{ default }};
{% endif -%}
