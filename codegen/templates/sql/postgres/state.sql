-- What state a row is in, by whatever index and collation its key has.
#variable_conflict use_variable
BEGIN
  SELECT {{ n.state("t") }} INTO "state" FROM {{ n.table }} t WHERE t.{{ n.key }} = $1;
  is_there := FOUND;
END
