#!/usr/bin/env bash
# Compiles the fuzz targets with the pinned stable toolchain, runs each for a bounded time, and prints a table.
# Usage: run.sh [TARGET…]   (all of them)
#   FUZZ_SECONDS   for each target (20)
# What was found is kept in the cache, so that the next run goes on from there; an input that crashed is named, with the
# command that tries it again. The layout is cargo-fuzz's, whose commands work here too.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../e2e/lib.sh"
seconds=${FUZZ_SECONDS:-20}
host=$(rustc -vV | sed -n 's/^host: //p')
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-$here/../target}/fuzz")
corpora=$CODRIVER_CACHE/fuzz
# An input may take so much at most, in MiB and in seconds.
readonly MEMORY=512 PATIENCE=5

# Coverage for libFuzzer, as cargo-fuzz asks for it without a sanitizer. Only for the target, hence --target: a build
# script must not be a fuzzer.
compile() {
    local pass=sanitizer-coverage flags
    flags="--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1 -Cllvm-args=-$pass-level=4"
    flags+=" -Cllvm-args=-$pass-inline-8bit-counters -Cllvm-args=-$pass-pc-table -Cllvm-args=-$pass-trace-compares"
    RUSTFLAGS=$flags cargo build --release --locked --target "$host" --target-dir "$target_dir" \
        --manifest-path "$here/Cargo.toml" --bins
}

# fuzz TARGET: one line of the table on descriptor 3.
fuzz() {
    local target=$1 log=$work/$1.log found=$corpora/$1 rc=0 runs crashes
    local folders=("$found")
    [[ ! -d $here/seeds/$target ]] || folders+=("$here/seeds/$target")
    [[ ! -f $here/seeds/$target.dict ]] || folders+=("-dict=$here/seeds/$target.dict")
    mkdir -p "$found" "$corpora/crashes"
    # The target's own messages would be most of the log.
    "$target_dir/$host/release/$target" "${folders[@]}" -max_total_time="$seconds" -timeout="$PATIENCE" \
        -rss_limit_mb="$MEMORY" -max_len=16384 -artifact_prefix="$corpora/crashes/$target-" -print_final_stats=1 \
        >"$log" 2>&1 || rc=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    if ((rc != 0)); then
        crashes=1
        {
            printf '\n%s:\n' "$target"
            grep -aE 'panicked|ERROR|SUMMARY|Test unit written' -A 2 "$log" | head -n 12
            printf 'again: %s FILE\n' "$target_dir/$host/release/$target"
        } >>"$work/crashes"
    else
        crashes=0
    fi
    printf '%s\t%s\t%s\t%s\t%s\n' "$target" "${runs:-0}" \
        "$(sed -n 's/^stat::peak_rss_mb: *//p' "$log")" "$(find "$found" -type f | wc -l)" "$crashes" >>"$work/table"
}

fuzz_all() { for target in "$@"; do fuzz "$target"; done; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
targets=("$@")
((${#targets[@]})) || mapfile -t targets < <(cd "$here/targets" && basename --suffix=.rs -- *.rs)
need_apt g++
step "fuzz targets" 240 compile
step "fuzzing, $seconds s for each of ${#targets[@]} targets" $((seconds * ${#targets[@]})) fuzz_all "${targets[@]}"
{
    printf 'target\texecutions\tpeak MiB\tinputs\tcrashes\n'
    cat "$work/table"
} | column -t -s $'\t' | sed 's/^/  /'
if [[ -s $work/crashes ]]; then
    cat "$work/crashes" >&2
    die "a target crashed; the input is in $corpora/crashes"
fi
