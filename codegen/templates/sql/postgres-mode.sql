CREATE OR REPLACE FUNCTION {{ n.mode }}() RETURNS text
LANGUAGE sql STABLE
AS $phasegate$SELECT '{{ mode }}'::pg_catalog.text$phasegate$;
