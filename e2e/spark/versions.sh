# shellcheck shell=bash
# shellcheck disable=SC2034 # the scripts that source it use them
# Which Spark is built when none is named, and what all Sparks stand on; sourced by build.sh and its parts.
# A folder of versions/ is one Spark: the S3A that fits it, with its versions, and the jars to leave out.
SPARK_VERSION=4.3.0
DEBIAN_SUITE=bookworm
