-- Without a history nothing distinguishes a new key from one that REPLACE is about to overwrite, past every
-- trigger on UPDATE and DELETE: such a key is refused, and upserts with it.
CREATE TRIGGER {{ n.first("guard_replace") }} BEFORE INSERT ON {{ n.table }}
BEGIN
  SELECT RAISE(ABORT, 'phasegate: the key of {{ n.table_name }} exists already: use UPDATE')
    WHERE EXISTS (SELECT 1 FROM {{ n.table }} WHERE {{ n.equal(&n.own(""), &n.own("NEW")) }});
END;
