-- What state a row is in, by whatever index and collation its key has.
#variable_conflict use_variable
BEGIN
  SELECT {{ n.state("t") }} INTO "state" FROM {{ n.table }} t WHERE {{ n.equal(&n.own("t"), &n.args(1, 0)) }};
  is_there := FOUND;
END
