-- What was let through and would be refused today, by pair, each with the row that would make it legal.
CREATE VIEW {{ n.observed }} AS
SELECT
  g."from_state", g."to_state", g."observed", g."count", g."first_at", g."last_at",
  CASE
    WHEN g."observed" IN ('illegal-transition', 'unknown-state') AND g."from_state" IS NOT NULL AND g."to_state" IS NOT NULL THEN
      {% call lacks("g.\"from_state\"") %}{% endcall %} || {% call lacks("g.\"to_state\"") %}{% endcall %}
      || E'[[transition]]\nfrom = ' || to_json({% call name("g.\"from_state\"") %}{% endcall %})::text
      || E'\nto = ' || to_json({% call name("g.\"to_state\"") %}{% endcall %})::text
    WHEN g."observed" IN ('illegal-start', 'unknown-state') AND g."to_state" IS NOT NULL THEN
      {% call lacks("g.\"to_state\"") %}{% endcall %}
      || '# under [machine], in the list of `initial`: ' || to_json({% call name("g.\"to_state\"") %}{% endcall %})::text
    ELSE '# no row of the table makes this legal'
  END AS "transition"
FROM (
  SELECT
    o."from_state", o."to_state", o."observed",
    count(*) AS "count", min(o."at") AS "first_at", max(o."at") AS "last_at"
  FROM (
    SELECT
      e."observed", e."at",
      {% call now("e.\"from_state\"") %}{% endcall %} AS "from_state",
      {% call now("e.\"to_state\"") %}{% endcall %} AS "to_state"
    FROM {{ n.events }} AS e WHERE e."observed" IS NOT NULL
  ) AS o
  WHERE o."observed" NOT IN ('illegal-transition', 'illegal-start', 'unknown-state')
    OR NOT EXISTS (SELECT FROM {{ n.transitions }} AS t WHERE t."from_state" = o."from_state" AND t."to_state" = o."to_state")
    AND NOT EXISTS (SELECT FROM {{ n.states }} AS s WHERE s."state" = o."to_state" AND s."initial" AND o."from_state" IS NULL)
  GROUP BY o."from_state", o."to_state", o."observed"
) AS g;
{%- macro lacks(state) -%}
CASE WHEN EXISTS (SELECT FROM {{ n.states }} AS s WHERE s."state" = {{ state }}) THEN '' ELSE '# first a [[state]] of the value ' || to_json({{ state }})::text || E'\n' END
{%- endmacro %}
{%- macro name(state) -%}
{% if observed.renamed.is_empty() %}{{ state }}{% else %}CASE {{ state }}{% for (value, name) in observed.renamed %} WHEN {{ value }} THEN {{ name }}{% endfor %} ELSE {{ state }} END{% endif %}
{%- endmacro %}
{%- macro now(state) -%}
coalesce((SELECT r."name_now" FROM {{ n.renames }} AS r WHERE r."language" = e."language" AND r."state" = {{ state }}), {{ state }})
{%- endmacro %}
