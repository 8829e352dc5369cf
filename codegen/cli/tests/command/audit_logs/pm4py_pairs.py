"""What pm4py says of a public log by the pairs of a table: its footprints, without tokens or alignments.

    python pm4py_pairs.py LOG < {"initial": [STATE..], "pairs": [[STATE, STATE]..]}
    python pm4py_pairs.py --unpack FOLDER

The logs are those that the sources of declare4py ship; tests/run puts them next to the Python.
"""

import json
import sys
import tarfile
import warnings
from pathlib import Path


def unpack(folder):
    """Sepsis Cases (10.4121/uuid:915d2bfb-7e84-49ad-a286-dc35f063a460), and a simulated repair shop."""
    for archive in (Path(sys.prefix) / "logs").glob("declare4py-*.tar.gz"):
        with tarfile.open(archive) as files:
            for file in files:
                for log, name in [("Sepsis Cases.xes.gz", "sepsis.xes.gz"), ("repair_example(500", "repair.xes")]:
                    if f"/test_logs/{log}" in file.name:
                        (Path(folder) / name).write_bytes(files.extractfile(file).read())


def judge(path, table):
    warnings.simplefilter("ignore")
    stdout, sys.stdout = sys.stdout, sys.stderr
    import pm4py
    from pm4py.algo.conformance.footprints.variants import trace_extensive
    from pm4py.algo.discovery.dfg.variants import native
    from pm4py.algo.discovery.footprints.log.variants import trace_by_trace

    log = pm4py.convert_to_event_log(pm4py.read_xes(path))
    model = {
        "sequence": {tuple(pair) for pair in table["pairs"]},
        "parallel": set(),
        "start_activities": set(table["initial"]),
    }
    found = trace_extensive.apply(trace_by_trace.apply(log), model)
    pairs = {trace.attributes["concept:name"]: sorted(said["footprints"]) for trace, said in zip(log, found)}
    starts = {
        trace.attributes["concept:name"]: sorted(said["start_activities"]) for trace, said in zip(log, found)
    }
    counts = [[before, after, times] for (before, after), times in native.native(log).items()]
    sys.stdout = stdout
    print(json.dumps({"counts": sorted(counts), "pairs": pairs, "starts": starts}))


if sys.argv[1] == "--unpack":
    unpack(sys.argv[2])
else:
    judge(sys.argv[1], json.load(sys.stdin))
