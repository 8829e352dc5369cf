-- What the table lacks no row may be in: nothing could lead it on.
DO $phasegate$
DECLARE
  lost text;
  total bigint;
  states bigint;
  secured text := current_setting('row_security');
BEGIN
  -- Of rows that are hidden this would know nothing: rather an error.
  PERFORM set_config('row_security', 'off', true);
  SELECT
    sum(l."rows"), max(l."place"),
    string_agg(quote_literal(l."state") || ' (' || l."rows" || ')', ', ' ORDER BY l."place") FILTER (WHERE l."place" <= 12)
    INTO total, states, lost
  FROM (
    SELECT u."state", u."rows", row_number() OVER (ORDER BY u."rows" DESC, u."state") AS "place" FROM (
      SELECT {{ n.state_exact("t") }} AS "state", count(*) AS "rows" FROM {{ n.table }} t
      WHERE {{ n.has_state("t") }}
        AND NOT EXISTS (SELECT FROM {{ n.at("states") }} s WHERE s."state" = {{ n.state_exact("t") }})
      GROUP BY 1
    ) u
  ) l;
  IF total > 0 THEN
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: '
      || CASE total WHEN 1 THEN '1 row of {{ n.table_name }} is in a state' ELSE total || ' rows of {{ n.table_name }} are in states' END
      || ' that the table lacks: ' || lost || CASE WHEN states > 12 THEN ' and ' || states - 12 || ' more' ELSE '' END
      || '; mend the ' || CASE total WHEN 1 THEN 'row' ELSE 'rows' END
      || ', or add the ' || CASE states WHEN 1 THEN 'state' ELSE 'states' END || ' to the table'
{%- if is_guarded %}
      || ': where no database has run this file, remove it with its tables/NNNN.toml, and migrate; else migrate, and before this file run the CREATE OR REPLACE FUNCTION {{ n.at("rules") }} of the new one by hand';
{%- else %}
      || ', and while no database has this file, make it anew: remove the files of its migration and their tables/NNNN.toml, then migrate';
{%- endif %}
  END IF;
  PERFORM set_config('row_security', secured, true);
END
$phasegate$;
