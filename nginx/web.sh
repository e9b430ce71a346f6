# nginx, the families and the program that delivers; sourced by nginx/run.
#
# nginx's files are rendered into $var/nginx, which it gets as a descriptor for the same reason as
# PostgreSQL gets its folder: its workers may not be able to reach the path.
# shellcheck shell=bash disable=SC2154

prefix=/proc/self/fd/8
# As nginx.conf has it.
# shellcheck disable=SC2034
web_workers=1

listen_address() {
    case ${set[LISTEN]} in
        ::) echo "[::]:${set[PORT]} ipv6only=off" ;;
        *:*) echo "[${set[LISTEN]}]:${set[PORT]}" ;;
        *) echo "${set[LISTEN]}:${set[PORT]}" ;;
    esac
}

render_web() {
    local folder=$var/nginx user=''
    ((EUID != 0)) || user="user $web_user;"
    rm -rf -- "$folder"
    mkdir -p -- "$folder/temp"
    cp -R -- "$build/www" "$folder/pages"
    render_site "$folder/smartflow"
    render nginx.conf.in USER="$user" LISTEN="$(listen_address)" > "$folder/nginx.conf"
    chmod -R a+rX -- "$folder"
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
