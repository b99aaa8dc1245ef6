#!/usr/bin/env bash
# Usage: spark.sh SDIST DROPPED_JARS LAYER
# Writes the Spark layer from the source distribution of `pyspark`: /opt/spark in the layout of Spark's own releases,
# without the jars that the file DROPPED_JARS names.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/pack.sh"
sdist=$1
dropped=$2
layer=$3

work=$(mktemp -d "$layer.XXXXXX")
trap 'rm -rf "$work"' EXIT
home=$work/root/opt/spark
mkdir -p "$home/python" "$work/sdist"
tar --extract --file "$sdist" --directory "$work/sdist" --strip-components=1 --no-same-owner
# The package of 3.5 has neither of the first two.
find "$work/sdist" -maxdepth 1 '(' -name LICENSE -o -name NOTICE ')' -exec mv -t "$home" {} +
mv "$work"/sdist/deps/{bin,sbin,jars,licenses} "$home"
mv "$work"/sdist/{pyspark,lib} "$home/python"
rm -rf "$home"/bin/*.cmd "$home/bin/docker-image-tool.sh" "$home/jars/connect-repl"

# A pattern that fits nothing has been outlived by a new version: say so rather than let the image grow.
while read -r pattern; do
    if [[ -z $pattern || $pattern == '#'* ]]; then continue; fi
    if ! compgen -G "$home/jars/$pattern" >/dev/null; then
        echo "spark.sh: no jar is called $pattern: correct $dropped" >&2
        exit 1
    fi
    # shellcheck disable=SC2086 # the pattern is to be expanded
    (cd "$home/jars" && rm -f $pattern)
done <"$dropped"

# Every Python process of Spark imports from this archive and cannot write there: with compiled modules in it,
# beside the sources, the import takes 0.15 s instead of 0.75 s. A zip file knows no time before 1980.
cp -r "$home/python/pyspark" "$work/pyspark"
python3 -m compileall -q -b --invalidation-mode unchecked-hash -s "$work" -p /opt/spark/python "$work/pyspark"
find "$work/pyspark" -exec touch --date=1980-01-02 {} +
rm "$home/python/lib/pyspark.zip"
(cd "$work" && python3 -m zipfile -c "$home/python/lib/pyspark.zip" pyspark)

chmod -R u=rwX,go=rX "$work/root"
pack_layer "$work/root" "$layer"
