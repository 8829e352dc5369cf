{%- import "sql/sqlite-judge.sql" as judge -%}
{% if observe -%}
-- The guards only observe: what they would refuse is let through, and marked in the history.
CREATE TRIGGER {{ n.guard_insert }} AFTER INSERT ON {{ n.table }} WHEN NEW.{{ n.key }} IS NOT NULL
BEGIN
  INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language", "observed")
    VALUES (
      NEW.{{ n.key }}, {% call seq() %}{% endcall %},
      {% call last() %}{% endcall %},
      NEW.{{ n.column }}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), '{{ r.language }}',
      CASE
        WHEN {% call unknown() %}{% endcall %} THEN 'unknown-state'
        WHEN {% call no_start() %}{% endcall %} THEN 'illegal-start'
        WHEN EXISTS (SELECT 1 FROM {{ n.events }} WHERE {{ n.row }} = NEW.{{ n.key }}) THEN 'key-used'
        WHEN EXISTS (SELECT 1 FROM {{ n.pruned }} WHERE {{ n.row }} = NEW.{{ n.key }}) THEN 'key-used'
        WHEN {% call elsewhere() %}{% endcall %} THEN 'past-the-guard'
      END
    );
END;

CREATE TRIGGER {{ n.guard_update }} AFTER UPDATE OF {{ n.set_columns }} ON {{ n.table }}
WHEN NEW.{{ n.key }} IS NOT NULL
  AND (NEW.{{ n.column }} COLLATE BINARY IS NOT OLD.{{ n.column }} OR NEW.{{ n.key }} COLLATE BINARY IS NOT OLD.{{ n.key }})
BEGIN
  INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language", "forced", "observed")
    VALUES (
      NEW.{{ n.key }}, {% call seq() %}{% endcall %},
      {% call last() %}{% endcall %},
      NEW.{{ n.column }}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), '{{ r.language }}',
      {% call forced() %}{% endcall %},
      CASE
        WHEN NEW.{{ n.key }} COLLATE BINARY IS NOT OLD.{{ n.key }} THEN 'key-changed'
        WHEN {% call unknown() %}{% endcall %} THEN 'unknown-state'
        WHEN {% call forced() %}{% endcall %} IS NOT NULL THEN NULL
        WHEN OLD.{{ n.column }} IS NULL AND {% call no_start() %}{% endcall %} THEN 'illegal-start'
        WHEN OLD.{{ n.column }} COLLATE BINARY IS NOT {% call last() %}{% endcall %} THEN 'past-the-guard'
        WHEN OLD.{{ n.column }} IS NOT NULL AND NOT {% call judge::legal(n.old_state, n.new_state, r.next, "        ") %}{% endcall %} THEN 'illegal-transition'
        WHEN {% call elsewhere() %}{% endcall %} THEN 'past-the-guard'
      END
    );
END;
{%- else -%}
-- The guards. They judge what was really written. The rowid's names are columns here: where the key is
-- another name of it, it is set by them too.
CREATE TRIGGER {{ n.guard_insert }} AFTER INSERT ON {{ n.table }}
BEGIN
{%- if !owns %}
  SELECT RAISE(ABORT, 'phasegate: the key of {{ n.table_word }} cannot be null')
    WHERE NEW.{{ n.key }} IS NULL;
{%- endif %}
{%- if !owns || !history %}
  SELECT RAISE(ABORT, 'phasegate: unknown state of {{ n.machine }}; known: {{ words.known }}')
    WHERE {% if history %}typeof(NEW.{{ n.column }}) <> 'text'{% else %}{% call unknown() %}{% endcall %}{% endif %};
{%- endif %}
{%- if history %}
  INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language", "observed")
    VALUES (
      NEW.{{ n.key }}, {% call seq() %}{% endcall %}, NULL, NEW.{{ n.column }}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), '{{ r.language }}',
      CASE WHEN {% call no_start() %}{% endcall %} AND (SELECT "mode" FROM {{ n.mode }}) = 'load' THEN 'loaded' END
    );
{%- else %}
  SELECT RAISE(ABORT, 'phasegate: illegal start of {{ n.machine }}; initial: {{ words.initial }}')
    WHERE {% call no_start() %}{% endcall %};
{%- endif %}
END;

