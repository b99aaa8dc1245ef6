#!/usr/bin/env python3
"""Measures what serves credentials on loopback: requests in a second on one core, p99 under 64 clients, memory, and how long
after its start the first credentials are served. Prints JSON for table.py.

Usage: measure.py PROGRAMS STS_URL TOKEN_FILE PYTHON EC2_METADATA_MOCK
  ENDPOINT_SECONDS   for each server (8)
PYTHON is one that has botocore, TOKEN_FILE the identity token for STS. The server has one core, wrk the other.
"""

import contextlib
import http.client
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
PROGRAMS, STS, IDENTITY, PYTHON, MOCK = sys.argv[1:]
TOKEN = "5d41402abc4b2a76b9719d911017c592"
ROLE = "arn:aws:iam::123456789012:role/spark"
CLIENTS = 64
SECONDS = int(os.environ.get("ENDPOINT_SECONDS", "8"))
STARTS = 21


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def codriver(port, folder):
    description = {
        "address": f"127.0.0.1:{port}", "path": "/v1/credentials", "token_file": f"{folder}/token",
        "source": {"way": "web-identity", "role": ROLE, "token_file": IDENTITY, "audience": "sts.amazonaws.com"},
        "session": "etl", "duration_seconds": 3600, "region": "eu-west-1", "sts_endpoint": STS,
        "assume_role": None, "session_policy": None,
    }
    environment = {
        "CODRIVER_ENDPOINT": json.dumps(description), "CODRIVER_ENDPOINT_TOKEN": TOKEN,
        "CODRIVER_HEALTH_ADDRESS": f"127.0.0.1:{free_port()}", "CODRIVER_LOG": "warn",
    }
    return [f"{PROGRAMS}/codriver", "credentials"], environment, "/v1/credentials"


def broker(port, folder):
    environment = {
        "CODRIVER_ENDPOINT_TOKEN": TOKEN, "HOME": folder, "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": IDENTITY, "AWS_ENDPOINT_URL_STS": STS,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return [PYTHON, str(HERE / "broker.py"), str(port)], environment, "/v1/credentials"


def mock(port, folder):
    """AWS's own stand-in for a machine's metadata: credentials that never change, and no token."""
    command = [MOCK, "--hostname", "127.0.0.1", "--port", str(port)]
    return command, {"HOME": folder}, "/latest/meta-data/iam/security-credentials/baskinc-role"


@contextlib.contextmanager
def running(server, core):
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as log:
        command, environment, path = server(port, folder)
        began = time.perf_counter()
        process = subprocess.Popen(["taskset", "--cpu-list", str(core), *command], env=environment | {"PATH": os.environ["PATH"]},
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            first_answer(port, path, process)
            yield process.pid, port, path, (time.perf_counter() - began) * 1000
        finally:
            process.terminate()
            process.wait()


def first_answer(port, path, process):
    deadline = time.monotonic() + 20
    while True:
        try:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            client.request("GET", path, headers={"Authorization": TOKEN})
            answer = client.getresponse()
            body = json.loads(answer.read())
            assert answer.status == 200 and body["SecretAccessKey"], (answer.status, path)
            return
        except ConnectionRefusedError:
            assert process.poll() is None, f"what serves {path} ended with {process.returncode}"
            assert time.monotonic() < deadline, f"{path} is not served"


def load(port, path, core):
    """Requests in a second, and p99 in milliseconds."""
    output = subprocess.run(
        ["taskset", "--cpu-list", str(core), "wrk", "--threads", "1", "--connections", str(CLIENTS), "--duration", f"{SECONDS}s",
         "--header", f"Authorization: {TOKEN}", "--script", str(HERE / "report.lua"), f"http://127.0.0.1:{port}{path}"],
        check=True, capture_output=True, text=True).stdout
    _, requests, seconds, p99, wrong = next(line for line in output.splitlines() if line.startswith("result ")).split()
    # A slow server makes time-outs; answers that are wrong would be no measurement.
    assert int(wrong) < int(requests) / 100, output
    return int(requests) / float(seconds), float(p99)


def memory(pid):
    """Peak of the resident memory in KiB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1])


def processor(pid):
    """Seconds of the processor so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(server, starts):
    cores = sorted(os.sched_getaffinity(0))
    firsts = []
    for _ in range(starts - 1):
        with running(server, cores[0]) as (*_, first):
            firsts.append(first)
    with running(server, cores[0]) as (pid, port, path, first):
        firsts.append(first)
        before = processor(pid)
        rate, p99 = load(port, path, cores[-1])
        busy = (processor(pid) - before) / (rate * SECONDS)
        return {"rate": rate, "p99": p99, "busy": busy, "kib": memory(pid), "first": statistics.median(firsts)}


print(json.dumps({"codriver": measure(codriver, STARTS), "broker": measure(broker, 5), "mock": measure(mock, 5)}))
