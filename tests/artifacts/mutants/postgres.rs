//! Defects of PostgreSQL's schema, caught by running SQL on a server.

use super::defect::{Defect, cut, put};

const FILE: &str = "postgres.sql";

const fn deploy(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("deploy", FILE, what, from, to)
}

const fn order(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("order", FILE, what, from, to)
}

/// On a table of the application's own, whose columns are as loose as columns can be.
const fn own(what: &'static str, from: &'static str, to: &'static str) -> Defect {
    put("own", FILE, what, from, to)
}

const fn without(what: &'static str, start: &'static str) -> Defect {
    cut("deploy", FILE, what, start, ";\n")
}

/// What the schema writes down of the table.
pub(crate) const WRITTEN: [Defect; 9] = [
    deploy("a pair dropped", "{\"deploying\": \"declared\", ", "{"),
    deploy("a skip dropped", "\"building\": \"skip\", ", ""),
    deploy(
        "a pair added",
        "\"health_checking\": {\"succeeded\": \"declared\", \"failed\": \"declared\"}",
        "\"health_checking\": {\"succeeded\": \"declared\", \"failed\": \"declared\"},\n    \"succeeded\": {\"failed\": \"declared\"}",
    ),
    deploy("a pair turned round", "\"building\": {\"deploying\"", "\"deploying\": {\"building\""),
    deploy("a skip marked as declared", "\"building\": \"skip\"", "\"building\": \"declared\""),
    deploy("a declared pair marked as a skip", "\"failed\": \"declared\"", "\"failed\": \"skip\""),
    deploy("the fingerprints swapped", "775a73dba2dc4ce4", "3214e42ddef3e601"),
    order("an unescaped quote", "\"it''s ", "\"it's "),
    order("a name where the value belongs", "\" Paid, or so \"", "\"paid\""),
];

const APPEND_ONLY: &str = "BEFORE UPDATE OR DELETE OR TRUNCATE ON \"public\".\"deploy_events\"";
const REPORTS_APPEND_ONLY: &str =
    "BEFORE UPDATE OR DELETE OR TRUNCATE ON \"public\".\"deploy_reports\"";

