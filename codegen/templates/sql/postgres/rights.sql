{% if history -%}
-- They write with their owner's rights: no one else may hang them on a table. The owner itself and a
-- superuser can switch them off; so an application's role owns nothing here, and is granted SELECT,
-- INSERT, UPDATE and DELETE on the table, SELECT and INSERT on the reports, SELECT on the rest.
REVOKE ALL ON FUNCTION {{ n.at("guard") }}(), {{ n.at("start") }}(), {{ n.at("again") }}(), {{ n.at("report") }}(), {{ n.at("event") }}(), {{ n.at("append_only") }}(),
  {{ n.at("state") }}({{ n.types() }}), {{ n.at("step") }}({{ n.types() }}, text, text, text), {{ n.at("judge") }}(text, {{ n.types() }}, text, {{ n.types() }}, text) FROM PUBLIC;
-- To force, to prune and to change the mode are privileges of their own. Who may have the first two is
-- yours to say; the mode is its owner's:
-- GRANT EXECUTE ON FUNCTION {{ n.at("force") }}({{ n.types() }}, text, text, jsonb) TO ...;
-- GRANT EXECUTE ON FUNCTION {{ n.at("prune") }}(timestamptz) TO ...;
{%- if adopts %}
REVOKE ALL ON FUNCTION {{ n.at("moving") }}() FROM PUBLIC;
{%- endif %}
REVOKE ALL ON FUNCTION {{ n.at("force") }}({{ n.types() }}, text, text, jsonb), {{ n.at("prune") }}(timestamptz), {{ n.at("set_mode") }}(text) FROM PUBLIC;
{%- else -%}
REVOKE ALL ON FUNCTION {{ n.at("guard") }}(), {{ n.at("start") }}(), {{ n.at("judge") }}(text, {{ n.types() }}, text, {{ n.types() }}, text) FROM PUBLIC;
{%- endif %}

-- Whoever writes asks these, wherever new functions are not everyone's.
GRANT EXECUTE ON FUNCTION {{ n.at("names") }}(), {{ n.at("types") }}(boolean), {{ n.at("forget") }}(), {{ n.at("differs") }}(anyelement, anyelement) TO PUBLIC;
