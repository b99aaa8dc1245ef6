#!/usr/bin/env python3
"""Prints the tables of the cleanup. Usage: table.py RESULTS KUBECTL_MOST

RESULTS is the folder with cleanup.jsonl and driver-end.jsonl, a line of JSON for each measurement; KUBECTL_MOST the most
executors that kubectl was let remove. All times are medians. Exits 1 when something is over its limit.
"""

import collections
import json
import os
import pathlib
import statistics
import sys

# What the design promises: the executors are gone after at most so many times what one raw deletecollection takes,
TIMES_RAW = 1.2
# and at most so many seconds after their driver.
AFTER_DRIVER = 2
NAMES = {"codriver": "codriver", "raw": "one deletecollection", "kubectl": "kubectl delete"}


def most_requests(executors):
    return 8 + executors // 500


def medians(path):
    """{executors: {way: {gone, done, requests, runs}}}; a file that is not there has none."""
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for line in path.read_text().splitlines() if path.exists() else ():
        measured = json.loads(line)
        found[measured["executors"]][measured["way"]].append(measured)
    return {size: {way: median(runs) for way, runs in ways.items()} for size, ways in sorted(found.items())}


def median(runs):
    numbers = (what for what, value in runs[0].items() if isinstance(value, (int, float)))
    return {what: statistics.median(run[what] for run in runs) for what in numbers} | {"runs": len(runs)}


def seconds(value):
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.3g} s"


def removals(sizes, kubectl_most):
    yield ["executors", "removed by", "last one gone", "", "done", "", "requests", "runs", "limit", ""]
    for size, ways in sizes.items():
        raw = ways["raw"]
        for way in filter(ways.get, NAMES):
            of = ways[way]
            cells = [f"{size}", NAMES[way]]
            for what in ("gone", "done"):
                cells += [seconds(of[what]), f"{of[what] / raw[what]:.2f} × raw"]
            cells += [f"{of['requests']:.0f}", f"{of['runs']}"]
            over = of["requests"] > most_requests(size) or of["gone"] > TIMES_RAW * raw["gone"]
            limit = f"gone {TIMES_RAW} × raw, {most_requests(size)} requests"
            yield cells + ([limit, "OVER" if over else ""] if way == "codriver" else ["", ""])
        if size > kubectl_most:
            yield [f"{size}", NAMES["kubectl"], "not run", "", "", "", "", "", f"KUBECTL_MOST={kubectl_most}", ""]


def ends(sizes):
    yield ["executors that ran", "ended by", "last one gone after", "runs", "limit", ""]
    for size, ways in sizes.items():
        for way, of in ways.items():
            limited = way == "codriver"
            since = "the driver's end" if limited else "its pod's deletion"
            yield [f"{size}", way, f"{seconds(of['gone'])} from {since}", f"{of['runs']}",
                   f"{AFTER_DRIVER} s" if limited else "", "OVER" if limited and of["gone"] > AFTER_DRIVER else ""]


def show(rows):
    """Prints a table that has more than its head; whether something in it is over."""
    if len(rows) == 1:
        return False
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for cells in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip())
    return any(row[-1] for row in rows)


def main():
    results, kubectl_most = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    over = [show(list(rows)) for rows in (removals(medians(results / "cleanup.jsonl"), kubectl_most),
                                          ends(medians(results / "driver-end.jsonl")))]
    print("  Upper part: pods that no node takes, so that objects alone are compared. Done: codriver looks until two looks, a\n"
          "  fifth of a second apart, have found nothing; the raw request looks at nothing; kubectl asks for each pod again.")
    load, cores = os.getloadavg()[0], os.cpu_count()
    if load > cores:
        print(f"  The machine was busy (load {load:.0f} on {cores} cores): the ratios tell more than the seconds.")
    return any(over)


if __name__ == "__main__":
    sys.exit(main())
