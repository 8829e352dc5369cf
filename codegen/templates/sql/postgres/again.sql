-- A transition of a state to itself: only `SET` of the column tells it from a change elsewhere.
DECLARE
  was text := {{ n.state("OLD") }};
  becomes text := {{ n.state("NEW") }};
  judged text;
BEGIN
  IF was IS DISTINCT FROM becomes OR NEW.{{ n.key }} IS NULL THEN
    RETURN NULL;
  END IF;
  judged := CASE WHEN jsonb_extract_path({{ n.at("rules") }}(), 'next', was, was) IS NOT NULL THEN {{ n.at("rules") }}() ->> 'language' END;
  IF judged IS NOT NULL AND NOT {{ n.at("step") }}(NEW.{{ n.key }}{{ n.key_cast }}, was, was, judged) THEN
    PERFORM {{ n.at("judge") }}('UPDATE', NEW.{{ n.key }}{{ n.key_cast }}, was, NEW.{{ n.key }}{{ n.key_cast }}, was);
  END IF;
  RETURN NULL;
END
