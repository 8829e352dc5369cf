{%- import "sql/sqlite/macros.sql" as m -%}
-- A transition of a state to itself: only `SET` of the column distinguishes it from a change elsewhere.
CREATE TRIGGER {{ n.first("guard_again") }} AFTER UPDATE OF {{ n.column }} ON {{ n.table }}
WHEN {% if n.has_null() %}{{ n.state("NEW") }} IS {{ n.state("OLD") }}{% else %}NEW.{{ n.column }} COLLATE BINARY IS OLD.{{ n.column }}{% endif %} AND {% call m::one(n.state_exact("NEW"), r.again) %}{% endcall %}
BEGIN
  INSERT INTO {{ n.events }} ({{ n.list(&n.history("")) }}, "seq", "from_state", "to_state", "at", "language")
    VALUES ({{ n.list(&n.own("NEW")) }}, {% call m::seq() %}{% endcall %}, {{ n.state("NEW") }}, {{ n.state("NEW") }}, {% call m::now() %}{% endcall %}, '{{ r.language }}');
END;
