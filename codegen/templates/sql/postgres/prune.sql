-- Deletes the history and the reports of rows whose last step is older than that, and which are gone
-- or ended; says how many rows of both went. Of a row that is there its last step stays, and keys stay
-- used.
#variable_conflict use_variable
DECLARE
  rules jsonb := {{ n.at("rules") }}();
  old record;
  events bigint;
  reports bigint;
  total bigint := 0;
BEGIN
  PERFORM set_config('phasegate.pruning', 'on', true);
  FOR old IN
    SELECT l."row", l."seq", t."is_there" FROM (
      SELECT DISTINCT ON (e.{{ n.row }}) e.{{ n.row }} AS "row", e."seq", e."at"
      FROM {{ n.events }} e ORDER BY e.{{ n.row }}, e."seq" DESC
    ) l, LATERAL {{ n.at("state") }}(l."row"{{ n.key_default }}) t
    WHERE l."at" < $1 AND CASE WHEN t."is_there" THEN rules -> 'ended' ? t."state" AND l."seq" > 1 ELSE true END
  LOOP
    DELETE FROM {{ n.at("reports") }} r WHERE r.{{ n.row }} = old."row" AND r."at" < $1
      AND (NOT old."is_there" OR r."seq" IS DISTINCT FROM old."seq");
    GET DIAGNOSTICS reports = ROW_COUNT;
    DELETE FROM {{ n.events }} e WHERE e.{{ n.row }} = old."row" AND (NOT old."is_there" OR e."seq" < old."seq");
    GET DIAGNOSTICS events = ROW_COUNT;
    total := total + events + reports;
    IF events + reports > 0 THEN
      INSERT INTO {{ n.at("pruned") }} AS p ({{ n.row }}, "events", "reports", "before") VALUES (old."row", events, reports, $1)
        ON CONFLICT ({{ n.row }}) DO UPDATE SET "events" = p."events" + EXCLUDED."events",
          "reports" = p."reports" + EXCLUDED."reports", "before" = EXCLUDED."before", "at" = EXCLUDED."at";
    END IF;
  END LOOP;
  PERFORM set_config('phasegate.pruning', '', true);
  IF total > 0 AND NOT {{ n.at("has_pruned") }}() THEN
    CREATE OR REPLACE FUNCTION {{ n.at("has_pruned") }}() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true';
  END IF;
  RETURN total;
END
