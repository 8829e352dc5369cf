-- Nothing enters the history but what its row just did. By RAISE and not by constraints, here and
-- below: an outer `OR IGNORE` or `OR REPLACE` overrides constraints.
CREATE TRIGGER {{ n.event_trigger }} BEFORE INSERT ON {{ n.events }}
BEGIN
{%- if observe %}
  SELECT RAISE(ABORT, 'phasegate: {{ n.events_word }} is append-only: the guards of {{ n.table_word }} alone write it')
    WHERE NEW."seq" IS NOT (SELECT coalesce(max("seq"), 0) + 1 FROM {{ n.events }} WHERE {{ n.row }} = NEW.{{ n.row }})
      OR NEW."at" IS NOT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
      OR NEW."language" IS NOT (SELECT "fingerprint" FROM {{ n.language }})
      OR NEW."forced" IS NOT (SELECT "reason" FROM {{ n.forcing }} WHERE {{ n.row }} = NEW.{{ n.row }} AND "to_state" = NEW."to_state")
      OR NEW."observed" IS NULL AND NEW."forced" IS NULL AND (
        NEW."to_state" IS NOT (SELECT {{ n.column }} COLLATE BINARY FROM {{ n.table }} WHERE {{ n.key }} = NEW.{{ n.row }})
        OR NEW."from_state" IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM {{ n.transitions }} WHERE "from_state" = NEW."from_state" AND "to_state" = NEW."to_state"
        )
      );
{%- else %}
  SELECT RAISE(ABORT, 'phasegate: the history of {{ n.table_word }} does not end where this step begins: the row was changed past the guard')
    WHERE NEW."from_state" IS NOT (
      SELECT coalesce((SELECT "name_now" FROM {{ n.renames }} AS r WHERE r."language" = e."language" AND r."state" = e."to_state"), e."to_state")
      FROM {{ n.events }} AS e WHERE e.{{ n.row }} = NEW.{{ n.row }} ORDER BY e."seq" DESC LIMIT 1
    );
  SELECT RAISE(ABORT, 'phasegate: {{ n.events_word }} is append-only: the guards of {{ n.table_word }} alone write it')
    WHERE NEW."seq" IS NOT (SELECT coalesce(max("seq"), 0) + 1 FROM {{ n.events }} WHERE {{ n.row }} = NEW.{{ n.row }})
      OR NEW."at" IS NOT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
      OR NEW."language" IS NOT (SELECT "fingerprint" FROM {{ n.language }})
      OR NEW."forced" IS NOT (SELECT "reason" FROM {{ n.forcing }} WHERE {{ n.row }} = NEW.{{ n.row }} AND "to_state" = NEW."to_state")
      OR NEW."observed" IS NOT NULL
      OR NEW."to_state" IS NOT (SELECT {{ n.column }} COLLATE BINARY FROM {{ n.table }} WHERE {{ n.key }} = NEW.{{ n.row }})
      OR NEW."from_state" IS NOT NULL AND NEW."forced" IS NULL AND NOT EXISTS (
        SELECT 1 FROM {{ n.transitions }} WHERE "from_state" = NEW."from_state" AND "to_state" = NEW."to_state"
      );
{%- endif %}
END;
