-- Every report that the table of `{{ machine }}` (language {{ language }}) does not allow; made by
-- `phasegate audit --sql`. It only reads.
WITH
{{ states.open }}
{%- for item in states.rows %}
    {{ item.row }}{% if !loop.last %}{{ states.between }}{% endif %}
{%- endfor %}
{{ states.close }},
-- 0 is a row that has not been reported yet.
{{ legal.open }}
{%- for item in legal.rows %}
    {{ item.row }}{% if !loop.last %}{{ legal.between }}{% endif %} -- {{ item.comment }}
{%- endfor %}
{{ legal.close }},
reports AS (
  SELECT
{%- for id in ids %}
    {{ id.column }} AS {{ id.alias }},
    {{ id.exact }} AS {{ id.alias }}_exact,
{%- endfor %}
    {{ written }} AS written,
    {{ order }} AS ordered_by
  FROM {{ table }} h
  WHERE {% for id in ids %}{{ id.column }} IS NOT NULL{% if !loop.last %} AND {% endif %}{% endfor %}
),
named AS (
  SELECT r.*, s.number, COALESCE(s.state, r.written) AS state
  FROM reports r
  LEFT JOIN states s ON {{ exact_written }} = {{ exact_report }}
),
steps AS (
  SELECT
{%- for id in ids %}
    n.{{ id.alias }},
    n.{{ id.alias }}_exact,
{%- endfor %}
    ROW_NUMBER() OVER ({% call window() %}{% endcall %}) AS position,
    LAG(n.state) OVER ({% call window() %}{% endcall %}) AS from_state,
    LAG(n.number) OVER ({% call window() %}{% endcall %}) AS before_number,
    n.state AS to_state,
    n.number AS to_number
  FROM named n
),
judged AS (
  SELECT t.*, CASE WHEN t.position = 1 THEN 0 ELSE t.before_number END AS from_number
  FROM steps t
)
SELECT {% for id in ids %}j.{{ id.alias }}, {% endfor %}j.position, j.from_state, j.to_state
FROM judged j
LEFT JOIN legal l ON l.from_number = j.from_number AND l.to_number = j.to_number
WHERE l.to_number IS NULL
  -- What follows a state that the table lacks is not judged.
  AND (j.from_number IS NOT NULL OR j.to_number IS NULL)
ORDER BY {% for id in ids %}j.{{ id.alias }}, j.{{ id.alias }}_exact, {% endfor %}j.position;

{%- macro window() -%}
PARTITION BY {% for id in ids %}n.{{ id.alias }}_exact{% if !loop.last %}, {% endif %}{% endfor %} ORDER BY n.ordered_by
{%- endmacro %}
