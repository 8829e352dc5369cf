-- {{ header }}
{%- if !owns %}

{% include "sql/sqlite-preflight.sql" %}
{%- endif %}

-- What the guards judge by: states and transitions are added as rows.
CREATE TABLE {{ n.states }} (
  "state" TEXT NOT NULL PRIMARY KEY,
  "position" INTEGER NOT NULL,
  "initial" INTEGER NOT NULL CHECK ("initial" IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE TABLE {{ n.transitions }} (
  "from_state" TEXT NOT NULL,
  "to_state" TEXT NOT NULL,
  "kind" TEXT NOT NULL CHECK ("kind" IN ('declared', 'skip')),
  PRIMARY KEY ("from_state", "to_state")
) STRICT, WITHOUT ROWID;
-- The fingerprint of all that: the history says with each step which rules it was judged by.
CREATE TABLE {{ n.language }} (
  "id" INTEGER NOT NULL PRIMARY KEY DEFAULT 1 CHECK ("id" = 1),
  "fingerprint" TEXT NOT NULL
) STRICT;
-- What a state of former rules is called now, by their fingerprint: the history keeps the names of its time.
CREATE TABLE {{ n.renames }} (
  "language" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "name_now" TEXT NOT NULL,
  PRIMARY KEY ("language", "state")
) STRICT, WITHOUT ROWID;
{% if owns %}
CREATE TABLE {{ n.table }} (
  {{ n.key }} {{ n.row_type }} NOT NULL PRIMARY KEY{% if identity %} AUTOINCREMENT{% endif %},
  {{ n.column }} TEXT NOT NULL DEFAULT {{ default }} REFERENCES {{ n.states }} ("state"),
  "ref" TEXT,
  "requested_by" TEXT,
  "reason" TEXT,
  "token_hash" BLOB,
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;
CREATE INDEX {{ n.created_index }} ON {{ n.table }} ("created_at", {{ n.key }});
{% endif %}
{%- for chunk in states %}
INSERT INTO {{ n.states }} ("state", "position", "initial") VALUES
{%- for row in chunk %}
  {{ row }}{% if loop.last %};{% else %},{% endif %}
{%- endfor %}
{% endfor %}
{%- for chunk in transitions %}
INSERT INTO {{ n.transitions }} ("from_state", "to_state", "kind") VALUES
{%- for row in chunk %}
  {{ row }}{% if loop.last %};{% else %},{% endif %}
{%- endfor %}
{% endfor %}
INSERT INTO {{ n.language }} ("fingerprint") VALUES ('{{ fingerprint }}');
{%- if !owns && !observe %}

-- What the table lacks no row may be in: nothing could lead it on.
{% let is_guarded = false %}
{%- include "sql/sqlite-unknown.sql" %}
{%- endif %}
{% if history %}
-- The history, written by the guards alone. It outlives its rows: no foreign key.
CREATE TABLE {{ n.events }} (
  {{ n.row }} {{ n.row_type }} NOT NULL,
  "seq" INTEGER NOT NULL,
  "from_state" TEXT,
  "to_state" TEXT,
  "at" TEXT NOT NULL,
  "language" TEXT NOT NULL,
  -- Where no transition led here: why it was forced, or what the guard would have refused it as.
  "forced" TEXT,
  "observed" TEXT,
  PRIMARY KEY ({{ n.row }}, "seq"),
  CHECK ("to_state" IS NOT NULL OR "observed" IS NOT NULL)
) {% if owns %}STRICT, {% endif %}WITHOUT ROWID;

-- Who asked for what, and what was answered: the step that it led to, or why it was refused.
CREATE TABLE {{ n.reports }} (
  "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  {{ n.row }} {{ n.row_type }} NOT NULL,
  "event_id" TEXT,
  "body_hash" BLOB,
  "status" TEXT NOT NULL,
  "from_state" TEXT,
  "answer" TEXT NOT NULL,
  "seq" INTEGER,
  "job" TEXT,
  "run_id" TEXT,
  "run_attempt" INTEGER,
  "run_url" TEXT,
  "actor" TEXT,
  "attempted" TEXT,
  "table_fingerprint" TEXT,
  "log_tail" TEXT,
  "at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
){% if owns %} STRICT{% endif %};
CREATE INDEX {{ n.reports_row_index }} ON {{ n.reports }} ({{ n.row }}, "id");
CREATE UNIQUE INDEX {{ n.reports_event_index }} ON {{ n.reports }} ({{ n.row }}, "event_id") WHERE "answer" = 'applied';
CREATE UNIQUE INDEX {{ n.reports_seq_index }} ON {{ n.reports }} ({{ n.row }}, "seq") WHERE "answer" = 'applied';

-- What is being forced in this very statement; no row outlives it.
CREATE TABLE {{ n.forcing }} (
  {{ n.row }} {{ n.row_type }} NOT NULL PRIMARY KEY,
  "to_state" TEXT NOT NULL,
  "reason" TEXT NOT NULL,
  "actor" TEXT
){% if owns %} STRICT{% endif %};

{% include "sql/sqlite-event.sql" %}
CREATE TRIGGER {{ n.event_update }} BEFORE UPDATE ON {{ n.events }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.events_word }} is append-only');
END;
CREATE TRIGGER {{ n.event_delete }} BEFORE DELETE ON {{ n.events }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.events_word }} is append-only');
END;

CREATE TRIGGER {{ n.report_trigger }} BEFORE INSERT ON {{ n.reports }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.reports_word }} is append-only: this id exists')
    WHERE EXISTS (SELECT 1 FROM {{ n.reports }} WHERE "id" = NEW."id");
  SELECT RAISE(ABORT, 'phasegate: {{ n.reports_word }} is append-only: this event id was applied already')
    WHERE NEW."answer" = 'applied' AND EXISTS (
      SELECT 1 FROM {{ n.reports }} WHERE {{ n.row }} = NEW.{{ n.row }} AND "event_id" = NEW."event_id" AND "answer" = 'applied'
    );
  SELECT RAISE(ABORT, 'phasegate: {{ n.reports_word }} is append-only: this event has its report already')
    WHERE NEW."answer" = 'applied' AND EXISTS (
      SELECT 1 FROM {{ n.reports }} WHERE {{ n.row }} = NEW.{{ n.row }} AND "seq" = NEW."seq" AND "answer" = 'applied'
    );
  SELECT RAISE(ABORT, 'phasegate: {{ n.reports_word }}: there is no such event')
    WHERE NEW."seq" IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM {{ n.events }} WHERE {{ n.row }} = NEW.{{ n.row }} AND "seq" = NEW."seq");
  SELECT RAISE(ABORT, 'phasegate: {{ n.reports_word }}: the time is the database''s own')
    WHERE NEW."at" IS NOT strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
