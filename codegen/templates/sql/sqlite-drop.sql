DROP TRIGGER IF EXISTS {{ n.guard_insert }};
DROP TRIGGER IF EXISTS {{ n.guard_update }};
{%- if history %}
DROP TRIGGER IF EXISTS {{ n.guard_again }};
DROP TRIGGER IF EXISTS {{ n.guard_delete }};
{%- else %}
DROP TRIGGER IF EXISTS {{ n.guard_replace }};
{%- endif %}
