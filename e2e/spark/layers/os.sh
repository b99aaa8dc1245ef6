#!/usr/bin/env bash
# Usage: os.sh LAYER
# Writes the operating system layer: a minimal Debian with a Java runtime and Python, without documentation and caches.
# The packages come from Debian's default mirror, or from DEBIAN_MIRROR where that is set.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../versions.sh"

# The JRE's postinst wants a folder for its manual pages even when they are excluded.
# SOURCE_DATE_EPOCH makes Python's compiled files valid by content instead of by time.
# shellcheck disable=SC2016 # mmdebstrap sets $1 of its hooks
SOURCE_DATE_EPOCH=0 mmdebstrap --quiet --mode=root --variant=essential --format=tar \
    --include=usr-is-merged,openjdk-17-jre-headless,python3,ca-certificates,procps \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --essential-hook='mkdir -p "$1/usr/share/man/man1"' \
    --customize-hook='echo "spark:x:185:185::/nonexistent:/usr/sbin/nologin" >>"$1/etc/passwd"' \
    --customize-hook='echo "spark:x:185:" >>"$1/etc/group"' \
    "$DEBIAN_SUITE" "$1" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
