{%- import "sql/sqlite/macros.sql" as m -%}
{% if observe -%}
-- The guards only observe: what they would refuse is let through, and marked in the history.
CREATE TRIGGER {{ n.first("guard_insert") }} AFTER INSERT ON {{ n.table }} WHEN {{ n.is_set(&n.own("NEW")) }}
BEGIN
  INSERT INTO {{ n.events }} ({{ n.list(&n.history("")) }}, "seq", "from_state", "to_state", "at", "language", "observed")
    VALUES (
      {{ n.list(&n.own("NEW")) }}, {% call m::seq() %}{% endcall %},
      {% call m::last() %}{% endcall %},
      {{ n.state("NEW") }}, {% call m::now() %}{% endcall %}, '{{ r.language }}',
      CASE
        WHEN {% call m::unknown() %}{% endcall %} THEN 'unknown-state'
        WHEN {% call m::no_start() %}{% endcall %} THEN 'illegal-start'
        WHEN EXISTS (SELECT 1 FROM {{ n.events }} WHERE {{ n.equal(&n.history(""), &n.own("NEW")) }}) THEN 'key-used'
        WHEN EXISTS (SELECT 1 FROM {{ n.at("pruned") }} WHERE {{ n.equal(&n.history(""), &n.own("NEW")) }}) THEN 'key-used'
        WHEN {% call m::elsewhere() %}{% endcall %} THEN 'past-the-guard'
      END
    );
END;
{%- else -%}
-- The guards. They judge what was really written. The rowid's names are columns here: where the key is
-- another name of it, it is set by them too.
CREATE TRIGGER {{ n.first("guard_insert") }} AFTER INSERT ON {{ n.table }}
BEGIN
{%- if !owns %}
  SELECT RAISE(ABORT, 'phasegate: the key of {{ n.table_name }} cannot be null')
    WHERE {{ n.is_null(&n.own("NEW")) }};
{%- endif %}
{%- if !owns || !history %}
  SELECT RAISE(ABORT, 'phasegate: unknown state of {{ n.machine }}; known: {{ words.known }}')
    WHERE {% if history %}typeof({{ n.state("NEW") }}) <> 'text'{% else %}{% call m::unknown() %}{% endcall %}{% endif %};
{%- endif %}
{%- if history %}
  INSERT INTO {{ n.events }} ({{ n.list(&n.history("")) }}, "seq", "from_state", "to_state", "at", "language", "observed")
    VALUES (
      {{ n.list(&n.own("NEW")) }}, {% call m::seq() %}{% endcall %}, NULL, {{ n.state("NEW") }}, {% call m::now() %}{% endcall %}, '{{ r.language }}',
      CASE WHEN {% call m::no_start() %}{% endcall %} AND (SELECT "mode" FROM {{ n.at("mode") }}) = 'load' THEN 'loaded' END
    );
{%- else %}
  SELECT RAISE(ABORT, 'phasegate: illegal start of {{ n.machine }}; initial: {{ words.initial }}')
    WHERE {% call m::no_start() %}{% endcall %};
{%- endif %}
END;
{%- endif %}
