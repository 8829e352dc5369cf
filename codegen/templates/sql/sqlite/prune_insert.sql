{%- import "sql/sqlite/macros.sql" as m -%}
-- Prunes the history and the reports of keys whose last step is older than that, and whose rows ended
-- with it or are gone: of a row that ended the last step stays. What it took is in {{ n.name("pruned") }}.
--   INSERT INTO {{ n.at("prune") }} ("before") VALUES ('2026-01-01T00:00:00.000Z');
CREATE TRIGGER {{ n.quoted("prune_insert") }} INSTEAD OF INSERT ON {{ n.at("prune") }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.name("prune") }} wants a time such as 2026-01-01T00:00:00.000Z')
    WHERE strftime('%Y-%m-%dT%H:%M:%fZ', NEW."before") IS NOT NEW."before";
  INSERT INTO {{ n.at("mode") }} ("id") SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM {{ n.at("mode") }});
  UPDATE {{ n.at("mode") }} SET "pruning" = 1;
  INSERT INTO {{ n.at("pruned") }} ({{ n.list(&n.history("")) }}, "events", "reports", "before", "at")
    SELECT {{ n.list(&n.called("l", "row")) }}, l."events", 0, NEW."before", strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM (
      SELECT {{ n.list_as(&n.history("e"), "row") }}, e."seq" - CASE WHEN g."at" >= e."at" THEN 0 ELSE 1 END AS "events"
      FROM {{ n.events }} AS e LEFT JOIN {{ n.at("gone") }} AS g ON {{ n.equal(&n.history("e"), &n.history("g")) }}
      WHERE e."at" < NEW."before"
        AND NOT EXISTS (SELECT 1 FROM {{ n.events }} AS l WHERE {{ n.equal(&n.history("l"), &n.history("e")) }} AND l."seq" > e."seq")
        AND (g."at" >= e."at" OR {% call m::one(n.name_now(), r.ended) %}{% endcall %})
    ) AS l
    WHERE l."events" > coalesce((SELECT p."events" FROM {{ n.at("pruned") }} AS p WHERE {{ n.equal(&n.history("p"), &n.called("l", "row")) }}), 0)
    ON CONFLICT ({{ n.list(&n.history("")) }}) DO UPDATE SET "events" = excluded."events", "before" = excluded."before", "at" = excluded."at";
  UPDATE {{ n.at("pruned") }} SET "reports" = "reports" + (
      SELECT count(*) FROM {{ n.at("reports") }} AS r
      WHERE {{ n.equal(&n.history("r"), &n.history_of(&n.at("pruned"))) }} AND r."at" < NEW."before" AND coalesce(r."seq", 0) <= {{ n.at("pruned") }}."events"
    )
    WHERE "before" = NEW."before" AND "at" = strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
  DELETE FROM {{ n.at("reports") }} WHERE "at" < NEW."before" AND EXISTS (
    SELECT 1 FROM {{ n.at("pruned") }} AS p
    WHERE {{ n.equal(&n.history("p"), &n.history_of(&n.at("reports"))) }} AND coalesce({{ n.at("reports") }}."seq", 0) <= p."events"
      AND p."before" = NEW."before" AND p."at" = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  );
  DELETE FROM {{ n.events }} WHERE EXISTS (
    SELECT 1 FROM {{ n.at("pruned") }} AS p
    WHERE {{ n.equal(&n.history("p"), &n.history_of(&n.events)) }} AND {{ n.events }}."seq" <= p."events"
  );
  DELETE FROM {{ n.at("gone") }} WHERE NOT EXISTS (SELECT 1 FROM {{ n.events }} AS e WHERE {{ n.equal(&n.history("e"), &n.history_of(&n.at("gone"))) }});
  UPDATE {{ n.at("mode") }} SET "pruning" = 0;
END;
