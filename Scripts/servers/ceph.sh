# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
#
# Ceph, from Debian: one monitor, one OSD on a sparse file and the RADOS gateway, without systemd and manager.
# It is the strict one: every key exactly as sent, payload hashes checked, byte order.

port_count=24

# Runs a Ceph command, which finds our configuration in CEPH_CONF; its output is kept for give_up.
ceph_do() { "$@" >>"$directory/log/commands.out" 2>&1 </dev/null; }

write_configuration() {
    [ -s "$directory/fsid" ] || cat /proc/sys/kernel/random/uuid >"$directory/fsid"
    # cephx stays on: without it this gateway never connects. No admin sockets: their paths are too long.
    cat >"$directory/ceph.conf" <<END
[global]
fsid = $(<"$directory/fsid")
mon_host = [v2:127.0.0.1:$((port + 1))]
mon_initial_members = a
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr1 = false
ms_bind_port_min = $((port + 2))
ms_bind_port_max = $((port + port_count - 1))
run_dir = $directory/run
admin_socket =
keyring = $directory/keyring
log_file = $directory/log/\$name.log
mon_cluster_log_file = $directory/log/cluster.log
crash_dir = $directory/crash
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
mon_data_avail_warn = 2
[mon]
mon_data = $directory/mon
[osd]
osd_data = $directory/osd
osd_objectstore = bluestore
bluestore_block_size = 21474836480
bluestore_block_create = true
bluestore_cache_autotune = false
bluestore_cache_size = 268435456
osd_memory_target = 1073741824
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:$port
rgw_data = $directory/rgw
rgw_dns_name = localhost
rgw_crypt_require_ssl = false
rgw_enable_usage_log = false
rgw_enable_ops_log = false
rgw_thread_pool_size = 64
END
}

# These are called in a condition, where bash does not stop at a failing line: hence the chains.
make_monitor() {
    local keys=$directory/keyring
    rm -rf "$keys" "$directory/mon"/*
    ceph_do ceph-authtool --create-keyring "$keys" --gen-key -n mon. --cap mon 'allow *' &&
        ceph_do ceph-authtool "$keys" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' &&
        ceph_do ceph-authtool "$keys" --gen-key -n client.rgw --cap mon 'allow *' --cap osd 'allow *' &&
        ceph_do ceph-authtool "$keys" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' &&
        ceph_do monmaptool --create --clobber --fsid "$(<"$directory/fsid")" \
            --addv a "[v2:127.0.0.1:$((port + 1))]" "$directory/monmap" &&
        ceph_do ceph-mon --mkfs -i a --monmap "$directory/monmap" --keyring "$keys"
}

make_osd() {
    local id
    id=$(</proc/sys/kernel/random/uuid)
    rm -rf "$directory/osd"/*
    ceph_do ceph osd new "$id" 0 && ceph_do ceph-osd -i 0 --mkfs --osd-uuid "$id"
}

make_user() {
    # The first call also makes the default zone and its pools, hence the long limit.
    ceph_do timeout 120 radosgw-admin -n client.rgw user create --uid=holdfast --display-name=holdfast \
        --max-buckets=0 --access-key="$S3_ACCESS_KEY" --secret-key="$S3_SECRET_KEY"
}

osd_is_up() { ceph --connect-timeout 5 osd stat | grep -q '1 up'; }

# once NAME WORDS COMMAND: steps that are done only when the directory is new.
once() {
    [ ! -e "$directory/$1.done" ] || return 0
    "$3" || give_up "Ceph could not $2"
    touch "$directory/$1.done"
}

start_server() {
    export CEPH_CONF=$directory/ceph.conf CEPH_ARGS=
    mkdir -p "$directory"/{run,crash,mon,osd,rgw}
    write_configuration
    once monitor 'make its monitor' make_monitor
    is_alive monitor || launch monitor ceph-mon -f -i a --public-addr "127.0.0.1:$((port + 1))"
    wait_until 60 monitor ceph --connect-timeout 5 mon stat
    once osd 'make its storage' make_osd
    is_alive osd || launch osd ceph-osd -f -i 0
    wait_until 60 osd osd_is_up
    once user 'make its user' make_user
    launch server radosgw -f -n client.rgw
    path=/
    wait_until 120 server answers 200 403
}

stop_all() {
    terminate server 15
    terminate osd 20
    terminate monitor 20
}
