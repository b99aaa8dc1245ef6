#!/usr/bin/env bash
# Gets the S3 clients that the tests try; prints «NAME VERSION COMMAND…», one a line. The command's last argument, a bucket, is
# missing: it then puts and gets what each line of its input names, and says `ok` or `failed …`.
# Usage: get.sh
# The first time it downloads about 250 MB and compiles the AWS SDKs for Rust and Go, beside what ../jvm/hadoop.sh does.
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
source "$here/../cluster/common.sh"

# FILE PACKAGE: the version that a list of requirements has.
pinned() { sed -n "s/^$2==//p" "$1"; }

build_venv() { step "Python packages of ${requirements##*/}" 60 make_venv "$1" "$requirements"; }

build_go() { step "client in Go" 60 go build -C "$here/go" -trimpath -buildvcs=false -o "$1" .; }

# Only the programs stay.
compile_rust() {
    cargo build --quiet --locked --manifest-path "$here/rust/Cargo.toml" --target-dir "$1.target"
    mkdir "$1"
    mv "$1.target/debug/aws-sdk-rust" "$1.target/debug/object_store" "$1"
    rm -r "$1.target"
}

build_rust() { step "clients in Rust" 180 compile_rust "$1"; }

# NAME: the version of a crate, as locked.
locked() { grep -A 1 "^name = \"$1\"$" "$here/rust/Cargo.lock" | sed -n 's/^version = "\(.*\)"/\1/p'; }

# VERSION: what `hadoop.sh` has got for it: the SDK's version, and where its jars are.
jars_of() {
    printf '%s %s\n' "$(awk -v hadoop="$1" '$1 == hadoop { print $2 }' "$here/../jvm/versions.txt")" \
        "$(sed -n "s/^$1 [^:]*://p" <<<"$hadoops")"
}

need_apt python3-pip
need_go
hadoops=$("$here/../jvm/hadoop.sh")

# As bench/run.sh has it.
requirements=$here/../../bench/requirements.txt
aws=$(cached bench-venv "$(digest "$requirements")" build_venv)
printf 'boto3 %s %s\n' "$(pinned "$requirements" boto3)" "$aws/bin/python3 $here/python/boto3_client.py"
printf 'aws %s %s\n' "$(pinned "$requirements" awscli)" "$here/aws.sh $aws"

requirements=$here/python/data.txt
data=$(cached clients-venv "$(digest "$requirements")" build_venv)
for client in s3fs pyarrow duckdb; do
    printf '%s %s %s\n' "$client" "$(pinned "$requirements" "$client")" "$data/bin/python3 $here/python/${client}_client.py"
done

rust=$(cached clients-rust "$(digest "$here"/rust/Cargo.* "$here"/rust/src/bin/*)" build_rust)
printf 'object_store %s %s\n' "$(locked object_store)" "$rust/object_store"
printf 'aws-sdk-rust %s %s\n' "$(locked aws-sdk-s3)" "$rust/aws-sdk-rust"

go=$(cached clients-go "$(digest "$here"/go/*)" build_go)
printf 'aws-sdk-go-v2 %s %s\n' "$(awk '$1 ~ /service\/s3$/ { print $2 }' "$here/go/go.mod")" "$go"

# NAME HADOOP PROGRAM. Short-lived JVMs: the better compiler would only take time from the clients beside.
java() {
    local version jars
    read -r version jars < <(jars_of "$2")
    printf '%s %s java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp %s %s\n' "$1" "$version" "$jars" "$here/java/$3.java"
}

java java-v1 3.3.4 V1
java java-v2 3.5.0 V2
while read -r hadoop _; do java "s3a-$hadoop" "$hadoop" S3a; done <<<"$hadoops"
