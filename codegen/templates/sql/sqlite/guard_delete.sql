-- Which rows are gone: their history may be pruned.
CREATE TRIGGER {{ n.first("guard_delete") }} AFTER DELETE ON {{ n.table }} WHEN {{ n.is_set(&n.own("OLD")) }}
BEGIN
  DELETE FROM {{ n.at("gone") }} WHERE {{ n.equal(&n.history(""), &n.own("OLD")) }};
  INSERT INTO {{ n.at("gone") }} ({{ n.list(&n.history("")) }}, "at") VALUES ({{ n.list(&n.own("OLD")) }}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
END;
