-- The audited way out: it gives leave for what no transition allows, to any state that is not retired.
-- The UPDATE after it uses the leave up: it is marked in the history with the reason, and with who it
-- was, as far as they say so. SQLite knows no privileges: anyone who may write the file may use it.
--   INSERT INTO {{ n.at("force") }} ({{ n.list(&n.called("", "key")) }}, "to_state", "reason", "actor") VALUES (...);
--   UPDATE {{ n.table }} SET {{ n.column }} = ... WHERE {{ n.equal(&n.own(""), &n.dots()) }};
CREATE VIEW {{ n.at("force") }} ({{ n.list(&n.called("", "key")) }}, "to_state", "reason", "actor") AS
  SELECT {{ n.list(&n.history("e")) }}, e."to_state", e."forced", r."actor"
  FROM {{ n.events }} AS e
  LEFT JOIN {{ n.at("reports") }} AS r ON {{ n.equal(&n.history("e"), &n.history("r")) }} AND e."seq" = r."seq" AND r."answer" = 'applied'
  WHERE e."forced" IS NOT NULL;
