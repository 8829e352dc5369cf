-- What state a row is in, by whatever index and collation its key has.
#variable_conflict use_variable
BEGIN
  IF pg_catalog.to_regclass('{{ n.table }}') IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = '42P01', MESSAGE = 'phasegate finds no table {{ n.table_name }} in the schema {{ n.schema_name }}: it was renamed or moved',
      HINT = 'Rename it back, or change [target.sql], run `phasegate generate`, and replace the functions as docs/databases.md says.';
  END IF;
  SELECT {{ n.state("t") }} INTO "state" FROM {{ n.table }} t WHERE {{ n.equal(&n.own("t"), &n.args(1, 0)) }};
  is_there := FOUND;
END
