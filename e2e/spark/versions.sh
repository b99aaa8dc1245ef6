# shellcheck shell=bash
# shellcheck disable=SC2034 # the scripts that source it use them
# The versions of everything in the Spark image, sourced by build.sh and its parts.
# hadoop-aws must be exactly the Hadoop of Spark's own jars, and the SDK the one that it was built with.
SPARK_VERSION=4.3.0
HADOOP_VERSION=3.5.0
AWS_SDK_VERSION=2.35.4
ANALYTICS_ACCELERATOR_VERSION=1.3.1
# The newest that Maven Central has; it is small, and its committers work with SPARK_VERSION.
SPARK_HADOOP_CLOUD_VERSION=4.1.2
DEBIAN_SUITE=bookworm
