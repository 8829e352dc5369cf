-- {{ header }}

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
{% if history %}
-- The history, written by the guards alone. It outlives its rows: no foreign key.
CREATE TABLE {{ n.events }} (
  {{ n.row }} {{ n.row_type }} NOT NULL,
  "seq" INTEGER NOT NULL,
  "from_state" TEXT,
  "to_state" TEXT NOT NULL,
  "at" TEXT NOT NULL,
  "language" TEXT NOT NULL,
  PRIMARY KEY ({{ n.row }}, "seq")
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

-- Nothing enters the history but what its row just did. By RAISE and not by constraints, here and
-- below: an outer `OR IGNORE` or `OR REPLACE` overrides constraints.
CREATE TRIGGER {{ n.event_trigger }} BEFORE INSERT ON {{ n.events }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: the history of {{ n.table_word }} does not end where this step begins: the row was changed past the guard')
    WHERE NEW."from_state" IS NOT (
      SELECT coalesce((SELECT "name_now" FROM {{ n.renames }} r WHERE r."language" = e."language" AND r."state" = e."to_state"), e."to_state")
      FROM {{ n.events }} e WHERE e.{{ n.row }} = NEW.{{ n.row }} ORDER BY e."seq" DESC LIMIT 1
    );
  SELECT RAISE(ABORT, 'phasegate: {{ n.events_word }} is append-only: the guards of {{ n.table_word }} alone write it')
    WHERE NEW."seq" IS NOT (SELECT coalesce(max("seq"), 0) + 1 FROM {{ n.events }} WHERE {{ n.row }} = NEW.{{ n.row }})
      OR NEW."to_state" IS NOT (SELECT {{ n.column }} COLLATE BINARY FROM {{ n.table }} WHERE {{ n.key }} = NEW.{{ n.row }})
      OR NEW."at" IS NOT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
      OR NEW."language" IS NOT (SELECT "fingerprint" FROM {{ n.language }})
      OR NEW."from_state" IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM {{ n.transitions }} WHERE "from_state" = NEW."from_state" AND "to_state" = NEW."to_state"
      );
END;
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
{% if adopts %}
-- The rows from before the guard: their history begins with the state that they are in.
INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language")
  SELECT {{ n.key }}, 1, NULL, {{ n.column }}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), (SELECT "fingerprint" FROM {{ n.language }})
  FROM {{ n.table }} WHERE {{ n.key }} IS NOT NULL AND {{ n.column }} IS NOT NULL;
{% endif %}
{%- endif %}
{% include "sql/sqlite-guard.sql" %}
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
