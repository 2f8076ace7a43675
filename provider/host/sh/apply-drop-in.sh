# Lists of units are split into words where they are used.
# shellcheck disable=SC2086
said= bad= cannot=
find_running() {
    running=$(systemctl list-units --plain --no-legend --no-pager --state=active,reloading,activating -- "$instances" | cut -d ' ' -f 1)
    [ "$on_change" != none ] || running=
}
# apply WORDS makes the manager and then the unit (all running instances of a template) take the change; it returns 1 with
# $said and $bad set when the unit can't (then $cannot too) or doesn't stay up. What didn't run when the program began
# isn't started.
apply() {
    said=$(in_time systemctl daemon-reload 2>&1) || return
    [ -n "$running" ] || return 0
    if [ "$on_change" = reload ]; then
        for bad in $running; do
            look "$bad"
            [ "$CanReload" = yes ] || { said="$bad has no ExecReload="; cannot=1; return 1; }
        done
        bad=
    else
        systemctl reset-failed -- $running 2>/dev/null
    fi
    say step "$1" $running
    said=$(in_time systemctl "$on_change" -- $running 2>&1) || { culprit $running; return 1; }
    settle $running || { said="$bad is $ActiveState ($SubState), result $Result"; return 1; }
}
# put_back makes them take what was before, and starts what has fallen over since.
put_back() {
    systemctl daemon-reload
    [ -n "$running" ] && [ -z "$cannot" ] || return 0
    for instance in $running; do
        look "$instance"
        if [ "$on_change" = reload ] && [ "$ActiveState" = active ]; then systemctl reload -- "$instance"
        else
            systemctl reset-failed -- "$instance" 2>/dev/null
            systemctl restart -- "$instance"
        fi
    done
    settle $running
}
