# `now` sets $now to the seconds since the host booted (proc(5), uptime).
now() { read -r now idle </proc/uptime; now=${now%.*}; }
# Called with the lock: the time spent waiting for it doesn't count.
start_clock() { now; began=$now deadline=$((now + budget_seconds)); }
# since_then prints the time at which the operation began, in the form of journalctl(1).
since_then() { now; echo "@$(($(date +%s) - now + began - 1))"; }
# in_time COMMAND... kills the command when the operation's time is over (status 124), which leaves time for the rollback.
in_time() {
    now
    left=$((deadline - now))
    [ "$left" -gt 0 ] || left=1
    timeout "$left" "$@" && return 0
    status=$?
    [ "$status" != 124 ] || echo "not done when the time for it was up ($budget_seconds s in all, with time kept for the rollback)"
    return "$status"
}
# journal UNIT prints the last lines of its newest run. As any user of the host can log with a field UNIT=, that field only
# counts from systemd, whose PID journald itself has recorded.
journal() {
    journalctl --no-pager -q -o cat -n 15 --since "$(since_then)" "_SYSTEMD_UNIT=$1" + _PID=1 "UNIT=$1" 2>/dev/null
}
# find_failed UNIT... sets $bad to the first one that failed, or the first one.
find_failed() {
    bad=$1
    for unit; do
        read_state "$unit"
        case $ActiveState in failed|activating|deactivating) bad=$unit; return ;; esac
    done
}
