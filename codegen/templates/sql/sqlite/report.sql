CREATE TRIGGER {{ n.quoted("report") }} BEFORE INSERT ON {{ n.at("reports") }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.name("reports") }} is append-only: this id exists')
    WHERE EXISTS (SELECT 1 FROM {{ n.at("reports") }} WHERE "id" = NEW."id");
  SELECT RAISE(ABORT, 'phasegate: {{ n.name("reports") }} is append-only: this event id was applied already')
    WHERE NEW."answer" = 'applied' AND EXISTS (
      SELECT 1 FROM {{ n.at("reports") }} WHERE {{ n.equal(&n.history(""), &n.history("NEW")) }} AND "event_id" = NEW."event_id" AND "answer" = 'applied'
    );
  SELECT RAISE(ABORT, 'phasegate: {{ n.name("reports") }} is append-only: this event has its report already')
    WHERE NEW."answer" = 'applied' AND EXISTS (
      SELECT 1 FROM {{ n.at("reports") }} WHERE {{ n.equal(&n.history(""), &n.history("NEW")) }} AND "seq" = NEW."seq" AND "answer" = 'applied'
    );
  SELECT RAISE(ABORT, 'phasegate: {{ n.name("reports") }} is append-only: a row was started under this event id already')
    WHERE NEW."seq" = 1 AND EXISTS (SELECT 1 FROM {{ n.at("reports") }} WHERE "event_id" = NEW."event_id" AND "seq" = 1);
  SELECT RAISE(ABORT, 'phasegate: {{ n.name("reports") }}: there is no such event')
    WHERE NEW."seq" IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM {{ n.events }} WHERE {{ n.equal(&n.history(""), &n.history("NEW")) }} AND "seq" = NEW."seq");
  SELECT RAISE(ABORT, 'phasegate: {{ n.name("reports") }}: the time is the database''s own')
    WHERE NEW."at" IS NOT strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
END;
