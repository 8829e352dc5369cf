BEGIN
  IF NEW."seq" IS NOT NULL AND NOT EXISTS (
    SELECT FROM {{ n.events }} e WHERE e.{{ n.row }} = NEW.{{ n.row }} AND e."seq" = NEW."seq"
  ) THEN
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: {{ n.name("reports") }}: '
      || NEW.{{ n.row }}::text || ' has no event ' || NEW."seq"::text;
  END IF;
  NEW."at" := clock_timestamp();
  RETURN NEW;
END
