#!/usr/bin/env python3
"""Usage: class_path_jar.py JARS TARGET

Writes TARGET, a jar with nothing in it but a manifest whose Class-Path names the jars of the folder JARS, sorted.
"""
import os
import sys
import zipfile

LINE = 72  # bytes, the most that a line of a manifest may have


def manifest(folder, target):
    relative = os.path.relpath(folder, os.path.dirname(target))
    rest = "Class-Path: " + " ".join(f"{relative}/{jar}" for jar in sorted(os.listdir(folder)))
    lines = ["Manifest-Version: 1.0"]
    while rest:
        lines.append(rest[:LINE])
        rest = rest[LINE:] and " " + rest[LINE:]
    return "\r\n".join(lines) + "\r\n\r\n"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with zipfile.ZipFile(sys.argv[2], "w") as jar:
        jar.writestr(zipfile.ZipInfo("META-INF/MANIFEST.MF"), manifest(sys.argv[1], sys.argv[2]))
