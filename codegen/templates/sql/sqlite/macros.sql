{#- CASE and not IN: for a list of IN that is longer than two, SQLite builds an index each time. -#}
{%- macro one(state, list) -%}
{% if list.is_empty() %}0{% else %}CASE {{ state }}{% for value in list %} WHEN {{ value }} THEN 1{% endfor %} ELSE 0 END{% endif %}
{%- endmacro %}
{%- macro legal(from, to, next, indent) -%}
{% if next.is_empty() %}0{% else %}CASE {{ from }}
{%- for (state, list) in next %}
{{ indent }}  WHEN {{ state }} THEN {% call one(to, list) %}{% endcall %}
{%- endfor %}
{{ indent }}  ELSE 0 END
{%- endif %}
{%- endmacro %}
{#- What leads on from a value that is no state. -#}
{%- macro lost() -%}
{% if history %}force the row into a state by {{ n.name("force") }}, or make a state of the value in the table and migrate{% else %}make a state of the value in the table and migrate{% endif %}
{%- endmacro %}
{%- macro illegal(from, illegal, machine, transitions) -%}
SELECT
{%- if illegal.is_empty() %} CASE WHEN EXISTS (SELECT 1 FROM {{ n.at("states") }} WHERE "state" = {{ from }})
      THEN RAISE(ABORT, 'phasegate: illegal transition of {{ machine }}; legal: see {{ transitions }}')
      ELSE RAISE(ABORT, 'phasegate: illegal transition of {{ machine }}; legal: none: the row holds a value that is no state; {% call lost() %}{% endcall %}')
    END
{%- else %} CASE {{ from }}
{%- for word in illegal %}
      WHEN {{ word.from }} THEN RAISE(ABORT, 'phasegate: illegal transition of {{ machine }} from {{ word.from_word }}; legal: {{ word.legal }}')
{%- endfor %}
      ELSE RAISE(ABORT, 'phasegate: illegal transition of {{ machine }}; legal: none: the row holds a value that is no state; {% call lost() %}{% endcall %}')
    END
{%- endif %}
{%- endmacro %}
{#- This moment. The first way is twice as fast; SQLite before 3.42 knows no `subsec`, and takes the second. -#}
{%- macro now() -%}
coalesce(date('now') || 'T' || time('now', 'subsec') || 'Z', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
{%- endmacro %}
{%- macro seq() -%}
coalesce((SELECT e."seq" FROM {{ n.events }} AS e WHERE {{ n.equal(&n.history("e"), &n.own("NEW")) }} ORDER BY e."seq" DESC LIMIT 1), 0) + 1
{%- endmacro %}
{%- macro forced() -%}
(SELECT "reason" FROM {{ n.at("forcing") }} WHERE {{ n.equal(&n.history(""), &n.own("NEW")) }} AND "to_state" = {{ n.state_exact("NEW") }})
{%- endmacro %}
{#- Whether the row had a state before it came to hold NULL, which is none. -#}
{%- macro had_state() -%}
OLD.{{ n.column }} IS NULL AND EXISTS (SELECT 1 FROM {{ n.events }} WHERE {{ n.equal(&n.history(""), &n.own("NEW")) }} AND "to_state" IS NOT NULL)
{%- endmacro %}
{%- macro last() -%}
(
        SELECT coalesce((SELECT "name_now" FROM {{ n.at("renames") }} AS r WHERE r."language" = e."language" AND r."state" = e."to_state"), e."to_state")
        FROM {{ n.events }} AS e WHERE {{ n.equal(&n.history("e"), &n.own("NEW")) }} ORDER BY e."seq" DESC LIMIT 1
      )
{%- endmacro %}
{%- macro unknown() -%}
(typeof({{ n.state("NEW") }}) <> 'text' OR NOT {% call one(n.state_exact("NEW"), r.known) %}{% endcall %})
{%- endmacro %}
{%- macro no_start() -%}
NOT {% call one(n.state_exact("NEW"), r.initial) %}{% endcall %}
{%- endmacro %}
{%- macro elsewhere() -%}
{%- if n.has_null() -%}
(SELECT {{ n.state(n.table) }} FROM {{ n.table }} WHERE {{ n.equal(&n.own(""), &n.own("NEW")) }}) IS NOT {{ n.state("NEW") }}
{%- else -%}
(SELECT {{ n.column }} FROM {{ n.table }} WHERE {{ n.equal(&n.own(""), &n.own("NEW")) }}) COLLATE BINARY IS NOT NEW.{{ n.column }}
{%- endif -%}
{%- endmacro %}
{#- Whether the history ends elsewhere than in what was written, and than where the row is by now. -#}
{%- macro unlogged() -%}
(SELECT e."to_state" FROM {{ n.events }} AS e WHERE {{ n.equal(&n.history("e"), &n.own("NEW")) }} ORDER BY e."seq" DESC LIMIT 1) IS NOT {{ n.state("NEW") }}
      AND (SELECT e."to_state" FROM {{ n.events }} AS e WHERE {{ n.equal(&n.history("e"), &n.own("NEW")) }} ORDER BY e."seq" DESC LIMIT 1)
        IS NOT (SELECT {% if n.is_plain() %}{{ n.column }}{% else %}{{ n.state(n.table) }}{% endif %} FROM {{ n.table }} WHERE {{ n.equal(&n.own(""), &n.own("NEW")) }})
{%- endmacro %}
{#- Whether the row is in another state. -#}
{%- macro moved() -%}
{%- if n.has_null() -%}
{{ n.state("NEW") }} IS NOT {{ n.state("OLD") }}
{%- else -%}
NEW.{{ n.column }} COLLATE BINARY IS NOT OLD.{{ n.column }}
{%- endif -%}
{%- endmacro %}
{%- macro rows(rows) %}
{%- if rows.is_empty() %}
SELECT NULL, NULL, NULL WHERE 0;
{%- else %}
VALUES
{%- for row in rows %}
  {{ row }}{% if loop.last %};{% else %},{% endif %}
{%- endfor %}
{%- endif %}
{%- endmacro %}
