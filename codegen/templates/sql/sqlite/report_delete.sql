CREATE TRIGGER {{ n.quoted("report_delete") }} BEFORE DELETE ON {{ n.at("reports") }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.name("reports") }} is append-only')
    WHERE NOT EXISTS (SELECT 1 FROM {{ n.at("mode") }} WHERE "mode" = 'test' OR "pruning");
END;
