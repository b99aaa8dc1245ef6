# shellcheck shell=bash
# Where Spark comes from; sourced after lib.sh.
#
#   spark_sdist VERSION        path of the source distribution of `pyspark`, which has the whole of Spark in deps/

spark_sdist() {
    local version=$1
    cached pyspark "$version" fetch_pyspark
}

# pip asks the package for its metadata after the download, for which it makes an environment of its own.
fetch_pyspark() {
    local folder=$1.download
    # shellcheck disable=SC2154 # of spark_sdist
    python3 -m pip download --quiet --no-deps --no-binary pyspark --dest "$folder" "pyspark==$version"
    mv "$folder/pyspark-$version.tar.gz" "$1"
}
