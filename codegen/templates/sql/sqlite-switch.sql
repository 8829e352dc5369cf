-- {{ header }}
{% if was_observed %}
DROP VIEW {{ n.observed }};
{%- endif %}
{% if observed.is_none() %}
-- What the table lacks no row may be in: nothing could lead it on.
{% let is_guarded = true %}
{%- include "sql/sqlite-unknown.sql" %}
{% endif -%}
{% if switches %}
-- The guards are made anew, in the one transaction that this file is.
DROP TRIGGER {{ n.guard_insert }};
DROP TRIGGER {{ n.guard_update }};
DROP TRIGGER {{ n.event_trigger }};
{% include "sql/sqlite-event.sql" %}

{% include "sql/sqlite-guard.sql" %}
{% endif -%}
{% if let Some(observed) = observed %}
{% include "sql/sqlite-observed.sql" %}
{% endif -%}
