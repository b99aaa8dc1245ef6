#!/usr/bin/env python3
"""Usage: archive.py ARCHIVE NAME CONFIG LAYER...

Writes a docker-archive, which containerd, docker, podman and skopeo read, from layers that are plain tar files.
CONFIG is a JSON file with the image's `config` object (Env, User, Entrypoint, ...). The same input gives the same bytes,
so an unchanged layer keeps its digest and is not unpacked a second time by a cluster that has it.
"""
import hashlib
import io
import json
import platform
import sys
import tarfile

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def add_bytes(archive, name, content):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def add_file(archive, name, path):
    with open(path, "rb") as file:
        entry = tarfile.TarInfo(name)
        entry.size = file.seek(0, io.SEEK_END)
        file.seek(0)
        archive.addfile(entry, file)


def main(target, name, config_path, layers):
    digests = [digest(layer) for layer in layers]
    with open(config_path, encoding="utf-8") as file:
        config = json.load(file)
    image = json.dumps(
        {
            "architecture": ARCHITECTURES[platform.machine()],
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{d}" for d in digests]},
        },
        sort_keys=True,
    ).encode()
    image_name = hashlib.sha256(image).hexdigest() + ".json"
    manifest = [{"Config": image_name, "RepoTags": [name], "Layers": [f"{d}.tar" for d in digests]}]
    with tarfile.open(target, "w") as archive:
        add_bytes(archive, "manifest.json", json.dumps(manifest, separators=(",", ":")).encode())
        add_bytes(archive, image_name, image)
        for layer_digest, layer in zip(digests, layers):
            add_file(archive, f"{layer_digest}.tar", layer)


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
