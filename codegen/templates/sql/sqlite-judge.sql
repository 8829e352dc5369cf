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
{%- macro illegal(from, illegal, machine, transitions) -%}
SELECT
{%- if illegal.is_empty() %} RAISE(ABORT, 'phasegate: illegal transition of {{ machine }}; legal: see {{ transitions }}')
{%- else %} CASE {{ from }}
{%- for word in illegal %}
      WHEN {{ word.from }} THEN RAISE(ABORT, 'phasegate: illegal transition of {{ machine }} from {{ word.from_word }}; legal: {{ word.legal }}')
{%- endfor %}
      ELSE RAISE(ABORT, 'phasegate: illegal transition of {{ machine }} from an unknown state; legal: none')
    END
{%- endif %}
{%- endmacro %}
