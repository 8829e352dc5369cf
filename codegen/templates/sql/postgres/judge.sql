{%- import "sql/postgres/macros.sql" as m -%}
-- Everything that is no plain legal step: says why it is refused{% if history %}, or marks it in the history{% endif %}.
#variable_conflict use_variable
DECLARE
  rules jsonb := {{ n.at("rules") }}();
  fault text;
  message text;
  hint text;
{%- if history %}
  mode text := {{ n.at("mode") }}();
  last_seq integer;
  last_state text;
  last_language text;
  reason text;
  is_there boolean;
  row_state text;
  begins text := {{ n.arg(3, 1) }};
{%- endif %}
  -- Whether the row is in no state that anything leads on from: an unknown one, or NULL after it had one.
  is_lost boolean := false;
BEGIN
{%- if history %}
  IF mode = 'observe' AND pg_trigger_depth() > 1 THEN
    -- Within another statement, which may have written the same row: what it wrote is looked at again, too.
    PERFORM set_config('phasegate.{{ n.name("nested") }}', 'on', true);
  END IF;
  SELECT e."seq", e."to_state", e."language" INTO last_seq, last_state, last_language
    FROM {{ n.events }} e WHERE {{ n.equal(&n.history("e"), &n.args(4, 1)) }} ORDER BY e."seq" DESC LIMIT 1;
{%- if adopts %}
  IF op = 'ROUTED' AND last_seq IS NOT NULL AND coalesce(current_setting('phasegate.{{ n.name("moving") }}', true), '') NOT IN ('', '0') THEN
    -- An UPDATE moves the row to another partition: that is a DELETE and an INSERT to triggers.
    was := {% call m::now("last_language", "last_state") %}{% endcall %};
    begins := was;
    op := 'UPDATE';
{%- for (old, key) in n.pairs(&n.numbered("old_key"), &n.args(4, 1)) %}
    {{ old }} := {{ key }};
{%- endfor %}
    IF was = {{ n.arg(5, 2) }} THEN
      RETURN true;
    END IF;
  ELSIF op = 'ROUTED' THEN
    op := 'INSERT';
  END IF;
{%- endif %}
{%- endif %}
{%- if n.has_numbers() %}
  -- Each number was read by the rules of that moment: a name that no number has now is one from before.
  IF{% if history %} mode <> 'observe' AND{% endif %} EXISTS (
    SELECT FROM unnest(ARRAY[was, {{ n.arg(5, 2) }}]) s("state") WHERE s."state" !~ '^-?[0-9]+$' AND NOT rules -> 'states' ? s."state"
  ) THEN
    {% call m::overtaken("was", n.arg(5, 2), n.shown(&n.args(4, 1), ""), "the rules of", " changed while a step was judged") %}{% endcall %};
  END IF;
{%- endif %}
  IF op = 'UPDATE' AND {{ n.differ(&n.numbered("old_key"), &n.args(4, 1)) }} THEN
    fault := 'key-changed';
    message := 'the key of {{ n.table_name }} cannot change: ' || coalesce({{ n.shown(&n.numbered("old_key"), "") }}, 'null') || ' -> ' || coalesce({{ n.shown(&n.args(4, 1), "") }}, 'null');
    hint := 'Insert a new row instead.';
  ELSIF {{ n.is_null(&n.args(4, 1)) }} THEN
    fault := 'key-missing';
    message := 'the key of {{ n.table_name }} cannot be null';
    hint := 'Give the row a key.';
  ELSIF {{ n.arg(5, 2) }} IS NULL OR NOT rules -> 'states' ? {{ n.arg(5, 2) }} THEN
    fault := 'unknown-state';
    hint := {% call m::list("") %}{% endcall %};
    message := 'unknown state of {{ n.machine }}: ' || coalesce({{ n.arg(5, 2) }}, 'null') || '; known: ' || hint;
    hint := 'Known states: ' || hint || '.';
{%- if adopts %}
  ELSIF was IS NULL AND op = 'UPDATE' AND EXISTS (SELECT FROM {{ n.events }} e WHERE {{ n.equal(&n.history("e"), &n.args(4, 1)) }} AND e."to_state" IS NOT NULL) THEN
    fault := 'illegal-transition';
    is_lost := true;
{%- endif %}
  ELSIF was IS NULL THEN
    IF NOT rules -> 'initial' ? {{ n.arg(5, 2) }} THEN
      fault := 'illegal-start';
      hint := {% call m::list(" WHERE rules -> 'initial' ? s.\"state\"") %}{% endcall %};
      message := 'illegal start of {{ n.machine }} in ' || {{ n.arg(5, 2) }} || '; initial: ' || hint;
      hint := 'Rows start in: ' || hint || '.'{% if adopts %}
        || CASE WHEN coalesce(current_setting('phasegate.{{ n.name("moving") }}', true), '') IN ('', '0') THEN '' ELSE ' Where an UPDATE moves a row to another partition, its key has to stay as it is.' END{% endif %};
{%- if history %}
    -- Deleting a row and inserting its key again is no way around the guard.
    ELSIF op <> 'UPDATE' AND mode <> 'test' AND (last_seq IS NOT NULL OR EXISTS (SELECT FROM {{ n.at("pruned") }} p WHERE {{ n.equal(&n.history("p"), &n.args(4, 1)) }})) THEN
      fault := 'key-used';
      message := 'the key of {{ n.table_name }} cannot be used again: ' || {{ n.shown(&n.args(4, 1), "") }} || ' has a history';
      hint := 'Use a new key. A test suite, which uses keys again, sets the mode first: SELECT {{ n.at("set_mode") }}(''test'').';
{%- endif %}
    END IF;
  ELSIF jsonb_extract_path(rules, 'next', was, {{ n.arg(5, 2) }}) IS NULL THEN
    -- A migration that moves rows to a state's new name says so under no rules, where no one else
    -- sees it before it is done: that is no step.
    IF jsonb_extract_path_text(rules, 'renames', '', was) = {{ n.arg(5, 2) }} THEN
      RETURN true;
    END IF;
    is_lost := NOT rules -> 'states' ? was;
    fault := 'illegal-transition';
    hint := {% call m::list(" WHERE jsonb_extract_path(rules, 'next', was, s.\"state\") IS NOT NULL") %}{% endcall %};
    message := 'illegal transition of {{ n.machine }}: ' || was || ' -> ' || {{ n.arg(5, 2) }} || '; legal: ' || hint;
    hint := 'Legal from ' || was || ': ' || hint || '.';
  END IF;
  IF is_lost THEN
    message := 'illegal transition of {{ n.machine }}: ' || coalesce(was, 'null') || ' -> ' || {{ n.arg(5, 2) }} || '; legal: none: the row holds ' || coalesce(was, 'null') || ', which is no state';
{%- if history %}
    hint := 'Force the row into a state, with a reason: SELECT {{ n.at("force") }}(' || concat_ws(', ', {{ n.quoted_literals(&n.args(4, 1)) }}, quote_literal({{ n.arg(5, 2) }})) || ', ''why'').'
      || CASE WHEN was IS NULL THEN '' ELSE ' Or make a state of ' || was || ' in the table, and migrate.' END;
{%- else %}
    hint := 'Make a state of ' || was || ' in the table, and migrate. Or, as the owner of the table, put the row into a state with the guard off: BEGIN; '
      'ALTER TABLE {{ n.table }} DISABLE TRIGGER {{ n.first("guard") }}; UPDATE ...; ALTER TABLE {{ n.table }} ENABLE TRIGGER {{ n.first("guard") }}; COMMIT.';
{%- endif %}
  END IF;
{%- if history %}
  IF coalesce(current_setting('phasegate.forcing', true), '') <> '' THEN
    -- A mark is given once.
    DELETE FROM {{ n.at("forcing") }} f WHERE {{ n.equal(&n.history("f"), &n.args(4, 1)) }} AND f."to_state" = {{ n.arg(5, 2) }} RETURNING f."reason" INTO reason;
    IF reason IS NOT NULL THEN
      fault := NULL;
    END IF;
  END IF;
  IF mode = 'observe' AND fault IS NULL AND to_regclass('{{ n.table }}') IS NOT NULL THEN
    SELECT s."is_there", s."state" INTO is_there, row_state FROM {{ n.at("state") }}({{ n.list(&n.by_default(&n.args(4, 1))) }}) s;
    IF is_there AND row_state IS DISTINCT FROM {{ n.arg(5, 2) }} AND {% call m::now("rules ->> 'language'", "row_state") %}{% endcall %} IS DISTINCT FROM {{ n.arg(5, 2) }} THEN
      -- A trigger before the guard has moved it on within the statement.
      fault := 'past-the-guard';
    END IF;
  END IF;
  IF mode = 'load' AND fault = 'illegal-start' AND op = 'INSERT' AND last_seq IS NULL
    AND NOT EXISTS (SELECT FROM {{ n.at("pruned") }} p WHERE {{ n.equal(&n.history("p"), &n.args(4, 1)) }})
  THEN
    mode := 'observe';
    fault := 'loaded';
  END IF;
  IF (fault IS NULL OR is_lost) AND ({{ n.arg(3, 1) }} IS NOT NULL OR is_lost) AND last_seq IS NOT NULL
    AND was IS DISTINCT FROM last_state
    -- It may have been renamed since.
    AND {% call m::now("rules ->> 'language'", "was") %}{% endcall %}
      IS DISTINCT FROM {% call m::now("last_language", "last_state") %}{% endcall %}
{%- if owns %}
    OR fault IS NULL AND {{ n.arg(3, 1) }} IS NOT NULL AND last_seq IS NULL
{%- endif %}
  THEN
    fault := 'past-the-guard';
    message := 'the history of {{ n.table_name }} ends in ' || coalesce(last_state, 'nothing')
      || ', not in ' || coalesce(was, 'null') || ': ' || {{ n.shown(&n.args(4, 1), "") }} || ' was changed past the guard';
    hint := 'Put the row back into the state that its history ends in, with the guard off, as the owner of the table: BEGIN; '
      'ALTER TABLE {{ n.table }} DISABLE TRIGGER {{ n.first("guard") }}; UPDATE ...; ALTER TABLE {{ n.table }} ENABLE TRIGGER {{ n.first("guard") }}; COMMIT.';
  END IF;
{%- endif %}
  IF fault IS NOT NULL{% if history %} AND mode <> 'observe'{% endif %} THEN
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: ' || message,
      DETAIL = '{{ n.key_names() }} ' || coalesce({{ n.shown(&n.args(4, 1), "") }}, 'null') || ': ' || coalesce(was, 'nothing') || ' -> ' || coalesce({{ n.arg(5, 2) }}, 'null') || ' (' || fault || ')',
      HINT = hint, SCHEMA = '{{ n.schema_name }}', TABLE = '{{ n.table_name }}', COLUMN = '{{ n.column_name }}', CONSTRAINT = '{{ n.name("guard") }}';
  END IF;
{%- if history %}
  IF {{ n.is_null(&n.args(4, 1)) }} THEN
    -- Only observed, and under no key that a history could have.
    RETURN true;
  END IF;
{%- if adopts %}
  IF was IS NOT NULL AND {{ n.is_set(&n.numbered("old_key")) }} AND NOT EXISTS (SELECT FROM {{ n.events }} e WHERE {{ n.equal(&n.history("e"), &n.numbered("old_key")) }}) THEN
    -- A row from before the guard: its history begins with the state that it was in.
    INSERT INTO {{ n.events }} ({{ n.list(&n.history("")) }}, "seq", "from_state", "to_state", "at", "language")
      VALUES ({{ n.list(&n.numbered("old_key")) }}, 1, NULL, was, clock_timestamp(), rules ->> 'language');
    IF {{ n.equal(&n.numbered("old_key"), &n.args(4, 1)) }} THEN
      last_seq := 1;
      last_state := was;
    END IF;
  END IF;
{%- endif %}
  IF fault IS NOT NULL THEN
    begins := last_state;
  END IF;
  last_seq := coalesce(last_seq, 0) + 1;
  INSERT INTO {{ n.events }} ({{ n.list(&n.history("")) }}, "seq", "from_state", "to_state", "at", "language", "forced", "observed")
    VALUES ({{ n.list(&n.args(4, 1)) }}, last_seq, begins, {{ n.arg(5, 2) }}, clock_timestamp(), rules ->> 'language', reason, fault);
  -- A migration may have been committed since.
  IF fault IS NULL AND reason IS NULL AND {{ n.at("mode") }}() <> 'observe' AND (CASE
    WHEN was IS NULL THEN NOT {{ n.at("rules") }}() -> 'initial' ? {{ n.arg(5, 2) }}
    ELSE rules ->> 'language' IS DISTINCT FROM {{ n.at("rules") }}() ->> 'language' AND jsonb_extract_path({{ n.at("rules") }}(), 'next', was, {{ n.arg(5, 2) }}) IS NULL
  END) THEN
    {% call m::overtaken("was", n.arg(5, 2), n.shown(&n.args(4, 1), ""), "the rules of", " changed while a step was judged") %}{% endcall %};
  ELSIF fault IS NOT NULL AND fault <> 'loaded' AND {{ n.at("mode") }}() <> 'observe' THEN
    {% call m::overtaken("was", n.arg(5, 2), n.shown(&n.args(4, 1), ""), "the guard of", " enforces since it let a step through") %}{% endcall %};
  END IF;
  IF reason IS NOT NULL THEN
    INSERT INTO {{ n.at("reports") }} ({{ n.list(&n.history("")) }}, "status", "from_state", "answer", "seq", "actor")
      VALUES ({{ n.list(&n.args(4, 1)) }}, {{ n.arg(5, 2) }}, was, 'applied', last_seq, session_user);
  END IF;
{%- endif %}
  RETURN true;
END
