-- RAISE takes literals alone outside of the newest versions: what cannot be is asked of json_extract,
-- whose error says it.
SELECT json_extract('{}', 'phasegate: ' || "total" || ' rows of {{ n.table_word }} are in states that the table lacks: ' || "lost" || '; add them to the table or mend the rows first')
FROM (
  SELECT sum("rows") AS "total", group_concat(json_quote("state") || ' (' || "rows" || ')', ', ') AS "lost"
  FROM (
    SELECT g.{{ n.column }} COLLATE BINARY AS "state", count(*) AS "rows" FROM {{ n.table }} AS g
    WHERE g.{{ n.column }} IS NOT NULL
      AND (typeof(g.{{ n.column }}) <> 'text' OR NOT EXISTS (SELECT 1 FROM {{ n.states }} AS s WHERE s."state" = g.{{ n.column }} COLLATE BINARY))
    GROUP BY g.{{ n.column }} COLLATE BINARY ORDER BY count(*) DESC, g.{{ n.column }} COLLATE BINARY
  ) AS u
) AS l
WHERE "total" > 0;
