#!/usr/bin/env bash
# Makes the class path of each Hadoop of versions.txt, our Server included; prints «VERSION CLASSPATH», one a line.
# The first time it downloads about 350 MB from Maven Central (and keeps them twice, with Maven's own repository).
# Usage: hadoop.sh
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
source "$here/../lib.sh"

fetch() {
    mvn --batch-mode --quiet --file "$here/pom.xml" --activate-profiles "$profiles" \
        -Dhadoop.version="$version" -Dawssdk.version="$sdk" \
        dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$1"
}

build() { step "jars of Hadoop $version" 30 fetch "$1"; }

compile() {
    mkdir "$1"
    step "Java program for the tests" 5 javac -proc:none -nowarn -encoding UTF-8 -d "$1" -cp "$oldest/*" "$here/Server.java"
}

# The store of these tests wants the others.
need_apt maven openjdk-17-jdk-headless openssl curl iproute2 python3 util-linux
oldest=''
server=''
while read -r version sdk profiles; do
    [[ $version && $version != '#'* ]] || continue
    jars=$(cached hadoop-jars "$version-$(printf '%s\n' "$sdk" "$profiles" | digest - "$here/pom.xml")" build </dev/null)
    # What runs on the oldest is compiled against the oldest.
    oldest=${oldest:-$jars}
    server=${server:-$(cached hadoop-server "$(digest "$here/Server.java")" compile)}
    printf '%s %s:%s/*\n' "$version" "$server" "$jars"
done <"$here/versions.txt"
