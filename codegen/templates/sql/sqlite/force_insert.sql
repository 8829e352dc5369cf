CREATE TRIGGER {{ n.quoted("force_insert") }} INSTEAD OF INSERT ON {{ n.at("force") }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.name("force") }} wants a reason')
    WHERE typeof(NEW."reason") <> 'text' OR trim(NEW."reason", char(9, 10, 11, 12, 13, 32)) = '';
  SELECT RAISE(ABORT, 'phasegate: {{ n.name("force") }} wants the key of a row')
    WHERE {{ n.is_null(&n.called("NEW", "key")) }};
  SELECT RAISE(ABORT, 'phasegate: unknown state of {{ n.machine }}; known: see {{ n.name("states") }}')
    WHERE typeof(NEW."to_state") <> 'text' OR NOT EXISTS (SELECT 1 FROM {{ n.at("states") }} WHERE "state" = NEW."to_state");
  -- No row starts in a retired state, and no transition leads to one; to every other one does.
  SELECT RAISE(ABORT, 'phasegate: that state of {{ n.machine }} is retired: nothing enters it, by force neither')
    WHERE NOT EXISTS (SELECT 1 FROM {{ n.at("states") }} WHERE "state" = NEW."to_state" AND "initial")
      AND NOT EXISTS (SELECT 1 FROM {{ n.at("transitions") }} WHERE "to_state" = NEW."to_state");
  SELECT RAISE(ABORT, 'phasegate: the history ends in that state already: there is nothing to force')
    WHERE NEW."to_state" IS (
      SELECT coalesce((SELECT "name_now" FROM {{ n.at("renames") }} AS r WHERE r."language" = e."language" AND r."state" = e."to_state"), e."to_state")
      FROM {{ n.events }} AS e WHERE {{ n.equal(&n.history("e"), &n.called("NEW", "key")) }} ORDER BY e."seq" DESC LIMIT 1
    );
  -- A leave that no one used gives way to the next.
  DELETE FROM {{ n.at("forcing") }} WHERE {{ n.equal(&n.history(""), &n.called("NEW", "key")) }};
  INSERT INTO {{ n.at("forcing") }} ({{ n.list(&n.history("")) }}, "to_state", "reason", "actor")
    VALUES ({{ n.list(&n.called("NEW", "key")) }}, NEW."to_state", NEW."reason", NEW."actor");
END;