END;
-- An id that SQLite has yet to choose reads as -1 above: no row may really have it.
CREATE TRIGGER {{ n.report_id }} AFTER INSERT ON {{ n.reports }} WHEN NEW."id" < 1
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.reports_word }}: ids start at 1');
END;
CREATE TRIGGER {{ n.report_update }} BEFORE UPDATE ON {{ n.reports }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.reports_word }} is append-only');
END;
CREATE TRIGGER {{ n.report_delete }} BEFORE DELETE ON {{ n.reports }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.reports_word }} is append-only');
END;

-- The audited way out: it writes what no transition allows, to any state that is not retired, marked
-- in the history with the reason, and beside it who it was as far as they say so. SQLite knows no
-- privileges: whoever may write the file may use it.
--   INSERT INTO {{ n.force }} ("key", "to_state", "reason", "actor") VALUES (...);
CREATE VIEW {{ n.force }} ("key", "to_state", "reason", "actor") AS
  SELECT e.{{ n.row }}, e."to_state", e."forced", r."actor"
  FROM {{ n.events }} AS e
  LEFT JOIN {{ n.reports }} AS r ON e.{{ n.row }} = r.{{ n.row }} AND e."seq" = r."seq" AND r."answer" = 'applied'
  WHERE e."forced" IS NOT NULL;
