{#- A template for each object, by its name. What is said above an object stands on the lines before it. -#}
{%- match object.as_str() -%}
{%- when "events" -%}
-- The history, written only by the guard{% if dialect == "sqlite" %}s{% endif %}. It outlives its rows: no foreign key. Where no transition led to
-- a state, `forced` says why it was forced, or `observed` what the guard would have refused it as.
{%- when "reports" -%}
-- Who asked for what, and what was answered: the step that it led to, or why it was refused.
{%- when "forcing" -%}
{%- if dialect == "postgres" -%}
-- What is being forced in this very transaction; no row outlives it.
{%- else -%}
-- What may be forced: each leave is for one step, which uses it up.
{%- endif -%}
{%- when "gone" -%}
-- Which rows are gone, and when.
{%- when "pruned" -%}
-- The keys whose history was pruned, and how much of it: they stay used.
{%- when _ -%}
{%- if dialect == "postgres" -%}
{%- include "sql/postgres/objects.sql" -%}
{%- else -%}
{%- include "sql/sqlite/objects.sql" -%}
{%- endif -%}
{%- endmatch -%}
