-- Before anything is made: whether the table is one that can be guarded as it is. Nothing is locked.
DO $phasegate$
DECLARE
  guarded regclass := to_regclass('{{ n.table }}');
  kind "char" := (SELECT c.relkind FROM pg_catalog.pg_class c WHERE c.oid = guarded);
  place smallint;
{%- if n.parts.len() > 1 %}
  places smallint[] := '{}';
{%- endif %}
  class "char";
  type text;
  fault text;
  total bigint;
  secured text := current_setting('row_security');
BEGIN
  -- Of rows that are hidden this would know nothing: rather an error.
  PERFORM set_config('row_security', 'off', true);
  IF guarded IS NULL THEN
    fault := 'there is no such table';
  ELSIF kind NOT IN ('r', 'p') THEN
    fault := 'that is no table: name the one under it';
  ELSIF EXISTS (
    SELECT FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = guarded AND NOT c.relispartition
  ) THEN
    fault := 'other tables inherit from it, and their rows would go unguarded';
  END IF;
  IF fault IS NULL THEN
    SELECT {% if n.has_numbers() %}CASE WHEN coalesce(nullif(t.typbasetype, 0), t.oid) IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 'N' ELSE '' END{% else %}t.typcategory{% endif %}, format_type(a.atttypid, a.atttypmod) INTO class, type
      FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = guarded AND a.attname = '{{ n.column_name }}' AND a.attnum > 0 AND NOT a.attisdropped;
    IF type IS NULL THEN
      fault := 'it has no column {{ n.column_name }}';
    ELSIF class <> '{{ column_class }}' THEN
      fault := 'its column {{ n.column_name }} is of the type ' || type || ', where `storage = "{{ storage }}"` is said';
{%- if n.has_null() %}
    ELSIF EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = guarded AND a.attname = '{{ n.column_name }}' AND a.attnotnull) THEN
      fault := 'its column {{ n.column_name }} is NOT NULL, where `null` is said';
{%- endif %}
{%- if n.type_name.is_some() %}
    ELSIF NOT EXISTS (
      SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = guarded AND a.attname = '{{ n.column_name }}'
        AND to_regtype('{{ n.status_type }}') IN (t.oid, t.typbasetype)
    ) THEN
      fault := 'its column {{ n.column_name }} is of the type ' || type || ', where `type` says {{ n.status_type }}';
{%- endif %}
    END IF;
  END IF;
{%- for key in n.parts %}
  IF fault IS NULL THEN
    SELECT a.attnum, format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL) INTO place, type
      FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = guarded AND a.attname = '{{ key.name }}' AND a.attnum > 0 AND NOT a.attisdropped;
    IF place IS NULL THEN
      fault := 'it has no column {{ key.name }}';
    ELSIF type NOT IN ({{ key.types }}) THEN
      fault := 'its key {{ key.name }} is of the type ' || type || ', where `key_type = "{{ key.key_type() }}"` is said';
{%- if n.parts.len() == 1 %}
    ELSIF NOT EXISTS (
      SELECT FROM pg_catalog.pg_index i
      WHERE i.indrelid = guarded AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = place
    ) THEN
{%- else %}
    END IF;
    places := places || place;
  END IF;
{%- endif %}
{%- endfor %}
{%- if n.parts.len() > 1 %}
  IF fault IS NULL THEN
    IF NOT EXISTS (
      SELECT FROM pg_catalog.pg_index i
      WHERE i.indrelid = guarded AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
        AND (SELECT array_agg(k ORDER BY k) FROM unnest((i.indkey::smallint[])[0:i.indnkeyatts - 1]) k) <@ places
    ) THEN
{%- endif %}
      SELECT count(*) INTO total FROM (
        SELECT FROM {{ n.table }} t WHERE {{ n.is_set(&n.own("t")) }} GROUP BY {{ n.list(&n.own("t")) }} HAVING count(*) > 1
      ) d;
      IF total > 0 THEN
        fault := total || CASE total WHEN 1 THEN ' key stands in several rows' ELSE ' keys stand in several rows each' END
          || ', and a history is of one row: name a key that is unique by itself';
      END IF;
    END IF;
  END IF;
  IF fault IS NULL AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_index i
    WHERE i.indrelid = guarded AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts >= {{ n.parts.len() }}
      AND ARRAY[{{ n.name_literals() }}]::name[] <@ ARRAY(
        SELECT a.attname FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = guarded AND a.attnum = ANY ((i.indkey::smallint[])[0:{{ n.parts.len() - 1 }}])
      )
  ) THEN
    fault := 'no index of it begins with its key ({{ n.key_names() }}), so that a step would look through the whole table: '
      || CASE kind WHEN 'p' THEN 'CREATE INDEX ON ' ELSE 'CREATE INDEX CONCURRENTLY ON ' END || '{{ n.table }} ({{ n.list(&n.own("")) }})';
  END IF;
  PERFORM set_config('row_security', secured, true);
  IF fault IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'phasegate: {{ n.schema_name }}.{{ n.table_name }} cannot be guarded: ' || fault;
  END IF;
END
$phasegate$;
