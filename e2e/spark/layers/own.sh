#!/usr/bin/env bash
# Usage: own.sh LAYER
# Writes the layer of our own files: the entry point and the image's configuration of Spark.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/pack.sh"
layer=$1

root=$(mktemp -d "$layer.XXXXXX")
trap 'rm -rf "$root"' EXIT
install -D --mode=0755 "$here/../image/entrypoint.sh" "$root/opt/entrypoint.sh"
install -D --mode=0644 --target-directory="$root/opt/spark/conf" "$here"/../image/conf/*
chmod -R u=rwX,go=rX "$root"
pack_layer "$root" "$layer"
