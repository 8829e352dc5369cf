-- {{ header }}
{% if rewords %}
-- The guards are made anew at the end{% if renamed.is_empty() %}: their words name states, because RAISE takes literals alone{% else %}: a rename of a state is no step{% endif %}.
DROP TRIGGER {{ n.guard_insert }};
DROP TRIGGER {{ n.guard_update }};
{% endif -%}
{% if !states.is_empty() %}
-- States that are new, have moved or start rows differently.
{%- for chunk in states %}
INSERT INTO {{ n.states }} ("state", "position", "initial") VALUES
{%- for row in chunk %}
  {{ row }}{% if !loop.last %},{% endif %}
{%- endfor %}
ON CONFLICT ("state") DO UPDATE SET "position" = excluded."position", "initial" = excluded."initial";
{%- endfor %}
{% endif -%}
{% if !renamed.is_empty() %}
-- Rows that go by another name from here on.
{%- for rename in renamed %}
UPDATE {{ n.table }} SET {{ n.column }} = {{ rename.to }} WHERE {{ n.column }} = {{ rename.from }} COLLATE BINARY;
DELETE FROM {{ n.states }} WHERE "state" = {{ rename.from }};
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
ON CONFLICT ("from_state", "to_state") DO UPDATE SET "kind" = excluded."kind";
{%- endfor %}
{% endif -%}
{% if !names_gone.is_empty() %}
-- States of former rules that are called as they were then.
{%- for chunk in names_gone %}
DELETE FROM {{ n.renames }} WHERE ("language", "state") IN (VALUES
{%- for row in chunk %}
  {{ row }}{% if !loop.last %},{% endif %}
{%- endfor %}
);
{%- endfor %}
{% endif -%}
{% if !names.is_empty() %}
-- What states of former rules are called now: the history keeps the names of its time.
{%- for chunk in names %}
INSERT INTO {{ n.renames }} ("language", "state", "name_now") VALUES
{%- for row in chunk %}
  {{ row }}{% if !loop.last %},{% endif %}
{%- endfor %}
ON CONFLICT ("language", "state") DO UPDATE SET "name_now" = excluded."name_now";
{%- endfor %}
{% endif -%}
{% if let Some(fingerprint) = fingerprint %}
-- What the history says from here on that its steps were judged by.
UPDATE {{ n.language }} SET "fingerprint" = '{{ fingerprint }}';
{% endif -%}
{% if let Some(default) = default %}
-- What a row starts in where nothing is said. SQLite has no statement for that; this is the way that
-- its documentation gives (ALTER TABLE, "Making Other Kinds Of Table Schema Changes"). The first
-- statement fails where the column is not as phasegate made it.
INSERT INTO {{ n.language }} ("id", "fingerprint")
SELECT 2, 'the column is not as phasegate made it'
WHERE NOT EXISTS (
  SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = {{ default.table }} AND instr(sql, {{ default.from }}) > 0
);
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = replace(sql, {{ default.from }}, {{ default.to }})
WHERE type = 'table' AND name = {{ default.table }};
PRAGMA writable_schema = RESET;
{% endif -%}
{% if rewords %}
{% include "sql/sqlite-guard.sql" %}
{% endif -%}
