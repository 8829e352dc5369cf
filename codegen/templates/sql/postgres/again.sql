-- A transition of a state to itself: only `SET` of the column distinguishes it from a change elsewhere.
DECLARE
  was text := {{ n.state("OLD") }};
  becomes text := {{ n.state("NEW") }};
  judged text;
BEGIN
  IF was IS DISTINCT FROM becomes OR {{ n.is_null(&n.own("NEW")) }} THEN
    RETURN NULL;
  END IF;
  judged := CASE WHEN jsonb_extract_path({{ n.at("rules") }}(), 'next', was, was) IS NOT NULL THEN {{ n.at("rules") }}() ->> 'language' END;
  IF judged IS NOT NULL AND NOT {{ n.at("step") }}({{ n.list(&n.cast("NEW")) }}, was, was, judged) THEN
    PERFORM {{ n.at("judge") }}('UPDATE', {{ n.list(&n.cast("NEW")) }}, was, {{ n.list(&n.cast("NEW")) }}, was);
  END IF;
  RETURN NULL;
END
