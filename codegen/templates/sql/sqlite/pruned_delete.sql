CREATE TRIGGER {{ n.quoted("pruned_delete") }} BEFORE DELETE ON {{ n.at("pruned") }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.name("pruned") }} is append-only')
    WHERE NOT EXISTS (SELECT 1 FROM {{ n.at("mode") }} WHERE "mode" = 'test');
END;
