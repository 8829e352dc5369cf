{%- import "sql/postgres/macros.sql" as m -%}
-- Writes a legal step of a row whose history ends where the step begins; false where it does not.
-- An empty history must not be planned for as a small one: it grows within a transaction. Every name
-- is qualified, as in the guard below.
#variable_conflict use_variable
BEGIN
  INSERT INTO {{ n.events }} ({{ n.list(&n.history("")) }}, "seq", "from_state", "to_state", "at", "language")
    SELECT {{ n.list(&n.args(1, 0)) }}, l."seq" OPERATOR(pg_catalog.+) 1, {{ n.arg(2, 1) }}, {{ n.arg(3, 1) }}, pg_catalog.clock_timestamp(), {{ n.arg(4, 1) }}
    FROM (
      SELECT e."seq", e."to_state" FROM {{ n.events }} e
      WHERE {{ n.equal_plain(&n.history("e"), &n.args(1, 0)) }} ORDER BY e."seq" DESC LIMIT 1
    ) l
    WHERE l."to_state" OPERATOR(pg_catalog.=) {{ n.arg(2, 1) }};
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF {{ n.arg(4, 1) }} OPERATOR(pg_catalog.<>) pg_catalog.jsonb_extract_path_text({{ n.at("rules") }}(), 'language')
    AND pg_catalog.jsonb_extract_path({{ n.at("rules") }}(), 'next', {{ n.arg(2, 1) }}, {{ n.arg(3, 1) }}) IS NULL
  THEN
    -- A migration was committed since it was judged.
    {% call m::overtaken_plain(n.arg(2, 1), n.arg(3, 1), n.shown_plain(&n.args(1, 0))) %}{% endcall %}
  END IF;
  RETURN true;
END
