#!/usr/bin/env bash
# Makes the Spark image of the demo and the tests and prints the path of its archive, for e2e/cluster/load-image.
# Usage: build.sh [SPARK_VERSION]        a folder of versions/; SPARK_IMAGE=name:tag gives the image another name
#
# Five layers, so that a change imports little: the operating system, Spark, the S3A jars, class data made from these
# three, our own files. Each is kept in the cache under its versions and a hash of what makes it. Needs root.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../lib.sh"
source "$here/sdist.sh"
source "$here/versions.sh"
SPARK_VERSION=${1:-$SPARK_VERSION}
line=$here/versions/$SPARK_VERSION
[[ -d $line ]] || die "there is no Spark $SPARK_VERSION here, but: $(cd "$here/versions" && echo *)"
image=${SPARK_IMAGE:-codriver-spark:$SPARK_VERSION}

layer_os() {
    cached spark-os "$DEBIAN_SUITE-$(digest "$here/layers/os.sh")" "$here/layers/os.sh"
}

layer_spark() {
    local sdist
    sdist=$(spark_sdist "$SPARK_VERSION")
    # shellcheck disable=SC2317 # called by `cached`
    make_spark() { "$here/layers/spark.sh" "$sdist" "$line/dropped-jars.txt" "$1"; }
    cached spark-jars "$SPARK_VERSION-$(digest "$here"/layers/{spark,pack}.sh "$line/dropped-jars.txt")" make_spark
}

layer_s3a() {
    # shellcheck disable=SC2317 # called by `cached`
    make_s3a() { "$here/layers/s3a.sh" "$line/s3a-pom.xml" "$1"; }
    cached spark-s3a "$SPARK_VERSION-$(digest "$here"/layers/{s3a,pack}.sh "$line/s3a-pom.xml")" make_s3a
}

# Another job or another input makes the class data less complete, not wrong: they are not in its key.
layer_cds() {
    local os spark s3a
    os=$(layer_os)
    spark=$(layer_spark)
    s3a=$(layer_s3a)
    # shellcheck disable=SC2317 # called by `cached`
    make_cds() { "$here/layers/cds.sh" "$os" "$spark" "$s3a" "$1"; }
    cached spark-cds "$(printf '%s\n' "${os##*/}" "${spark##*/}" "${s3a##*/}" |
        digest - "$here"/layers/{cds,pack}.sh "$here/layers/class_path_jar.py" "$here/layers/training.py")" make_cds
}

# All at once: one waits for the network, another for the processor.
layers() {
    local part parts=() failed=0
    for part in layer_os layer_spark layer_s3a; do
        "$part" &
        parts+=($!)
    done
    for part in "${parts[@]}"; do
        wait "$part" || failed=1
    done
    return "$failed"
}

assemble() {
    local os spark s3a cds
    os=$(layer_os)
    spark=$(layer_spark)
    s3a=$(layer_s3a)
    cds=$(layer_cds)
    "$here/layers/own.sh" "$1.own"
    "$here/archive.py" "$1" "$image" "$here/image/config.json" "$os" "$spark" "$s3a" "$cds" "$1.own"
}

build() {
    ((EUID == 0)) || die "the Spark image needs root to be built: run as root"
    need_apt mmdebstrap maven python3-pip
    step "layers of the Spark $SPARK_VERSION image" 150 layers
    step "class data of the Spark $SPARK_VERSION image" 40 layer_cds
    step "archive of the Spark $SPARK_VERSION image" 10 assemble "$1"
}

inputs=$(find "$here/build.sh" "$here/versions.sh" "$here/archive.py" "$here/image" "$here/layers" "$line" -type f |
    LC_ALL=C sort)
mapfile -t inputs <<<"$inputs"
cached spark-image "$(tr -c 'A-Za-z0-9.\n' - <<<"$image")-$(digest "${inputs[@]}").tar" build
