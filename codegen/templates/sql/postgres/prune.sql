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
    SELECT {{ n.list(&n.called("l", "row")) }}, l."seq", t."is_there" FROM (
      SELECT DISTINCT ON ({{ n.list(&n.history("e")) }}) {{ n.list_as(&n.history("e"), "row") }}, e."seq", e."at"
      FROM {{ n.events }} e ORDER BY {{ n.list(&n.history("e")) }}, e."seq" DESC
    ) l, LATERAL {{ n.at("state") }}({{ n.list(&n.by_default(&n.called("l", "row"))) }}) t
    WHERE l."at" < $1 AND CASE WHEN t."is_there" THEN rules -> 'ended' ? t."state" AND l."seq" > 1 ELSE true END
  LOOP
    DELETE FROM {{ n.at("reports") }} r WHERE {{ n.equal(&n.history("r"), &n.called("old", "row")) }} AND r."at" < $1
      AND (NOT old."is_there" OR r."seq" IS DISTINCT FROM old."seq");
    GET DIAGNOSTICS reports = ROW_COUNT;
    DELETE FROM {{ n.events }} e WHERE {{ n.equal(&n.history("e"), &n.called("old", "row")) }} AND (NOT old."is_there" OR e."seq" < old."seq");
    GET DIAGNOSTICS events = ROW_COUNT;
    total := total + events + reports;
    IF events + reports > 0 THEN
      INSERT INTO {{ n.at("pruned") }} AS p ({{ n.list(&n.history("")) }}, "events", "reports", "before") VALUES ({{ n.list(&n.called("old", "row")) }}, events, reports, $1)
        ON CONFLICT ({{ n.list(&n.history("")) }}) DO UPDATE SET "events" = p."events" + EXCLUDED."events",
          "reports" = p."reports" + EXCLUDED."reports", "before" = EXCLUDED."before", "at" = EXCLUDED."at";
    END IF;
  END LOOP;
  PERFORM set_config('phasegate.pruning', '', true);
  IF total > 0 AND NOT {{ n.at("has_pruned") }}() THEN
    CREATE OR REPLACE FUNCTION {{ n.at("has_pruned") }}() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true';
  END IF;
  RETURN total;
END
