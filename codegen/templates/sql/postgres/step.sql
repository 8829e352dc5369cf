{%- import "sql/postgres/macros.sql" as m -%}
-- Writes a legal step of a row whose history ends where the step begins; false where it does not.
-- An empty history must not be planned for as a small one: it grows within a transaction. Every name
-- is qualified, as in the guard below.
#variable_conflict use_variable
BEGIN
  INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language")
    SELECT $1, l."seq" OPERATOR(pg_catalog.+) 1, $2, $3, pg_catalog.clock_timestamp(), $4
    FROM (
      SELECT e."seq", e."to_state" FROM {{ n.events }} e
      WHERE e.{{ n.row }} OPERATOR(pg_catalog.=) $1 ORDER BY e."seq" DESC LIMIT 1
    ) l
    WHERE l."to_state" OPERATOR(pg_catalog.=) $2;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF $4 OPERATOR(pg_catalog.<>) pg_catalog.jsonb_extract_path_text({{ n.at("rules") }}(), 'language')
    AND pg_catalog.jsonb_extract_path({{ n.at("rules") }}(), 'next', $2, $3) IS NULL
  THEN
    -- A migration was committed since it was judged.
    {% call m::overtaken_plain("$2", "$3", "$1") %}{% endcall %}
  END IF;
  RETURN true;
END
