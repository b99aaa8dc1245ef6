#!/usr/bin/env bash
# Usage: s3a.sh LAYER
# Writes the layer of the S3A jars: those of s3a-pom.xml that Spark does not have already in its own version.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../versions.sh"
source "$here/pack.sh"
layer=$1

work=$(mktemp -d "$layer.XXXXXX")
trap 'rm -rf "$work"' EXIT
jars=$work/root/opt/spark/jars
mkdir -p "$jars"
cp "$here/s3a-pom.xml" "$work/pom.xml"
mvn --batch-mode --quiet --file "$work/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$jars" \
    "-Dhadoop.version=$HADOOP_VERSION" \
    "-Dawssdk.version=$AWS_SDK_VERSION" \
    "-Dspark-hadoop-cloud.version=$SPARK_HADOOP_CLOUD_VERSION" \
    "-Danalyticsaccelerator.version=$ANALYTICS_ACCELERATOR_VERSION"
chmod -R u=rwX,go=rX "$work/root"
pack_layer "$work/root" "$layer"
