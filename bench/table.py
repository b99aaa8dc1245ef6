#!/usr/bin/env python3
"""Prints the table of `make bench`. Usage: table.py RESULTS PROGRAMS

RESULTS is the folder with hyperfine's NAME.json and GNU time's NAME.kib, PROGRAMS that of the static programs.
Exits 1 when something is over its limit. Times are medians of the wall clock; beside them the time of the processor,
which is what a busy machine leaves as it is.
"""

import json
import os
import pathlib
import sys

MIB = 1 << 20
RESULTS, PROGRAMS = (pathlib.Path(path) for path in sys.argv[1:])


def result(name):
    return json.loads((RESULTS / f"{name}.json").read_text())["results"][0]


def milliseconds(name):
    """Median of the wall time."""
    return result(name)["median"] * 1000


def processor(name):
    """Time of the processor, in the program and in the kernel for it."""
    return f"{(result(name)['user'] + result(name)['system']) * 1000:.1f} ms"


def peak(name):
    """Peak of the resident memory in MiB."""
    return int((RESULTS / f"{name}.kib").read_text()) / 1024


def row(what, value, unit, cpu="", limit="", ok=True, beside=""):
    measured = value if isinstance(value, str) else f"{value:.2f}" if value < 10 else f"{value:.0f}"
    return [what, f"{measured} {unit}", cpu, limit, "" if ok else "OVER", beside]


def times_and_memory():
    init, boto3, aws = (milliseconds(name) for name in ("init", "boto3", "aws"))
    yield row("codriver-init, start to files written", init, "ms", processor("init"), "30 ms", init <= 30)
    yield row("boto3, only the credentials", boto3, "ms", processor("boto3"), "10 × init", boto3 >= 10 * init,
              f"{boto3 / init:.0f} × init")
    yield row("aws sts assume-role-with-web-identity", aws, "ms", processor("aws"), beside=f"{aws / init:.0f} × init")
    yield row("codriver-init, peak memory", peak("init"), "MiB", "", "12 MiB", peak("init") <= 12)
    for name in ("boto3", "aws"):
        yield row(f"{name}, peak memory", peak(name), "MiB", beside=f"{peak(name) / peak('init'):.0f} × init")


def wrappers():
    bare = milliseconds("true")
    names = ("run", "tini", "dumb-init", "catatonit")
    added = {name: milliseconds(name) - bare for name in names}
    added["pid1"] = milliseconds("pid1") - milliseconds("namespace")
    tini = added["tini"]
    yield row("codriver run adds to a command", added["run"], "ms", processor("run"), "1.25 × tini",
              added["run"] <= 1.25 * tini, f"{added['run'] / tini:.2f} × tini")
    for name in ("tini", "dumb-init", "catatonit", "pid1"):
        beside = "as process 1 of a namespace" if name == "pid1" else f"{added[name] / tini:.2f} × tini"
        yield row(f"{name} adds", added[name], "ms", processor(name), beside=beside)
    yield row("the command itself", bare, "ms", processor("true"))
    rivals = ", ".join(f"{name} {peak(name):.2f}" for name in ("tini", "dumb-init", "catatonit"))
    yield row("codriver run, peak memory", peak("run"), "MiB", "", "2 MiB", peak("run") <= 2, f"{rivals} MiB")
    yield row("codriver sidecar, idle", peak("sidecar"), "MiB", "", "6 MiB", peak("sidecar") <= 6)


def endpoint():
    servers = json.loads((RESULTS / "endpoint.json").read_text())
    own = servers["codriver"]
    rivals = {"botocore behind http.server": servers["broker"], "ec2-metadata-mock": servers["mock"]}

    def beside(show):
        return ", ".join(f"{name} {show(rival)}" for name, rival in rivals.items())

    def cpu(server):
        return f"{server['busy'] * 1e6:.0f} µs"

    yield row("codriver credentials, 64 clients on one core", own["rate"], "/s", cpu(own), "20000 /s", own["rate"] >= 20000,
              beside(lambda rival: f"{rival['rate']:.0f} ({cpu(rival)})"))
    yield row("the same, p99", own["p99"], "ms", "", "2 ms", own["p99"] < 2, beside(lambda rival: f"{rival['p99']:.1f}"))
    yield row("the same, peak memory", own["kib"] / 1024, "MiB", "", "8 MiB", own["kib"] <= 8 * 1024,
              beside(lambda rival: f"{rival['kib'] / 1024:.0f}"))
    yield row("start to the first credentials served", own["first"], "ms", "", "30 ms", own["first"] <= 30,
              beside(lambda rival: f"{rival['first']:.0f}"))


def storm():
    result = json.loads((RESULTS / "storm.json").read_text())
    rate, own, sdk = result["rate"], result["codriver"], result["sdk"]
    ideal = own["executors"] / rate
    yield row(f"{own['executors']} executors, STS grants {rate}/s: left without", str(own["failed"]), "of them", "", "0",
              own["failed"] == 0, f"{sdk['failed']} with the SDK's own provider, which gives up after {sdk['last']:.0f} s")
    yield row("the same, calls of STS", own["calls"], "calls", beside=f"{sdk['calls']} for the {sdk['served']} that the SDK served")
    yield row("the same, until the last has credentials", own["last"] or 0, "s", "", f"1.5 × {ideal:.0f} s",
              own["failed"] == 0 and own["last"] <= 1.5 * ideal, f"half of them after {own['median'] or 0:.0f} s")


def sizes():
    for name, limit in (("codriver-init", 4), ("codriver", 5)):
        size = (PROGRAMS / name).stat().st_size / MIB
        yield row(f"{name}, static binary", size, "MiB", "", f"{limit} MiB", size <= limit)


def main():
    rows = [["what", "measured", "processor", "limit", "", "beside"], *times_and_memory(), *wrappers(), *endpoint(), *storm(), *sizes()]
    widths = [max(len(row[at]) for row in rows) for at in range(6)]
    for cells in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip())
    load, cores = os.getloadavg()[0], os.cpu_count()
    if load > cores:
        print(f"  The machine was busy (load {load:.0f} on {cores} cores): the wall clock tells little, the ratios more.")
    return any(cells[4] for cells in rows[1:])


sys.exit(main())
