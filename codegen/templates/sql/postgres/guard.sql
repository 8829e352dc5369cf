{%- import "sql/postgres/macros.sql" as m -%}
-- The guard. It judges what was really written, after every BEFORE trigger had its say. For each row
-- it would cost more to set a search_path than to judge: so every name is qualified instead.
DECLARE
  -- As text and byte by byte, whatever the column's type and collation.
  was pg_catalog.text := {{ n.state_plain("OLD") }};
  becomes pg_catalog.text := {{ n.state_plain("NEW") }};
BEGIN
{%- if n.has_null() %}
  IF {{ n.same_null() }}
{%- for key in n.parts %}
    AND {% call m::same("NEW", "OLD", key.column(), key.exact) %}{% endcall %}
{%- endfor %}
  THEN
    RETURN NULL;
  END IF;
{%- endif %}
  -- A condition that is NULL decides nothing, so that the step is not even asked for.
  IF (CASE
    WHEN {{ n.equal_plain(&n.exact("NEW"), &n.exact("OLD")) }} AND {{ n.is_legal("was", "becomes") }}
{%- if history %}
      AND {% call m::is_plain() %}{% endcall %}
      AND coalesce(pg_catalog.current_setting('phasegate.forcing', true), '') OPERATOR(pg_catalog.=) ''
    THEN {{ n.at("step") }}({{ n.list(&n.cast("NEW")) }}, was, becomes, {{ n.language_plain() }})
{%- else %}
    THEN true
{%- endif %}
  END) THEN
    RETURN NULL;
  END IF;
  PERFORM {{ n.at("judge") }}('UPDATE', {{ n.list(&n.cast("OLD")) }}, was, {{ n.list(&n.cast("NEW")) }}, becomes);
  RETURN NULL;
END
