-- A mark is given once, and who it was goes with it.
CREATE TRIGGER {{ n.quoted("event_forced") }} AFTER INSERT ON {{ n.events }} WHEN NEW."forced" IS NOT NULL
BEGIN
  INSERT INTO {{ n.at("reports") }} ({{ n.list(&n.history("")) }}, "status", "from_state", "answer", "seq", "actor")
    SELECT {{ n.list(&n.history("NEW")) }}, NEW."to_state", NEW."from_state", 'applied', NEW."seq", "actor"
    FROM {{ n.at("forcing") }} WHERE {{ n.equal(&n.history(""), &n.history("NEW")) }};
  DELETE FROM {{ n.at("forcing") }} WHERE {{ n.equal(&n.history(""), &n.history("NEW")) }};
END;
