# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the scripts beside it: where things are, and how progress is told.

set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scripts=$repository/Scripts
venv=$repository/.venv

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "error: $*"
    exit 1
}

# The time since boot in hundredths of a second: wall clocks can jump.
ticks() {
    local up
    read -r up _ </proc/uptime
    echo $((10#${up/./}))
}

# phase WORDS COMMAND...: says what is done, does it, says how long it took. Returns the command's status.
phase() {
    local words=$1 begun status=0 took
    shift
    begun=$(ticks)
    say "==> $words"
    "$@" || status=$?
    took=$(($(ticks) - begun))
    if [ "$status" = 0 ]; then
        say "    done in $((took / 100)).$((took / 10 % 10)) s"
    else
        say "    FAILED (exit $status) after $((took / 100)).$((took / 10 % 10)) s: $words"
    fi
    return "$status"
}

require_swift() {
    command -v swift >/dev/null || fail "no Swift toolchain on PATH; install Swift 6.3 or later from https://swift.org/install"
}
