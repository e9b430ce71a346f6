# Starting, watching and ending children; sourced by nginx/run. A child is a name with a function
# start_NAME (families share start_family); it is started again, for ever, when it ends. Backups end by
# themselves and begin again when it is time.
# shellcheck shell=bash disable=SC2154

declare -A pid_of started_at due_at failures
children=()

# A pipe that never says anything: `read -t` on it is a pause that needs no process.
exec {quiet}<> <(:)

pause() { # seconds
    read -rt "$1" -u "$quiet" || true
}

now_ms() {
    local microseconds=${EPOCHREALTIME/[.,]/}
    echo "${microseconds%???}"
}

# A process that has ended but that bash hasn't taken note of (it doesn't inside a trap) counts as
# gone: its state, the first field after the name in brackets, is Z.
alive() { # pid
    local line=''
    { read -r line < "/proc/$1/stat"; } 2> /dev/null || return 1
    line=${line##*) }
    [[ $line != [ZX]* ]]
}

# Starts a command as a child in a session of its own (Ctrl-C at the terminal is for the run script
# alone), with the signals a script takes from its background children given back. It gets the
# signal when the script dies without a word (kill -9). Called in the subshell that becomes it.
become() { # signal, setpriv's further options and the command
    unset DATABASE_ADMIN_URL
    become_owner "$@"
}

# The same for what works as the owner of the tables.
become_owner() { # as become
    local signal=$1
    shift
    unset ADMIN_PASSWORD
    exec < /dev/null
    exec env --default-signal setsid setpriv --pdeathsig "$signal" "$@"
}

# Remembers the last background process as this child. Bash isn't to say a word when it ends.
started() { # name
    pid_of[$1]=$!
    started_at[$1]=$(now_ms)
    disown "$!"
}

start_child() { # name
    case $1 in
        postgres) start_postgres ;;
        nginx) start_nginx ;;
        deliver) start_deliver ;;
        inbox) start_inbox ;;
        backup) start_backup ;;
        *) start_family "$1" ;;
    esac
}

# Whatever is left of a child whose first process has ended: its session is its process group.
clear_rest() { # name
    kill -KILL -- "-${pid_of[$1]}" 2> /dev/null || true
    [[ $1 != postgres ]] || end_leftover_backends
}

# A child has ended: at once again, or after half a second when it had lived less than one.
plan_restart() { # name
    local name=$1 now lived
    clear_rest "$name"
    if [[ $name == backup ]]; then
        plan_backup
        return
    fi
    now=$(now_ms)
    lived=$((now - started_at[$name]))
    if ((lived < 1000)); then
        failures[$name]=$((${failures[$name]:-0} + 1))
        due_at[$name]=$((now + 500))
    else
        failures[$name]=1
        due_at[$name]=$now
    fi
    # A program that can't start would fill the terminal: the first time, then every half minute.
    if ((failures[$name] % 60 == 1)); then
        say "$name ended and is started again (see $log/$name.log)"
    fi
}

# Starts again what has ended, once its time has come.
look_after() { # name
    local name=$1
    if [[ -n ${due_at[$name]:-} ]]; then
        (($(now_ms) >= due_at[$name])) || return 0
        unset "due_at[$name]"
        start_child "$name"
    elif ! alive "${pid_of[$name]}"; then
        plan_restart "$name"
        if (($(now_ms) >= due_at[$name])); then
            look_after "$name"
        fi
    fi
}

supervise() {
    local name
    while true; do
        pause 0.25
        for name in "${children[@]}"; do
            look_after "$name"
        done
    done
}

# Asks a child to end and makes sure that it does.
end_child() { # name, signal, seconds
    local pid=${pid_of[$1]:-} tries=$(($3 * 20))
    [[ -n $pid ]] || return 0
    kill "-$2" "$pid" 2> /dev/null || true
    while alive "$pid" && ((tries-- > 0)); do
        pause 0.05
    done
    if alive "$pid"; then
        say "$1 doesn't end when asked and is killed"
        kill -KILL "$pid" 2> /dev/null || true
    fi
    clear_rest "$1"
    unset "pid_of[$1]"
}

# Everything, in the order in which one needs the other. No new request comes in, those that are
# being answered end, then the database closes.
stop_all() {
    local name
    trap '' INT TERM HUP
    end_child nginx TERM 5
    for name in "${children[@]}"; do
        [[ $name == postgres || $name == nginx || -z ${pid_of[$name]:-} ]] ||
            kill -TERM "${pid_of[$name]}" 2> /dev/null || true
    done
    for name in "${children[@]}"; do
        [[ $name == postgres ]] || end_child "$name" TERM 5
    done
    end_child postgres INT 60
}
