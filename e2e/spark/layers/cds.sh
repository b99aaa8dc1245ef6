#!/usr/bin/env bash
# Usage: cds.sh OS_LAYER SPARK_LAYER S3A_LAYER LAYER
# Writes the layer of class data: what the JVM makes of Spark's classes at a start, kept for the next one. It halves the
# processor time of a job of seconds. Needs root.
#
# The JVM takes the archive only when the class path begins as it did when the archive was made, and Spark puts its
# configuration folder first, which is another one in each pod. Hence first.jar: it is empty but for a manifest that names
# all jars in order; image/conf/spark-defaults.conf and image/entrypoint.sh put it before everything else.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/pack.sh"
layer=$4

work=$(mktemp -d "$layer.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root
cds=$root/opt/spark/cds
mkdir "$root"
for part in "${@:1:3}"; do
    tar --extract --file "$part" --directory "$root"
done
mkdir -p "$cds" "$root/tmp/training"
"$here/class_path_jar.py" "$root/opt/spark/jars" "$cds/first.jar"
# The JVM remembers the time of each jar, and layers know no other than this.
touch --date=@0 "$cds/first.jar"
cp "$here/training.py" "$here/../jobs/wordstats.py" "$here"/../input/* "$root/tmp/training"
echo 127.0.0.1 localhost >"$root/etc/hosts"

# in_root CMD…: with processes and mounts of its own, gone when it ends.
in_root() {
    # shellcheck disable=SC2016 # the inner shell expands them
    unshare --mount --pid --fork --kill-child bash -c '
        mount --make-rprivate /
        mount -t proc proc "$1/proc"
        exec chroot "$1" env -i PATH=/usr/bin:/bin:/opt/spark/bin SPARK_HOME=/opt/spark PYSPARK_PYTHON=python3 \
            SPARK_LOCAL_IP=127.0.0.1 "${@:2}"' in_root "$root" "$@"
}

# The options must be those of image/conf/spark-defaults.conf, where the archive is used.
options='-XX:TieredStopAtLevel=1 -XX:+UseSerialGC'
in_root spark-submit --master 'local[2]' --driver-class-path /opt/spark/cds/first.jar \
    --conf "spark.driver.defaultJavaOptions=$options -XX:ArchiveClassesAtExit=/opt/spark/cds/classes.jsa -Xlog:cds=error" \
    --py-files /tmp/training/wordstats.py /tmp/training/training.py /tmp/training

# The JVM goes on without an archive that it does not like: make sure that it likes this one.
loaded=$(in_root java -XX:SharedArchiveFile=/opt/spark/cds/classes.jsa -Xlog:class+load \
    -cp /opt/spark/cds/first.jar:/opt/spark/conf:/opt/spark/jars/* org.apache.spark.deploy.SparkSubmit --version 2>&1)
shared=$(grep -c 'shared objects file (top)' <<<"$loaded" || true)
if ((shared < 500)); then
    echo "cds.sh: only $shared classes came from the archive: see -Xlog:cds and -Xlog:class+path" >&2
    exit 1
fi

mkdir -p "$work/layer/opt/spark"
mv "$cds" "$work/layer/opt/spark/cds"
chmod -R u=rwX,go=rX "$work/layer"
pack_layer "$work/layer" "$layer"
