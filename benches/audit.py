#!/usr/bin/env python3
"""One history, judged by `phasegate audit` and by others: time and peak memory of each as a process.

    python3 -m venv venv && venv/bin/pip install duckdb polars numpy pyarrow pm4pyminimal lxml packaging
    cargo build --release -p phasegate-cli --features audit
    venv/bin/python benches/audit.py target/release/phasegate 20000000 [--engines phasegate,duckdb] [--turns 3]

    venv/bin/python benches/audit.py target/release/phasegate 20000000 --far --engines phasegate
    venv/bin/python benches/audit.py target/release/phasegate --page docs/history.html

The history is of the deploy table: 100,000 rows under way at any time, the next report from any of them, one
in a thousand corrupted. Every engine has to find the same number of violations. Each has two threads at most.
With --page it makes a history of a million deploys, with times, and the page that the docs show of it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

UNDER_WAY = 100_000
CORRUPTED = 0.001
TABLE = Path(__file__).resolve().parent.parent / "deploy.toml"


def machine(phasegate):
    ran = subprocess.run([phasegate, "transitions", TABLE, "--format", "json"], stdout=subprocess.PIPE, check=True)
    return json.loads(ran.stdout)


def throws(said, random):
    """For each state 100 next ones, mostly the first, sometimes any that is legal; the start; which end."""
    import numpy as np

    states = said["states"]
    place = {state: at for at, state in enumerate(states)}
    ways = [[] for _ in states]
    for step in said["transitions"]:
        ways[place[step["from"]]].append(place[step["to"]])
    thrown = np.zeros((len(states), 100), dtype=np.int8)
    for state, to in enumerate(ways):
        if to:
            thrown[state] = [to[0]] * 88 + list(random.choice(to, 12))
    return thrown, place[said["initial"][0]], np.array([not to for to in ways])


def make(path, reports, said, far=False):
    """Writes the history, a round of all rows under way after the other, each in an order of its own."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    states = said["states"]
    random = np.random.default_rng(7)
    thrown, start, is_end = throws(said, random)
    ids = np.arange(UNDER_WAY, dtype=np.int64)
    now = np.full(UNDER_WAY, -1, dtype=np.int8)
    next_id, written = UNDER_WAY, 0
    schema = pa.schema([("id", pa.int64()), ("status", pa.string()), ("seq", pa.int64())])
    names = pa.array(states)
    with pq.ParquetWriter(path, schema) as writer:
        held = []
        while written < reports:
            order = random.permutation(UNDER_WAY)[: reports - written]
            before = now[order]
            to = np.where(before < 0, start, thrown[before, random.integers(0, 100, len(order))])
            wrong = random.random(len(order)) < CORRUPTED
            to = np.where(wrong, random.integers(0, len(states), len(order)), to).astype(np.int8)
            status = pa.DictionaryArray.from_arrays(pa.array(to), names).cast(pa.string())
            seq = pa.array(np.arange(written, written + len(order), dtype=np.int64))
            row = ids[order] * 0x1E3779B97F4A7C15 & 0x7FFFFFFFFFFFFFFF if far else ids[order]
            held.append(pa.table([pa.array(row), status, seq], schema=schema))
            written += len(order)
            now[order] = to
            ended = order[is_end[to]]
            now[ended] = -1
            ids[ended] = np.arange(next_id, next_id + len(ended))
            next_id += len(ended)
            if len(held) == 10 or written == reports:
                writer.write_table(pa.concat_tables(held))
                held = []


