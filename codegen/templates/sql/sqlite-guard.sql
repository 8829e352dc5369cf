{% if observe -%}
-- The guards only observe: what they would refuse is let through, and marked in the history.
CREATE TRIGGER {{ n.guard_insert }} AFTER INSERT ON {{ n.table }} WHEN NEW.{{ n.key }} IS NOT NULL
BEGIN
  INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language", "observed")
    VALUES (
      NEW.{{ n.key }}, (SELECT coalesce(max("seq"), 0) + 1 FROM {{ n.events }} WHERE {{ n.row }} = NEW.{{ n.key }}),
      {% call last() %}{% endcall %},
      NEW.{{ n.column }}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), (SELECT "fingerprint" FROM {{ n.language }}),
      CASE
        WHEN {% call unknown() %}{% endcall %} THEN 'unknown-state'
        WHEN {% call no_start() %}{% endcall %} THEN 'illegal-start'
        WHEN EXISTS (SELECT 1 FROM {{ n.events }} WHERE {{ n.row }} = NEW.{{ n.key }}) THEN 'key-used'
        WHEN {% call elsewhere() %}{% endcall %} THEN 'past-the-guard'
      END
    );
END;

CREATE TRIGGER {{ n.guard_update }} AFTER UPDATE ON {{ n.table }}
WHEN NEW.{{ n.key }} IS NOT NULL
  AND (NEW.{{ n.column }} COLLATE BINARY IS NOT OLD.{{ n.column }} OR NEW.{{ n.key }} COLLATE BINARY IS NOT OLD.{{ n.key }})
BEGIN
  INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language", "forced", "observed")
    VALUES (
      NEW.{{ n.key }}, (SELECT coalesce(max("seq"), 0) + 1 FROM {{ n.events }} WHERE {{ n.row }} = NEW.{{ n.key }}),
      {% call last() %}{% endcall %},
      NEW.{{ n.column }}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), (SELECT "fingerprint" FROM {{ n.language }}),
      (SELECT "reason" FROM {{ n.forcing }} WHERE {{ n.row }} = NEW.{{ n.key }} AND "to_state" = NEW.{{ n.column }} COLLATE BINARY),
      CASE
        WHEN NEW.{{ n.key }} COLLATE BINARY IS NOT OLD.{{ n.key }} THEN 'key-changed'
        WHEN {% call unknown() %}{% endcall %} THEN 'unknown-state'
        WHEN EXISTS (SELECT 1 FROM {{ n.forcing }} WHERE {{ n.row }} = NEW.{{ n.key }} AND "to_state" = NEW.{{ n.column }} COLLATE BINARY) THEN NULL
        WHEN OLD.{{ n.column }} IS NULL AND {% call no_start() %}{% endcall %} THEN 'illegal-start'
        WHEN OLD.{{ n.column }} COLLATE BINARY IS NOT {% call last() %}{% endcall %} THEN 'past-the-guard'
        WHEN OLD.{{ n.column }} IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM {{ n.transitions }} WHERE "from_state" = OLD.{{ n.column }} COLLATE BINARY AND "to_state" = NEW.{{ n.column }} COLLATE BINARY
        ) THEN 'illegal-transition'
        WHEN {% call elsewhere() %}{% endcall %} THEN 'past-the-guard'
      END
    );
END;
{%- else -%}
-- The guards. They judge what was really written, by the rows above; only their words name states.
CREATE TRIGGER {{ n.guard_insert }} AFTER INSERT ON {{ n.table }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: the key of {{ n.table_word }} cannot be null')
    WHERE NEW.{{ n.key }} IS NULL;
  SELECT RAISE(ABORT, 'phasegate: unknown state of {{ n.machine }}; known: {{ words.known }}')
    WHERE typeof(NEW.{{ n.column }}) <> 'text'
      OR NOT EXISTS (SELECT 1 FROM {{ n.states }} WHERE "state" = NEW.{{ n.column }} COLLATE BINARY);
  SELECT RAISE(ABORT, 'phasegate: illegal start of {{ n.machine }}; initial: {{ words.initial }}')
    WHERE NOT EXISTS (SELECT 1 FROM {{ n.states }} WHERE "state" = NEW.{{ n.column }} COLLATE BINARY AND "initial");
{%- if history %}
  SELECT RAISE(ABORT, 'phasegate: the key of {{ n.table_word }} cannot be used again: it has a history')
    WHERE EXISTS (SELECT 1 FROM {{ n.events }} WHERE {{ n.row }} = NEW.{{ n.key }});
  INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language")
    VALUES (NEW.{{ n.key }}, 1, NULL, NEW.{{ n.column }}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), (SELECT "fingerprint" FROM {{ n.language }}));
{%- endif %}
END;

