-- An id that SQLite has yet to choose reads as -1 above: no row may really have it.
CREATE TRIGGER {{ n.quoted("report_id") }} AFTER INSERT ON {{ n.at("reports") }} WHEN NEW."id" < 1
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.name("reports") }}: ids start at 1');
END;
