-- Before anything is made: whether the table is one that can be guarded as it is. RAISE is only for
-- triggers, and takes literals there, so that it could not count: json_extract says what is wrong, after
-- words of its own about a path.
SELECT json_extract('{}', 'phasegate: {{ n.table_name }} cannot be guarded: ' || "fault")
FROM (
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'view' AND name = '{{ n.table_name }}' COLLATE NOCASE) THEN 'that is no table: name the one under it'
    WHEN NOT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '{{ n.table_name }}' COLLATE NOCASE) THEN 'there is no such table'
    WHEN EXISTS (SELECT 1 FROM pragma_table_xinfo('{{ n.table_name }}') WHERE name = '{{ n.column_name }}' COLLATE NOCASE AND hidden IN (2, 3)) THEN 'its column {{ n.column_name }} is generated, and a guard of SQLite looks at statements that set it: make it a plain column'
    WHEN NOT EXISTS (SELECT 1 FROM pragma_table_info('{{ n.table_name }}') WHERE name = '{{ n.column_name }}' COLLATE NOCASE) THEN 'it has no column {{ n.column_name }}'
{%- if n.has_numbers() %}
    WHEN EXISTS (SELECT 1 FROM pragma_table_info('{{ n.table_name }}') WHERE name = '{{ n.column_name }}' COLLATE NOCASE AND upper(type) NOT LIKE '%INT%') THEN 'its column {{ n.column_name }} is not of a type of whole numbers, where `storage = "integer"` is said'
{%- endif %}
{%- if n.has_null() %}
    WHEN EXISTS (SELECT 1 FROM pragma_table_info('{{ n.table_name }}') WHERE name = '{{ n.column_name }}' COLLATE NOCASE AND "notnull") THEN 'its column {{ n.column_name }} is NOT NULL, where `null` is said'
{%- endif %}
{%- for key in n.parts %}
    WHEN NOT EXISTS (SELECT 1 FROM pragma_table_info('{{ n.table_name }}') WHERE name = '{{ key.name }}' COLLATE NOCASE) THEN 'it has no column {{ key.name }}'
{%- endfor %}
  END AS "fault"
) AS f
WHERE "fault" IS NOT NULL;
SELECT json_extract('{}', 'phasegate: {{ n.table_name }} cannot be guarded: ' || "keys" || CASE "keys" WHEN 1 THEN ' key stands in several rows' ELSE ' keys stand in several rows each' END || ', and a history is of one row: name a key that is unique by itself')
FROM (
  SELECT count(*) AS "keys" FROM (
    SELECT {{ n.list(&n.own("")) }} FROM {{ n.table }} WHERE {{ n.is_set(&n.own("")) }} GROUP BY {{ n.list_binary(&n.own("")) }} HAVING count(*) > 1
  ) AS t
) AS k
WHERE "keys" > 0;
{% for key in n.parts -%}
SELECT json_extract('{}', 'phasegate: {{ n.table_name }} cannot be guarded: its key {{ key.name }} is a BLOB in ' || "blobs" || ' rows, where a text or a whole number can be one')
FROM (SELECT count(*) AS "blobs" FROM {{ n.table }} WHERE typeof({{ key.column() }}) = 'blob') AS b
WHERE "blobs" > 0;
{% endfor -%}
SELECT json_extract('{}', 'phasegate: {{ n.table_name }} cannot be guarded: its column {{ n.column_name }} is a BLOB in ' || "blobs" || CASE "blobs" WHEN 1 THEN ' row' ELSE ' rows' END || ', and no state is one: UPDATE {{ n.table_name }} SET {{ n.column_name }} = CAST({{ n.column_name }} AS TEXT) WHERE {{ n.column_name }} <> CAST({{ n.column_name }} AS TEXT)')
FROM (SELECT count(*) AS "blobs" FROM {{ n.table }} WHERE typeof({{ n.column }}) = 'blob') AS b
WHERE "blobs" > 0;
SELECT json_extract('{}', 'phasegate: {{ n.table_name }} cannot be guarded: no index of it begins with its key ({{ n.key_names() }}), so that a step would look through the whole table: CREATE INDEX {{ n.table_name }}_key ON {{ n.table_name }} ({{ n.key_names() }})')
FROM (SELECT 1) AS one
WHERE NOT EXISTS (
  SELECT 1 FROM pragma_index_list('{{ n.table_name }}') AS i
  WHERE NOT i."partial" AND (
    SELECT count(*) FROM pragma_index_info(i.name) AS c
    WHERE c.seqno < {{ n.parts.len() }} AND c.name COLLATE NOCASE IN ({{ n.name_literals() }})
  ) = {{ n.parts.len() }}
)
{%- if n.parts.len() == 1 %} AND NOT EXISTS (
  SELECT 1 FROM pragma_table_info('{{ n.table_name }}') AS c
  WHERE c.pk = 1 AND c.name COLLATE NOCASE = {{ n.name_literals() }}
    AND (SELECT count(*) FROM pragma_table_info('{{ n.table_name }}') AS k WHERE k.pk > 0) = 1
)
{%- endif %};
