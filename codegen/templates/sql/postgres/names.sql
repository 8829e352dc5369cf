{%- import "sql/postgres/macros.sql" as m -%}
-- Functions name the columns, and PostgreSQL does not look into functions: so a column that was renamed or
-- dropped is said clearly. The guards' conditions ask this before all else, in partitions too. It is called
-- IMMUTABLE, which it is while a statement holds the table: PostgreSQL then asks once, not for each row.
DECLARE
  here oid := to_regclass('{{ n.table }}');
  types oid[] := {% call m::types("here") %}{% endcall %};
BEGIN
  IF here IS NOT NULL AND array_position(types, NULL) IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = '42703',
      MESSAGE = concat('phasegate''s guard of {{ n.table_name }} judges by a column that is not there: ', (
        SELECT string_agg(c."name", ', ') FROM unnest(ARRAY['{{ n.column_name }}', {{ n.name_literals() }}], types) AS c("name", "type")
        WHERE c."type" IS NULL
      )),
      HINT = 'Where it was renamed: rename it back, or change [target.sql], run `phasegate generate`, and replace the functions as docs/databases.md says.',
      SCHEMA = '{{ n.schema_name }}', TABLE = '{{ n.table_name }}';
  END IF;
  -- A session plans the guards once, for the types that these columns have then. Asked of a constant, the types
  -- are those of that time, for they are planned along. The second turn plans them anew, too.
  FOR turn IN 1..2 LOOP
    EXIT WHEN types IS NOT DISTINCT FROM {{ n.at("types") }}(true);
    PERFORM {{ n.at("forget") }}();
  END LOOP;
  RETURN true;
END
