# Lists of units are split into words where they are used.
# shellcheck disable=SC2086
said= bad= cannot=
find_running() {
    running=$(systemctl list-units --plain --no-legend --no-pager --state=active,reloading,activating -- "$instances" | cut -d ' ' -f 1)
    [ "$on_change" != none ] || running=
}
# apply TEXT makes the manager and then the unit (all running instances of a template) take the change. It returns 1 with
# $said and $bad set where the unit doesn't stay up or can't be reloaded ($cannot is set then, too). A unit that wasn't
# running isn't started.
apply() {
    said=$(in_time systemctl daemon-reload 2>&1) || return
    [ -n "$running" ] || return 0
    if [ "$on_change" = reload ]; then
        for bad in $running; do
            read_state "$bad"
            [ "$CanReload" = yes ] || { said="$bad has no ExecReload="; cannot=1; return 1; }
        done
        bad=
    else
        systemctl reset-failed -- $running 2>/dev/null
    fi
    say step "$1" $running
    said=$(in_time systemctl "$on_change" -- $running 2>&1) || { find_failed $running; return 1; }
    settle $running || { said="$bad is $ActiveState ($SubState), result $Result"; return 1; }
}
# Makes them take the restored drop-in, and starts those that have failed since.
roll_back_unit() {
    systemctl daemon-reload
    [ -n "$running" ] && [ -z "$cannot" ] || return 0
    for instance in $running; do
        read_state "$instance"
        if [ "$on_change" = reload ] && [ "$ActiveState" = active ]; then systemctl reload -- "$instance"
        else
            systemctl reset-failed -- "$instance" 2>/dev/null
            systemctl restart -- "$instance"
        fi
    done
    settle $running
}
