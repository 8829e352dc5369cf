-- An UPDATE that moves rows of a partitioned table to other partitions is under way.
BEGIN
  PERFORM set_config('phasegate.{{ n.name("moving") }}', (
    coalesce(nullif(current_setting('phasegate.{{ n.name("moving") }}', true), ''), '0')::integer
      + CASE TG_WHEN WHEN 'BEFORE' THEN 1 ELSE -1 END
  )::text, true);
  RETURN NULL;
END
