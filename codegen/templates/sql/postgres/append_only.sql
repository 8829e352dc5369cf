BEGIN
  -- What is being forced and what was pruned is written by functions of the same owner.
  IF TG_NAME <> '{{ n.name("append_only") }}' AND has_function_privilege('{{ n.at("step") }}({{ n.types() }}, text, text, text)'::regprocedure, 'EXECUTE') THEN
    RETURN NULL;
  END IF;
  IF TG_OP <> 'INSERT' AND ({{ n.at("mode") }}() = 'test' OR coalesce(current_setting('phasegate.pruning', true), '') = 'on' AND current_user = (
    SELECT c.relowner::regrole::text FROM pg_class c WHERE c.oid = TG_RELID
  )) THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: ' || TG_TABLE_NAME || CASE TG_NAME
      WHEN '{{ n.name("append_only") }}' THEN ' is append-only'
      ELSE ' is only written by phasegate''s functions'
    END, HINT = 'A test suite, which empties tables, sets the mode first: SELECT {{ n.at("set_mode") }}(''test'').';
END
