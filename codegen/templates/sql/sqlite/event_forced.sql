-- A mark is given once, and who it was goes beside it.
CREATE TRIGGER {{ n.quoted("event_forced") }} AFTER INSERT ON {{ n.events }} WHEN NEW."forced" IS NOT NULL
BEGIN
  INSERT INTO {{ n.at("reports") }} ({{ n.row }}, "status", "from_state", "answer", "seq", "actor")
    SELECT NEW.{{ n.row }}, NEW."to_state", NEW."from_state", 'applied', NEW."seq", "actor"
    FROM {{ n.at("forcing") }} WHERE {{ n.row }} = NEW.{{ n.row }};
  DELETE FROM {{ n.at("forcing") }} WHERE {{ n.row }} = NEW.{{ n.row }};
END;
