CREATE TRIGGER {{ n.quoted("report_update") }} BEFORE UPDATE ON {{ n.at("reports") }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.name("reports") }} is append-only');
END;
