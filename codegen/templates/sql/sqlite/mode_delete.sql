-- A test suite that empties every table is in mode `test` until it is done.
CREATE TRIGGER {{ n.quoted("mode_delete") }} BEFORE DELETE ON {{ n.at("mode") }}
BEGIN
  SELECT RAISE(IGNORE);
END;
