-- What the table lacks no row may be in: nothing could lead it on.
-- RAISE takes only literals outside of the newest versions, in a temporary trigger too: what cannot be
-- is asked of json_extract, whose error says it after words of its own about a path.
SELECT json_extract('{}', 'phasegate: '
  || CASE "total" WHEN 1 THEN '1 row of {{ n.table_name }} is in a state' ELSE "total" || ' rows of {{ n.table_name }} are in states' END
  || ' that the table lacks: ' || "lost" || CASE WHEN "states" > 12 THEN ' and ' || ("states" - 12) || ' more' ELSE '' END
  || '; mend the ' || CASE "total" WHEN 1 THEN 'row' ELSE 'rows' END
  || ', or add the ' || CASE "states" WHEN 1 THEN 'state' ELSE 'states' END || ' to the table'
{%- if is_guarded %}
  || ': where no database has run this file, remove it with its tables/NNNN.toml, and migrate; else migrate, and before this file run the DROP VIEW {{ n.at("states") }} and the CREATE VIEW {{ n.at("states") }} of the new one by hand')
{%- else %}
  || ', and while no database has this file, make it anew: remove the files of its migration and their tables/NNNN.toml, then migrate')
{%- endif %}
FROM (
  SELECT
    sum("rows") AS "total", count(*) AS "states",
    group_concat(CASE WHEN "place" <= 12 THEN json_quote("state") || ' (' || "rows" || ')' END, ', ') AS "lost"
  FROM (
    SELECT
      {{ n.state_exact("g") }} AS "state", count(*) AS "rows",
      row_number() OVER (ORDER BY count(*) DESC, {{ n.state_exact("g") }}) AS "place"
    FROM {{ n.table }} AS g
    WHERE {{ n.has_state("g") }}
      AND (typeof({{ n.state("g") }}) <> 'text' OR NOT EXISTS (SELECT 1 FROM {{ n.at("states") }} AS s WHERE s."state" = {{ n.state_exact("g") }}))
    GROUP BY {{ n.state_exact("g") }} ORDER BY "place"
  ) AS u
) AS l
WHERE "total" > 0;
