{%- import "sql/sqlite-judge.sql" as judge -%}
-- Nothing enters the history but a step that goes on from where it ends, and that the rules allow or a
-- mark explains. By RAISE and not by constraints, here and below: an outer `OR IGNORE` or `OR REPLACE`
-- overrides constraints. No trigger here names {{ n.table_word }}: SQLite could not rename a table that was
-- made anew under that name.
{% if observe -%}
CREATE TRIGGER {{ n.event_trigger }} BEFORE INSERT ON {{ n.events }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.events_word }} is append-only: the guards of {{ n.table_word }} alone write it')
    WHERE NEW."seq" IS NOT (SELECT coalesce(max("seq"), 0) + 1 FROM {{ n.events }} WHERE {{ n.row }} = NEW.{{ n.row }})
      OR NEW."at" IS NOT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
      OR NEW."language" IS NOT '{{ r.language }}'
      OR NEW."forced" IS NOT (SELECT "reason" FROM {{ n.forcing }} WHERE {{ n.row }} = NEW.{{ n.row }} AND "to_state" = NEW."to_state")
      OR NEW."observed" IS NULL AND NEW."forced" IS NULL AND NOT CASE WHEN NEW."from_state" IS NULL
        THEN {% call judge::one("NEW.\"to_state\"", r.initial) %}{% endcall %}
        ELSE {% call judge::legal("NEW.\"from_state\"", "NEW.\"to_state\"", r.next, "        ") %}{% endcall %}
      END;
END;
{%- else -%}
-- The WHEN lets a plain legal step go by at one look; the rest is for all else.
CREATE TRIGGER {{ n.event_trigger }} BEFORE INSERT ON {{ n.events }}
WHEN NOT coalesce(
  NEW."forced" IS NULL AND NEW."observed" IS NULL
  AND NEW."language" = '{{ r.language }}' AND NEW."at" = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  AND CASE WHEN NEW."from_state" IS NULL
    THEN {% call judge::one("NEW.\"to_state\"", r.initial) %}{% endcall %}
    ELSE {% call judge::legal("NEW.\"from_state\"", "NEW.\"to_state\"", r.next, "    ") %}{% endcall %}
  END
  AND coalesce(
    (SELECT e."seq" = NEW."seq" - 1 AND e."to_state" = NEW."from_state" FROM {{ n.events }} AS e WHERE e.{{ n.row }} = NEW.{{ n.row }} ORDER BY e."seq" DESC LIMIT 1),
    NEW."seq" = 1 AND NEW."from_state" IS NULL AND NOT EXISTS (SELECT 1 FROM {{ n.pruned }} WHERE {{ n.row }} = NEW.{{ n.row }})
  ),
  0
)
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.events_word }} is append-only: the guards of {{ n.table_word }} alone write it')
    WHERE NEW."at" IS NOT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
      OR NEW."language" IS NOT '{{ r.language }}'
      OR NEW."forced" IS NOT (SELECT "reason" FROM {{ n.forcing }} WHERE {{ n.row }} = NEW.{{ n.row }} AND "to_state" = NEW."to_state")
      OR NEW."observed" IS NOT NULL
        AND (NEW."observed" IS NOT 'loaded' OR NEW."from_state" IS NOT NULL OR (SELECT "mode" FROM {{ n.mode }}) IS NOT 'load');
  SELECT RAISE(ABORT, 'phasegate: unknown state of {{ n.machine }}; known: {{ words.known }}')
    WHERE NOT {% call judge::one("NEW.\"to_state\"", r.known) %}{% endcall %};
  SELECT RAISE(ABORT, 'phasegate: illegal start of {{ n.machine }}; initial: {{ words.initial }}')
    WHERE NEW."from_state" IS NULL AND NEW."forced" IS NULL AND NEW."observed" IS NULL
      AND NOT {% call judge::one("NEW.\"to_state\"", r.initial) %}{% endcall %};
  SELECT RAISE(ABORT, 'phasegate: the key of {{ n.table_word }} cannot be used again: it has a history')
    WHERE NEW."from_state" IS NULL AND (SELECT "mode" FROM {{ n.mode }}) IS NOT 'test'
      AND (
        EXISTS (SELECT 1 FROM {{ n.events }} WHERE {{ n.row }} = NEW.{{ n.row }} AND "to_state" IS NOT NULL)
        OR NEW."seq" = 1 AND EXISTS (SELECT 1 FROM {{ n.pruned }} WHERE {{ n.row }} = NEW.{{ n.row }})
      );
  {% call judge::illegal("NEW.\"from_state\"", words.illegal, n.machine, n.transitions_word) %}{% endcall %}
    WHERE NEW."from_state" IS NOT NULL AND NEW."forced" IS NULL
      AND NOT {% call judge::legal("NEW.\"from_state\"", "NEW.\"to_state\"", r.next, "      ") %}{% endcall %};
  SELECT RAISE(ABORT, 'phasegate: the history of {{ n.table_word }} does not end where this step begins: the row was changed past the guard')
    WHERE NEW."from_state" IS NOT (
      SELECT coalesce((SELECT "name_now" FROM {{ n.renames }} AS r WHERE r."language" = e."language" AND r."state" = e."to_state"), e."to_state")
      FROM {{ n.events }} AS e WHERE e.{{ n.row }} = NEW.{{ n.row }} ORDER BY e."seq" DESC LIMIT 1
    ) AND (NEW."from_state" IS NOT NULL OR (SELECT "mode" FROM {{ n.mode }}) IS NOT 'test');
  SELECT RAISE(ABORT, 'phasegate: {{ n.events_word }} is append-only: the guards of {{ n.table_word }} alone write it')
    WHERE NEW."seq" IS NOT (SELECT coalesce(max("seq"), 0) + 1 FROM {{ n.events }} WHERE {{ n.row }} = NEW.{{ n.row }});
