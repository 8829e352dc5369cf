-- The rules to read. The guards have the same ones in their own bodies: no table that is emptied takes
-- them along.
CREATE VIEW {{ n.states }} ("state", "position", "initial") AS
VALUES
{%- for row in r.states %}
  {{ row }}{% if loop.last %};{% else %},{% endif %}
{%- endfor %}
CREATE VIEW {{ n.transitions }} ("from_state", "to_state", "kind") AS
{%- call rows(r.transitions) %}{% endcall %}
-- Their fingerprint: the history says with each step which rules it was judged by.
CREATE VIEW {{ n.language }} ("fingerprint") AS
VALUES ('{{ r.language }}');
-- What a state of former rules is called now, by their fingerprint: the history keeps the names of its time.
CREATE VIEW {{ n.renames }} ("language", "state", "name_now") AS
{%- call rows(r.renames) %}{% endcall %}
{%- macro rows(rows) %}
{%- if rows.is_empty() %}
SELECT NULL, NULL, NULL WHERE 0;
{%- else %}
VALUES
{%- for row in rows %}
  {{ row }}{% if loop.last %};{% else %},{% endif %}
{%- endfor %}
{%- endif %}
{%- endmacro %}
