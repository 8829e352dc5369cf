{%- import "sql/postgres/macros.sql" as m -%}
-- The types of the columns that the guards read. It is called IMMUTABLE so that a session remembers what they
-- were: see {{ n.name("names") }}.
SELECT {% call m::types("t.\"here\"") %}{% endcall %} FROM (SELECT pg_catalog.to_regclass('{{ n.table }}')) AS t("here")
