"""Runs each case's query on an engine, over a table made of its rows: cases as JSON on standard input, on
standard output the rows of each, as texts.

    python engines.py ENGINE [ADDRESS] < CASES
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager

# Texts that fold case, where an engine's do: the query tells them apart all the same.
TYPES = {
    "sqlite": {"text": "TEXT COLLATE NOCASE", "bigint": "INTEGER"},
    "postgres": {"text": "text COLLATE folded", "bigint": "bigint"},
    "mysql": {"text": "varchar(200) CHARACTER SET utf8mb4", "bigint": "bigint"},
    "duckdb": {"text": "VARCHAR", "bigint": "BIGINT"},
}


def over_cursor(cursor, engine, mark, case):
    """What all drivers of Python have in common."""
    columns = [f"{name} {TYPES[engine][kind]}" for name, kind in case["columns"]]
    cursor.execute(f"CREATE TABLE {case['table']} ({', '.join(columns)})")
    places = ", ".join([mark] * len(columns))
    if case["rows"]:
        cursor.executemany(f"INSERT INTO {case['table']} VALUES ({places})", case["rows"])
    cursor.execute(case["query"])
    rows = cursor.fetchall()
    cursor.execute(f"DROP TABLE {case['table']}")
    return rows


@contextmanager
def sqlite(_address):
    import sqlite3

    with sqlite3.connect(":memory:") as connection:
        yield lambda case: over_cursor(connection.cursor(), "sqlite", "?", case)


@contextmanager
def postgres(address):
    import psycopg2

    connection = psycopg2.connect(address)
    cursor = connection.cursor()
    cursor.execute(
        "CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
    )
    yield lambda case: over_cursor(cursor, "postgres", "%s", case)
    connection.close()


@contextmanager
def duckdb(_address):
    import duckdb

    connection = duckdb.connect(config={"threads": 2})
    yield lambda case: over_cursor(connection, "duckdb", "?", case)


@contextmanager
def mysql(_address):
    """MariaDB, a server of its own that listens on a socket only."""
    import pymysql

    path = os.environ["PATH"] + ":/usr/sbin"
    with tempfile.TemporaryDirectory() as folder:
        user = ["--user=root"] if os.geteuid() == 0 else []
        options = {"env": os.environ | {"PATH": path}, "stdout": subprocess.DEVNULL}
        install = ["mariadb-install-db", "--no-defaults", f"--datadir={folder}/data", *user]
        try:
            subprocess.run([*install, "--auth-root-authentication-method=normal"], check=True, **options)
        except FileNotFoundError:
            sys.exit("this test needs MariaDB (Debian's package `mariadb-server`)")
        socket = f"{folder}/socket"
        serve = ["mariadbd", "--no-defaults", f"--datadir={folder}/data", f"--socket={socket}"]
        serve += ["--skip-networking", "--innodb-flush-log-at-trx-commit=0", *user]
        server = subprocess.Popen(serve, stderr=subprocess.DEVNULL, **options)
        try:
            for _ in range(600):
                try:
                    connection = pymysql.connect(unix_socket=socket, user="root", charset="utf8mb4")
                    break
                except pymysql.err.OperationalError:
                    time.sleep(0.1)
            else:
                sys.exit("MariaDB does not start")
            cursor = connection.cursor()
            cursor.execute("CREATE DATABASE history")
            cursor.execute("USE history")
            yield lambda case: over_cursor(cursor, "mysql", "%s", case)
        finally:
            server.terminate()
            server.wait()


def as_arrow(case, names):
    import pyarrow

    kinds = {"text": pyarrow.string(), "bigint": pyarrow.int64()}
    columns = [kind for _, kind in case["columns"]]
    arrays = [
        pyarrow.array([row[at] for row in case["rows"]], kinds[kind]) for at, kind in enumerate(columns)
    ]
    return pyarrow.table(arrays, names=names)


@contextmanager
def datafusion(_address):
    from datafusion import SessionContext

    def run(case):
        context = SessionContext()
        table = as_arrow(case, case["names"])
        context.from_arrow(table, name="loaded")
        columns = ", ".join(name for name, _ in case["columns"])
        context.sql(f"CREATE TABLE {case['table']} AS SELECT {columns} FROM loaded").collect()
        batches = context.sql(case["query"]).collect()
        return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]

    yield run


@contextmanager
def spark(_address):
    """Two worker processes, so that rows are shuffled between them."""
    from pyspark.sql import SparkSession
    from pyspark.sql.types import LongType, StringType, StructField, StructType

    builder = SparkSession.builder.master("local-cluster[2,1,1024]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    builder = builder.config("spark.sql.shuffle.partitions", "4")
    session = builder.config("spark.sql.autoBroadcastJoinThreshold", "-1").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    kinds = {"text": StringType(), "bigint": LongType()}

    def run(case):
        fields = [
            StructField(name, kinds[kind]) for name, (_, kind) in zip(case["names"], case["columns"])
        ]
        frame = session.createDataFrame([tuple(row) for row in case["rows"]], StructType(fields))
        frame.repartition(4).createOrReplaceTempView(case["table"])
        return [tuple(row) for row in session.sql(case["query"].rstrip(";\n")).collect()]

    yield run
    session.stop()


@contextmanager
def parsed(dialect):
    """By sqlglot, which knows an engine's words where the engine is not here."""
    import sqlglot
    from sqlglot import exp

    def run(case):
        statements = sqlglot.parse(case["query"], read=dialect)
        assert len(statements) == 1, statements
        statement = statements[0]
        assert isinstance(statement, exp.Select) and not list(statement.find_all(exp.Command))
        # What a literal is to the engine, after its escapes.
        texts = {literal.this for literal in statement.find_all(exp.Literal) if literal.is_string}
        names = {identifier.this for identifier in statement.find_all(exp.Identifier)}
        missing = (set(case["texts"]) - texts) | (set(case["identifiers"]) - names)
        assert not missing, (missing, texts, names)
        return []

    yield run


def main():
    engine, address = sys.argv[1], (sys.argv[2:] or [None])[0]
    with globals()[engine](address) as run:
        for case in json.load(sys.stdin):
            try:
                rows = run(case)
            except Exception as error:
                sys.exit(f"{engine} {address or ''}: {error}\nin: {case['query']}")
            texts = [[None if field is None else str(field) for field in row] for row in rows]
            print(json.dumps(texts), flush=True)


main()
