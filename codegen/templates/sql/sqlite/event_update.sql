CREATE TRIGGER {{ n.quoted("event_update") }} BEFORE UPDATE ON {{ n.events }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.events_name }} is append-only');
END;
