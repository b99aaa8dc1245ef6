#!/usr/bin/env bash
# Writes images/order.ld anew: the functions that `codriver run` really calls, for the linker to lay side by side.
# To be run when `make bench` says that the wrapper needs more memory than it may; a list that is old does no other harm.
# It runs the wrapper under valgrind: once alone, and once beside a sidecar with a driver that has it stopped.
# Usage: order.sh
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../e2e/lib.sh"
work=$(mktemp -d)
sidecar=''
trap 'if [[ -n $sidecar ]]; then kill "$sidecar"; fi; rm -rf "$work"' EXIT

# called COMMAND…: the names of all functions that it calls in the program itself, a line each.
called() {
    valgrind --quiet --tool=callgrind --demangle=no --callgrind-out-file="$work/calls.%p" "$@" >"$work/said" 2>&1 || true
    sed -nE "s/^c?fn=\([0-9]+\) ([^'(]+).*/\1/p" "$work"/calls.*
    rm "$work"/calls.*
}

trace() {
    local volume=$work/volume
    mkdir -p "$volume/run"
    printf 'A=b\n-C\n' >"$volume/env"
    env --ignore-environment POD_NAME=a POD_NAMESPACE=b POD_UID=c CODRIVER_DIR="$volume" CODRIVER_LOG=off \
        CODRIVER_HEALTH_ADDRESS=127.0.0.1:0 "$1" sidecar >/dev/null &
    sidecar=$!
    wait_for "the sidecar" 10 test -S "$volume/run/sidecar.sock"
    called "$1" run -- /bin/true
    # shellcheck disable=SC2016 # the driver's shell expands it
    CODRIVER_DIR=$volume POD_UID=c called "$1" run -- /bin/sh -c 'kill -TERM $PPID; while :; do sleep 1; done'
}

need_apt valgrind
program=$("$here/build.sh" symbols)
functions=$(trace "$program" | sort --unique)
{
    echo "/* Written by images/order.sh: what \`codriver run\` calls on a good day, before all else. The kernel maps a program 64 KiB at"
    echo "   a time, so the wrapper, which is in every driver pod, would have most of the sidecar's code in its resident memory."
    echo "   A pattern that matches nothing does no harm. */"
    echo "SECTIONS {"
    echo "    .text.first : {"
    # Without the hashes, which change with each build, and the numbers that tell copies apart.
    sed -E -e 's/17h[0-9a-f]{16}E.*/17h*/' -e 's/Cs[0-9a-zA-Z]+_/Cs*_/g' -e 's/\.[0-9]+$/*/' -e '/^0x/d' <<<"$functions" |
        LC_ALL=C sort --unique | sed -E 's/.*/        *(.text.& .text.unlikely.&)/'
    echo "    }"
    echo "}"
    echo "INSERT BEFORE .text;"
} >"$work/order.ld"
mv "$work/order.ld" "$here/order.ld"
grep --count 'text' "$here/order.ld" | sed 's/$/ functions/'
