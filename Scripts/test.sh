#!/usr/bin/env bash
# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
#
# test.sh [OPTION OF swift test ...]: everything that must pass before a change goes in. `make test` calls it.
# Builds with warnings as errors, starts four S3 servers on loopback, runs all tests against them, checks
# the style. HOLDFAST_TEST_SERVERS names the servers to start ("none": only tests that need no server).

. "$(dirname "$0")/common.sh"
cd "$repository"

servers=${HOLDFAST_TEST_SERVERS:-seaweedfs ceph juicefs ministack}
purpose=test
if [ "$servers" = none ]; then servers='' purpose=unit; fi

export HOLDFAST_STRICT=1
export HOLDFAST_TEST_ACCESS_KEY=holdfast-test-user HOLDFAST_TEST_SECRET_KEY=holdfast-test-secret-0001
export HOLDFAST_TEST_READONLY_ACCESS_KEY=holdfast-test-reader HOLDFAST_TEST_READONLY_SECRET_KEY=holdfast-test-secret-0002
swift_options=(--explicit-target-dependency-import-check error)
state=$repository/.servers/test
failures=()
failed_tests=

stop_servers() {
    local name
    # Their data is thrown away, so nothing is lost by not waiting for it to be written.
    for name in seaweedfs ceph juicefs ministack; do
        S3_STOP=kill "$scripts/servers.sh" stop "$name" "$state/$name" || true
    done
}

make_certificate() {
    mkdir -p "$state/tls"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=holdfast-tests \
        -addext 'subjectAltName=IP:127.0.0.1,DNS:localhost' \
        -keyout "$state/tls/key.pem" -out "$state/tls/certificate.pem" 2>"$state/tls/openssl.out" ||
        { cat "$state/tls/openssl.out" >&2 && return 1; }
    export S3_TLS_CERTIFICATE=$state/tls/certificate.pem S3_TLS_KEY=$state/tls/key.pem
    export HOLDFAST_TEST_CERTIFICATE=$S3_TLS_CERTIFICATE
}

start_servers() {
    local name jobs=() job status=0
    make_certificate || return 1
    for name in $servers; do
        S3_ACCESS_KEY=$HOLDFAST_TEST_ACCESS_KEY S3_SECRET_KEY=$HOLDFAST_TEST_SECRET_KEY \
            S3_READONLY_ACCESS_KEY=$HOLDFAST_TEST_READONLY_ACCESS_KEY \
            S3_READONLY_SECRET_KEY=$HOLDFAST_TEST_READONLY_SECRET_KEY \
            "$scripts/servers.sh" start "$name" "$state/$name" auto >/dev/null &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do wait "$job" || status=1; done
    [ "$status" = 0 ] || return 1
    for name in $servers; do
        export "HOLDFAST_TEST_${name^^}=$(<"$state/$name/endpoint")"
        [ ! -e "$state/$name/endpoint-tls" ] || export "HOLDFAST_TEST_${name^^}_TLS=$(<"$state/$name/endpoint-tls")"
        say "    $name answers at $(<"$state/$name/endpoint")"
    done
}

run_tests() {
    HOLDFAST_TEST_BINARY=$(swift build "${swift_options[@]}" --show-bin-path)/holdfast
    [ -x "$HOLDFAST_TEST_BINARY" ] || { say "the build made no $HOLDFAST_TEST_BINARY" && return 1; }
    export HOLDFAST_TEST_BINARY
    [ "$purpose" = unit ] || export HOLDFAST_TEST_VENV=$venv
    local log=$repository/.servers/$purpose.log status=0
    mkdir -p "$repository/.servers"
    # One after the other: tests that wait for a silent server must not starve on two cores.
    swift test --skip-build --no-parallel "${swift_options[@]}" "$@" 2>&1 | tee "$log" || status=$?
    failed_tests=$(grep -aE -A 8 'recorded an issue|Fatal error|: error:' "$log" | grep -avE '^. (Test|Suite) .* (started|passed)' | cut -c1-600 || true)
    return "$status"
}

build_and_test() {
    phase 'building Holdfast and its tests; a warning is an error' \
        swift build --build-tests "${swift_options[@]}" || return 1
    if [ -n "$servers" ]; then
        trap stop_servers EXIT
        stop_servers
        rm -rf "$state"
        phase "starting $servers on 127.0.0.1" start_servers || return 1
    fi
    phase 'running the tests' run_tests "$@" && return
    local log
    for log in "$state"/*/log/*.out; do
        [ ! -s "$log" ] || { say "--- the end of ${log#"$repository"/}" && tail -n 15 "$log" >&2; }
    done
    return 1
}

begun=$(ticks)
phase 'installing what the tests need and is missing' "$scripts/setup.sh" "$purpose"
build_and_test "$@" || failures+=(tests)
# The optimiser has refused sources that build for debugging; people install what it makes of them.
[ $# -gt 0 ] || phase 'building the program as people install it' \
    swift build -c release --product holdfast || failures+=(release)
phase 'checking the style of the sources and the syntax of the scripts' "$scripts/lint.sh" || failures+=(lint)
[ -z "$failed_tests" ] || say "==> what failed, again:"$'\n'"$failed_tests"
say "==> $((($(ticks) - begun) / 6000)) min $((($(ticks) - begun) / 100 % 60)) s in all"
[ ${#failures[@]} = 0 ] || fail "failed: ${failures[*]}"
say '==> everything passed'
