{%- import "sql/sqlite/macros.sql" as m -%}
CREATE TRIGGER {{ n.first("guard_insert_logged") }} AFTER INSERT ON {{ n.table }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.events_name }} lacks this step: a trigger on {{ n.events_name }} changed {{ n.table_name }}, which takes PRAGMA recursive_triggers = ON, or a guard of {{ n.table_name }} is missing')
    WHERE {% call m::unlogged() %}{% endcall %};
END;
