DECLARE
  gone bigint;
BEGIN
  IF NEW."seq" IS NOT NULL AND NOT EXISTS (
    SELECT FROM {{ n.events }} e WHERE {{ n.equal(&n.history("e"), &n.history("NEW")) }} AND e."seq" = NEW."seq"
  ) THEN
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: {{ n.name("reports") }}: '
      || {{ n.shown(&n.history("NEW"), "") }} || ' has no event ' || NEW."seq"::text;
  END IF;
  NEW."at" := clock_timestamp();
  -- Of those that led to no step the newest of each row stay, and a count of the others.
  IF NEW."answer" NOT IN ({{ steps }}) THEN
    PERFORM set_config('phasegate.pruning', 'on', true);
    DELETE FROM {{ n.at("reports") }} r WHERE {{ n.equal(&n.history("r"), &n.history("NEW")) }}
      AND r."answer" NOT IN ({{ steps }}) AND (r."answer" = 'duplicate') = (NEW."answer" = 'duplicate')
      AND r."id" <= (
        SELECT o."id" FROM {{ n.at("reports") }} o WHERE {{ n.equal(&n.history("o"), &n.history("NEW")) }}
          AND o."answer" NOT IN ({{ steps }}) AND (o."answer" = 'duplicate') = (NEW."answer" = 'duplicate')
        ORDER BY o."id" DESC OFFSET {{ kept }} - 1 LIMIT 1
      );
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM set_config('phasegate.pruning', '', true);
    IF gone > 0 THEN
      INSERT INTO {{ n.at("pruned") }} AS p ({{ n.list(&n.history("")) }}, "events", "reports", "before") VALUES ({{ n.list(&n.history("NEW")) }}, 0, gone, NEW."at")
        ON CONFLICT ({{ n.list(&n.history("")) }}) DO UPDATE SET "reports" = p."reports" + EXCLUDED."reports", "at" = EXCLUDED."at";
    END IF;
  END IF;
  RETURN NEW;
END
