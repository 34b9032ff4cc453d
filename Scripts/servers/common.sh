# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by ../servers.sh: processes that are remembered in $directory/NAME.pid as "PID START-TIME".
# A process id alone may belong to somebody else after a restart; with its start time it cannot.

: "${S3_ACCESS_KEY:=holdfast-test-user}"
: "${S3_SECRET_KEY:=holdfast-test-secret-0001}"
: "${S3_READONLY_ACCESS_KEY:=holdfast-test-reader}"
: "${S3_READONLY_SECRET_KEY:=holdfast-test-secret-0002}"

# process_fields PID: the fields of /proc/PID/stat from the state on; a name may contain spaces and brackets.
process_fields() {
    local line
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
    echo "${line##*) }"
}

start_time() {
    local fields
    fields=$(process_fields "$1") || return 1
    set -- $fields
    echo "${20}"
}

process_id() {
    local id _
    read -r id _ <"$directory/$1.pid" && echo "$id"
}

is_alive() {
    local id begun fields
    { read -r id begun <"$directory/$1.pid"; } 2>/dev/null || return 1
    fields=$(process_fields "$id") || return 1
    set -- $fields
    [ "${20}" = "$begun" ] && [ "$1" != Z ]
}

# launch NAME COMMAND...: runs it in the background in a session of its own, so that Ctrl-C at the terminal
# leaves the order of stopping to us; its output goes to log/NAME.out.
launch() {
    local name=$1
    shift
    setsid "$@" </dev/null >"$directory/log/$name.out" 2>&1 &
    echo "$! $(start_time $!)" >"$directory/$name.pid"
}

# terminate NAME SECONDS: asks it to end, kills it after that time, returns when it is gone.
terminate() {
    local id waited=0 limit=$(($2 * 20))
    if is_alive "$1"; then
        id=$(process_id "$1")
        [ "${S3_STOP:-}" != kill ] || limit=0
        [ "$limit" = 0 ] || kill -TERM "$id" 2>/dev/null || true
        while is_alive "$1"; do
            [ "$waited" -lt "$limit" ] || kill -KILL "$id" 2>/dev/null || true
            waited=$((waited + 1))
            sleep 0.05
        done
    fi
    rm -f "$directory/$1.pid"
}

# choose_port PORT|auto COUNT: a directory keeps its port for life, since Ceph writes its own into its data.
choose_port() {
    local kept=
    [ ! -s "$directory/endpoint" ] || { kept=$(<"$directory/endpoint") && kept=${kept##*:}; }
    case $1 in
    auto | 0) echo "${kept:-$(python3 "$scripts/free-port.py" "$2")}" ;;
    *)
        [ "${kept:-$1}" = "$1" ] || fail "$directory was made for port $kept, not $1"
        echo "$1"
        ;;
    esac
}

# start_on_free_ports PORT|auto: between looking for free ports and listening on them somebody else may take one, and a
# server may take its own for a connection that it makes. A directory that was empty is then begun anew with others.
start_on_free_ports() {
    local attempt status is_new=
    rmdir "$directory/log" 2>/dev/null || true
    [ -n "$(ls -A "$directory")" ] || is_new=yes
    # Wherever the start stops short, nothing stays running.
    trap 'stop_all' EXIT
    for attempt in 1 2 3 4 5; do
        port=$(choose_port "$1" "$port_count")
        mkdir -p "$directory/log"
        status=0
        # In the background, since bash does not stop at a failing line of a function that is called in a condition.
        start_server &
        wait $! || status=$?
        [ "$status" != 0 ] || break
        stop_all
        { [ "$1" = auto ] && [ -n "$is_new" ] && grep -qsiE 'already in use|is not available on' "$directory"/log/*; } || exit "$status"
        say "$name: port $port or a neighbour was taken meanwhile; trying others"
        rm -rf "${directory:?}"/*
    done
    [ "$status" = 0 ] || exit "$status"
    echo "http://127.0.0.1:$port" >"$directory/endpoint"
    trap - EXIT
}

# wait_until SECONDS NAME COMMAND...: tries the command until it succeeds; gives up when process NAME ends.
wait_until() {
    local seconds=$1 name=$2 end
    shift 2
    end=$(($(ticks) + seconds * 100))
    until "$@" >/dev/null 2>&1; do
        is_alive "$name" || give_up "$name ended while it was starting"
        [ "$(ticks)" -lt "$end" ] || give_up "$name did not answer within $seconds s"
        sleep 0.1
    done
}

give_up() {
    say "--- the end of each log in $directory/log"
    tail -n 12 "$directory"/log/* >&2
    fail "$1"
}

# answers STATUS...: whether GET $path on our port brings one of these statuses.
answers() {
    local reply status
    exec 9<>"/dev/tcp/127.0.0.1/$port" || return 1
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$path" "$port" >&9
    IFS= read -r -t 2 reply <&9 || reply=
    exec 9>&-
    read -r _ reply _ <<<"$reply"
    for status in "$@"; do
        [ "$reply" != "$status" ] || return 0
    done
    return 1
}
