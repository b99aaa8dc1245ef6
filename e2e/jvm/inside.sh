#!/usr/bin/env bash
# Runs a command in namespaces of its own, where AWS is this machine: its names lead to loopback, all ports are free, and
# every process ends with the command. Usage: inside.sh HOSTS COMMAND…        HOSTS stands in for /etc/hosts
# Needs root, or a kernel that lets everybody have namespaces.
set -euo pipefail
as_root=()
((EUID == 0)) || as_root=(--user --map-root-user)
# shellcheck disable=SC2016 # expanded inside
exec unshare "${as_root[@]}" --net --mount --pid --fork --kill-child --mount-proc bash -euc '
    ip link set lo up
    mount --bind "$1" /etc/hosts
    shift
    "$@"' inside "$@"
