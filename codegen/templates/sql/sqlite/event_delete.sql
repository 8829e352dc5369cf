CREATE TRIGGER {{ n.quoted("event_delete") }} BEFORE DELETE ON {{ n.events }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.events_name }} is append-only')
    WHERE NOT EXISTS (SELECT 1 FROM {{ n.at("mode") }} WHERE "mode" = 'test' OR "pruning");
END;
