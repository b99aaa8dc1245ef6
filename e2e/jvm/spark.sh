#!/usr/bin/env bash
# Makes, of each Spark that there is an image of, what starts a program and a SparkContext; prints «VERSION SPARK_HOME», one a line.
# Usage: spark.sh
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
source "$here/../lib.sh"
source "$here/../spark/sdist.sh"

# Jars by the beginnings of their names.
jars=(spark-{core,config,launcher,common,unsafe,network,kvstore,tags,udf-worker} scala-{library,reflect,xml} hadoop-client
    log4j slf4j jul jcl chill kryo json4s jackson metrics commons xbean netty ivy jakarta jersey jetty
    guava failureaccess javax RoaringBitmap shims compress-lzf lz4 snappy zstd)

unpack() {
    local jar patterns=()
    tar --list --file "$sdist" >"$1.list"
    # One Spark has a jar that another has not, and tar would mind.
    for jar in "${jars[@]}"; do
        ! grep -q "/deps/jars/$jar" "$1.list" || patterns+=("*/deps/jars/$jar*")
    done
    mkdir "$1"
    tar --extract --file "$sdist" --directory "$1" --strip-components=2 --no-same-owner --wildcards \
        '*/deps/bin/*' "${patterns[@]}"
}

build() { step "launcher of Spark $version" 20 unpack "$1"; }

need_apt python3-pip openjdk-17-jdk-headless
for line in "$here"/../spark/versions/*/; do
    version=$(basename "$line")
    sdist=$(spark_sdist "$version")
    printf '%s %s\n' "$version" "$(cached spark-launcher "$version-$(digest "$here/spark.sh")" build)"
done