def page(phasegate, said, path, rows=1_000_000):
    """Writes the page of a history with times, of rows that stay in each state for a time of its own."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    states = said["states"]
    random = np.random.default_rng(7)
    thrown, start, is_end = throws(said, random)
    # How likely a row goes on within 20 seconds; one that has not begun, the last of them.
    pace = np.append(random.uniform(0.05, 0.5, len(states)), 1)
    ids = np.arange(UNDER_WAY, dtype=np.int64)
    now = np.full(UNDER_WAY, -1, dtype=np.int8)
    next_id, tables, rest = UNDER_WAY, [], 60
    while rest:
        rest -= next_id >= rows
        active = np.flatnonzero((random.random(UNDER_WAY) < pace[now]) & (ids < rows))
        order = random.permutation(active)
        before = now[order]
        to = np.where(before < 0, start, thrown[before, random.integers(0, 100, len(order))])
        wrong = random.random(len(order)) < CORRUPTED
        to = np.where(wrong, random.integers(0, len(states), len(order)), to).astype(np.int8)
        at = 1_767_225_600_000 + len(tables) * 20_000 + np.sort(random.integers(0, 20_000, len(order)))
        status = pa.DictionaryArray.from_arrays(pa.array(to), pa.array(states))
        columns = {"id": ids[order], "status": status, "at": pa.array(at, pa.timestamp("ms", "UTC"))}
        tables.append(pa.table(columns))
        now[order] = to
        ended = order[is_end[to]]
        now[ended] = -1
        ids[ended] = np.arange(next_id, next_id + len(ended))
        next_id += len(ended)
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(pa.concat_tables(tables), f"{folder}/deploys.parquet")
        arguments = [Path(phasegate).resolve(), "audit", TABLE, "deploys.parquet", "--html", Path(path).resolve()]
        subprocess.run(arguments, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def duckdb(path, said, sql):
    import duckdb

    at = duckdb.connect(config={"threads": 2})
    at.execute(f"CREATE VIEW history AS SELECT * FROM read_parquet('{path}')")
    if sql is None:
        pairs = [(step["from"], step["to"]) for step in said["transitions"]]
        pairs += [("", start) for start in said["initial"]]
        at.execute("CREATE TABLE legal (before VARCHAR, status VARCHAR)")
        at.executemany("INSERT INTO legal VALUES (?, ?)", pairs)
        sql = """SELECT id, status, before FROM (
            SELECT id, status, lag(status, 1, '') OVER (PARTITION BY id ORDER BY seq) AS before FROM history
        ) ANTI JOIN legal USING (before, status)"""
    return at.execute(f"SELECT count(*) FROM ({sql})").fetchone()[0]


def polars(path, said):
    import polars as pl

    pairs = [(step["from"], step["to"]) for step in said["transitions"]]
    pairs += [("", start) for start in said["initial"]]
    legal = pl.LazyFrame(pairs, schema=["before", "status"], orient="row")
    # The file is in the order of the reports, as for phasegate.
    steps = pl.scan_parquet(path).select(
        "id", "status", before=pl.col("status").shift(1, fill_value="").over("id")
    )
    found = steps.join(legal, on=["before", "status"], how="anti").select(pl.len())
    return found.collect().item()


def pm4py(path, said):
    import pandas
    import pm4py

    log = pandas.read_parquet(path)
    pairs = {(step["from"], step["to"]) for step in said["transitions"]}
    log["id"] = log["id"].astype(str)
    # It orders each case by its times.
    log["at"] = pandas.to_datetime(log["seq"], unit="s", utc=True)
    seen, starts, _ = pm4py.discover_dfg(log, activity_key="status", case_id_key="id", timestamp_key="at")
    wrong = sum(times for pair, times in seen.items() if pair not in pairs)
    return wrong + sum(times for start, times in starts.items() if start not in said["initial"])


def measured(arguments):
    """Runs a process: its seconds, those of the processor, its peak in bytes, and what it printed."""
    environment = os.environ | {"POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "2"}
    with tempfile.TemporaryFile() as out:
        begun = time.monotonic()
        child = subprocess.Popen(arguments, stdout=out, stderr=subprocess.DEVNULL, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - begun
        out.seek(0)
        printed = out.read().decode()
    child.returncode = os.waitstatus_to_exitcode(status)
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, printed, child.returncode


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("phasegate")
    parser.add_argument("reports", type=int, nargs="*")
    parser.add_argument("--far", action="store_true", help="ids that lie anywhere in 63 bits")
    parser.add_argument("--page")
    parser.add_argument("--engines", default="phasegate,duckdb,duckdb-plain,polars,pm4py")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--folder", default=tempfile.gettempdir())
    asked = parser.parse_args()
    said = machine(asked.phasegate)
    if asked.page:
        page(asked.phasegate, said, asked.page)
        return
    print("| reports | | seconds | of the processor | million reports a second | peak in MiB | violations |")
    print("|---|---|---|---|---|---|---|")
    for reports in asked.reports:
        with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
            path = f"{folder}/history.parquet"
            # A process of its own: what it takes would count for its children.
            arguments = [sys.executable, __file__, "--engine", "make", path, asked.phasegate, str(reports)]
            arguments += ["far"] if asked.far else []
            subprocess.run(arguments, check=True)
            for engine in asked.engines.split(","):
                if engine == "phasegate":
                    arguments = [asked.phasegate, "audit", TABLE, path, "--format", "json"]
                else:
                    arguments = [sys.executable, __file__, "--engine", engine, path, asked.phasegate]
                turns = [measured(arguments) for _ in range(asked.turns)]
                seconds, processor, peak, printed, code = min(turns)
                if code not in (0, 1):
                    print(f"| {reports:,} | {engine} | failed ({code}) after {seconds:.1f} | | | {peak / 2**20:,.0f} | |")
                    continue
                found = json.loads(printed)
                found = found["violations"]["all"] if engine == "phasegate" else found
                rate = reports / seconds / 1e6
                print(
                    f"| {reports:,} | {engine} | {seconds:.2f} | {processor:.2f} | {rate:.2f} |"
                    f" {peak / 2**20:,.0f} | {found:,} |",
                    flush=True,
                )


def engine(name, path, phasegate, reports="0", ids="near"):
    said = machine(phasegate)
    if name == "make":
        make(path, int(reports), said, ids == "far")
        return
    if name == "duckdb":
        place = ["--from", "history", "--id", "id", "--status", "status", "--order", "seq"]
        arguments = [phasegate, "audit", TABLE, "--sql", "duckdb", *place]
        sql = subprocess.run(arguments, stdout=subprocess.PIPE, check=True).stdout.decode()
        found = duckdb(path, said, sql.rstrip().rstrip(";"))
    elif name == "duckdb-plain":
        found = duckdb(path, said, None)
    else:
        found = {"polars": polars, "pm4py": pm4py}[name](path, said)
    print(json.dumps(found))


if sys.argv[1:2] == ["--engine"]:
    engine(*sys.argv[2:])
else:
    main()
