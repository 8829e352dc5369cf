{#- The same in words that need no search_path. -#}
{%- macro overtaken_plain(from, to, key) -%}
RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = pg_catalog.concat(
      'phasegate: the rules of {{ n.machine }} changed while a step was judged: ', {{ from }}, ' -> ', {{ to }}, ' of ', {{ key }}, '; try again'
    );
{%- endmacro %}
{%- macro overtaken(from, to, key, what, why) -%}
RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: {{ what }} {% if what == "the guard of" %}{{ n.table_name }}{% else %}{{ n.machine }}{% endif %}{{ why }}: '
      || coalesce({{ from }}, 'nothing') || ' -> ' || coalesce({{ to }}, 'null') || ' of ' || {{ key }} || '; try again'
{%- endmacro %}
{#- Whether a legal step needs no second look. While the guard observes, one within another statement does, and
    what comes after it in its transaction: see the beginning of the judge. -#}
{%- macro is_plain() -%}
({{ n.at("mode") }}() OPERATOR(pg_catalog.<>) 'observe' OR pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.=) 1
        AND coalesce(pg_catalog.current_setting('phasegate.{{ n.name("nested") }}', true), '') OPERATOR(pg_catalog.=) '')
{%- endmacro %}
{%- macro list(rest) %}(
      SELECT coalesce(string_agg(CASE WHEN l."place" <= {{ listed }} THEN l."state" WHEN l."place" = {{ listed }} + 1 THEN '...' END, ', ' ORDER BY l."place"), 'none')
      FROM (
        SELECT s."state", row_number() OVER (ORDER BY s."place") AS "place"
        FROM jsonb_array_elements_text(rules -> 'states') WITH ORDINALITY AS s("state", "place"){{ rest }}
      ) l
    )
{%- endmacro %}
{#- The types of the columns that the guards read, each NULL where it is not there. -#}
{%- macro types(table) -%}
ARRAY[
    (SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) {{ table }} AND a.attname OPERATOR(pg_catalog.=) '{{ n.column_name }}' AND NOT a.attisdropped)
{%- for key in n.parts %},
    (SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) {{ table }} AND a.attname OPERATOR(pg_catalog.=) '{{ key.name }}' AND NOT a.attisdropped)
{%- endfor %}
  ]
{%- endmacro %}
{#- Whether a column is what it was. -#}
{%- macro same(new, old, column, exact) -%}
{% if owns %}{{ new }}.{{ column }}{{ exact }} OPERATOR(pg_catalog.=) {{ old }}.{{ column }}{{ exact }}
{%- else %}({{ new }}.{{ column }}{{ exact }} OPERATOR(pg_catalog.=) {{ old }}.{{ column }}{{ exact }} OR {{ new }}.{{ column }} IS NULL AND {{ old }}.{{ column }} IS NULL)
{%- endif %}
{%- endmacro %}
{#- The name of today of a state, by the rules of its time. -#}
{%- macro now(language, state) -%}
coalesce(jsonb_extract_path_text(rules, 'renames', {{ language }}, {{ state }}), {{ state }})
{%- endmacro %}
