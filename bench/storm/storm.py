#!/usr/bin/env python3
"""Executors that all start at once, before an STS that throttles in AWS's form: with codriver, and with the provider that S3A
takes without it. Prints JSON for table.py.

Usage: storm.py CODRIVER BENCH_STS CLASS_PATH TOKEN_FILE
  STORM_EXECUTORS   (500)
  STORM_RATE        calls in a second that STS grants (10); also what it grants at once
Each executor with codriver is a real `codriver credentials`, its startup probe, which holds back the container, and a client that
then asks once. Those without are providers in threads of one JVM: 500 JVMs do not fit on one machine.
"""

import asyncio
import contextlib
import http.client
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.parse

CODRIVER, BENCH_STS, CLASS_PATH, IDENTITY = sys.argv[1:]
EXECUTORS = int(os.environ.get("STORM_EXECUTORS", "500"))
RATE = int(os.environ.get("STORM_RATE", "10"))
ROLE = "arn:aws:iam::123456789012:role/spark"
TOKEN = "5d41402abc4b2a76b9719d911017c592"
# Below the ports that the kernel gives to clients: two for each executor.
FIRST_PORT = 20_000
# Longer than the startup probe waits.
DEADLINE = 150


@contextlib.contextmanager
def sts():
    process = subprocess.Popen([BENCH_STS, str(RATE)], stdout=subprocess.PIPE, text=True)
    try:
        url = process.stdout.readline().strip()
        yield url, lambda: counted(url)
    finally:
        process.kill()
        process.communicate()


def counted(url):
    """Calls, and those that were granted."""
    client = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=10)
    client.request("GET", "/")
    return [int(number) for number in client.getresponse().read().split()]


def start(number, url, folder):
    port = FIRST_PORT + 2 * number
    description = {
        "address": f"127.0.0.1:{port}", "path": "/v1/credentials", "token_file": f"{folder}/{number}/token",
        "source": {"way": "web-identity", "role": ROLE, "token_file": IDENTITY, "audience": "sts.amazonaws.com"},
        "session": f"executor-{number}", "duration_seconds": 3600, "region": "eu-west-1", "sts_endpoint": url,
        "assume_role": None, "session_policy": None,
    }
    os.mkdir(f"{folder}/{number}")
    environment = {"CODRIVER_ENDPOINT": json.dumps(description), "CODRIVER_ENDPOINT_TOKEN": TOKEN,
                   "CODRIVER_HEALTH_ADDRESS": f"127.0.0.1:{port + 1}", "CODRIVER_LOG": "error"}
    return subprocess.Popen([CODRIVER, "credentials"], env=environment, stdin=subprocess.DEVNULL)


async def get(port, path):
    """Status and body; status 0 when the connection is refused."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return 0, b""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: {TOKEN}\r\nConnection: close\r\n\r\n"
    writer.write(request.encode())
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head[9:12] or 0), body


async def executor(number, began):
    """The kubelet's probe each second, then the container's one question."""
    port = FIRST_PORT + 2 * number
    while (await get(port + 1, "/healthz"))[0] != 200:
        if time.monotonic() > began + DEADLINE:
            return None
        await asyncio.sleep(1)
    status, body = await get(port, "/v1/credentials")
    return time.monotonic() - began if status == 200 and b"SecretAccessKey" in body else None


def with_codriver():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    with sts() as (url, calls), tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        processes = []
        try:
            processes = [start(number, url, folder) for number in range(EXECUTORS)]

            async def all_of_them():
                return await asyncio.gather(*(executor(number, began) for number in range(EXECUTORS)))

            return told(asyncio.run(all_of_them()), calls())
        finally:
            for process in processes:
                process.kill()
            for process in processes:
                process.wait()


def with_the_sdk():
    with sts() as (url, calls):
        environment = {"AWS_ENDPOINT_URL_STS": url, "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
                       "PATH": os.environ["PATH"], "HOME": "/nonexistent"}
        output = subprocess.run(
            ["java", "-XX:+UseSerialGC", "-Xmx2g", "-Xss512k", "-cp", CLASS_PATH, "Storm", str(EXECUTORS), IDENTITY, ROLE],
            env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        lines = [line.split(maxsplit=2) for line in output.splitlines()]
        failures = [line[2] for line in lines if line[0] == "failed"]
        return told([float(line[1]) if line[0] == "ok" else None for line in lines], calls(),
                    last=max(float(line[1]) for line in lines), said=failures[0] if failures else "")


def told(seconds, calls, **more):
    served = sorted(second for second in seconds if second is not None)
    return {"executors": len(seconds), "served": len(served), "failed": len(seconds) - len(served), "calls": calls[0],
            "granted": calls[1], "median": served[len(served) // 2] if served else None,
            "last": served[-1] if served else None, **more}


print(json.dumps({"rate": RATE, "codriver": with_codriver(), "sdk": with_the_sdk()}))
