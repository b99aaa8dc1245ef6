#!/usr/bin/env bash
# Usage: s3a.sh POM LAYER
# Writes the layer of the S3A jars: those of POM, which Spark does not have already in its own version.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/pack.sh"
pom=$1
layer=$2

work=$(mktemp -d "$layer.XXXXXX")
trap 'rm -rf "$work"' EXIT
jars=$work/root/opt/spark/jars
mkdir -p "$jars"
cp "$pom" "$work/pom.xml"
mvn --batch-mode --quiet --file "$work/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$jars"
chmod -R u=rwX,go=rX "$work/root"
pack_layer "$work/root" "$layer"
