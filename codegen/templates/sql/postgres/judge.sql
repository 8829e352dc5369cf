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
  begins text := $3;
{%- endif %}
BEGIN
{%- if history %}
  SELECT e."seq", e."to_state", e."language" INTO last_seq, last_state, last_language
    FROM {{ n.events }} e WHERE e.{{ n.row }} = $4 ORDER BY e."seq" DESC LIMIT 1;
{%- if adopts %}
  IF op = 'DELETE' THEN
    IF last_seq IS NULL THEN
      INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language")
        VALUES ($4, 1, NULL, was, clock_timestamp(), rules ->> 'language');
    END IF;
    RETURN true;
  END IF;
  IF op = 'INSERT' AND last_seq IS NOT NULL AND coalesce(current_setting('phasegate.{{ n.name("moving") }}', true), '') NOT IN ('', '0')
    AND EXISTS (SELECT FROM pg_class c WHERE c.oid = '{{ n.table }}'::regclass AND c.relkind = 'p')
  THEN
    -- An UPDATE moves the row to another partition: that is a DELETE and an INSERT to triggers.
    was := {% call m::now("last_language", "last_state") %}{% endcall %};
    begins := was;
    op := 'UPDATE';
    old_key := $4;
    IF was = $5 THEN
      RETURN true;
    END IF;
  END IF;
{%- endif %}
{%- endif %}
{%- if n.has_numbers() %}
  -- Each number was read by the rules of that moment: a name that no number has now is one from before.
  IF{% if history %} mode <> 'observe' AND{% endif %} EXISTS (
    SELECT FROM unnest(ARRAY[was, $5]) s("state") WHERE s."state" !~ '^-?[0-9]+$' AND NOT rules -> 'states' ? s."state"
  ) THEN
    {% call m::overtaken("was", "$5", "$4", "the rules of", " changed while a step was judged") %}{% endcall %};
  END IF;
{%- endif %}
  IF op = 'UPDATE' AND old_key::text COLLATE "C" IS DISTINCT FROM $4::text COLLATE "C" THEN
    fault := 'key-changed';
    message := 'the key of {{ n.table_name }} cannot change: ' || coalesce(old_key::text, 'null') || ' -> ' || coalesce($4::text, 'null');
    hint := 'Insert a new row instead.';
  ELSIF $4 IS NULL THEN
    fault := 'key-missing';
    message := 'the key of {{ n.table_name }} cannot be null';
    hint := 'Give the row a key.';
  ELSIF $5 IS NULL OR NOT rules -> 'states' ? $5 THEN
    fault := 'unknown-state';
    hint := {% call m::list("") %}{% endcall %};
    message := 'unknown state of {{ n.machine }}: ' || coalesce($5, 'null') || '; known: ' || hint;
    hint := 'Known states: ' || hint || '.';
  ELSIF was IS NULL THEN
    IF NOT rules -> 'initial' ? $5 THEN
      fault := 'illegal-start';
      hint := {% call m::list(" WHERE rules -> 'initial' ? s.\"state\"") %}{% endcall %};
      message := 'illegal start of {{ n.machine }} in ' || $5 || '; initial: ' || hint;
      hint := 'Rows start in: ' || hint || '.';
{%- if history %}
    -- Deleting a row and inserting its key again is no way around the guard.
    ELSIF mode <> 'test' AND (last_seq IS NOT NULL OR EXISTS (SELECT FROM {{ n.at("pruned") }} p WHERE p.{{ n.row }} = $4)) THEN
      fault := 'key-used';
      message := 'the key of {{ n.table_name }} cannot be used again: ' || $4::text || ' has a history';
      hint := 'Use a new key.';
{%- endif %}
    END IF;
  ELSIF jsonb_extract_path(rules, 'next', was, $5) IS NULL THEN
    -- A migration that moves rows to a state's new name says so under no rules, where nobody else
    -- sees it before it is done: that is no step.
    IF jsonb_extract_path_text(rules, 'renames', '', was) = $5 THEN
      RETURN true;
    END IF;
    fault := 'illegal-transition';
    hint := {% call m::list(" WHERE jsonb_extract_path(rules, 'next', was, s.\"state\") IS NOT NULL") %}{% endcall %};
    message := 'illegal transition of {{ n.machine }}: ' || was || ' -> ' || $5 || '; legal: ' || hint;
    hint := 'Legal from ' || was || ': ' || hint || '.';
  END IF;
{%- if history %}
  IF coalesce(current_setting('phasegate.forcing', true), '') <> '' THEN
    -- A mark is given once.
    DELETE FROM {{ n.at("forcing") }} f WHERE f.{{ n.row }} = $4 AND f."to_state" = $5 RETURNING f."reason" INTO reason;
    IF reason IS NOT NULL THEN
      fault := NULL;
    END IF;
  END IF;
  IF mode = 'observe' AND fault IS NULL THEN
    SELECT s."is_there", s."state" INTO is_there, row_state FROM {{ n.at("state") }}($4{{ n.key_default }}) s;
    IF is_there AND row_state IS DISTINCT FROM $5 AND {% call m::now("rules ->> 'language'", "row_state") %}{% endcall %} IS DISTINCT FROM $5 THEN
      -- A trigger before the guard has moved it on within the statement.
      fault := 'past-the-guard';
    END IF;
  END IF;
  IF mode = 'load' AND fault = 'illegal-start' AND op = 'INSERT' AND last_seq IS NULL
    AND NOT EXISTS (SELECT FROM {{ n.at("pruned") }} p WHERE p.{{ n.row }} = $4)
  THEN
    mode := 'observe';
    fault := 'loaded';
  END IF;
  IF fault IS NULL AND $3 IS NOT NULL AND last_seq IS NOT NULL
    AND was IS DISTINCT FROM last_state
    -- It may have been renamed since.
    AND {% call m::now("rules ->> 'language'", "was") %}{% endcall %}
      IS DISTINCT FROM {% call m::now("last_language", "last_state") %}{% endcall %}
{%- if owns %}
    OR fault IS NULL AND $3 IS NOT NULL AND last_seq IS NULL
{%- endif %}
  THEN
    fault := 'past-the-guard';
    message := 'the history of {{ n.table_name }} ends in ' || coalesce(last_state, 'nothing')
      || ', not in ' || was || ': ' || $4::text || ' was changed past the guard';
    hint := 'Put the row back into the state that its history ends in, with the guard off.';
  END IF;
{%- endif %}
  IF fault IS NOT NULL{% if history %} AND mode <> 'observe'{% endif %} THEN
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: ' || message,
      DETAIL = '{{ n.key_name }} ' || coalesce($4::text, 'null') || ': ' || coalesce(was, 'nothing') || ' -> ' || coalesce($5, 'null') || ' (' || fault || ')',
      HINT = hint, SCHEMA = '{{ n.schema_name }}', TABLE = '{{ n.table_name }}', COLUMN = '{{ n.column_name }}', CONSTRAINT = '{{ n.name("guard") }}';
  END IF;
{%- if history %}
  IF $4 IS NULL THEN
    -- Observed alone, and under no key that a history could have.
    RETURN true;
  END IF;
{%- if adopts %}
  IF was IS NOT NULL AND old_key IS NOT NULL AND NOT EXISTS (SELECT FROM {{ n.events }} e WHERE e.{{ n.row }} = old_key) THEN
    -- A row from before the guard: its history begins with the state that it was in.
    INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language")
      VALUES (old_key, 1, NULL, was, clock_timestamp(), rules ->> 'language');
    IF old_key = $4 THEN
      last_seq := 1;
      last_state := was;
    END IF;
  END IF;
{%- endif %}
  IF fault IS NOT NULL THEN
    begins := last_state;
  END IF;
  last_seq := coalesce(last_seq, 0) + 1;
  INSERT INTO {{ n.events }} ({{ n.row }}, "seq", "from_state", "to_state", "at", "language", "forced", "observed")
    VALUES ($4, last_seq, begins, $5, clock_timestamp(), rules ->> 'language', reason, fault);
  -- A migration may have been committed since.
  IF fault IS NULL AND reason IS NULL AND {{ n.at("mode") }}() <> 'observe' AND (CASE
    WHEN was IS NULL THEN NOT {{ n.at("rules") }}() -> 'initial' ? $5
    ELSE rules ->> 'language' IS DISTINCT FROM {{ n.at("rules") }}() ->> 'language' AND jsonb_extract_path({{ n.at("rules") }}(), 'next', was, $5) IS NULL
  END) THEN
    {% call m::overtaken("was", "$5", "$4", "the rules of", " changed while a step was judged") %}{% endcall %};
  ELSIF fault IS NOT NULL AND fault <> 'loaded' AND {{ n.at("mode") }}() <> 'observe' THEN
    {% call m::overtaken("was", "$5", "$4", "the guard of", " enforces since it let a step through") %}{% endcall %};
  END IF;
  IF reason IS NOT NULL THEN
    INSERT INTO {{ n.at("reports") }} ({{ n.row }}, "status", "from_state", "answer", "seq", "actor")
      VALUES ($4, $5, was, 'applied', last_seq, session_user);
  END IF;
{%- endif %}
  RETURN true;
END
