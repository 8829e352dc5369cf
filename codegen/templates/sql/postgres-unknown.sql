DO $phasegate$
DECLARE
  lost text;
  total bigint;
BEGIN
  SELECT sum(l."rows"), string_agg(quote_literal(l."state") || ' (' || l."rows" || ')', ', ' ORDER BY l."rows" DESC, l."state")
    INTO total, lost
  FROM (
    SELECT t.{{ n.column }}::text COLLATE "C" AS "state", count(*) AS "rows" FROM {{ n.table }} t
    WHERE NOT EXISTS (SELECT FROM {{ n.states }} s WHERE s."state" = t.{{ n.column }}::text COLLATE "C")
    GROUP BY 1
  ) l WHERE l."state" IS NOT NULL;
  IF total > 0 THEN
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: ' || total || ' rows of {{ n.table_word }} are in states that the table lacks: '
      || lost || '; add them to the table or mend the rows first';
  END IF;
END
$phasegate$;