CREATE TRIGGER {{ n.force_insert }} INSTEAD OF INSERT ON {{ n.force }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.force_word }} wants a reason')
    WHERE typeof(NEW."reason") <> 'text' OR trim(NEW."reason", char(9, 10, 11, 12, 13, 32)) = '';
  SELECT RAISE(ABORT, 'phasegate: unknown state of {{ n.machine }}; known: see {{ n.states_word }}')
    WHERE typeof(NEW."to_state") <> 'text' OR NOT EXISTS (SELECT 1 FROM {{ n.states }} WHERE "state" = NEW."to_state");
  -- No row starts in a retired state, and no transition leads to one; to every other one does.
  SELECT RAISE(ABORT, 'phasegate: that state of {{ n.machine }} is retired: nothing enters it, by force neither')
    WHERE NOT EXISTS (SELECT 1 FROM {{ n.states }} WHERE "state" = NEW."to_state" AND "initial")
      AND NOT EXISTS (SELECT 1 FROM {{ n.transitions }} WHERE "to_state" = NEW."to_state");
  SELECT RAISE(ABORT, 'phasegate: no row of {{ n.table_word }} has that key')
    WHERE NOT EXISTS (SELECT 1 FROM {{ n.table }} WHERE {{ n.key }} = NEW."key");
  SELECT RAISE(ABORT, 'phasegate: the row is in that state already: there is nothing to force')
    WHERE (SELECT {{ n.column }} COLLATE BINARY FROM {{ n.table }} WHERE {{ n.key }} = NEW."key") IS NEW."to_state";
  INSERT INTO {{ n.forcing }} ({{ n.row }}, "to_state", "reason", "actor")
    SELECT {{ n.key }}, NEW."to_state", NEW."reason", NEW."actor" FROM {{ n.table }} WHERE {{ n.key }} = NEW."key";
  UPDATE {{ n.table }} SET {{ n.column }} = NEW."to_state" WHERE {{ n.key }} = NEW."key";
  SELECT RAISE(ABORT, 'phasegate: the row did not become that: a trigger of {{ n.table_word }} stood in the way, or its guard is gone')
    WHERE EXISTS (SELECT 1 FROM {{ n.forcing }} WHERE {{ n.row }} = NEW."key");
END;
-- A mark is given once, and who it was goes beside it.
CREATE TRIGGER {{ n.event_forced }} AFTER INSERT ON {{ n.events }} WHEN NEW."forced" IS NOT NULL
BEGIN
  INSERT INTO {{ n.reports }} ({{ n.row }}, "status", "from_state", "answer", "seq", "actor")
    SELECT NEW.{{ n.row }}, NEW."to_state", NEW."from_state", 'applied', NEW."seq", "actor"
    FROM {{ n.forcing }} WHERE {{ n.row }} = NEW.{{ n.row }};
  DELETE FROM {{ n.forcing }} WHERE {{ n.row }} = NEW.{{ n.row }};
END;
{% if adopts %}
-- The rows from before the guard: their history begins with the state that they are in.
INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language")
  SELECT {{ n.key }}, 1, NULL, {{ n.column }}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), (SELECT "fingerprint" FROM {{ n.language }})
  FROM {{ n.table }} WHERE {{ n.key }} IS NOT NULL AND {{ n.column }} IS NOT NULL;
{% endif %}
{%- endif %}
{% include "sql/sqlite-guard.sql" %}
{%- if let Some(observed) = observed %}

{% include "sql/sqlite-observed.sql" %}
{%- endif %}
{%- if history %}

-- A transition of a state to itself: only `SET` of the column tells it from a change elsewhere.
CREATE TRIGGER {{ n.guard_again }} AFTER UPDATE OF {{ n.column }} ON {{ n.table }}
WHEN NEW.{{ n.column }} COLLATE BINARY IS OLD.{{ n.column }}
BEGIN
  INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language")
    SELECT NEW.{{ n.key }}, (SELECT coalesce(max("seq"), 0) + 1 FROM {{ n.events }} WHERE {{ n.row }} = NEW.{{ n.key }}),
      "from_state", "to_state", strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), (SELECT "fingerprint" FROM {{ n.language }})
    FROM {{ n.transitions }} WHERE "from_state" = NEW.{{ n.column }} COLLATE BINARY AND "to_state" = NEW.{{ n.column }} COLLATE BINARY;
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
