#!/usr/bin/env bash
# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
#
# fuzz.sh [PARSER...]: feeds each parser of foreign bytes (all of Tests/Corpus) with what libFuzzer makes of its corpus.
#   FUZZ_SECONDS   for each parser, 60 by default
#   FUZZ_JOBS      parsers at once, one a core by default
#   FUZZ_KEEP=1    afterwards takes those small inputs into Tests/Corpus that reach code no other file there reaches
# An input that crashes a parser, takes 10 s or 2 GiB, or shows that a promise was broken is put into Tests/Corpus as
# PARSER/crash-…, timeout-… or oom-…: fix the parser, give the file a name that says what it is, and commit both.
# Inputs that only reach new code are kept in .build-fuzz/corpus and used by the next run.

. "$(dirname "$0")/common.sh"
cd "$repository"

scratch=$repository/.build-fuzz
corpus=$repository/Tests/Corpus
seconds=${FUZZ_SECONDS:-60}
jobs=${FUZZ_JOBS:-$(nproc)}
parsers=("$@")
[ $# -gt 0 ] || parsers=($(ls "$corpus"))
options=(-timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1)
# Swift's own handler of crashes would leave libFuzzer no time to keep the input.
export SWIFT_BACKTRACE=enable=no

# The archive without a main function, so that ours chooses the parser.
library=$(swiftc -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')
library=$(echo "${library%/*}"/clang/*/lib/linux/libclang_rt.fuzzer_no_main-"$(uname -m)".a)
[ -f "$library" ] || fail "the Swift toolchain has no libFuzzer: $library"

build() {
    HOLDFAST_FUZZ=$library swift build --scratch-path "$scratch" --product holdfast-fuzz
}

# One parser; its messages go to a log, whose end is shown when something was found.
fuzz_one() {
    local parser=$1 status=0 log=$scratch/$1.log
    mkdir -p "$scratch/corpus/$parser"
    "$binary" --parser="$parser" "${options[@]}" -max_total_time="$seconds" -artifact_prefix="$corpus/$parser/" \
        "$scratch/corpus/$parser" "$corpus/$parser" >"$log" 2>&1 || status=$?
    say "    $parser: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1) inputs"
    [ "$status" = 0 ] && return
    say "    $parser: exit $status"
    grep -aE 'Fatal error|ERROR|Test unit written' "$log" >&2 || tail -n 20 "$log" >&2
    return 1
}

fuzz_all() {
    local parser status=0 running=0
    for parser in "${parsers[@]}"; do
        if [ "$running" -ge "$jobs" ]; then
            wait -n || status=1
            running=$((running - 1))
        fi
        fuzz_one "$parser" &
        running=$((running + 1))
    done
    while [ "$running" -gt 0 ]; do
        wait -n || status=1
        running=$((running - 1))
    done
    return "$status"
}

# Only small inputs, and of those only what reaches a new branch: the corpus is part of the repository.
keep_findings() {
    local parser small
    for parser in "${parsers[@]}"; do
        small=$scratch/small/$parser
        rm -rf "$small"
        mkdir -p "$small"
        find "$scratch/corpus/$parser" -type f -size -2561c -exec cp -t "$small" {} +
        "$binary" --parser="$parser" "${options[@]}" -merge=1 -use_counters=0 "$corpus/$parser" "$small" \
            >"$scratch/$parser-merge.log" 2>&1
    done
}

phase 'building the parsers with coverage counters' build
binary=$(HOLDFAST_FUZZ=$library swift build --scratch-path "$scratch" --show-bin-path)/holdfast-fuzz
status=0
phase "fuzzing ${parsers[*]}, $seconds s each, $jobs at once" fuzz_all || status=1
[ -z "${FUZZ_KEEP:-}" ] || phase 'taking what reaches new code into Tests/Corpus' keep_findings
exit "$status"
