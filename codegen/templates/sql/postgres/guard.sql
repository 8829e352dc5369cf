{%- import "sql/postgres/macros.sql" as m -%}
-- The guard. It judges what was really written, after every BEFORE trigger had its say. For each row
-- it would cost more to set a search_path than to judge: so every name is qualified instead.
DECLARE
  -- As text and byte by byte, whatever the column's type and collation.
  was pg_catalog.text;
  becomes pg_catalog.text;
  judged pg_catalog.text;
{%- if history %}
  key pg_catalog.text;
{%- endif %}
BEGIN
  IF TG_OP OPERATOR(pg_catalog.=) 'UPDATE' THEN
    IF {% if n.has_null() %}{{ n.same_null() }}{% else %}{% call m::same(n.column, n.column_exact) %}{% endcall %}{% endif %}
{%- for key in n.parts %}
      AND {% call m::same(key.column(), key.exact) %}{% endcall %}
{%- endfor %}
    THEN
      RETURN NULL;
    END IF;
    was := {{ n.state_plain("OLD") }};
    becomes := {{ n.state_plain("NEW") }};
    judged := CASE
      WHEN {{ n.equal_plain(&n.exact("NEW"), &n.exact("OLD")) }}
        AND pg_catalog.jsonb_extract_path_text({{ n.at("rules") }}(), 'next', was, becomes) IS NOT NULL
      THEN pg_catalog.jsonb_extract_path_text({{ n.at("rules") }}(), 'language')
    END;
{%- if history %}
    IF judged IS NOT NULL AND {{ n.at("mode") }}() OPERATOR(pg_catalog.<>) 'observe'
      AND coalesce(pg_catalog.current_setting('phasegate.forcing', true), '') OPERATOR(pg_catalog.=) ''
    THEN
      IF {{ n.at("step") }}({{ n.list(&n.cast("NEW")) }}, was, becomes, judged) THEN
        RETURN NULL;
      END IF;
    END IF;
{%- else %}
    IF judged IS NOT NULL THEN
      RETURN NULL;
    END IF;
{%- endif %}
    PERFORM {{ n.at("judge") }}('UPDATE', {{ n.list(&n.cast("OLD")) }}, was, {{ n.list(&n.cast("NEW")) }}, becomes);
    RETURN NULL;
  END IF;
{%- if adopts %}
  IF TG_OP OPERATOR(pg_catalog.=) 'DELETE' THEN
    -- A row from before the guard leaves its trace: its key is used.
    IF {{ n.has_state("OLD") }} AND {{ n.is_set(&n.own("OLD")) }} THEN
      PERFORM {{ n.at("judge") }}('DELETE', {{ n.list(&n.cast("OLD")) }}, {{ n.state_plain("OLD") }}, {{ n.list(&n.cast("OLD")) }}, NULL);
    END IF;
    RETURN NULL;
  END IF;
{%- endif %}
  becomes := {{ n.state_plain("NEW") }};
  judged := CASE
    WHEN pg_catalog.jsonb_extract_path_text({{ n.at("rules") }}(), 'initial', becomes) IS NOT NULL AND {{ n.is_set(&n.own("NEW")) }}
    THEN pg_catalog.jsonb_extract_path_text({{ n.at("rules") }}(), 'language')
  END;
{%- if history %}
  IF judged IS NOT NULL AND {{ n.at("mode") }}() OPERATOR(pg_catalog.<>) 'observe' AND NOT {{ n.at("has_pruned") }}() THEN
    INSERT INTO {{ n.events }} ({{ n.list(&n.history("")) }}, "seq", "from_state", "to_state", "at", "language")
      VALUES ({{ n.list(&n.own("NEW")) }}, 1, NULL, becomes, pg_catalog.clock_timestamp(), judged) ON CONFLICT DO NOTHING;
    IF FOUND THEN
      IF pg_catalog.jsonb_extract_path_text({{ n.at("rules") }}(), 'initial', becomes) IS NULL THEN
        key := {{ n.shown(&n.own("NEW"), "pg_catalog.") }};
        {% call m::overtaken_plain("'nothing'", "becomes", "key") %}{% endcall %}
      END IF;
      RETURN NULL;
    END IF;
  END IF;
{%- else %}
  IF judged IS NOT NULL THEN
    RETURN NULL;
  END IF;
{%- endif %}
  PERFORM {{ n.at("judge") }}('INSERT', {{ n.nulls() }}, NULL, {{ n.list(&n.cast("NEW")) }}, becomes);
  RETURN NULL;
END
