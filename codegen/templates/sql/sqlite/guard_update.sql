{%- import "sql/sqlite/macros.sql" as m -%}
{% if observe -%}
CREATE TRIGGER {{ n.first("guard_update") }} AFTER UPDATE OF {{ n.column }}, {{ n.list(&n.own("")) }}, rowid, oid, _rowid_ ON {{ n.table }}
WHEN {{ n.is_set(&n.own("NEW")) }}
  AND ({% call m::moved() %}{% endcall %} OR {{ n.differ(&n.own("NEW"), &n.own("OLD")) }})
BEGIN
  INSERT INTO {{ n.events }} ({{ n.list(&n.history("")) }}, "seq", "from_state", "to_state", "at", "language", "forced", "observed")
    VALUES (
      {{ n.list(&n.own("NEW")) }}, {% call m::seq() %}{% endcall %},
      {% call m::last() %}{% endcall %},
      {{ n.state("NEW") }}, {% call m::now() %}{% endcall %}, '{{ r.language }}',
      {% call m::forced() %}{% endcall %},
      CASE
        WHEN {{ n.differ(&n.own("NEW"), &n.own("OLD")) }} THEN 'key-changed'
        WHEN {% call m::unknown() %}{% endcall %} THEN 'unknown-state'
        WHEN {% call m::forced() %}{% endcall %} IS NOT NULL THEN NULL
{%- if !n.has_null() %}
        WHEN OLD.{{ n.column }} IS NULL AND {% call m::last() %}{% endcall %} IS NOT NULL THEN 'past-the-guard'
        WHEN {% call m::had_state() %}{% endcall %} THEN 'illegal-transition'
        WHEN OLD.{{ n.column }} IS NULL AND {% call m::no_start() %}{% endcall %} THEN 'illegal-start'
{%- endif %}
        WHEN {{ n.state_exact("OLD") }} IS NOT {% call m::last() %}{% endcall %} THEN 'past-the-guard'
        WHEN {{ n.has_state("OLD") }} AND NOT {% call m::legal(n.state_exact("OLD"), n.state_exact("NEW"), r.next, "        ") %}{% endcall %} THEN 'illegal-transition'
        WHEN {% call m::elsewhere() %}{% endcall %} THEN 'past-the-guard'
      END
    );
END;
{%- else -%}
CREATE TRIGGER {{ n.first("guard_update") }} AFTER UPDATE OF {{ n.column }}, {{ n.list(&n.own("")) }}, rowid, oid, _rowid_ ON {{ n.table }}
WHEN {% call m::moved() %}{% endcall %} OR {{ n.differ(&n.own("NEW"), &n.own("OLD")) }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: the key of {{ n.table_name }} cannot change')
    WHERE {{ n.differ(&n.own("NEW"), &n.own("OLD")) }};
{%- if !owns || !history %}
  SELECT RAISE(ABORT, 'phasegate: unknown state of {{ n.machine }}; known: {{ words.known }}')
    WHERE {% if history %}typeof({{ n.state("NEW") }}) <> 'text'{% else %}{% call m::unknown() %}{% endcall %}{% endif %};
{%- endif %}
{%- if history %}
{%- if !owns && !n.has_null() %}
  SELECT RAISE(ABORT, 'phasegate: the history of {{ n.table_name }} does not end where this step begins: the row was changed past the guard; put it back into that state with its guards off')
    WHERE OLD.{{ n.column }} IS NULL AND {% call m::last() %}{% endcall %} IS NOT NULL;
  SELECT RAISE(ABORT, 'phasegate: illegal transition of {{ n.machine }}; legal: none: the row holds NULL, which is no state; force it into a state by {{ n.name("force") }}')
    WHERE {% call m::had_state() %}{% endcall %} AND {% call m::forced() %}{% endcall %} IS NULL;
{%- endif %}
  INSERT INTO {{ n.events }} ({{ n.list(&n.history("")) }}, "seq", "from_state", "to_state", "at", "language", "forced")
    VALUES (
      {{ n.list(&n.own("NEW")) }}, {% call m::seq() %}{% endcall %}, {{ n.state("OLD") }}, {{ n.state("NEW") }}, {% call m::now() %}{% endcall %}, '{{ r.language }}',
      {% call m::forced() %}{% endcall %}
    );
{%- else %}
{%- if !owns && !n.has_null() %}
  SELECT RAISE(ABORT, 'phasegate: illegal start of {{ n.machine }}; initial: {{ words.initial }}')
    WHERE OLD.{{ n.column }} IS NULL AND {% call m::no_start() %}{% endcall %};
{%- endif %}
  {% call m::illegal(n.state_exact("OLD"), words.illegal, n.machine, n.name("transitions")) %}{% endcall %}
    WHERE {{ n.has_state("OLD") }} AND NOT {% call m::legal(n.state_exact("OLD"), n.state_exact("NEW"), r.next, "    ") %}{% endcall %};
{%- endif %}
END;
{%- endif %}
