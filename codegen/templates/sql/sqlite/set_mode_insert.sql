CREATE TRIGGER {{ n.quoted("set_mode_insert") }} INSTEAD OF INSERT ON {{ n.at("set_mode") }}
BEGIN
{%- if observe %}
  SELECT RAISE(ABORT, 'phasegate: the mode of {{ n.machine }} is test or NULL while it observes: to enforce, or to load, change `mode` in the table and migrate')
    WHERE NEW."mode" NOT IN ('observe', 'test');
{%- else %}
  SELECT RAISE(ABORT, 'phasegate: the mode of {{ n.machine }} is enforce, test, load or NULL: to observe, change `mode` in the table and migrate')
    WHERE NEW."mode" NOT IN ('enforce', 'test', 'load');
{%- endif %}
  INSERT INTO {{ n.at("mode") }} ("id") SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM {{ n.at("mode") }});
  UPDATE {{ n.at("mode") }} SET "mode" = nullif(NEW."mode", '{% if observe %}observe{% else %}enforce{% endif %}');
END;
