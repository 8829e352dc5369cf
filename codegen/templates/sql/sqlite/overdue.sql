-- Which rows are longer in a state than the table calls usual, which is in seconds. Only by the history,
-- which a row that was deleted stays in; nothing moves by it.
SELECT {{ n.list(&n.history("e")) }}, s."state", e."at" AS "since", s."expected"
FROM {{ n.events }} AS e
JOIN (
{%- for (state, seconds) in overdue %}
  {% if !loop.first %}UNION ALL {% endif %}SELECT {{ state }} AS "state", {{ seconds }} AS "expected"
{%- endfor %}
) AS s ON s."state" = coalesce((SELECT r."name_now" FROM {{ n.at("renames") }} AS r WHERE r."language" = e."language" AND r."state" = e."to_state"), e."to_state")
WHERE e."at" < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || s."expected" || ' seconds')
  AND NOT EXISTS (SELECT 1 FROM {{ n.events }} AS l WHERE {{ n.equal(&n.history("l"), &n.history("e")) }} AND l."seq" > e."seq")
