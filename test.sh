#!/usr/bin/env bash
# Runs every test of the workspace and closes with a line that counts them. `make test` calls it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Inits that codriver is tried inside of and around. What cannot be installed, the test says again.
bash -c '. e2e/lib.sh; need_apt tini dumb-init catatonit'

cargo test --workspace --locked --no-fail-fast 2>&1 | tee "$log"
code=$?

# Each test binary closes with «test result: ok. 5 passed; 0 failed; 1 ignored; …».
# A test that finds out only when it runs that it cannot says so, and would count as passed.
awk '/^test result:/ { passed += $4; failed += $6; skipped += $8 }
    /SKIPPED TEST/ { passed--; skipped++ }
    END { printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped; exit passed == 0 }' "$log" || code=1
exit "$code"