CREATE TRIGGER {{ n.guard_update }} AFTER UPDATE ON {{ n.table }}
WHEN NEW.{{ n.column }} COLLATE BINARY IS NOT OLD.{{ n.column }} OR NEW.{{ n.key }} COLLATE BINARY IS NOT OLD.{{ n.key }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: the key of {{ n.table_word }} cannot change')
    WHERE NEW.{{ n.key }} COLLATE BINARY IS NOT OLD.{{ n.key }};
  SELECT RAISE(ABORT, 'phasegate: unknown state of {{ n.machine }}; known: {{ words.known }}')
    WHERE typeof(NEW.{{ n.column }}) <> 'text'
      OR NOT EXISTS (SELECT 1 FROM {{ n.states }} WHERE "state" = NEW.{{ n.column }} COLLATE BINARY);
{%- if !owns %}
  SELECT RAISE(ABORT, 'phasegate: illegal start of {{ n.machine }}; initial: {{ words.initial }}')
    WHERE OLD.{{ n.column }} IS NULL
      AND NOT EXISTS (SELECT 1 FROM {{ n.states }} WHERE "state" = NEW.{{ n.column }} COLLATE BINARY AND "initial")
{%- if history %}
      AND NOT EXISTS (SELECT 1 FROM {{ n.forcing }} WHERE {{ n.row }} = NEW.{{ n.key }} AND "to_state" = NEW.{{ n.column }} COLLATE BINARY)
{%- endif %};
{%- endif %}
  SELECT
{%- if words.illegal.is_empty() %} RAISE(ABORT, 'phasegate: illegal transition of {{ n.machine }}; legal: see {{ n.transitions_word }}')
{%- else %} CASE OLD.{{ n.column }} COLLATE BINARY
{%- for word in words.illegal %}
      WHEN {{ word.from }} THEN RAISE(ABORT, 'phasegate: illegal transition of {{ n.machine }} from {{ word.from_word }}; legal: {{ word.legal }}')
{%- endfor %}
      ELSE RAISE(ABORT, 'phasegate: illegal transition of {{ n.machine }} from an unknown state; legal: none')
    END
{%- endif %}
    WHERE OLD.{{ n.column }} IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM {{ n.transitions }} WHERE "from_state" = OLD.{{ n.column }} COLLATE BINARY AND "to_state" = NEW.{{ n.column }} COLLATE BINARY
    )
{%- if history %} AND NOT EXISTS (
      SELECT 1 FROM {{ n.forcing }} WHERE {{ n.row }} = NEW.{{ n.key }} AND "to_state" = NEW.{{ n.column }} COLLATE BINARY
    )
{%- endif %};
{%- if history %}
  INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language", "forced")
    VALUES (
      NEW.{{ n.key }}, (SELECT coalesce(max("seq"), 0) + 1 FROM {{ n.events }} WHERE {{ n.row }} = NEW.{{ n.key }}),
      OLD.{{ n.column }}, NEW.{{ n.column }}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), (SELECT "fingerprint" FROM {{ n.language }}),
      (SELECT "reason" FROM {{ n.forcing }} WHERE {{ n.row }} = NEW.{{ n.key }} AND "to_state" = NEW.{{ n.column }} COLLATE BINARY)
    );
  -- Without recursive triggers, a trigger on the history that changes the row again is not logged.
  SELECT RAISE(ABORT, 'phasegate: a trigger on {{ n.events_word }} changed {{ n.table_word }}: that takes PRAGMA recursive_triggers = ON')
    WHERE (SELECT {{ n.column }} FROM {{ n.table }} WHERE {{ n.key }} = NEW.{{ n.key }}) COLLATE BINARY
      IS NOT (SELECT "to_state" FROM {{ n.events }} WHERE {{ n.row }} = NEW.{{ n.key }} ORDER BY "seq" DESC LIMIT 1);
{%- endif %}
END;
{%- endif %}
{%- macro last() -%}
(
        SELECT coalesce((SELECT "name_now" FROM {{ n.renames }} AS r WHERE r."language" = e."language" AND r."state" = e."to_state"), e."to_state")
        FROM {{ n.events }} AS e WHERE e.{{ n.row }} = NEW.{{ n.key }} ORDER BY e."seq" DESC LIMIT 1
      )
{%- endmacro %}
{%- macro unknown() -%}
typeof(NEW.{{ n.column }}) <> 'text' OR NOT EXISTS (SELECT 1 FROM {{ n.states }} WHERE "state" = NEW.{{ n.column }} COLLATE BINARY)
{%- endmacro %}
{%- macro no_start() -%}
NOT EXISTS (SELECT 1 FROM {{ n.states }} WHERE "state" = NEW.{{ n.column }} COLLATE BINARY AND "initial")
{%- endmacro %}
{%- macro elsewhere() -%}
(SELECT {{ n.column }} FROM {{ n.table }} WHERE {{ n.key }} = NEW.{{ n.key }}) COLLATE BINARY IS NOT NEW.{{ n.column }}
{%- endmacro %}
