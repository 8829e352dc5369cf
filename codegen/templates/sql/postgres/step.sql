{%- import "sql/postgres/macros.sql" as m -%}
-- Writes a legal step of a row; false where its history does not end where the step begins.
-- With no state before, it is a start, where keys were pruned.
{%- if adopts %}
-- The history of a row from before the guard begins with the state that it was in. With no state
-- after, such a row is deleted.
{%- endif %}
-- What is small is not to be planned for as small: it grows within a transaction. Every name is
-- qualified, as in the guard below.
#variable_conflict use_variable
DECLARE
  last_seq pg_catalog.int4;
  last_state pg_catalog.text;
BEGIN
  IF {{ n.arg(2, 1) }} IS NULL THEN
    INSERT INTO {{ n.events }} ({{ n.list(&n.history("")) }}, "seq", "from_state", "to_state", "at", "language")
      SELECT {{ n.list(&n.args(1, 0)) }}, 1, NULL, {{ n.arg(3, 1) }}, pg_catalog.clock_timestamp(), {{ n.arg(4, 1) }}
      WHERE NOT EXISTS (SELECT FROM {{ n.at("pruned") }} p WHERE {{ n.equal_plain(&n.history("p"), &n.args(1, 0)) }})
      ON CONFLICT DO NOTHING;
    IF FOUND AND NOT {{ n.is_start_now(n.arg(3, 1)) }} AND {{ n.at("mode") }}() OPERATOR(pg_catalog.<>) 'observe' THEN
      {% call m::overtaken_plain("'nothing'", n.arg(3, 1), n.shown_plain(&n.args(1, 0))) %}{% endcall %}
    END IF;
    RETURN FOUND;
  END IF;
  SELECT e."seq", e."to_state" INTO last_seq, last_state FROM {{ n.events }} e
    WHERE {{ n.equal_plain(&n.history("e"), &n.args(1, 0)) }} ORDER BY e."seq" DESC LIMIT 1;
  IF last_state OPERATOR(pg_catalog.=) {{ n.arg(2, 1) }}{% if adopts %} AND {{ n.arg(3, 1) }} IS NOT NULL{% endif %} THEN
    INSERT INTO {{ n.events }} ({{ n.list(&n.history("")) }}, "seq", "from_state", "to_state", "at", "language")
      VALUES ({{ n.list(&n.args(1, 0)) }}, last_seq OPERATOR(pg_catalog.+) 1, {{ n.arg(2, 1) }}, {{ n.arg(3, 1) }}, pg_catalog.clock_timestamp(), {{ n.arg(4, 1) }});
{%- if adopts %}
  ELSIF {{ n.arg(3, 1) }} IS NULL THEN
    IF last_seq IS NULL THEN
      INSERT INTO {{ n.events }} ({{ n.list(&n.history("")) }}, "seq", "from_state", "to_state", "at", "language")
        VALUES ({{ n.list(&n.args(1, 0)) }}, 1, NULL, {{ n.arg(2, 1) }}, pg_catalog.clock_timestamp(), {{ n.arg(4, 1) }});
    END IF;
    RETURN true;
  ELSIF last_seq IS NULL THEN
    INSERT INTO {{ n.events }} ({{ n.list(&n.history("")) }}, "seq", "from_state", "to_state", "at", "language") VALUES
      ({{ n.list(&n.args(1, 0)) }}, 1, NULL, {{ n.arg(2, 1) }}, pg_catalog.clock_timestamp(), {{ n.arg(4, 1) }}),
      ({{ n.list(&n.args(1, 0)) }}, 2, {{ n.arg(2, 1) }}, {{ n.arg(3, 1) }}, pg_catalog.clock_timestamp(), {{ n.arg(4, 1) }});
{%- endif %}
  ELSE
    RETURN false;
  END IF;
  IF {{ n.arg(4, 1) }} OPERATOR(pg_catalog.<>) {{ n.language_now() }} AND NOT {{ n.is_legal_now(n.arg(2, 1), n.arg(3, 1)) }}
    AND {{ n.at("mode") }}() OPERATOR(pg_catalog.<>) 'observe'
  THEN
    -- A migration was committed since it was judged.
    {% call m::overtaken_plain(n.arg(2, 1), n.arg(3, 1), n.shown_plain(&n.args(1, 0))) %}{% endcall %}
  END IF;
  RETURN true;
END
