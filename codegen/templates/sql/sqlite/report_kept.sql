-- Of reports that led to no step the newest of each row stay, and a count of the others.
CREATE TRIGGER {{ n.quoted("report_kept") }} AFTER INSERT ON {{ n.at("reports") }} WHEN NEW."answer" NOT IN ({{ steps }}) AND (
  SELECT count(*) FROM {{ n.at("reports") }} WHERE {{ n.equal(&n.history(""), &n.history("NEW")) }}
    AND "answer" NOT IN ({{ steps }}) AND ("answer" = 'duplicate') = (NEW."answer" = 'duplicate')
) > {{ kept }}
BEGIN
  INSERT INTO {{ n.at("mode") }} ("id") SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM {{ n.at("mode") }});
  UPDATE {{ n.at("mode") }} SET "pruning" = 1;
  INSERT INTO {{ n.at("pruned") }} ({{ n.list(&n.history("")) }}, "events", "reports", "before", "at")
    VALUES ({{ n.list(&n.history("NEW")) }}, 0, 1, NEW."at", NEW."at")
    ON CONFLICT ({{ n.list(&n.history("")) }}) DO UPDATE SET "reports" = "reports" + 1, "at" = excluded."at";
  DELETE FROM {{ n.at("reports") }} WHERE "id" = (
    SELECT min("id") FROM {{ n.at("reports") }} WHERE {{ n.equal(&n.history(""), &n.history("NEW")) }}
      AND "answer" NOT IN ({{ steps }}) AND ("answer" = 'duplicate') = (NEW."answer" = 'duplicate')
  );
  UPDATE {{ n.at("mode") }} SET "pruning" = 0;
END;
