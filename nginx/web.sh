# nginx, the families and the program that delivers; sourced by nginx/run.
#
# nginx's files are rendered into $var/nginx, which it gets as a descriptor for the same reason as
# PostgreSQL gets its folder: its workers may not be able to reach the path.
# shellcheck shell=bash disable=SC2154

prefix=/proc/self/fd/8

# Writes a template with its @NAME@s filled in.
render() { # template, NAME=value...
    local text pair
    text=$(< "nginx/$1")
    shift
    for pair in "$@"; do
        text=${text//"@${pair%%=*}@"/"${pair#*=}"}
    done
    printf '%s\n\n' "$text"
}

listen_address() {
    case ${set[LISTEN]} in
        ::) echo "[::]:${set[PORT]} ipv6only=off" ;;
        *:*) echo "[${set[LISTEN]}]:${set[PORT]}" ;;
        *) echo "${set[LISTEN]}:${set[PORT]}" ;;
    esac
}

# Below the number of threads, or a new client would wait for one that a kept connection holds.
keepalive() {
    local kept=$((set[THREADS] / 2))
    ((kept < 16)) || kept=16
    if ((kept > 0)); then
        printf 'keepalive %d;\n    keepalive_timeout 60s;' "$kept"
    fi
}

render_proxies() {
    local proxy
    echo "geo \$realip_remote_addr \$from_proxy {"
    echo "    default 0;"
    for proxy in ${set[TRUSTED_PROXIES]//,/ }; do
        echo "    $proxy 1;"
    done
    echo "}"
    for proxy in ${set[TRUSTED_PROXIES]//,/ }; do
        echo "set_real_ip_from $proxy;"
    done
    echo "real_ip_header X-Forwarded-For;"
    echo "real_ip_recursive on;"
}

# Rate limits: a second's, or a minute's, worth may come at once.
limit_zones() {
    local rate=${set[RATE_LIMIT]} logins=${set[LOGIN_RATE_LIMIT]}
    echo "    limit_req_status 429;"
    echo "    limit_req_log_level notice;"
    ((rate == 0)) ||
        echo "    limit_req_zone \$limited_address zone=address:10m rate=${rate}r/s;"
    ((logins == 0)) ||
        echo "    limit_req_zone \$limited_address zone=login:10m rate=${logins}r/m;"
}

limits() {
    local rate=${set[RATE_LIMIT]}
    ((rate == 0)) || echo "limit_req zone=address burst=$((rate * 2)) nodelay;"
}

login_limits() {
    local logins=${set[LOGIN_RATE_LIMIT]}
    ((logins == 0)) || echo "    limit_req zone=login burst=$logins nodelay;"
    limits
}

# The administrator's families take and give files: streamed both ways, of any length, as long as
# that takes. A stranger's file is refused before it is read, so it isn't collected here first, and
# its connection ends, as the answer says.
long_work() { # family
    [[ $1 != admin_* ]] || printf '    %s;\n' "client_max_body_size ${set[MAX_UPLOAD]}" \
        'fastcgi_request_buffering off' 'fastcgi_max_temp_file_size 0' 'fastcgi_read_timeout 1h' \
        'fastcgi_send_timeout 1h' 'keepalive_timeout 0'
}

# One upstream, one pair of locations for each family.
render_families() { # folder
    local family path
    for family in "${families[@]}"; do
        path=/api/${family//_//}
        render upstream.conf.in FAMILY="$family" SOCKETS="$sockets" KEEPALIVE="$(keepalive)" \
            >> "$1/upstreams.conf"
        render family.conf.in FAMILY="$family" PATH="$path" MORE="$(long_work "$family")" \
            >> "$1/families.conf"
        echo "\"~^$path(/|\$)\" @family_$family;" >> "$1/refused.conf"
    done
    render auth.conf.in LOGIN_LIMITS="$(login_limits)" >> "$1/families.conf"
}

render_web() {
    local folder=$var/nginx logins=${set[LOGIN_RATE_LIMIT]} user='' keep=on
    ((EUID != 0)) || user="user $web_user;"
    ((set[THREADS] > 1)) || keep=off
    rm -rf -- "$folder"
    mkdir -p -- "$folder/temp"
    cp -R -- nginx/{pages,errors.conf,headers.conf,types.conf} "$folder"
    mkdir -p -- "$folder/pages/api"
    "$smartflow" openapi > "$folder/pages/api/openapi.json" 2>> "$log/run.log" ||
        say "there is no description of the API (see $log/run.log)"
    chmod -R a+rX -- "$folder"
    render fastcgi.conf.in KEEP="$keep" \
        TIMEOUT="$((set[STATEMENT_TIMEOUT] + 5))" > "$folder/fastcgi.conf"
    render maps.conf.in LOGIN_INTERVAL="$((logins ? (59 + logins) / logins : 1))" \
        > "$folder/maps.conf"
    render_proxies > "$folder/proxies.conf"
    render_families "$folder"
    render nginx.conf.in USER="$user" LISTEN="$(listen_address)" LIMIT_ZONES="$(limit_zones)" \
        LIMITS="$(limits)" > "$folder/nginx.conf"
}

run_nginx() { # further options
    nginx -p "$prefix/" -c nginx.conf -e stderr "$@" 8< "$var/nginx"
}

check_web() {
    run_nginx -t -q 2>> "$log/nginx.log" > /dev/null ||
        fail "nginx doesn't take its configuration: see $log/nginx.log"
}

# Standard output is the access log, standard error the error log.
start_nginx() {
    (
        exec 8< "$var/nginx" >> "$log/access.log" 2>> "$log/nginx.log"
        become TERM nginx -p "$prefix/" -c nginx.conf -e stderr
    ) &
    started nginx
}

# A family is started from its own folder by a relative path: no other folder above has to be one
# that its user can reach. multiwatch starts it again at once, but gives up on one that dies at
# every start; it is then for look_after to go on, with pauses.
start_family() { # name
    local socket=$sockets/$1.sock
    rm -f -- "$socket"
    (
        cd -- "$build/bin" || exit
        exec >> "$log/$1.log" 2>&1
        SMARTFLOW_CONF=$sockets/smartflow.conf become TERM spawn-fcgi -s "$socket" -M 0660 "${spawn_as[@]}" -n -- \
            /usr/bin/setpriv --pdeathsig TERM \
            /usr/bin/multiwatch -f 1 -r 2 -t 1000 -s TERM -- \
            /usr/bin/setpriv --pdeathsig TERM "./$1"
    ) &
    started "$1"
}

# Mails and webhooks leave by this one, as the families' user.
start_deliver() {
    (
        cd -- "$build/bin" || exit
        exec >> "$log/deliver.log" 2>&1
        SMARTFLOW_CONF=$sockets/smartflow.conf become TERM "${web_options[@]}" \
            ./smartflow deliver --follow
    ) &
    started deliver
}

# Where `make demo` has nobody to send mails and webhooks to, they come to an inbox of this machine,
# which keeps them in $VAR/log/inbox.log.
choose_inbox() {
    [[ -n $demo && -z ${SMTP_URL:-}${WEBHOOK_SECRET:-} ]] && command -v python3 > /dev/null || return 0
    inbox=$((set[PORT] + 1))
    export SMTP_URL=smtp://127.0.0.1:$((inbox + 1)) SMTP_TLS=no MAIL_FROM=shop@example.com
    export WEBHOOK_ALLOW_PRIVATE=yes
    [[ -s $var/webhook-secret ]] || (umask 077 && "$smartflow" webhook-secret > "$var/webhook-secret")
    WEBHOOK_SECRET=$(< "$var/webhook-secret")
    export WEBHOOK_SECRET
}

start_inbox() {
    (
        exec 7< nginx/inbox >> "$log/inbox.log" 2>&1
        become TERM "${web_options[@]}" /usr/bin/python3 /proc/self/fd/7 "$inbox" "$((inbox + 1))"
    ) &
    started inbox
}

# Until the server answers, or a while has passed.
wait_for_web() {
    local tries=0 host=${set[LISTEN]}
    [[ $host != 0.0.0.0 ]] || host=127.0.0.1
    [[ $host != :: ]] || host=::1
    [[ $host != *:* ]] || host="[$host]"
    url=http://$host:${set[PORT]}
    until curl -gsf -m 2 -o /dev/null --noproxy '*' "$url/healthz"; do
        pause 0.05
        for child in "${children[@]}"; do
            look_after "$child"
        done
        ((++tries < 200)) || { say "no answer yet; see $log" && return; }
    done
}
