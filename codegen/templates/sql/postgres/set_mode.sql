-- Its owner's: `test` lets a test suite delete and truncate the history and use keys again, `load`
-- lets rows start in any state, marked as `loaded`; NULL restores the mode of the table.
DECLARE
  becomes text := coalesce($1, {{ n.at("rules") }}() ->> 'mode');
  body text;
BEGIN
  IF becomes NOT IN ('enforce', 'observe', 'test', 'load') THEN
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: unknown mode ' || becomes,
      HINT = 'Known modes: enforce, observe, test, load; NULL for that of the table.';
  END IF;
  body := 'SELECT ' || quote_literal(becomes) || '::pg_catalog.text';
  -- Workers of a test suite set it at once: one after the other, and none waits that finds it set.
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.oid = '{{ n.at("mode") }}()'::regprocedure AND p.prosrc = body) THEN
    PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('phasegate {{ n.machine }}', 0));
    EXECUTE 'CREATE OR REPLACE FUNCTION {{ n.at("mode") }}() RETURNS text LANGUAGE sql STABLE AS ' || quote_literal(body);
  END IF;
  RETURN becomes;
END
