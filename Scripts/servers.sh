#!/usr/bin/env bash
# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
#
# servers.sh start NAME DIR [PORT]   starts the S3 server NAME with its data below DIR; prints its process id when it answers
# servers.sh stop NAME DIR           stops what that start began, and only that
# servers.sh status NAME DIR         prints "running PID" or "stopped"
#
# NAME is seaweedfs, ceph, juicefs or ministack. PORT "auto" (the default) takes free ones; DIR/endpoint then holds the URL.
# A second start of a running server changes nothing. Everything listens on 127.0.0.1 and verifies signatures:
#   S3_ACCESS_KEY, S3_SECRET_KEY              the administrator
#   S3_READONLY_ACCESS_KEY, S3_READONLY_SECRET_KEY   may list and read (SeaweedFS only)
#   S3_TLS_CERTIFICATE, S3_TLS_KEY            PEM files: SeaweedFS then also serves https, see DIR/endpoint-tls
#   S3_STOP=kill                              stop does not wait for data to be written (tests throw it away)

. "$(dirname "$0")/common.sh"
. "$scripts/servers/common.sh"

[ $# -ge 3 ] || fail "usage: servers.sh start|stop|status seaweedfs|ceph|juicefs|ministack DIR [PORT]"
action=$1 name=$2
case $name in
seaweedfs | ceph | juicefs | ministack) . "$scripts/servers/$name.sh" ;;
*) fail "no server is called '$name'; there are seaweedfs, ceph, juicefs and ministack" ;;
esac

case $action in
start)
    mkdir -p "$3"
    directory=$(realpath "$3")
    is_alive server || start_on_free_ports "${4:-auto}"
    process_id server
    ;;
stop)
    [ -d "$3" ] || exit 0
    directory=$(realpath "$3")
    stop_all
    ;;
status)
    directory=$3
    if is_alive server; then echo "running $(process_id server)"; else echo stopped; fi
    ;;
*) fail "servers.sh knows start, stop and status, not '$action'" ;;
esac
