-- Functions name the columns, and PostgreSQL does not look into functions: so a column that was renamed or
-- dropped is said once for each statement, before a row fails without a word that helps.
DECLARE
  missing pg_catalog.text;
BEGIN
  SELECT pg_catalog.string_agg(c."name", ', ') INTO missing
    FROM pg_catalog.unnest(ARRAY['{{ n.column_name }}', {{ n.name_literals() }}]) AS c("name")
    WHERE NOT EXISTS (
      SELECT FROM pg_catalog.pg_attribute a
      WHERE a.attrelid OPERATOR(pg_catalog.=) TG_RELID AND a.attname OPERATOR(pg_catalog.=) c."name"::pg_catalog.name AND NOT a.attisdropped
    );
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = '42703',
      MESSAGE = pg_catalog.concat('phasegate''s guard of ', TG_TABLE_NAME, ' judges by a column that is not there: ', missing),
      HINT = 'Where it was renamed: rename it back, or change [target.sql], run `phasegate generate`, and replace the functions as docs/databases.md says.',
      SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END
