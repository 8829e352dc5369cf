-- What was let through and would be refused today, by pair, each with the row that would make it legal,
-- and with what the table has to say first for that row to be accepted.
SELECT
  g."from_state", g."to_state", g."observed", g."count", g."first_at", g."last_at",
  CASE
    WHEN g."observed" NOT IN ('illegal-transition', 'illegal-start', 'unknown-state') OR g."to_state" IS NULL
      -- Of a row that held NULL after it had a state.
      OR g."observed" = 'illegal-transition' AND g."from_state" IS NULL
      OR {% call no_value("g.\"to_state\"") %}{% endcall %}
      OR {% call no_value("g.\"from_state\"") %}{% endcall %}
      THEN '# no row of the table makes this legal'
    WHEN g."from_state" IS NOT NULL AND g."observed" <> 'illegal-start' THEN
      {% call lacks("g.\"from_state\"", " (`retired = true` unless something enters it), its name below") %}{% endcall %}
      || {% if observed.endless %}{% call lacks("g.\"to_state\"", ", its name below, and a transition that leads on from it") %}{% endcall %}
{%- else %}{% call lacks("g.\"to_state\"", ", its name below") %}{% endcall %}{% endif %}
{%- if !observed.leaves.is_empty() %}
      || {% call first("g.\"from_state\"", &observed.leaves) %}{% endcall %}
{%- endif %}
{%- if !observed.enters.is_empty() %}
      || {% call first("g.\"to_state\"", &observed.enters) %}{% endcall %}
{%- endif %}
      || '[[transition]]' || char(10) || 'from = ' || json_quote({% call name("g.\"from_state\"") %}{% endcall %}) || char(10) || 'to = ' || json_quote({% call name("g.\"to_state\"") %}{% endcall %})
{%- if !observed.ends.is_empty() %}
    WHEN g."to_state" IN ({{ observed.ends|join(", ") }}) THEN '# no row of the table makes this legal: no row starts in an end'
{%- endif %}
    ELSE
      {% call lacks("g.\"to_state\"", ", its name below, and a transition that leads on from it") %}{% endcall %}
{%- if !observed.starts.is_empty() %}
      || {% call first("g.\"to_state\"", &observed.starts) %}{% endcall %}
{%- endif %}
      || '# under [machine], in the list of `initial`: ' || json_quote({% call name("g.\"to_state\"") %}{% endcall %})
  END AS "transition"
FROM (
  SELECT
    o."from_state", o."to_state", o."observed",
    count(*) AS "count", min(o."at") AS "first_at", max(o."at") AS "last_at"
  FROM (
    SELECT
      p."from_state", p."to_state", p."at",
      -- A state that has become known since would be refused only for its step.
      CASE
        WHEN p."observed" <> 'unknown-state' OR NOT EXISTS (SELECT 1 FROM {{ n.at("states") }} AS s WHERE s."state" = p."to_state") THEN p."observed"
        WHEN p."from_state" IS NULL THEN 'illegal-start'
        ELSE 'illegal-transition'
      END AS "observed"
    FROM (
      SELECT
        e."observed", e."at",
        {% call now("e.\"from_state\"") %}{% endcall %} AS "from_state",
        {% call now("e.\"to_state\"") %}{% endcall %} AS "to_state"
      FROM {{ n.events }} AS e WHERE e."observed" <> 'loaded'
    ) AS p
  ) AS o
  WHERE CASE o."observed"
    -- A state's other name, while it was being renamed, was no step.
    WHEN 'illegal-transition' THEN o."from_state" IS NOT o."to_state"
      AND NOT EXISTS (SELECT 1 FROM {{ n.at("transitions") }} AS t WHERE t."from_state" = o."from_state" AND t."to_state" = o."to_state")
    WHEN 'illegal-start' THEN NOT EXISTS (SELECT 1 FROM {{ n.at("states") }} AS s WHERE s."state" = o."to_state" AND s."initial")
    ELSE 1
  END
  GROUP BY o."from_state", o."to_state", o."observed"
) AS g
{#- What has to be there before a state that the table lacks can stand in the row. -#}
{%- macro lacks(state, more) -%}
CASE WHEN EXISTS (SELECT 1 FROM {{ n.at("states") }} AS s WHERE s."state" = {{ state }}) THEN '' ELSE '# first a [[state]] of the {% if n.has_numbers() %}number ' || {{ state }}{% else %}value ' || json_quote({{ state }}){% endif %} || '{{ more }}' || char(10) END
{%- endmacro %}
{#- What has to be said otherwise of a state that the table has. -#}
{%- macro first(state, notes) -%}
CASE {{ state }}{% for (value, note) in notes %} WHEN {{ value }} THEN {{ note }} || char(10){% endfor %} ELSE '' END
{%- endmacro %}
{#- Whether the table lacks it and can have no such value, or means another state by it. -#}
{%- macro no_value(state) -%}
NOT EXISTS (SELECT 1 FROM {{ n.at("states") }} AS s WHERE s."state" = {{ state }}) AND (
        typeof({{ state }}) NOT IN ('text', 'null') OR length(CAST({{ state }} AS BLOB)) NOT BETWEEN 1 AND 63
        OR instr(CAST({{ state }} AS BLOB), x'00') > 0
        OR {{ state }} GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'{% if !observed.names.is_empty() %}
        OR {{ state }} IN ({{ observed.names|join(", ") }}){% endif %}
      )
{%- endmacro %}
{%- macro name(state) -%}
{% if observed.renamed.is_empty() %}{{ state }}{% else %}CASE {{ state }}{% for (value, name) in observed.renamed %} WHEN {{ value }} THEN {{ name }}{% endfor %} ELSE {{ state }} END{% endif %}
{%- endmacro %}
{%- macro now(state) -%}
coalesce((SELECT r."name_now" FROM {{ n.at("renames") }} AS r WHERE r."language" = e."language" AND r."state" = {{ state }}), {{ state }})
{%- endmacro %}
