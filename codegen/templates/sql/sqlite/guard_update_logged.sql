{%- import "sql/sqlite/macros.sql" as m -%}
-- Without recursive triggers SQLite leaves a guard out that is at work already, so that it would miss what a
-- trigger on the history does to any row. SQLite calls what was made last first: so these look after the guards.
CREATE TRIGGER {{ n.first("guard_update_logged") }} AFTER UPDATE OF {{ n.column }}, {{ n.list(&n.own("")) }}, rowid, oid, _rowid_ ON {{ n.table }}
WHEN {% call m::moved() %}{% endcall %} OR {{ n.differ(&n.own("NEW"), &n.own("OLD")) }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.events_name }} lacks this step: a trigger on {{ n.events_name }} changed {{ n.table_name }}, which takes PRAGMA recursive_triggers = ON, or a guard of {{ n.table_name }} is missing')
    WHERE {% call m::unlogged() %}{% endcall %};
END;
