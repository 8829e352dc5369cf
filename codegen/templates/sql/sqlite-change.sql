-- {{ header }}
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
{% if let Some(fingerprint) = fingerprint %}
-- What the history says from here on that its steps were judged by.
UPDATE {{ n.language }} SET "fingerprint" = '{{ fingerprint }}';
{% endif -%}
{% if rewords %}
-- The guards' words name states, because RAISE takes literals alone: the same guards, new words.
DROP TRIGGER {{ n.guard_insert }};
DROP TRIGGER {{ n.guard_update }};

{% include "sql/sqlite-guard.sql" %}
{% endif -%}
