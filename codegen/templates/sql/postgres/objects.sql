{%- match object.as_str() -%}
{%- when "lock" -%}
-- One migration of this machine at a time.
SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('phasegate {{ n.machine }}', 0));
{%- when "schema" -%}
{%- if owns %}{% if let Some(schema) = n.other_schema() %}CREATE SCHEMA IF NOT EXISTS {{ schema }};{% endif %}
{%- if let Some((schema, _)) = n.type_name %}{% if schema.as_str() != n.schema_name.as_str() %}
CREATE SCHEMA IF NOT EXISTS "{{ schema }}";{% endif %}{% endif %}{% endif -%}
{%- when "initial" -%}
-- What a row starts in where nothing is said: a function, because a column's own default cannot be
-- changed without a lock that writers wait for.
CREATE FUNCTION {{ n.at("initial") }}() RETURNS {{ n.status_type }}
LANGUAGE sql STABLE
RETURN {% if n.has_numbers() %}'{{ default }}'{% else %}{{ default }}{% endif %}::{{ n.status_type }};
{%- when "rules" -%}
-- The rules that the guard judges by, in one value: its states in their order, those that rows start
-- in and end in, and from each state the legal ones. A dump of the schema has them, and a migration
-- replaces them.
{%- when "states" -%}
-- The same to read.
SELECT s."state", (s."n" - 1)::integer AS "position", (r."rules" -> 'initial') ? s."state" AS "initial"
{%- if n.has_numbers() %}, c."key" AS "stored", c."key" IS NOT DISTINCT FROM r."rules" ->> 'null' AS "null"
{%- else if n.has_null() %}, s."state" AS "stored", s."state" = r."rules" ->> 'null' AS "null"
{%- endif %}
FROM (SELECT {{ n.at("rules") }}() AS "rules") AS r, jsonb_array_elements_text(r."rules" -> 'states') WITH ORDINALITY AS s("state", "n")
{%- if n.has_numbers() %}, jsonb_each_text(r."rules" -> 'numbers') AS c WHERE c."value" = s."state"
{%- endif %}
{%- when "transitions" -%}
SELECT f."key" AS "from_state", t."key" AS "to_state", t."value" AS "kind"
FROM jsonb_each({{ n.at("rules") }}() -> 'next') AS f, jsonb_each_text(f."value") AS t
{%- when "language" -%}
-- The fingerprint of the rules: the history says with each step which ones it was judged by.
SELECT {{ n.at("rules") }}() ->> 'language' AS "fingerprint"
{%- when "renames" -%}
-- What a state of former rules is called now, by their fingerprint: the history keeps the names of its time.
SELECT l."key" AS "language", r."key" AS "state", r."value" AS "name_now"
FROM jsonb_each({{ n.at("rules") }}() -> 'renames') AS l, jsonb_each_text(l."value") AS r
{%- when "mode" -%}
-- Whether the guard refuses, or lets through and marks: to replace this body is to switch.
{%- when "rights" -%}
{% include "sql/postgres/rights.sql" %}
{%- when "trigger event" -%}
-- Whatever was granted: only the functions above write these, with their owner's rights.
{%- when "timeout" -%}
{%- if !owns -%}
-- Both wait for those who are writing, and those who come after wait behind them: rather not
-- for long. Where this fails, run it again.
SET LOCAL lock_timeout = '3s';
{%- endif -%}
{%- when "trigger start" -%}
-- First by name, so that the history is written before the application's triggers act on it.
{%- when "trigger differs" -%}
-- Without a column list, so that no other trigger's change goes by.
{%- when "moving triggers" -%}
{%- if adopts -%}
DO $phasegate$
BEGIN
  IF (SELECT c.relkind FROM pg_catalog.pg_class c WHERE c.oid = '{{ n.table }}'::regclass) = 'p' THEN
    CREATE TRIGGER {{ n.first("moving") }} BEFORE UPDATE ON {{ n.table }}
      FOR EACH STATEMENT EXECUTE FUNCTION {{ n.at("moving") }}();
    CREATE TRIGGER {{ n.first("moved") }} AFTER UPDATE ON {{ n.table }}
      FOR EACH STATEMENT EXECUTE FUNCTION {{ n.at("moving") }}();
  END IF;
END
$phasegate$;
{%- endif -%}
{%- when "preflight" -%}
{% include "sql/postgres/preflight.sql" %}
{%- when "unknown" -%}
{% include "sql/postgres/unknown.sql" %}
{%- when "overdue" -%}
{% include "sql/postgres/overdue.sql" %}
{%- when "observed" -%}
{% if let Some(observed) = observed %}{% include "sql/postgres/observed.sql" %}{% endif %}
{%- when "step" -%}
{% include "sql/postgres/step.sql" %}
{%- when "state" -%}
{% include "sql/postgres/state.sql" %}
{%- when "judge" -%}
{% include "sql/postgres/judge.sql" %}
{%- when "differs" -%}
{% include "sql/postgres/differs.sql" %}
{%- when "guard" -%}
{% include "sql/postgres/guard.sql" %}
{%- when "start" -%}
{% include "sql/postgres/start.sql" %}
{%- when "again" -%}
{% include "sql/postgres/again.sql" %}
{%- when "report" -%}
{% include "sql/postgres/report.sql" %}
{%- when "append_only" -%}
{% include "sql/postgres/append_only.sql" %}
{%- when "event" -%}
{% include "sql/postgres/event.sql" %}
{%- when "force" -%}
{% include "sql/postgres/force.sql" %}
{%- when "apply" -%}
{% include "sql/postgres/apply.sql" %}
{%- when "set_mode" -%}
{% include "sql/postgres/set_mode.sql" %}
{%- when "prune" -%}
{% include "sql/postgres/prune.sql" %}
{%- when "types" -%}
{% include "sql/postgres/types.sql" %}
{%- when "forget" -%}
{% include "sql/postgres/forget.sql" %}
{%- when "names" -%}
{% include "sql/postgres/names.sql" %}
{%- when "moving" -%}
{% include "sql/postgres/moving.sql" %}
{%- when "status" -%}
CREATE TYPE {{ n.status_type }} AS ENUM (
{%- for label in labels %}
  {{ label }}{% if !loop.last %},{% endif %}
{%- endfor %}
);
{%- when _ -%}
{%- endmatch -%}
