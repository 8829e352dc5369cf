-- Which rows are gone: their history may be pruned.
CREATE TRIGGER {{ n.first("guard_delete") }} AFTER DELETE ON {{ n.table }} WHEN OLD.{{ n.key }} IS NOT NULL
BEGIN
  DELETE FROM {{ n.at("gone") }} WHERE {{ n.row }} = OLD.{{ n.key }};
  INSERT INTO {{ n.at("gone") }} ({{ n.row }}, "at") VALUES (OLD.{{ n.key }}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
END;
