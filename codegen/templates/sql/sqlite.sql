-- {{ header }}
{%- if !owns %}

{% include "sql/sqlite-preflight.sql" %}
{%- endif %}

{% include "sql/sqlite-rules.sql" %}
{%- if owns %}

CREATE TABLE {{ n.table }} (
  {{ n.key }} {{ n.row_type }} NOT NULL PRIMARY KEY{% if identity %} AUTOINCREMENT{% endif %},
  {{ n.column }} TEXT NOT NULL DEFAULT {{ default }},
  "ref" TEXT,
  "requested_by" TEXT,
  "reason" TEXT,
  "token_hash" BLOB,
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;
CREATE INDEX {{ n.created_index }} ON {{ n.table }} ("created_at", {{ n.key }});
{%- endif %}
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

-- What may be forced: each leave is for one step, which uses it up.
CREATE TABLE {{ n.forcing }} (
  {{ n.row }} {{ n.row_type }} NOT NULL PRIMARY KEY,
  "to_state" TEXT NOT NULL,
  "reason" TEXT NOT NULL,
  "actor" TEXT
){% if owns %} STRICT{% endif %};

-- Which rows are gone, and when.
CREATE TABLE {{ n.gone }} (
  {{ n.row }} {{ n.row_type }} NOT NULL PRIMARY KEY,
  "at" TEXT NOT NULL
){% if owns %} STRICT{% endif %};

-- The keys whose history was pruned, and how much of it: they stay used.
CREATE TABLE {{ n.pruned }} (
  {{ n.row }} {{ n.row_type }} NOT NULL PRIMARY KEY,
  "events" INTEGER NOT NULL,
  "reports" INTEGER NOT NULL,
  "before" TEXT NOT NULL,
  "at" TEXT NOT NULL
){% if owns %} STRICT{% endif %};

-- What the guards do beside what the table says: nothing, where `mode` is null.
CREATE TABLE {{ n.mode }} (
  "id" INTEGER NOT NULL PRIMARY KEY CHECK ("id" = 1),
  "mode" TEXT,
  "pruning" INTEGER NOT NULL DEFAULT 0
){% if owns %} STRICT{% endif %};
-- A test suite that empties every table is in mode `test` until it is done.
CREATE TRIGGER {{ n.mode_delete }} BEFORE DELETE ON {{ n.mode }}
BEGIN
  SELECT RAISE(IGNORE);
END;
-- `test` lets DELETE of the history and of reports pass, and keys be used again; `load` lets rows start
-- in any known state, marked as `loaded`; NULL restores the mode of the table.
--   INSERT INTO {{ n.set_mode }} ("mode") VALUES ('test');
{% include "sql/sqlite-mode.sql" %}
{% if adopts %}
-- The rows from before the guard: their history begins with the state that they are in.
INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language")
  SELECT {{ n.key }}, 1, NULL, {{ n.column }}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), '{{ r.language }}'
  FROM {{ n.table }} WHERE {{ n.key }} IS NOT NULL AND {{ n.column }} IS NOT NULL;
{% endif %}
CREATE VIEW {{ n.prune }} ("before", "events", "reports") AS
SELECT "before", sum("events"), sum("reports") FROM {{ n.pruned }} GROUP BY "before";
{% include "sql/sqlite-event.sql" %}
CREATE TRIGGER {{ n.event_update }} BEFORE UPDATE ON {{ n.events }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.events_word }} is append-only');
END;
CREATE TRIGGER {{ n.event_delete }} BEFORE DELETE ON {{ n.events }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.events_word }} is append-only')
    WHERE NOT EXISTS (SELECT 1 FROM {{ n.mode }} WHERE "mode" = 'test' OR "pruning");
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
  SELECT RAISE(ABORT, 'phasegate: {{ n.reports_word }} is append-only')
    WHERE NOT EXISTS (SELECT 1 FROM {{ n.mode }} WHERE "mode" = 'test' OR "pruning");
END;

-- What was pruned stays so: the keys are used.
CREATE TRIGGER {{ n.pruned_update }} BEFORE UPDATE ON {{ n.pruned }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.pruned_word }} is append-only')
    WHERE NOT EXISTS (SELECT 1 FROM {{ n.mode }} WHERE "mode" = 'test' OR "pruning");
