{%- import "sql/postgres/macros.sql" as m -%}
-- The audited way out: it writes what no transition allows, to any state that is not retired, marked
-- in the history with the reason, and with who it was. `columns` are set in the same statement,
-- where the row has others that must fit its state.
#variable_conflict use_variable
DECLARE
  rules jsonb := {{ n.at("rules") }}();
  was text;
  sets text;
  fault text;
  hint text := 'It takes the key, the state, the reason and, where others must fit the state, columns with their values.';
BEGIN
  IF pg_catalog.to_regclass('{{ n.table }}') IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = '42P01', MESSAGE = 'phasegate finds no table {{ n.table_name }} in the schema {{ n.schema_name }}: it was renamed or moved',
      HINT = 'Rename it back, or change [target.sql], run `phasegate generate`, and replace the functions as docs/databases.md says.';
  END IF;
  IF {{ n.arg(3, 1) }} IS NULL OR {{ n.arg(3, 1) }} !~ '\S' THEN
    fault := '{{ n.name("force") }} wants a reason';
  ELSIF {{ n.arg(2, 1) }} IS NULL OR NOT rules -> 'states' ? {{ n.arg(2, 1) }} THEN
    fault := 'unknown state of {{ n.machine }}: ' || coalesce({{ n.arg(2, 1) }}, 'null') || '; known: ' || {% call m::list("") %}{% endcall %};
  -- No row starts in a retired state, and no transition leads to one; to every other one does.
  ELSIF NOT rules -> 'initial' ? {{ n.arg(2, 1) }} AND NOT EXISTS (SELECT FROM jsonb_each(rules -> 'next') n WHERE n."value" ? {{ n.arg(2, 1) }}) THEN
    fault := 'the state ' || {{ n.arg(2, 1) }} || ' of {{ n.machine }} is retired: nothing enters it, by force neither';
  ELSE
    SELECT {{ n.state("t") }} INTO was FROM {{ n.table }} t WHERE {{ n.equal(&n.own("t"), &n.args(1, 0)) }} FOR NO KEY UPDATE;
    IF NOT FOUND THEN
      fault := 'no row of {{ n.table_name }} has the key ' || coalesce({{ n.shown(&n.args(1, 0), "") }}, 'null');
      hint := 'Where row security is forced on the table, its owner may not see the row.';
    ELSIF was = {{ n.arg(2, 1) }} THEN
      fault := {{ n.shown(&n.args(1, 0), "") }} || ' is in ' || was || ' already: there is nothing to force';
    END IF;
  END IF;
  IF fault IS NULL THEN
    SELECT 'no column of {{ n.table_name }} that can be set: ' || string_agg(c."key", ', ') INTO fault
      FROM jsonb_object_keys(coalesce({{ n.arg(4, 1) }}, '{}')) c("key")
      WHERE NOT EXISTS (
        SELECT FROM pg_attribute a
        WHERE a.attrelid = '{{ n.table }}'::regclass AND a.attname = c."key" AND a.attnum > 0 AND NOT a.attisdropped
          AND a.attgenerated = '' AND a.attname NOT IN ('{{ n.column_name }}', {{ n.name_literals() }})
      );
  END IF;
  IF fault IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: ' || fault, HINT = hint,
      SCHEMA = '{{ n.schema_name }}', TABLE = '{{ n.table_name }}', COLUMN = '{{ n.column_name }}', CONSTRAINT = '{{ n.name("guard") }}';
  END IF;
  SELECT string_agg(format('%I = (jsonb_populate_record(NULL::{{ n.table }}, {{ n.arg(3, 1) }})).%I', c."key", c."key"), ', ') INTO sets
    FROM jsonb_object_keys(coalesce({{ n.arg(4, 1) }}, '{}')) c("key");
  IF EXISTS (
    SELECT FROM pg_attribute a
    WHERE a.attrelid = '{{ n.table }}'::regclass AND a.attname = '{{ n.column_name }}' AND a.attgenerated <> ''
  ) THEN
    IF sets IS NULL THEN
      RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: {{ n.column_name }} of {{ n.table_name }} is a generated column: it cannot be set',
        HINT = 'Give {{ n.name("force") }} the columns that it is generated from, as its fourth argument.';
    END IF;
  ELSE
    sets := concat_ws(', ', format('%I = CAST({{ n.arg(2, 1) }} AS %s)', '{{ n.column_name }}', (
      SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
      WHERE a.attrelid = '{{ n.table }}'::regclass AND a.attname = '{{ n.column_name }}'
    )), sets);
  END IF;
  INSERT INTO {{ n.at("forcing") }} ({{ n.list(&n.history("")) }}, "to_state", "reason") VALUES ({{ n.list(&n.args(1, 0)) }}, {{ n.arg(2, 1) }}, {{ n.arg(3, 1) }});
  PERFORM set_config('phasegate.forcing', 'on', true);
  EXECUTE format('UPDATE %s SET %s WHERE {{ n.any_name_equal() }}', '{{ n.table }}', sets, {{ n.name_literals() }}) USING {{ n.list(&n.args(1, 0)) }}, {{ n.stored(n.arg(2, 1).as_str()) }}, {{ n.arg(4, 1) }};
  PERFORM set_config('phasegate.forcing', '', true);
  IF EXISTS (SELECT FROM {{ n.at("forcing") }} f WHERE {{ n.equal(&n.history("f"), &n.args(1, 0)) }}) THEN
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: ' || {{ n.shown(&n.args(1, 0), "") }} || ' did not become ' || {{ n.arg(2, 1) }}
      || ': a trigger of {{ n.table_name }} stood in the way, or its guard is off';
  END IF;
  RETURN (SELECT max(e."seq") FROM {{ n.events }} e WHERE {{ n.equal(&n.history("e"), &n.args(1, 0)) }} AND e."forced" IS NOT NULL);
END
