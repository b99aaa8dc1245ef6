# shellcheck shell=bash
# What the e2e scripts share; sourced, never run.
#
#   cached NAME KEY FUNCTION       path of an artefact, built once by FUNCTION TARGET
#   step WHAT [SECONDS] CMD…       run CMD with its output in a log and progress on stderr
#   wait_for WHAT SECONDS CMD…     repeat CMD until it succeeds or the deadline has passed
#   need_apt PACKAGE…              install the Debian packages that are missing
#   make_venv FOLDER REQUIREMENTS  a virtual environment with just these Python packages; needs python3-pip
#   digest FILE…                   a short hash of files, for cache keys
#   die MESSAGE…                   say why on stderr and exit 1
#
# cached and step rely on `set -e` inside FUNCTION and CMD, which the shell switches
# off under `if`, `&&` and `||`: call them as plain commands.
set -euo pipefail
shopt -s inherit_errexit

CODRIVER_CACHE=${CODRIVER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/codriver}
CODRIVER_STATE=${CODRIVER_STATE:-/run/codriver-cluster}
export CODRIVER_CACHE CODRIVER_STATE

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

digest() { cat -- "$@" | sha256sum | cut -c 1-12; }

# The artefact's path goes to stdout, everything FUNCTION prints to stderr.
# FUNCTION gets a path that does not exist yet and makes a file or a folder there;
# only a finished one is renamed to its place, so a run that was cut leaves
# nothing half-made, and a second run meanwhile waits for the first.
cached() {
    local name=$1 key=$2 build=$3
    local path=$CODRIVER_CACHE/$name/$key
    if [[ ! -e $path ]]; then
        mkdir -p "$CODRIVER_CACHE/$name"
        (
            take_lock 9 "another run makes $name"
            [[ ! -e $path ]] || exit 0
            # Ours is the only build of NAME now: what lies here is from one that was cut.
            rm -rf -- "$CODRIVER_CACHE/$name"/.part.*
            part=$(mktemp -d "$CODRIVER_CACHE/$name/.part.XXXXXX")
            trap 'rm -rf -- "$part"' EXIT
            "$build" "$part/$key" 9>&-
            mv -T -- "$part/$key" "$path"
        ) 9>"$CODRIVER_CACHE/$name/.lock" >&2
    fi
    [[ -e $path ]] || return 1
    printf '%s\n' "$path"
}

# DESCRIPTOR WHY: waits as long as it takes, and says so.
take_lock() {
    flock --nonblock "$1" && return
    printf 'waiting: %s …\n' "$2" >&2
    flock "$1"
}

human() {
    if (($1 < 60)); then printf '%ds' "$1"; else printf '%dm%02ds' $(($1 / 60)) $(($1 % 60)); fi
}

# SECONDS is the time to expect the first time; later the last run's is used.
# CMD may be a function; it runs under `set -e` in a subshell.
step() {
    local what=$1 about='' rc=0 was_e=+e began=$SECONDS slug log took ticker
    shift
    if [[ $1 =~ ^[0-9]*$ ]]; then
        about=$1
        shift
    fi
    slug=$(tr -cs 'A-Za-z0-9.\n' - <<<"$what")
    log=$CODRIVER_CACHE/log/$slug.log
    took=$CODRIVER_CACHE/took/$slug
    mkdir -p "${log%/*}" "${took%/*}"
    [[ ! -s $took ]] || about=$(<"$took")
    rm -f -- "$log" # a run at the same time keeps the file it has open
    progress "$what" "$about" "$BASHPID" &
    ticker=$!
    [[ $- != *e* ]] || was_e=-e
    set +e
    (
        set -e
        "$@"
    ) >"$log" 2>&1
    rc=$?
    set "$was_e"
    kill "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    [[ ! -t 2 ]] || printf '\r\033[K' >&2
    if ((rc != 0)); then
        printf '%s: failed (exit code %d) after %s; the whole log is %s and ends with:\n' \
            "$what" "$rc" "$(human $((SECONDS - began)))" "$log" >&2
        tail -n 20 -- "$log" | sed 's/^/  | /' >&2
        return "$rc"
    fi
    echo $((SECONDS - began)) >"$took"
    printf '%s: %s\n' "$what" "$(human $((SECONDS - began)))" >&2
}

# A live line on a terminal; elsewhere a line at the start and one each 30 s.
progress() {
    local what=$1 of='' parent=$3 began=$SECONDS tick=30 pause=''
    [[ -z $2 ]] || of=" of about $(human "$2")"
    [[ ! -t 2 ]] || tick=1
    [[ -t 2 ]] || printf '%s …%s\n' "$what" "${of# of}" >&2
    # The sleep must not outlive the step: it would hold the caller's stderr open.
    trap 'kill $pause 2>/dev/null; exit' TERM
    while kill -0 "$parent" 2>/dev/null; do
        sleep "$tick" &
        pause=$!
        wait "$pause"
        if [[ -t 2 ]]; then
            printf '\r\033[K%s … %s%s' "$what" "$(human $((SECONDS - began)))" "$of" >&2
        else
            printf '%s … %s%s\n' "$what" "$(human $((SECONDS - began)))" "$of" >&2
        fi
    done
}

# Quiet when CMD succeeds in time; otherwise says what was waited for and returns 1.
wait_for() {
    local what=$1 seconds=$2 end
    shift 2
    end=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= end)); then
            printf 'gave up waiting for %s after %s s\n' "$what" "$seconds" >&2
            return 1
        fi
        sleep 0.2
    done
}

need_apt() {
    local package missing=()
    for package; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
            missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    ((EUID == 0)) || die "these Debian packages are missing: ${missing[*]} (apt-get install them, or run as root)"
    step "Debian packages ${missing[*]}" '' apt_install "${missing[@]}"
}

apt_install() {
    local wait=(-o DPkg::Lock::Timeout=600)
    export DEBIAN_FRONTEND=noninteractive
    # The package index has a lock of its own, without a time-out.
    mkdir -p "$CODRIVER_CACHE"
    flock "$CODRIVER_CACHE/apt.lock" apt-get "${wait[@]}" update
    flock "$CODRIVER_CACHE/apt.lock" apt-get "${wait[@]}" install -y --no-install-recommends "$@"
}

make_venv() {
    python3 -m venv --without-pip "$1"
    # pip of the system works into it: a copy of pip in each is 20 MB for nothing.
    python3 -m pip --python "$1/bin/python3" install --quiet --disable-pip-version-check --no-deps --requirement "$2"
    "$1/bin/python3" -m compileall -q "$1/lib"
}
