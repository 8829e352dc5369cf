-- Its owner's: `test` lets a test suite delete and truncate the history and use keys again, `load`
-- lets rows start in any state, marked as `loaded`; NULL restores the mode of the table.
DECLARE
  becomes text := coalesce($1, {{ n.at("rules") }}() ->> 'mode');
BEGIN
  IF becomes NOT IN ('enforce', 'observe', 'test', 'load') THEN
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: unknown mode ' || becomes,
      HINT = 'Known modes: enforce, observe, test, load; NULL for that of the table.';
  END IF;
  EXECUTE 'CREATE OR REPLACE FUNCTION {{ n.at("mode") }}() RETURNS text LANGUAGE sql STABLE AS '
    || quote_literal('SELECT ' || quote_literal(becomes) || '::pg_catalog.text');
  RETURN becomes;
END
