-- A report that nothing speaks against, in one statement: the row is what the token opens and in a state
-- that may be left for this one, neither the report nor a newer attempt came before, and where the row is
-- of one run it is this one's. Then the step is taken, and the report recorded. In every other case nothing
-- is done and nothing returned: the caller finds out what to answer. It runs with its caller's rights.
#variable_conflict use_variable
DECLARE
  holds {{ n.table }}.{{ n.column }}%TYPE;
  at_last text;
BEGIN
{%- if !owns %}
  -- Whose token it is the application's own table does not say.
  IF {{ n.arg(2, 1) }} IS NOT NULL THEN
    RETURN;
  END IF;
{%- endif %}
  SELECT {{ n.state("t") }} INTO "was" FROM {{ n.table }} t
    WHERE {{ n.equal(&n.own("t"), &n.args(1, 0)) }} AND {{ n.equal(&n.exact("t"), &n.args(1, 0)) }}
{%- if owns %} AND ({{ n.arg(2, 1) }} IS NULL OR t."token_hash" = {{ n.arg(2, 1) }}){% endif %}
    FOR NO KEY UPDATE;
  IF "was" IS NULL OR "was" <> ALL ({{ n.arg(3, 1) }}) OR "was" = {{ n.arg(4, 1) }} THEN
    RETURN;
  END IF;
  IF EXISTS (
    SELECT FROM {{ n.at("reports") }} r
    WHERE {{ n.equal(&n.history("r"), &n.args(1, 0)) }} AND r."event_id" = {{ n.arg(5, 1) }} AND r."answer" = 'applied'
  ) OR EXISTS (
    SELECT FROM {{ n.at("reports") }} r
    WHERE {{ n.equal(&n.history("r"), &n.args(1, 0)) }} AND r."run_id" = {{ n.arg(8, 1) }} AND r."run_attempt" > {{ n.arg(9, 1) }}
      AND r."answer" IN ('applied', 'duplicate')
  ) OR {{ n.arg(15, 1) }} AND {{ n.arg(8, 1) }} <> (
    SELECT r."run_id" FROM {{ n.at("reports") }} r
    WHERE {{ n.equal(&n.history("r"), &n.args(1, 0)) }} AND r."answer" IN ('applied', 'dispatched') AND r."run_id" IS NOT NULL
    ORDER BY r."id" LIMIT 1
  ) THEN
    RETURN;
  END IF;
  holds := {{ n.stored(n.arg(4, 1).as_str()) }};
  UPDATE {{ n.table }} t SET {{ n.column }} = holds
    WHERE {{ n.equal(&n.own("t"), &n.args(1, 0)) }};
  SELECT e."seq", e."to_state" INTO "seq", at_last FROM {{ n.events }} e
    WHERE {{ n.equal(&n.history("e"), &n.args(1, 0)) }} ORDER BY e."seq" DESC LIMIT 1;
  IF at_last IS DISTINCT FROM {{ n.arg(4, 1) }} THEN
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: ' || {{ n.shown(&n.args(1, 0), "") }} || ' became ' || {{ n.arg(4, 1) }}
      || ', and the history has no event of it';
  END IF;
  INSERT INTO {{ n.at("reports") }} ({{ n.list(&n.history("")) }}, "event_id", "body_hash", "status", "from_state", "answer", "seq",
      "job", "run_id", "run_attempt", "run_url", "actor", "attempted", "table_fingerprint", "log_tail", "authenticated_by")
    VALUES ({{ n.list(&n.args(1, 0)) }}, {{ n.arg(5, 1) }}, {{ n.arg(6, 1) }}, {{ n.arg(4, 1) }}, "was", 'applied', "seq",
      {{ n.arg(7, 1) }}, {{ n.arg(8, 1) }}, {{ n.arg(9, 1) }}, {{ n.arg(10, 1) }}, {{ n.arg(11, 1) }}, {{ n.arg(12, 1) }}, {{ n.arg(13, 1) }}, {{ n.arg(14, 1) }}, {{ n.arg(16, 1) }});
  RETURN NEXT;
END
