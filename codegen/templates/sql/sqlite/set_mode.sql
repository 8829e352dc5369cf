-- `test` lets DELETE of the history and of reports pass, and keys be used again; `load` lets rows start
-- in any known state, marked as `loaded`; NULL restores the mode of the table.
--   INSERT INTO {{ n.at("set_mode") }} ("mode") VALUES ('test');
CREATE VIEW {{ n.at("set_mode") }} ("mode") AS
SELECT coalesce((SELECT "mode" FROM {{ n.at("mode") }}), '{% if observe %}observe{% else %}enforce{% endif %}');
