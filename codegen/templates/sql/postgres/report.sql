BEGIN
  IF NEW."seq" IS NOT NULL AND NOT EXISTS (
    SELECT FROM {{ n.events }} e WHERE {{ n.equal(&n.history("e"), &n.history("NEW")) }} AND e."seq" = NEW."seq"
  ) THEN
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: {{ n.name("reports") }}: '
      || {{ n.shown(&n.history("NEW"), "") }} || ' has no event ' || NEW."seq"::text;
  END IF;
  NEW."at" := clock_timestamp();
  RETURN NEW;
END
