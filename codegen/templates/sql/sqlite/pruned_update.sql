-- What was pruned stays so: the keys are used.
CREATE TRIGGER {{ n.quoted("pruned_update") }} BEFORE UPDATE ON {{ n.at("pruned") }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.name("pruned") }} is append-only')
    WHERE NOT EXISTS (SELECT 1 FROM {{ n.at("mode") }} WHERE "mode" = 'test' OR "pruning");
END;
