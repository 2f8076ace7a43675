# `now` sets $now to the seconds since the host booted (proc(5), uptime).
now() { read -r now idle </proc/uptime; now=${now%.*}; }
# With the lock, since waiting for it doesn't count.
start_clock() { now; began=$now deadline=$((now + budget_seconds)); }
# since_then: the time when it began, for journalctl(1).
since_then() { now; echo "@$(($(date +%s) - now + began - 1))"; }
in_time() {
    now
    left=$((deadline - now))
    [ "$left" -gt 0 ] || left=1
    timeout "$left" "$@" && return 0
    status=$?
    [ "$status" != 124 ] || echo "not done when the time for it was up ($budget_seconds s in all, with time kept to go back)"
    return "$status"
}
journal() {
    journalctl --no-pager -q -o cat -n 15 --since "$(since_then)" "_SYSTEMD_UNIT=$1" + "UNIT=$1" 2>/dev/null
}
culprit() {
    bad=$1
    for unit; do
        look "$unit"
        case $ActiveState in failed|activating|deactivating) bad=$unit; return ;; esac
    done
}
