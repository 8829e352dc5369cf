-- Which rows are longer in a state than the table calls usual. Only by the history, which a row that was
-- deleted stays in; nothing moves by it.
SELECT {{ n.list(&n.history("e")) }}, s."state", e."at" AS "since", s."expected"
FROM {{ n.events }} AS e
JOIN (VALUES
{%- for (state, seconds) in overdue %}
  ({{ state }}, interval '{{ seconds }} seconds'){% if !loop.last %},{% endif %}
{%- endfor %}
) AS s("state", "expected") ON s."state" = coalesce((SELECT r."name_now" FROM {{ n.at("renames") }} AS r WHERE r."language" = e."language" AND r."state" = e."to_state"), e."to_state")
WHERE e."at" < now() - s."expected"
  AND NOT EXISTS (SELECT FROM {{ n.events }} AS l WHERE {{ n.equal(&n.history("l"), &n.history("e")) }} AND l."seq" > e."seq")
