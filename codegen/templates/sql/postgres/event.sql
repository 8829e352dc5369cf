-- Whatever was granted: only the guard writes the history, with its owner's rights. A condition of the
-- trigger's own would be read anew for each event.
BEGIN
  IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1
    AND pg_catalog.has_function_privilege('{{ n.at("step") }}({{ n.types() }}, text, text, text)'::pg_catalog.regprocedure, 'EXECUTE')
  THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: {{ n.events_name }} is append-only: only the guard of {{ n.table_name }} writes it';
END
