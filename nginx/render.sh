# Makes nginx's files for the families out of the templates beside this file; sourced by whoever
# starts or sets up a web server. Needs `families`, `sockets` (their folder), `set` (the values of
# web_settings) and web_workers, how many processes of nginx share the families.
# shellcheck shell=bash disable=SC2034,SC2154

templates=$(dirname -- "${BASH_SOURCE[0]}")
web_settings=(THREADS STATEMENT_TIMEOUT MAX_UPLOAD TRUSTED_PROXIES RATE_LIMIT LOGIN_RATE_LIMIT)

# Writes a template with its @NAME@s filled in.
render() { # template, NAME=value...
    local text pair
    text=$(< "$templates/$1")
    shift
    for pair in "$@"; do
        text=${text//"@${pair%%=*}@"/"${pair#*=}"}
    done
    printf '%s\n\n' "$text"
}

# How many connections to a family each worker keeps. All together stay far below the number of
# threads, or a new client would wait for one that a kept connection holds.
kept_connections() {
    local kept=$((set[THREADS] / 8 / web_workers))
    echo "$((kept < 64 ? kept : 64))"
}

# How many requests all workers hand to a family at once; the next one is answered 503 without
# waiting. Together with the kept connections, no more than the family has threads: one that waited
# for a thread would be passed by whoever comes on a kept connection.
most_requests() {
    echo "$((set[THREADS] - $(kept_connections) * web_workers))"
}

keepalive() {
    local kept
    kept=$(kept_connections)
    if ((kept > 0)); then
        printf 'keepalive %d;\n    keepalive_timeout 60s;\n    keepalive_requests 100;' "$kept"
    fi
}

trusted_proxies() {
    local proxy
    echo "geo \$realip_remote_addr \$from_proxy {"
    echo "    default 0;"
    for proxy in ${set[TRUSTED_PROXIES]//,/ }; do
        echo "    $proxy 1;"
    done
    echo "}"
}

real_addresses() {
    local proxy
    for proxy in ${set[TRUSTED_PROXIES]//,/ }; do
        echo "set_real_ip_from $proxy;"
    done
    echo "real_ip_header X-Forwarded-For;"
    echo "real_ip_recursive on;"
}

# Rate limits: a second's, or a minute's, worth may come at once.
limit_zones() {
    local rate=${set[RATE_LIMIT]} logins=${set[LOGIN_RATE_LIMIT]}
    ((rate == 0)) ||
        echo "limit_req_zone \$limited_address zone=smartflow_address:10m rate=${rate}r/s;"
    ((logins == 0)) ||
        echo "limit_req_zone \$limited_address zone=smartflow_login:10m rate=${logins}r/m;"
}

limits() {
    local rate=${set[RATE_LIMIT]}
    ((rate == 0)) || echo "limit_req zone=smartflow_address burst=$((rate * 2)) nodelay;"
}

login_limits() {
    local logins=${set[LOGIN_RATE_LIMIT]}
    ((logins == 0)) || echo "    limit_req zone=smartflow_login burst=$logins nodelay;"
    limits
}

# The administrator's families take and give files: streamed both ways, of any length, as long as
# that takes. A stranger's file is refused before it is read, so it isn't collected here first, and
# its connection ends, as the answer says.
long_work() { # family
    [[ $1 != admin_* ]] || printf '    %s;\n' "client_max_body_size ${set[MAX_UPLOAD]}" \
        'fastcgi_request_buffering off' 'fastcgi_max_temp_file_size 0' 'fastcgi_read_timeout 1h' \
        'fastcgi_send_timeout 1h' 'fastcgi_keep_conn off' 'keepalive_timeout 0'
}

# One upstream, one pair of locations for each family.
render_families() { # folder
    local family path
    for family in "${families[@]}"; do
        path=/api/${family//_//}
        render upstream.conf.in FAMILY="$family" SOCKETS="$sockets" MOST="$(most_requests)" \
            KEEPALIVE="$(keepalive)" >> "$1/upstreams.conf"
        render family.conf.in FAMILY="$family" PATH="$path" MORE="$(long_work "$family")" \
            >> "$1/families.conf"
        echo "\"~^$path(/|\$)\" @family_$family;" >> "$1/refused.conf"
    done
    render auth.conf.in LOGIN_LIMITS="$(login_limits)" >> "$1/families.conf"
}

# Everything but the outermost file, which says where to listen.
render_site() { # folder
    local folder=$1 logins=${set[LOGIN_RATE_LIMIT]} keep=on
    (($(kept_connections) > 0)) || keep=off
    mkdir -p -- "$folder"
    cp -- "$templates"/{errors,headers,types}.conf "$folder"
    render fastcgi.conf.in KEEP="$keep" \
        TIMEOUT="$((set[STATEMENT_TIMEOUT] + 15))" > "$folder/fastcgi.conf"
    render maps.conf.in LOGIN_INTERVAL="$((logins ? (59 + logins) / logins : 1))" \
        > "$folder/maps.conf"
    render_families "$folder"
    render http.conf.in TRUSTED="$(trusted_proxies)" LIMIT_ZONES="$(limit_zones)" \
        > "$folder/http.conf"
    render server.conf.in PROXIES="$(real_addresses)" LIMITS="$(limits)" > "$folder/server.conf"
}