CREATE TRIGGER {{ n.guard_update }} AFTER UPDATE OF {{ n.set_columns }} ON {{ n.table }}
WHEN NEW.{{ n.column }} COLLATE BINARY IS NOT OLD.{{ n.column }} OR NEW.{{ n.key }} COLLATE BINARY IS NOT OLD.{{ n.key }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: the key of {{ n.table_word }} cannot change')
    WHERE NEW.{{ n.key }} COLLATE BINARY IS NOT OLD.{{ n.key }};
{%- if !owns || !history %}
  SELECT RAISE(ABORT, 'phasegate: unknown state of {{ n.machine }}; known: {{ words.known }}')
    WHERE {% if history %}typeof(NEW.{{ n.column }}) <> 'text'{% else %}{% call unknown() %}{% endcall %}{% endif %};
{%- endif %}
{%- if history %}
  INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language", "forced")
    VALUES (
      NEW.{{ n.key }}, {% call seq() %}{% endcall %}, OLD.{{ n.column }}, NEW.{{ n.column }}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), '{{ r.language }}',
      {% call forced() %}{% endcall %}
    );
  -- Without recursive triggers, a trigger on the history that changes the row again is not logged.
  SELECT RAISE(ABORT, 'phasegate: a trigger on {{ n.events_word }} changed {{ n.table_word }}: that takes PRAGMA recursive_triggers = ON')
    WHERE {% call elsewhere() %}{% endcall %}
      AND (SELECT {{ n.column }} FROM {{ n.table }} WHERE {{ n.key }} = NEW.{{ n.key }}) COLLATE BINARY
        IS NOT (SELECT "to_state" FROM {{ n.events }} WHERE {{ n.row }} = NEW.{{ n.key }} ORDER BY "seq" DESC LIMIT 1);
{%- else %}
{%- if !owns %}
  SELECT RAISE(ABORT, 'phasegate: illegal start of {{ n.machine }}; initial: {{ words.initial }}')
    WHERE OLD.{{ n.column }} IS NULL AND {% call no_start() %}{% endcall %};
{%- endif %}
  {% call judge::illegal(n.old_state, words.illegal, n.machine, n.transitions_word) %}{% endcall %}
    WHERE OLD.{{ n.column }} IS NOT NULL AND NOT {% call judge::legal(n.old_state, n.new_state, r.next, "    ") %}{% endcall %};
{%- endif %}
END;
{%- endif %}
{%- if history %}
{%- if !r.again.is_empty() %}

-- A transition of a state to itself: only `SET` of the column tells it from a change elsewhere.
CREATE TRIGGER {{ n.guard_again }} AFTER UPDATE OF {{ n.column }} ON {{ n.table }}
WHEN NEW.{{ n.column }} COLLATE BINARY IS OLD.{{ n.column }} AND {% call judge::one(n.new_state, r.again) %}{% endcall %}
BEGIN
  INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language")
    VALUES (NEW.{{ n.key }}, {% call seq() %}{% endcall %}, NEW.{{ n.column }}, NEW.{{ n.column }}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), '{{ r.language }}');
END;
{%- endif %}

-- Which rows are gone: their history may be pruned.
CREATE TRIGGER {{ n.guard_delete }} AFTER DELETE ON {{ n.table }} WHEN OLD.{{ n.key }} IS NOT NULL
BEGIN
  DELETE FROM {{ n.gone }} WHERE {{ n.row }} = OLD.{{ n.key }};
  INSERT INTO {{ n.gone }} ({{ n.row }}, "at") VALUES (OLD.{{ n.key }}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
END;
{%- else %}

-- Without a history nothing tells a new key from one that REPLACE is about to overwrite, past every
-- trigger on UPDATE and DELETE: such a key is refused, and upserts with it.
CREATE TRIGGER {{ n.guard_replace }} BEFORE INSERT ON {{ n.table }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: the key of {{ n.table_word }} exists already: use UPDATE')
    WHERE EXISTS (SELECT 1 FROM {{ n.table }} WHERE {{ n.key }} = NEW.{{ n.key }});
END;
{%- endif %}
{%- macro seq() -%}
(SELECT coalesce(max("seq"), 0) + 1 FROM {{ n.events }} WHERE {{ n.row }} = NEW.{{ n.key }})
{%- endmacro %}
{%- macro forced() -%}
(SELECT "reason" FROM {{ n.forcing }} WHERE {{ n.row }} = NEW.{{ n.key }} AND "to_state" = {{ n.new_state }})
{%- endmacro %}
{%- macro last() -%}
(
        SELECT coalesce((SELECT "name_now" FROM {{ n.renames }} AS r WHERE r."language" = e."language" AND r."state" = e."to_state"), e."to_state")
        FROM {{ n.events }} AS e WHERE e.{{ n.row }} = NEW.{{ n.key }} ORDER BY e."seq" DESC LIMIT 1
      )
{%- endmacro %}
{%- macro unknown() -%}
(typeof(NEW.{{ n.column }}) <> 'text' OR NOT {% call judge::one(n.new_state, r.known) %}{% endcall %})
{%- endmacro %}
{%- macro no_start() -%}
NOT {% call judge::one(n.new_state, r.initial) %}{% endcall %}
{%- endmacro %}
{%- macro elsewhere() -%}
(SELECT {{ n.column }} FROM {{ n.table }} WHERE {{ n.key }} = NEW.{{ n.key }}) COLLATE BINARY IS NOT NEW.{{ n.column }}
{%- endmacro %}
