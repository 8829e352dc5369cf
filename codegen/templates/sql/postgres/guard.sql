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
    IF {% if n.has_null() %}{{ n.same_null() }}{% else %}{% call m::same(n.column, n.exact) %}{% endcall %}{% endif %}
      AND {% call m::same(n.key, n.key_exact) %}{% endcall %}
    THEN
      RETURN NULL;
    END IF;
    was := {{ n.state_plain("OLD") }};
    becomes := {{ n.state_plain("NEW") }};
    judged := CASE
      WHEN NEW.{{ n.key }}{{ n.key_exact }} OPERATOR(pg_catalog.=) OLD.{{ n.key }}{{ n.key_exact }}
        AND pg_catalog.jsonb_extract_path_text({{ n.at("rules") }}(), 'next', was, becomes) IS NOT NULL
      THEN pg_catalog.jsonb_extract_path_text({{ n.at("rules") }}(), 'language')
    END;
{%- if history %}
    IF judged IS NOT NULL AND {{ n.at("mode") }}() OPERATOR(pg_catalog.<>) 'observe'
      AND coalesce(pg_catalog.current_setting('phasegate.forcing', true), '') OPERATOR(pg_catalog.=) ''
    THEN
      IF {{ n.at("step") }}(NEW.{{ n.key }}{{ n.key_cast }}, was, becomes, judged) THEN
        RETURN NULL;
      END IF;
    END IF;
{%- else %}
    IF judged IS NOT NULL THEN
      RETURN NULL;
    END IF;
{%- endif %}
    PERFORM {{ n.at("judge") }}('UPDATE', OLD.{{ n.key }}{{ n.key_cast }}, was, NEW.{{ n.key }}{{ n.key_cast }}, becomes);
    RETURN NULL;
  END IF;
{%- if adopts %}
  IF TG_OP OPERATOR(pg_catalog.=) 'DELETE' THEN
    -- A row from before the guard leaves its trace: its key is used.
    IF {{ n.has_state("OLD") }} AND OLD.{{ n.key }} IS NOT NULL THEN
      PERFORM {{ n.at("judge") }}('DELETE', OLD.{{ n.key }}{{ n.key_cast }}, {{ n.state_plain("OLD") }}, OLD.{{ n.key }}{{ n.key_cast }}, NULL);
    END IF;
    RETURN NULL;
  END IF;
{%- endif %}
  becomes := {{ n.state_plain("NEW") }};
  judged := CASE
    WHEN pg_catalog.jsonb_extract_path_text({{ n.at("rules") }}(), 'initial', becomes) IS NOT NULL AND NEW.{{ n.key }} IS NOT NULL
    THEN pg_catalog.jsonb_extract_path_text({{ n.at("rules") }}(), 'language')
  END;
{%- if history %}
  IF judged IS NOT NULL AND {{ n.at("mode") }}() OPERATOR(pg_catalog.<>) 'observe' AND NOT {{ n.at("has_pruned") }}() THEN
    INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language")
      VALUES (NEW.{{ n.key }}, 1, NULL, becomes, pg_catalog.clock_timestamp(), judged) ON CONFLICT DO NOTHING;
    IF FOUND THEN
      IF pg_catalog.jsonb_extract_path_text({{ n.at("rules") }}(), 'initial', becomes) IS NULL THEN
        key := NEW.{{ n.key }}::pg_catalog.text;
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
  PERFORM {{ n.at("judge") }}('INSERT', NULL, NULL, NEW.{{ n.key }}{{ n.key_cast }}, becomes);
  RETURN NULL;
END
