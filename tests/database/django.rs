//! What the page on databases shows of Django: a suite that empties the table between its tests and uses keys
//! again.

use phasegate_codegen::emit::sql::Dialect;

use crate::rails::{block, orders};

/// What `TransactionTestCase` does between two tests, before the set-up of the page and after it.
const SUITE: &str = r#"
import sys
from contextlib import nullcontext
import django
from django.conf import settings

host, port, name = sys.argv[1:]
database = {"ENGINE": "django.db.backends.postgresql", "HOST": host, "PORT": port, "NAME": name, "USER": "postgres"}
settings.configure(DATABASES={"default": database})
django.setup()

from django.core.management.color import no_style
from django.db import DatabaseError, connection


def run(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def refused(part, statement):
    try:
        run(statement)
    except DatabaseError as error:
        assert part in str(error), error
    else:
        raise AssertionError(f"it passed: {statement}")


def test():
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), ["orders"], reset_sequences=True))
    run("INSERT INTO orders DEFAULT VALUES", "UPDATE orders SET status = 'paid' WHERE id = 1")


class Blocker:
    unblock = staticmethod(nullcontext)


class pytest:
    fixture = staticmethod(lambda scope: lambda made: made)


test()
run("TRUNCATE orders RESTART IDENTITY")
refused("the key of orders cannot be used again", "INSERT INTO orders DEFAULT VALUES")
exec(open("conftest.py").read())
django_db_setup(None, Blocker)
test()
test()
refused("illegal transition of order: paid -> new", "UPDATE orders SET status = 'new'")
"#;

#[tokio::test]
#[ignore = "needs Django: run by tests/run"]
async fn a_suite_of_django_s_empties_the_table_and_uses_keys_again() {
    let (project, _) = orders(Dialect::Postgres).await;
    std::fs::write(project.path("conftest.py"), block("@pytest.fixture")).unwrap();
    std::fs::write(project.path("suite.py"), SUITE).unwrap();
    let (_, address) = project.url.split_once('@').unwrap();
    let (server, name) = address.split_once('/').unwrap();
    let (host, port) = server.split_once(':').unwrap();
    project.tool_ok(&["python3", "suite.py", host, port, name]);
}
