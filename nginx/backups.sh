# Daily backups; sourced by nginx/run.
#
# A backup is asked for every hour, and made when the last proven one is a day old: so one that
# failed is tried again within the hour, and a shop that runs for an hour a day has its own as well.
# shellcheck shell=bash disable=SC2034,SC2154

# The first one, when the shop is up and a start that is only a trial is over.
schedule_backups() {
    ((set[BACKUP_KEEP] > 0)) || return 0
    backup_folder=${set[BACKUP_DIR]:-$var/backups}
    backup_failed=
    children+=(backup)
    due_at[backup]=$(($(now_ms) + 60000))
}

# As the one who runs this script, who may read everything. Bash keeps the exit status.
start_backup() {
    (
        exec >> "$log/backup.log" 2>&1
        become_owner TERM "$smartflow" backup "$backup_folder" --keep "${set[BACKUP_KEEP]}" --daily
    ) &
    pid_of[backup]=$!
}

# One has ended.
plan_backup() {
    local status=0
    wait "${pid_of[backup]}" || status=$?
    if ((status == 0)); then
        [[ -z $backup_failed ]] || say "backups work again"
        backup_failed=
    else
        printf '%(%FT%T%z)T: no backup (exit status %d)\n' -1 "$status" >> "$log/backup.log"
        [[ -n $backup_failed ]] ||
            say "the backup failed and is tried again every hour (see $log/backup.log)"
        backup_failed=yes
    fi
    due_at[backup]=$(($(now_ms) + 3600000))
}
