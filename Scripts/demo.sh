#!/usr/bin/env bash
# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
#
# demo.sh: backs up a bucket of 3,000 awkward objects, restores it elsewhere, and lets an independent program
# compare the two. Uses a SeaweedFS server of its own, or the server of MINIO_ENDPOINT, MINIO_ROOT_USER and
# MINIO_ROOT_PASSWORD; there it makes three buckets with names of its own and removes them again.
#   HOLDFAST=PATH          a binary that is already built
#   HOLDFAST_DEMO_DEBUG=1  build for debugging: quicker to build, slower to run

. "$(dirname "$0")/common.sh"
cd "$repository"
export PYTHONDONTWRITEBYTECODE=1

unique=$(printf '%s-%05d' "$(date +%H%M%S)" "$RANDOM")
source_bucket=demo-photos-$unique
target_bucket=demo-restored-$unique
vault_bucket=demo-vault-$unique
place=$(mktemp -d)
own_server=

clean_up() {
    local status=$?
    trap '' INT TERM
    say '==> cleaning up'
    if [ -n "$own_server" ]; then
        S3_STOP=kill "$scripts/servers.sh" stop seaweedfs "$place/seaweedfs" || true
    elif [ -n "${MINIO_ENDPOINT:-}" ] && [ -x "$venv/bin/python" ]; then
        "$venv/bin/python" "$scripts/demo_data.py" remove "$source_bucket" "$target_bucket" "$vault_bucket" ||
            say "could not remove the buckets $source_bucket, $target_bucket and $vault_bucket"
    fi
    rm -rf "$place"
    [ "$status" = 0 ] || say "the demonstration FAILED (exit $status)"
    exit "$status"
}

build() {
    local configuration=release
    [ -z "${HOLDFAST_DEMO_DEBUG:-}" ] || configuration=debug
    swift build -c "$configuration" --product holdfast || return 1
    holdfast=$(swift build -c "$configuration" --show-bin-path)/holdfast
}

start_server() {
    own_server=yes
    export MINIO_ROOT_USER=demo-user MINIO_ROOT_PASSWORD=demo-secret-$unique
    S3_ACCESS_KEY=$MINIO_ROOT_USER S3_SECRET_KEY=$MINIO_ROOT_PASSWORD \
        "$scripts/servers.sh" start seaweedfs "$place/seaweedfs" auto >/dev/null || return 1
    MINIO_ENDPOINT=$(<"$place/seaweedfs/endpoint")
    export MINIO_ENDPOINT
    say "    listening at $MINIO_ENDPOINT"
}

# step WORDS ARGUMENT...: says what comes, shows the command, runs it.
step() {
    local word
    printf '\n# %s\n$ holdfast' "$1"
    shift
    for word in "$@"; do
        case $word in *[!a-zA-Z0-9._/-]*) printf " '%s'" "$word" ;; *) printf ' %s' "$word" ;; esac
    done
    printf '\n'
    "$holdfast" "$@"
}

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
phase 'installing what the demonstration needs and is missing' "$scripts/setup.sh" demo
if [ -n "${HOLDFAST:-}" ]; then
    holdfast=$(realpath "$HOLDFAST")
else
    phase 'building holdfast' build
fi
if [ -z "${MINIO_ENDPOINT:-}" ]; then
    phase 'starting a SeaweedFS server on 127.0.0.1 that checks signatures' start_server
else
    : "${MINIO_ROOT_USER:?is needed together with MINIO_ENDPOINT}" "${MINIO_ROOT_PASSWORD:?is needed together with MINIO_ENDPOINT}"
    export MINIO_ENDPOINT MINIO_ROOT_USER MINIO_ROOT_PASSWORD
    say "==> using the server at $MINIO_ENDPOINT"
fi
phase "filling the bucket $source_bucket" "$venv/bin/python" "$scripts/demo_data.py" fill "$source_bucket"

# Nothing that is set up for real backups may have a say here.
unset "${!HOLDFAST_@}"
export HOLDFAST_CONFIG=/dev/null
export HOLDFAST_VAULT_DIRECTORY=$place/vault HOLDFAST_VAULT_BUCKET=$vault_bucket HOLDFAST_STATE_DIRECTORY=$place/state
key='letters/Grüße aus Köln.txt'

exec 2>&1
step 'Is everything in reach?' check "$source_bucket"
step 'Which buckets are there?' buckets
step 'Back it up: one archive, written to a directory and to a bucket at the same time.' backup "$source_bucket" --name first
step 'What backups are there?' backups
# Kept first: a closed pipe would look like a failure.
contents=$(step 'What is in it? (the beginning)' show first)
head -n 15 <<<"$contents"
step 'Read one object straight out of the archive.' cat first "$key"
step 'Is every byte in the archive what was backed up?' verify first --depth contents
step 'Restore it into a bucket that does not exist yet.' restore first --to "$target_bucket"

printf '\n# Is the restored bucket the same? Asked of a program that shares no code with Holdfast.\n'
printf '$ Scripts/compare_buckets.py %s %s\n' "$source_bucket" "$target_bucket"
"$venv/bin/python" "$scripts/compare_buckets.py" "$source_bucket" "$target_bucket"

printf '\n# And without Holdfast at all: the archive is an ordinary one.\n'
archive=$(find "$place/vault" -name 'first.tar*' -type f)
[ -s "$archive" ] || fail "no archive first.tar.* below $place/vault"
printf '$ tar --warning=no-unknown-keyword -tf %s | head -n 5\n' "${archive#"$place"/}"
members=$(tar --warning=no-unknown-keyword -tf "$archive")
head -n 5 <<<"$members"

printf '
What happened: about 3,000 objects (%s) were backed up into one archive of %s,
kept in a directory and in a bucket. The archive was read back and checked, restored into a second bucket, and that
bucket was compared with the first: every key, every byte, every header, every tag.\n' \
    'text, JSON, images, empty ones, keys that trip up file systems' "$(du -h "$archive" | cut -f1)"
