CREATE OR REPLACE FUNCTION {{ n.mode }}() RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $phasegate$ BEGIN RETURN '{{ mode }}'; END $phasegate$;
