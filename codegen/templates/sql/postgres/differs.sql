{%- import "sql/postgres/macros.sql" as m -%}
-- Whether an UPDATE changed the status or the key: what the guard is not called for costs next to
-- nothing. PostgreSQL puts this body in the place of the call. A condition that named the columns would
-- keep them from getting another type, and rows of the table's own type would keep it from being dropped.
SELECT ({% call m::same("($2)", "($1)", n.column, n.column_exact) %}{% endcall %}
{%- for key in n.parts %}
  AND {% call m::same("($2)", "($1)", key.column(), key.exact) %}{% endcall %}
{%- endfor %}) IS NOT TRUE