pub(crate) const SCHEMA: [Defect; 60] = [
    deploy("at once: any token opens a row", " AND ($2 IS NULL OR t.\"token_hash\" = $2)", ""),
    deploy("at once: any state may be left", "OR \"was\" <> ALL ($3) ", ""),
    deploy("at once: a report comes twice", "AND r.\"event_id\" = $5 AND", "AND false AND"),
    deploy("at once: an older attempt reports", "AND r.\"run_attempt\" > $9", "AND false"),
    deploy(
        "at once: the report has no event",
        "$4, \"was\", 'applied', \"seq\",",
        "$4, \"was\", 'applied', NULL,",
    ),
    deploy("a state dropped", "\"deploying\", \"health_checking\", ", "\"deploying\", "),
    deploy(
        "two states swapped in order",
        "\"smoke_running\", \"smoke_passed\", ",
        "\"smoke_passed\", \"smoke_running\", ",
    ),
    deploy(
        "two labels swapped in order",
        "  'smoke_running',\n  'smoke_passed',\n",
        "  'smoke_passed',\n  'smoke_running',\n",
    ),
    deploy("another initial state", "{\"queued\": 0}", "{\"queued\": 0, \"building\": 5}"),
    deploy("the initial state is none", "{\"queued\": 0}", "{}"),
    deploy("another default", "RETURN 'queued'", "RETURN 'building'"),
    deploy("a label dropped", "  'deploying',\n", ""),
    without("INSERT unguarded", "CREATE TRIGGER \"000_deploy_guard_start\""),
    deploy(
        "a renamed column not named where a row starts",
        "FOR EACH ROW WHEN (\"public\".\"deploy_names\"()) ",
        "FOR EACH ROW ",
    ),
    deploy(
        "a renamed column not named where a row changes",
        "WHEN (\"public\".\"deploy_names\"() AND ",
        "WHEN (",
    ),
    without("UPDATE unguarded", "CREATE TRIGGER \"000_deploy_guard\" "),
    deploy(
        "UPDATE guarded for one column alone",
        "AFTER UPDATE ON",
        "AFTER UPDATE OF \"status\" ON",
    ),
    deploy(
        "the guard judges once per statement",
        "\"public\".\"deploys\"\n  FOR EACH ROW WHEN (\"public\".\"deploy_names\"()) EXECUTE FUNCTION \"public\".\"deploy_start\"",
        "\"public\".\"deploys\"\n  FOR EACH STATEMENT WHEN (\"public\".\"deploy_names\"()) EXECUTE FUNCTION \"public\".\"deploy_start\"",
    ),
    deploy(
        "a key change allowed",
        "IF op = 'UPDATE' AND old_key::text COLLATE \"C\" IS DISTINCT FROM $4::text COLLATE \"C\" THEN",
        "IF false THEN",
    ),
    deploy(
        "used keys allowed",
        "ELSIF op <> 'UPDATE' AND mode <> 'test' AND (last_seq IS NOT NULL OR",
        "ELSIF false AND (last_seq IS NOT NULL OR",
    ),
    deploy("any start allowed", "IF NOT rules -> 'initial' ? $5 THEN", "IF false THEN"),
    deploy(
        "any transition allowed",
        "ELSIF jsonb_extract_path(rules, 'next', was, $5) IS NULL THEN",
        "ELSIF false THEN",
    ),
    order(
        "unknown states judged like known ones",
        "ELSIF $5 IS NULL OR NOT rules -> 'states' ? $5 THEN",
        "ELSIF false THEN",
    ),
    order(
        "transitions to itself not logged",
        "IF was IS DISTINCT FROM becomes OR",
        "IF was IS NOT DISTINCT FROM becomes OR",
    ),
    deploy(
        "TRUNCATE of the history allowed",
        APPEND_ONLY,
        "BEFORE UPDATE OR DELETE ON \"public\".\"deploy_events\"",
    ),
    deploy(
        "UPDATE of the history allowed",
        APPEND_ONLY,
        "BEFORE DELETE OR TRUNCATE ON \"public\".\"deploy_events\"",
    ),
    deploy(
        "DELETE of the history allowed",
        APPEND_ONLY,
        "BEFORE UPDATE OR TRUNCATE ON \"public\".\"deploy_events\"",
    ),
    deploy(
        "TRUNCATE of reports allowed",
        REPORTS_APPEND_ONLY,
        "BEFORE UPDATE OR DELETE ON \"public\".\"deploy_reports\"",
    ),
    deploy(
        "UPDATE of reports allowed",
        REPORTS_APPEND_ONLY,
        "BEFORE DELETE OR TRUNCATE ON \"public\".\"deploy_reports\"",
    ),
    deploy(
        "DELETE of reports allowed",
        REPORTS_APPEND_ONLY,
        "BEFORE UPDATE OR TRUNCATE ON \"public\".\"deploy_reports\"",
    ),
    order(
        "a forged event allowed",
        "IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1",
        "IF true",
    ),
    without("nobody looks at what enters the history", "CREATE TRIGGER \"deploy_event\""),
    without("nobody looks at what enters the reports", "CREATE TRIGGER \"deploy_report\""),
    cut(
        "order",
        FILE,
        "nobody hears of a column that is set to what it is",
        "CREATE TRIGGER \"000_order_guard_again\"",
        ";\n",
    ),
    deploy(
        "a forged event allowed to a trigger",
        "AND pg_catalog.has_function_privilege('\"public\".\"deploy_step\"(text, text, text, text)'::pg_catalog.regprocedure, 'EXECUTE')",
        "",
    ),
    deploy(
        "a history that breaks off allowed",
        "AND was IS DISTINCT FROM last_state\n",
        "AND false\n",
    ),
    deploy("a gap in seq", "OPERATOR(pg_catalog.+) 1, $2", "OPERATOR(pg_catalog.+) 2, $2"),
    deploy(
        "another fingerprint in the history",
        "$2, $3, pg_catalog.clock_timestamp(), $4",
        "$2, $3, pg_catalog.clock_timestamp(), 'x'",
    ),
    deploy(
        "a report of no event allowed",
        "IF NEW.\"seq\" IS NOT NULL AND NOT EXISTS (",
        "IF false AND NOT EXISTS (",
    ),
    deploy(
        "a report at any time allowed",
        "NEW.\"at\" := clock_timestamp();\n  -- Of those",
        "-- Of those",
    ),
    deploy(
        "refused reports without end",
        "IF NEW.\"answer\" NOT IN ('applied',",
        "IF false AND NEW.\"answer\" NOT IN ('applied',",
    ),
    without("two rows of one start", "CREATE UNIQUE INDEX \"deploy_reports_start\""),
    without("a report applied twice", "CREATE UNIQUE INDEX \"deploy_reports_event\""),
    without("two reports of one event", "CREATE UNIQUE INDEX \"deploy_reports_seq\""),
    deploy(
        "the step's states swapped in the history",
        "1, $2, $3, pg_catalog.clock_timestamp()",
        "1, $3, $2, pg_catalog.clock_timestamp()",
    ),
    deploy(
        "a step written into the history twice",
        "  RETURN true;\nEND\n",
        "  INSERT INTO \"public\".\"deploy_events\" VALUES ($1, 0, $3, $3, pg_catalog.clock_timestamp(), $4);\n  RETURN true;\nEND\n",
    ),
    deploy(
        "another state's legal ones told",
        " WHERE jsonb_extract_path(rules, 'next', was, s.\"state\") IS NOT NULL",
        "",
    ),
    own("a row without a key allowed", "ELSIF $4 IS NULL THEN", "ELSIF false THEN"),
    own(
        "keys and states judged by the columns' collations",
        "(($2).\"id\"::pg_catalog.text COLLATE \"C\" OPERATOR(pg_catalog.=) ($1).\"id\"::pg_catalog.text COLLATE \"C\" OR",
        "(($2).\"id\" OPERATOR(pg_catalog.=) ($1).\"id\" OR",
    ),
    deploy(
        "the guard runs with the rights of whoever moves the row",
        "plpgsql SECURITY DEFINER\nAS",
        "plpgsql\nAS",
    ),
    deploy(
        "the guard finds names by its caller's path",
        "DEFINER SET search_path = pg_catalog, pg_temp",
        "DEFINER",
    ),
    deploy(
        "a force without a reason allowed",
        "IF $3 IS NULL OR $3 !~ '\\S' THEN",
        "IF false THEN",
    ),
    put(
        "order",
        FILE,
        "a force into a retired state allowed",
        "AND NOT EXISTS (SELECT FROM jsonb_each(rules -> 'next') n WHERE n.\"value\" ? $2)",
        "AND false",
    ),
    deploy(
        "a force opens the guard for every state",
        "WHERE f.\"deploy_id\" = $4 AND f.\"to_state\" = $5 RETURNING",
        "WHERE f.\"deploy_id\" = $4 RETURNING",
    ),
    deploy(
        "a force opens the guard for every row",
        "WHERE f.\"deploy_id\" = $4 AND f.\"to_state\" = $5 RETURNING",
        "WHERE f.\"to_state\" = $5 RETURNING",
    ),
    deploy(
        "a force that was stopped goes unnoticed",
        "  IF EXISTS (SELECT FROM \"public\".\"deploy_forcing\" f WHERE f.\"deploy_id\" = $1) THEN",
        "  IF false THEN",
    ),
    deploy(
        "another one named as who forced",
        "'applied', last_seq, session_user",
        "'applied', last_seq, current_user",
    ),
    cut(
        "deploy",
        FILE,
        "anybody may say what is being forced",
        "CREATE TRIGGER \"deploy_forcing\"",
        ";\n",
    ),
    cut(
        "deploy",
        FILE,
        "anybody may force",
        "REVOKE ALL ON FUNCTION \"public\".\"deploy_force\"",
        ";\n",
    ),
    cut("deploy", FILE, "anybody may hang the guard on a table", "REVOKE ALL ON FUNCTION", ";\n"),
];
