# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
#
# MiniStack, from the Python package ministack: Amazon's S3 as it behaves since 2023, in memory. It knows access keys and does
# not check signatures; other servers do.

port_count=1

start_server() {
    cd "$directory"
    AUTH=true BIND_HOST=127.0.0.1 GATEWAY_PORT=$port SERVICES=s3 S3_PERSIST=0 STATE_DIR=$directory/state HOME=$directory \
        AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET_KEY \
        launch server "$venv/bin/ministack"
    path=/_ministack/health
    wait_until 60 server answers 200
}

stop_all() { terminate server 10; }
