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
{% include "sql/sqlite-drop.sql" %}
DROP TRIGGER {{ n.event_trigger }};
DROP TRIGGER {{ n.prune_insert }};
DROP TRIGGER {{ n.set_mode_insert }};
DROP VIEW {{ n.set_mode }};
{% include "sql/sqlite-mode.sql" %}
{% include "sql/sqlite-event.sql" %}

{% include "sql/sqlite-guard.sql" %}
{% endif -%}
{% if let Some(observed) = observed %}
{% include "sql/sqlite-observed.sql" %}
{% endif -%}
