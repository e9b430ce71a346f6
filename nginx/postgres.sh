# The private PostgreSQL cluster in $var/postgres; sourced by nginx/run.
#
# PostgreSQL refuses to run as root, and the user it runs as may not be able to reach the folder (a
# clone below /root). So the folder is opened here and given to it as a descriptor:
# /proc/self/fd/9 leads there whatever lies above, however long the path.
# shellcheck shell=bash disable=SC2154

cluster=/proc/self/fd/9

postgres_programs() {
    local version
    if [[ -e $var/postgres/PG_VERSION ]]; then
        version=$(< "$var/postgres/PG_VERSION")
    else
        version=$(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | sort -V | tail -n 1)
        version=${version#/usr/lib/postgresql/}
        version=${version%%/*}
    fi
    programs=/usr/lib/postgresql/$version/bin
    [[ -x $programs/initdb ]] ||
        fail "$var/postgres needs PostgreSQL $version, which isn't installed"
}

# Makes the cluster beside its place and moves it there when it is whole, so that a start that was
# cut short leaves nothing that looks like one.
make_cluster() {
    local new=$var/postgres.new
    say "making a database in $var/postgres"
    rm -rf -- "$new"
    mkdir -m 700 -- "$new"
    chown "$postgres_user:" -- "$new"
    (
        cd / &&
        "${as_postgres[@]}" "$programs/initdb" -D "$cluster" -U postgres --encoding=UTF8 \
            --locale=C.UTF-8 --data-checksums --auth-local=peer --auth-host=reject \
            --no-instructions &&
        # The owner of the tables is no superuser; it makes the families' roles.
        printf '%s\n' 'CREATE ROLE smartflow_owner LOGIN CREATEROLE' \
            'CREATE DATABASE smartflow OWNER smartflow_owner' |
            "${as_postgres[@]}" "$programs/postgres" --single -D "$cluster" postgres &&
        echo "include_if_exists = 'smartflow.conf'" >> "$new/postgresql.conf"
    ) 9< "$new" >> "$log/postgres.log" 2>&1 ||
        fail "the database could not be made: see $log/postgres.log"
    mv -T -- "$new" "$var/postgres"
}

# Settings that belong to this program; ALTER SYSTEM still has the last word.
write_cluster_settings() {
    local connections=$((${#families[@]} * 2 * set[DATABASE_CONNECTIONS] + 30)) version compression=on
    version=$(< "$var/postgres/PG_VERSION")
    # pglz, all that older ones know, takes many times the CPU.
    ((version < 15)) || compression=lz4
    cat > "$var/postgres/smartflow.conf" << END
listen_addresses = ''
unix_socket_directories = '$sockets/postgres'
max_connections = $((connections > 100 ? connections : 100))
# Nothing acknowledged is lost.
fsync = on
synchronous_commit = on
full_page_writes = on
# Many short statements on a solid state disk.
jit = off
random_page_cost = 1.1
wal_compression = $compression
max_wal_size = 2GB
idle_in_transaction_session_timeout = 60s
client_connection_check_interval = 2s
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
END
}

# Who may be which role: whoever runs this may own the tables, the families' user may only be the
# families' roles, which can only do what the functions allow.
write_cluster_access() {
    local family me
    me=$(id -un)
    echo 'local all all peer map=smartflow' > "$var/postgres/pg_hba.conf"
    {
        echo "smartflow \"$postgres_user\" postgres"
        [[ $me == "$postgres_user" ]] || echo "smartflow \"$me\" postgres"
        echo "smartflow \"$me\" smartflow_owner"
        for family in "${families[@]}" deliver; do
            echo "smartflow \"$web_user\" smartflow_$family"
            # for `smartflow doctor`, which looks at what each may do
            [[ $me == "$web_user" ]] || echo "smartflow \"$me\" smartflow_$family"
        done
    } > "$var/postgres/pg_ident.conf"
}

prepare_cluster() {
    local owner
    postgres_programs
    [[ -d $var/postgres ]] || make_cluster
    owner=$(stat -c %U -- "$var/postgres")
    [[ $owner == "$postgres_user" ]] ||
        fail "$var/postgres belongs to $owner: start as the user who made it"
    mkdir -m 711 -- "$sockets/postgres"
    chown "$postgres_user:" -- "$sockets/postgres"
    write_cluster_settings
    write_cluster_access
}

# After a kill -9 of the server its sessions may go on for a while, and no new server starts before
# they are gone. Every one of them works in the cluster's folder.
end_leftover_backends() {
    local process
    for process in /proc/[0-9]*; do
        if [[ $process/cwd -ef $var/postgres && $(< "$process/comm") == postgres ]]; then
            kill -QUIT "${process#/proc/}" || true
        fi
    done 2> /dev/null
}

# A note of a server that is gone, whose number belongs to another program now, would keep the new
# one from starting. That none runs is sure: the lock is ours.
clear_stale_note() {
    local pid='' note=$var/postgres/postmaster.pid
    [[ -e $note ]] || return 0
    read -r pid < "$note" || true
    if [[ ! $pid =~ ^[0-9]+$ || $(cat "/proc/$pid/comm" 2> /dev/null) != postgres ]]; then
        rm -f -- "$note"
    fi
}

start_postgres() {
    clear_stale_note
    (
        exec 9< "$var/postgres" >> "$log/postgres.log" 2>&1
        cd /
        become INT "${postgres_options[@]}" "$programs/postgres" -D "$cluster"
    ) &
    started postgres
}

# Recovery after a crash takes its time; a server killed a moment ago may hinder the new one for
# half a minute.
wait_for_postgres() {
    local tries=0
    until "$programs/pg_isready" -q -h "$sockets/postgres" -d smartflow -U smartflow_owner; do
        look_after postgres
        pause 0.1
        ((++tries % 100)) || say "waiting for the database (see $log/postgres.log)"
        ((tries < 1200)) || fail "the database doesn't start: see $log/postgres.log"
    done
}
