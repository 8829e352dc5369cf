CREATE OR REPLACE FUNCTION {{ n.rules }}() RETURNS jsonb
LANGUAGE sql STABLE
AS {{ rules.tag }}SELECT '{{ rules.text }}'::pg_catalog.jsonb{{ rules.tag }};
