{%- import "sql/postgres/macros.sql" as m -%}
-- The audited way out: it writes what no transition allows, to any state that is not retired, marked
-- in the history with the reason, and beside it who it was. `columns` are set in the same statement,
-- where the row has others that must fit its state.
#variable_conflict use_variable
DECLARE
  rules jsonb := {{ n.at("rules") }}();
  was text;
  sets text;
  fault text;
  hint text := '';
BEGIN
  IF $3 IS NULL OR $3 !~ '\S' THEN
    fault := '{{ n.name("force") }} wants a reason';
  ELSIF $2 IS NULL OR NOT rules -> 'states' ? $2 THEN
    fault := 'unknown state of {{ n.machine }}: ' || coalesce($2, 'null') || '; known: ' || {% call m::list("") %}{% endcall %};
  -- No row starts in a retired state, and no transition leads to one; to every other one does.
  ELSIF NOT rules -> 'initial' ? $2 AND NOT EXISTS (SELECT FROM jsonb_each(rules -> 'next') n WHERE n."value" ? $2) THEN
    fault := 'the state ' || $2 || ' of {{ n.machine }} is retired: nothing enters it, by force neither';
  ELSE
    SELECT {{ n.state("t") }} INTO was FROM {{ n.table }} t WHERE t.{{ n.key }} = $1 FOR NO KEY UPDATE;
    IF NOT FOUND THEN
      fault := 'no row of {{ n.table_name }} has the key ' || coalesce($1::text, 'null');
      hint := 'Where row security is forced on the table, its owner may not see the row.';
    ELSIF was = $2 THEN
      fault := $1::text || ' is in ' || was || ' already: there is nothing to force';
    END IF;
  END IF;
  IF fault IS NULL THEN
    SELECT 'no column of {{ n.table_name }} that can be set: ' || string_agg(c."key", ', ') INTO fault
      FROM jsonb_object_keys(coalesce($4, '{}')) c("key")
      WHERE NOT EXISTS (
        SELECT FROM pg_attribute a
        WHERE a.attrelid = '{{ n.table }}'::regclass AND a.attname = c."key" AND a.attnum > 0 AND NOT a.attisdropped
          AND a.attgenerated = '' AND a.attname NOT IN ('{{ n.column_name }}', '{{ n.key_name }}')
      );
  END IF;
  IF fault IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: ' || fault, HINT = hint,
      SCHEMA = '{{ n.schema_name }}', TABLE = '{{ n.table_name }}', COLUMN = '{{ n.column_name }}', CONSTRAINT = '{{ n.name("guard") }}';
  END IF;
  SELECT string_agg(format('%I = (jsonb_populate_record(NULL::{{ n.table }}, $3)).%I', c."key", c."key"), ', ') INTO sets
    FROM jsonb_object_keys(coalesce($4, '{}')) c("key");
  IF EXISTS (
    SELECT FROM pg_attribute a
    WHERE a.attrelid = '{{ n.table }}'::regclass AND a.attname = '{{ n.column_name }}' AND a.attgenerated <> ''
  ) THEN
    IF sets IS NULL THEN
      RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: {{ n.column_name }} of {{ n.table_name }} is a generated column: it cannot be set',
        HINT = 'Give {{ n.name("force") }} the columns that it is generated from, as its fourth argument.';
    END IF;
  ELSE
    sets := concat_ws(', ', format('%I = CAST($2 AS %s)', '{{ n.column_name }}', (
      SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
      WHERE a.attrelid = '{{ n.table }}'::regclass AND a.attname = '{{ n.column_name }}'
    )), sets);
  END IF;
  INSERT INTO {{ n.at("forcing") }} ({{ n.row }}, "to_state", "reason") VALUES ($1, $2, $3);
  PERFORM set_config('phasegate.forcing', 'on', true);
  EXECUTE format('UPDATE %s SET %s WHERE %I = $1', '{{ n.table }}', sets, '{{ n.key_name }}') USING $1, {{ n.stored("$2") }}, $4;
  PERFORM set_config('phasegate.forcing', '', true);
  IF EXISTS (SELECT FROM {{ n.at("forcing") }} f WHERE f.{{ n.row }} = $1) THEN
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: ' || $1::text || ' did not become ' || $2
      || ': a trigger of {{ n.table_name }} stood in the way, or its guard is off';
  END IF;
  RETURN (SELECT max(e."seq") FROM {{ n.events }} e WHERE e.{{ n.row }} = $1 AND e."forced" IS NOT NULL);
END
