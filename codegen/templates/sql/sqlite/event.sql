{%- import "sql/sqlite/macros.sql" as m -%}
-- Nothing enters the history but a step that goes on from where it ends, and that the rules allow or a
-- mark explains. By RAISE and not by constraints, here and below: an outer `OR IGNORE` or `OR REPLACE`
-- overrides constraints. No trigger here names {{ n.table_name }}: SQLite could not rename a table that was
-- made anew under that name.
{% if observe -%}
CREATE TRIGGER {{ n.quoted("event") }} BEFORE INSERT ON {{ n.events }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.events_name }} is append-only: only the guards of {{ n.table_name }} write it')
    WHERE NEW."seq" IS NOT (SELECT coalesce(max("seq"), 0) + 1 FROM {{ n.events }} WHERE {{ n.equal(&n.history(""), &n.history("NEW")) }})
      OR NEW."at" IS NOT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
      OR NEW."language" IS NOT '{{ r.language }}'
      OR NEW."forced" IS NOT (SELECT "reason" FROM {{ n.at("forcing") }} WHERE {{ n.equal(&n.history(""), &n.history("NEW")) }} AND "to_state" = NEW."to_state")
      OR NEW."observed" IS NULL AND NEW."forced" IS NULL AND NOT CASE WHEN NEW."from_state" IS NULL
        THEN {% call m::one("NEW.\"to_state\"", r.initial) %}{% endcall %}
        ELSE {% call m::legal("NEW.\"from_state\"", "NEW.\"to_state\"", r.next, "        ") %}{% endcall %}
      END;
END;
{%- else -%}
-- The WHEN lets a plain legal step go by at one look; the rest is for all else. To compare moments is cheaper
-- than to write one, which SQLite does for each event where the words stand on constants only.
CREATE TRIGGER {{ n.quoted("event") }} BEFORE INSERT ON {{ n.events }}
WHEN (
  NEW."forced" IS NULL AND NEW."observed" IS NULL AND NEW."language" = '{{ r.language }}'
  AND CASE WHEN NEW."seq" = 1
    THEN NEW."from_state" IS NULL AND {% call m::one("NEW.\"to_state\"", r.initial) %}{% endcall %}
      AND NOT EXISTS (SELECT 1 FROM {{ n.events }} WHERE {{ n.equal(&n.history(""), &n.history("NEW")) }})
      AND NOT EXISTS (SELECT 1 FROM {{ n.at("pruned") }} WHERE {{ n.equal(&n.history(""), &n.history("NEW")) }})
    ELSE {% call m::legal("NEW.\"from_state\"", "NEW.\"to_state\"", r.next, "    ") %}{% endcall %}
      AND (SELECT e."to_state" = NEW."from_state" AND e."seq" = NEW."seq" - 1 FROM {{ n.events }} AS e WHERE {{ n.equal(&n.history("e"), &n.history("NEW")) }} ORDER BY e."seq" DESC LIMIT 1)
  END
  AND NEW."at" GLOB '????-??-??T??:??:??.???Z' AND julianday(NEW."at") = julianday('now')
) IS NOT TRUE
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.events_name }} is append-only: only the guards of {{ n.table_name }} write it')
    WHERE NEW."at" IS NOT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', substr(NEW."language", 1, 0) || '+0 days')
      OR NEW."language" IS NOT '{{ r.language }}'
      OR NEW."forced" IS NOT (SELECT "reason" FROM {{ n.at("forcing") }} WHERE {{ n.equal(&n.history(""), &n.history("NEW")) }} AND "to_state" = NEW."to_state")
      OR NEW."observed" IS NOT NULL
        AND (NEW."observed" IS NOT 'loaded' OR NEW."from_state" IS NOT NULL OR (SELECT "mode" FROM {{ n.at("mode") }}) IS NOT 'load');
  SELECT RAISE(ABORT, 'phasegate: unknown state of {{ n.machine }}; known: {{ words.known }}')
    WHERE NOT {% call m::one("NEW.\"to_state\"", r.known) %}{% endcall %};
  SELECT RAISE(ABORT, 'phasegate: illegal start of {{ n.machine }}; initial: {{ words.initial }}')
    WHERE NEW."from_state" IS NULL AND NEW."forced" IS NULL AND NEW."observed" IS NULL
      AND NOT {% call m::one("NEW.\"to_state\"", r.initial) %}{% endcall %};
  SELECT RAISE(ABORT, 'phasegate: the key of {{ n.table_name }} cannot be used again: it has a history{% if !owns && n.is_one_integer() %} (SQLite gives the number of a deleted row again, unless the key is AUTOINCREMENT){% endif %}')
    WHERE NEW."from_state" IS NULL AND (SELECT "mode" FROM {{ n.at("mode") }}) IS NOT 'test'
      AND (
        NEW."forced" IS NULL AND EXISTS (SELECT 1 FROM {{ n.events }} WHERE {{ n.equal(&n.history(""), &n.history("NEW")) }} AND "to_state" IS NOT NULL)
        OR NEW."seq" = 1 AND EXISTS (SELECT 1 FROM {{ n.at("pruned") }} WHERE {{ n.equal(&n.history(""), &n.history("NEW")) }})
      );
  SELECT RAISE(ABORT, 'phasegate: the history of {{ n.table_name }} does not end where this step begins: the row was changed past the guard; put it back into that state with its guards off')
    WHERE NEW."from_state" IS NOT (
      SELECT coalesce((SELECT "name_now" FROM {{ n.at("renames") }} AS r WHERE r."language" = e."language" AND r."state" = e."to_state"), e."to_state")
      FROM {{ n.events }} AS e WHERE {{ n.equal(&n.history("e"), &n.history("NEW")) }} ORDER BY e."seq" DESC LIMIT 1
    ) AND NEW."from_state" IS NOT NULL AND NOT {% call m::one("NEW.\"from_state\"", r.known) %}{% endcall %};
  {% call m::illegal("NEW.\"from_state\"", words.illegal, n.machine, n.name("transitions")) %}{% endcall %}
    WHERE NEW."from_state" IS NOT NULL AND NEW."forced" IS NULL
      AND NOT {% call m::legal("NEW.\"from_state\"", "NEW.\"to_state\"", r.next, "      ") %}{% endcall %};
  SELECT RAISE(ABORT, 'phasegate: the history of {{ n.table_name }} does not end where this step begins: the row was changed past the guard; put it back into that state with its guards off')
    WHERE NEW."from_state" IS NOT (
      SELECT coalesce((SELECT "name_now" FROM {{ n.at("renames") }} AS r WHERE r."language" = e."language" AND r."state" = e."to_state"), e."to_state")
      FROM {{ n.events }} AS e WHERE {{ n.equal(&n.history("e"), &n.history("NEW")) }} ORDER BY e."seq" DESC LIMIT 1
    ) AND (NEW."from_state" IS NOT NULL OR (SELECT "mode" FROM {{ n.at("mode") }}) IS NOT 'test');
  SELECT RAISE(ABORT, 'phasegate: {{ n.events_name }} is append-only: only the guards of {{ n.table_name }} write it')
    WHERE NEW."seq" IS NOT (SELECT coalesce(max("seq"), 0) + 1 FROM {{ n.events }} WHERE {{ n.equal(&n.history(""), &n.history("NEW")) }});
END;
{%- endif %}
