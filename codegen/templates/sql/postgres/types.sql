-- The types of the columns that the guards read. It is called IMMUTABLE so that a session remembers what they
-- were: see {{ n.name("names") }}.
SELECT pg_catalog.string_agg(a.atttypid::pg_catalog.text, ' ' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
WHERE a.attrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass('{{ n.table }}') AND NOT a.attisdropped
  AND a.attname::pg_catalog.text OPERATOR(pg_catalog.=) ANY (ARRAY['{{ n.column_name }}', {{ n.name_literals() }}])
