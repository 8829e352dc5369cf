DO $phasegate$
DECLARE
  lost text;
  total bigint;
  states bigint;
BEGIN
  SELECT
    sum(l."rows"), max(l."place"),
    string_agg(quote_literal(l."state") || ' (' || l."rows" || ')', ', ' ORDER BY l."place") FILTER (WHERE l."place" <= 12)
    INTO total, states, lost
  FROM (
    SELECT u."state", u."rows", row_number() OVER (ORDER BY u."rows" DESC, u."state") AS "place" FROM (
      SELECT t.{{ n.column }}::text COLLATE "C" AS "state", count(*) AS "rows" FROM {{ n.table }} t
      WHERE t.{{ n.column }} IS NOT NULL
        AND NOT EXISTS (SELECT FROM {{ n.states }} s WHERE s."state" = t.{{ n.column }}::text COLLATE "C")
      GROUP BY 1
    ) u
  ) l;
  IF total > 0 THEN
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: '
      || CASE total WHEN 1 THEN '1 row of {{ n.table_word }} is in a state' ELSE total || ' rows of {{ n.table_word }} are in states' END
      || ' that the table lacks: ' || lost || CASE WHEN states > 12 THEN ' and ' || states - 12 || ' more' ELSE '' END
      || '; add ' || CASE states WHEN 1 THEN 'it' ELSE 'them' END || ' to the table or mend the '
      || CASE total WHEN 1 THEN 'row' ELSE 'rows' END || ' first';
  END IF;
END
$phasegate$;
