-- {{ header }}
{% include "sql/postgres-lock.sql" %}
{% if observed.is_none() %}
-- What the table lacks no row may be in: nothing could lead it on.
{% let is_guarded = true %}
{%- include "sql/postgres-unknown.sql" %}

DROP VIEW {{ n.observed }};
{% endif -%}
{% if switches %}
-- From the end of this transaction on; no table is locked, and no trigger made anew.
{% include "sql/postgres-rules.sql" %}
{% include "sql/postgres-mode.sql" %}
{% endif -%}
{% if let Some(observed) = observed %}
{% include "sql/postgres-observed.sql" %}
{% endif -%}
