-- Functions name the columns, and PostgreSQL does not look into functions: so a column that was renamed or
-- dropped is said clearly. The guards' conditions ask this before all else, in partitions too. It is called
-- IMMUTABLE, which it is while a statement holds the table: PostgreSQL then asks once, not for each row.
DECLARE
  here pg_catalog.oid := pg_catalog.to_regclass('{{ n.table }}');
  missing pg_catalog.text;
BEGIN
  SELECT pg_catalog.string_agg(c."name", ', ') INTO missing
    FROM pg_catalog.unnest(ARRAY['{{ n.column_name }}', {{ n.name_literals() }}]) AS c("name")
    WHERE NOT EXISTS (
      SELECT FROM pg_catalog.pg_attribute a
      WHERE a.attrelid OPERATOR(pg_catalog.=) here AND a.attname OPERATOR(pg_catalog.=) c."name"::pg_catalog.name AND NOT a.attisdropped
    );
  IF here IS NOT NULL AND missing IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = '42703',
      MESSAGE = pg_catalog.concat('phasegate''s guard of {{ n.table_name }} judges by a column that is not there: ', missing),
      HINT = 'Where it was renamed: rename it back, or change [target.sql], run `phasegate generate`, and replace the functions as docs/databases.md says.',
      SCHEMA = '{{ n.schema_name }}', TABLE = '{{ n.table_name }}';
  END IF;
  RETURN true;
END