END;
{%- endif %}

-- Prunes the history and the reports of keys whose last step is older than that, and whose rows ended
-- with it or are gone: of a row that ended the last step stays. What it took is in {{ n.pruned_word }}.
--   INSERT INTO {{ n.prune }} ("before") VALUES ('2026-01-01T00:00:00.000Z');
CREATE TRIGGER {{ n.prune_insert }} INSTEAD OF INSERT ON {{ n.prune }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.prune_word }} wants a time such as 2026-01-01T00:00:00.000Z')
    WHERE strftime('%Y-%m-%dT%H:%M:%fZ', NEW."before") IS NOT NEW."before";
  INSERT INTO {{ n.mode }} ("id") SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM {{ n.mode }});
  UPDATE {{ n.mode }} SET "pruning" = 1;
  INSERT INTO {{ n.pruned }} ({{ n.row }}, "events", "reports", "before", "at")
    SELECT l."row", l."events", 0, NEW."before", strftime('%Y-%m-%dT%H:%M:%fZ', 'now') FROM (
      SELECT e.{{ n.row }} AS "row", e."seq" - CASE WHEN g."at" >= e."at" THEN 0 ELSE 1 END AS "events"
      FROM {{ n.events }} AS e LEFT JOIN {{ n.gone }} AS g ON e.{{ n.row }} = g.{{ n.row }}
      WHERE e."at" < NEW."before"
        AND NOT EXISTS (SELECT 1 FROM {{ n.events }} AS l WHERE l.{{ n.row }} = e.{{ n.row }} AND l."seq" > e."seq")
        AND (g."at" >= e."at" OR {% call judge::one(n.name_now, r.ended) %}{% endcall %})
    ) AS l
    WHERE l."events" > coalesce((SELECT p."events" FROM {{ n.pruned }} AS p WHERE p.{{ n.row }} = l."row"), 0)
    ON CONFLICT ({{ n.row }}) DO UPDATE SET "events" = excluded."events", "before" = excluded."before", "at" = excluded."at";
  UPDATE {{ n.pruned }} SET "reports" = "reports" + (
      SELECT count(*) FROM {{ n.reports }} AS r
      WHERE r.{{ n.row }} = {{ n.pruned }}.{{ n.row }} AND r."at" < NEW."before" AND coalesce(r."seq", 0) <= {{ n.pruned }}."events"
    )
    WHERE "before" = NEW."before" AND "at" = strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
  DELETE FROM {{ n.reports }} WHERE "at" < NEW."before" AND EXISTS (
    SELECT 1 FROM {{ n.pruned }} AS p
    WHERE p.{{ n.row }} = {{ n.reports }}.{{ n.row }} AND coalesce({{ n.reports }}."seq", 0) <= p."events"
      AND p."before" = NEW."before" AND p."at" = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  );
  DELETE FROM {{ n.events }} WHERE EXISTS (
    SELECT 1 FROM {{ n.pruned }} AS p
    WHERE p.{{ n.row }} = {{ n.events }}.{{ n.row }} AND {{ n.events }}."seq" <= p."events"
  );
  DELETE FROM {{ n.gone }} WHERE NOT EXISTS (SELECT 1 FROM {{ n.events }} AS e WHERE e.{{ n.row }} = {{ n.gone }}.{{ n.row }});
  UPDATE {{ n.mode }} SET "pruning" = 0;
END;
