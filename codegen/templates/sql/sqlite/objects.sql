{%- import "sql/sqlite/macros.sql" as rows -%}
{%- match object.as_str() -%}
{%- when "states" -%}
-- The rules to read. The guards have the same ones in their own bodies: no table that is emptied takes
-- them along.
CREATE VIEW {{ n.at("states") }} ("state", "position", "initial"{% if !n.is_plain() %}, "stored", "null"{% endif %}) AS
{%- call rows::rows(r.states) %}{% endcall %}
{%- when "transitions" -%}
CREATE VIEW {{ n.at("transitions") }} ("from_state", "to_state", "kind") AS
{%- call rows::rows(r.transitions) %}{% endcall %}
{%- when "language" -%}
-- Their fingerprint: the history says with each step which rules it was judged by.
CREATE VIEW {{ n.at("language") }} ("fingerprint") AS
VALUES ('{{ r.language }}');
{%- when "renames" -%}
-- What a state of former rules is called now, by their fingerprint: the history keeps the names of its time.
CREATE VIEW {{ n.at("renames") }} ("language", "state", "name_now") AS
{%- call rows::rows(r.renames) %}{% endcall %}
{%- when "mode" -%}
-- What the guards do other than the table says: nothing, where `mode` is null.
{%- when "adopt" -%}
-- The rows from before the guard: their history begins with the state that they are in.
INSERT INTO {{ n.events }} ({{ n.list(&n.history("")) }}, "seq", "from_state", "to_state", "at", "language")
  SELECT {{ n.list(&n.own("")) }}, 1, NULL, {% if n.is_plain() %}{{ n.column }}{% else %}{{ n.state(n.table) }}{% endif %}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), '{{ r.language }}'
  FROM {{ n.table }} WHERE {{ n.is_set(&n.own("")) }}{% if !n.has_null() %} AND {{ n.column }} IS NOT NULL{% endif %};
{%- when "prune" -%}
CREATE VIEW {{ n.at("prune") }} ("before", "events", "reports") AS
SELECT "before", sum("events"), sum("reports") FROM {{ n.at("pruned") }} GROUP BY "before";
{%- when "preflight" -%}
{% include "sql/sqlite/preflight.sql" %}
{%- when "unknown" -%}
{% include "sql/sqlite/unknown.sql" %}
{%- when "overdue" -%}
{% include "sql/sqlite/overdue.sql" %}
{%- when "observed" -%}
{% if let Some(observed) = observed %}{% include "sql/sqlite/observed.sql" %}{% endif %}
{%- when "event" -%}
{% include "sql/sqlite/event.sql" %}
{%- when "prune_insert" -%}
{% include "sql/sqlite/prune_insert.sql" %}
{%- when "set_mode" -%}
{% include "sql/sqlite/set_mode.sql" %}
{%- when "set_mode_insert" -%}
{% include "sql/sqlite/set_mode_insert.sql" %}
{%- when "mode_delete" -%}
{% include "sql/sqlite/mode_delete.sql" %}
{%- when "event_update" -%}
{% include "sql/sqlite/event_update.sql" %}
{%- when "event_delete" -%}
{% include "sql/sqlite/event_delete.sql" %}
{%- when "report" -%}
{% include "sql/sqlite/report.sql" %}
{%- when "report_id" -%}
{% include "sql/sqlite/report_id.sql" %}
{%- when "report_kept" -%}
{% include "sql/sqlite/report_kept.sql" %}
{%- when "report_update" -%}
{% include "sql/sqlite/report_update.sql" %}
{%- when "report_delete" -%}
{% include "sql/sqlite/report_delete.sql" %}
{%- when "pruned_update" -%}
{% include "sql/sqlite/pruned_update.sql" %}
{%- when "pruned_delete" -%}
{% include "sql/sqlite/pruned_delete.sql" %}
{%- when "force" -%}
{% include "sql/sqlite/force.sql" %}
{%- when "force_insert" -%}
{% include "sql/sqlite/force_insert.sql" %}
{%- when "event_forced" -%}
{% include "sql/sqlite/event_forced.sql" %}
{%- when "guard_insert" -%}
{% include "sql/sqlite/guard_insert.sql" %}
{%- when "guard_insert_logged" -%}
{% include "sql/sqlite/guard_insert_logged.sql" %}
{%- when "guard_update" -%}
{% include "sql/sqlite/guard_update.sql" %}
{%- when "guard_update_logged" -%}
{% include "sql/sqlite/guard_update_logged.sql" %}
{%- when "guard_again" -%}
{% include "sql/sqlite/guard_again.sql" %}
{%- when "guard_delete" -%}
{% include "sql/sqlite/guard_delete.sql" %}
{%- when "guard_replace" -%}
{% include "sql/sqlite/guard_replace.sql" %}
{%- when _ -%}
{%- endmatch -%}