END;
CREATE TRIGGER {{ n.pruned_delete }} BEFORE DELETE ON {{ n.pruned }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.pruned_word }} is append-only')
    WHERE NOT EXISTS (SELECT 1 FROM {{ n.mode }} WHERE "mode" = 'test');
END;

-- The audited way out: it gives leave for what no transition allows, to any state that is not retired.
-- The UPDATE after it uses the leave up: it is marked in the history with the reason, and beside it who it
-- was as far as they say so. SQLite knows no privileges: whoever may write the file may use it.
--   INSERT INTO {{ n.force }} ("key", "to_state", "reason", "actor") VALUES (...);
--   UPDATE {{ n.table }} SET {{ n.column }} = ... WHERE {{ n.key }} = ...;
CREATE VIEW {{ n.force }} ("key", "to_state", "reason", "actor") AS
  SELECT e.{{ n.row }}, e."to_state", e."forced", r."actor"
  FROM {{ n.events }} AS e
  LEFT JOIN {{ n.reports }} AS r ON e.{{ n.row }} = r.{{ n.row }} AND e."seq" = r."seq" AND r."answer" = 'applied'
  WHERE e."forced" IS NOT NULL;
CREATE TRIGGER {{ n.force_insert }} INSTEAD OF INSERT ON {{ n.force }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: {{ n.force_word }} wants a reason')
    WHERE typeof(NEW."reason") <> 'text' OR trim(NEW."reason", char(9, 10, 11, 12, 13, 32)) = '';
  SELECT RAISE(ABORT, 'phasegate: {{ n.force_word }} wants the key of a row')
    WHERE NEW."key" IS NULL;
  SELECT RAISE(ABORT, 'phasegate: unknown state of {{ n.machine }}; known: see {{ n.states_word }}')
    WHERE typeof(NEW."to_state") <> 'text' OR NOT EXISTS (SELECT 1 FROM {{ n.states }} WHERE "state" = NEW."to_state");
  -- No row starts in a retired state, and no transition leads to one; to every other one does.
  SELECT RAISE(ABORT, 'phasegate: that state of {{ n.machine }} is retired: nothing enters it, by force neither')
    WHERE NOT EXISTS (SELECT 1 FROM {{ n.states }} WHERE "state" = NEW."to_state" AND "initial")
      AND NOT EXISTS (SELECT 1 FROM {{ n.transitions }} WHERE "to_state" = NEW."to_state");
  SELECT RAISE(ABORT, 'phasegate: the history ends in that state already: there is nothing to force')
    WHERE NEW."to_state" IS (
      SELECT coalesce((SELECT "name_now" FROM {{ n.renames }} AS r WHERE r."language" = e."language" AND r."state" = e."to_state"), e."to_state")
      FROM {{ n.events }} AS e WHERE e.{{ n.row }} = NEW."key" ORDER BY e."seq" DESC LIMIT 1
    );
  -- A leave that nobody used gives way to the next.
  DELETE FROM {{ n.forcing }} WHERE {{ n.row }} = NEW."key";
  INSERT INTO {{ n.forcing }} ({{ n.row }}, "to_state", "reason", "actor")
    VALUES (NEW."key", NEW."to_state", NEW."reason", NEW."actor");
END;
-- A mark is given once, and who it was goes beside it.
CREATE TRIGGER {{ n.event_forced }} AFTER INSERT ON {{ n.events }} WHEN NEW."forced" IS NOT NULL
BEGIN
  INSERT INTO {{ n.reports }} ({{ n.row }}, "status", "from_state", "answer", "seq", "actor")
    SELECT NEW.{{ n.row }}, NEW."to_state", NEW."from_state", 'applied', NEW."seq", "actor"
    FROM {{ n.forcing }} WHERE {{ n.row }} = NEW.{{ n.row }};
  DELETE FROM {{ n.forcing }} WHERE {{ n.row }} = NEW.{{ n.row }};
END;
{%- endif %}
{% include "sql/sqlite-guard.sql" %}
{%- if let Some(observed) = observed %}

{% include "sql/sqlite-observed.sql" %}
{%- endif %}
