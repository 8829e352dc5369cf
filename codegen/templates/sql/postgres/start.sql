{%- import "sql/postgres/macros.sql" as m -%}
-- The same of a row that starts{% if adopts %}, or that is deleted{% endif %}.
DECLARE
  becomes pg_catalog.text;
{%- if history %}
  judged pg_catalog.text;
  key pg_catalog.text;
{%- endif %}
BEGIN
{%- if adopts %}
  IF TG_OP OPERATOR(pg_catalog.=) 'DELETE' THEN
    -- A row from before the guard leaves its trace: its key is used.
    IF {{ n.has_state("OLD") }} AND {{ n.is_set(&n.own("OLD")) }} THEN
      PERFORM {{ n.at("step") }}({{ n.list(&n.cast("OLD")) }}, {{ n.state_plain("OLD") }}, NULL, {{ n.language_plain() }});
    END IF;
    RETURN NULL;
  END IF;
{%- endif %}
  becomes := {{ n.state_plain("NEW") }};
{%- if history %}
  judged := CASE
    WHEN {{ n.is_start("becomes") }} AND {{ n.is_set(&n.own("NEW")) }}
      AND {% call m::is_plain() %}{% endcall %}
    THEN {{ n.language_plain() }}
  END;
  IF judged IS NOT NULL AND NOT {{ n.at("has_pruned") }}() THEN
    INSERT INTO {{ n.events }} ({{ n.list(&n.history("")) }}, "seq", "from_state", "to_state", "at", "language")
      VALUES ({{ n.list(&n.own("NEW")) }}, 1, NULL, becomes, pg_catalog.clock_timestamp(), judged) ON CONFLICT DO NOTHING;
    IF FOUND AND (
      judged OPERATOR(pg_catalog.=) {{ n.language_now() }} OR {{ n.is_start_now("becomes") }}
      OR {{ n.at("mode") }}() OPERATOR(pg_catalog.=) 'observe'
    ) THEN
      RETURN NULL;
    ELSIF FOUND THEN
      key := {{ n.shown(&n.own("NEW"), "pg_catalog.") }};
      {% call m::overtaken_plain("'nothing'", "becomes", "key") %}{% endcall %}
    END IF;
  ELSIF judged IS NOT NULL AND {{ n.at("step") }}({{ n.list(&n.cast("NEW")) }}, NULL, becomes, judged) THEN
    RETURN NULL;
  END IF;
{%- else %}
  IF {{ n.is_start("becomes") }} AND {{ n.is_set(&n.own("NEW")) }} THEN
    RETURN NULL;
  END IF;
{%- endif %}
  PERFORM {{ n.at("judge") }}({% if adopts %}CASE
    WHEN EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) TG_RELID AND c.relispartition) THEN 'ROUTED' ELSE 'INSERT'
  END{% else %}'INSERT'{% endif %}, {{ n.nulls() }}, NULL, {{ n.list(&n.cast("NEW")) }}, becomes);
  RETURN NULL;
END
