# Lists of units are split into words where they are used.
# shellcheck disable=SC2086
said= bad= stirred= settled=
# comma WORD...: $list is them with commas.
comma() {
    list=$1; shift
    for word; do list="$list, $word"; done
}
failed() {
    # What still copies would copy on.
    wait
    say touched
    say failed "$1"
    printf '%s\n' "$said" | block said
    [ -z "$bad" ] || journal "$bad" | block journal
    if [ -f "$back/go-back" ]; then sh "$back/go-back" failed "$stirred"
    else
        disarm
        files_undo
        say serving "${previous:-nothing}"
    fi
    show_units $leave $units
    with_paths show_files
    with_paths show_texts
    exit 1
}
attempt() {
    what=$1; shift
    say step "$what"
    case $1 in
        alone) shift; said=$(alone in_time "$@" 2>&1) ;;
        *) said=$(in_time "$@" 2>&1) ;;
    esac || failed "$what"
}
# Whether its main process ends by itself: it catches the signal, or waits for it (proc(5), SigCgt and SigBlk).
ends_itself() {
    signal=15 pid=0 ends=1
    while IFS='=' read -r key value; do
        case $key in KillSignal) signal=$value ;; MainPID) pid=$value ;; esac
    done <<END
$(systemctl show -p KillSignal,MainPID -- "$1")
END
    [ -r "/proc/$pid/status" ] || return
    while read -r key value; do
        case $key in
            SigCgt:|SigBlk:) [ "$((0x${value#????????} >> (signal - 1) & 1))" = 0 ] || ends=0 ;;
        esac
    done <"/proc/$pid/status"
    return "$ends"
}
# Asked while the way back is made: systemd takes its time to answer. $activated is pairs of a service and its socket.
ask_ends() {
    {
        set -- $activated
        while [ $# != 0 ]; do
            if ends_itself "$1"; then echo 1; else echo 2; fi >"$back/ends-$1"
            shift 2
        done
    } &
    asking=$!
}
# ended SERVICE EXITED: CLD_EXITED of waitid(2) where systemd still knows; a connection may have started it again.
ended() {
    code=$(systemctl show -p ExecMainCode --value -- "$1")
    [ "$code" != 0 ] || code=$2
    say ended "$1" "$code"
}
say_ended() {
    set -- $activated
    while [ $# != 0 ]; do
        read -r exited <"$back/ends-$1" || exited=2
        ended "$1" "$exited"
        shift 2
    done
}
# Stopped and started apart, so that how a service ended can be seen; what an open socket brings waits in the kernel.
serve() {
    what=$1; shift
    stirred=1
    say step "$what"
    wait "$forgetting" "$asking"
    said=$(in_time systemctl stop -- "$@" 2>&1) || { culprit "$@"; failed "stopping $*"; }
    say_ended
    said=$(in_time systemctl start -- "$@" 2>&1) || { culprit "$@"; failed "$what"; }
}
stay() {
    say step "waiting for $*"
    settle "$@" || { said="$bad is $ActiveState ($SubState), result $Result"; failed "keeping $bad up"; }
}
sockets_of() { find "/proc/$1/fd" -lname 'socket:*' -printf '%l ' 2>/dev/null; }
# A listening socket is open in the manager and, once it is taken, in the service too.
takes() {
    pid=$newline$settled
    pid=${pid#*"$newline$1 "}
    held=" $(sockets_of 1)"
    for socket in $(sockets_of "${pid%% *}"); do
        case $held in *" $socket "*) return 0 ;; esac
    done
    return 1
}
say_takes() {
    set -- $activated
    while [ $# != 0 ]; do
        if takes "$1"; then say takes "$1 $2"; else say leaves "$1 $2"; fi
        shift 2
    done
}
# Until it ends with 0, or the time is up. What it leaves running must not keep the lock.
wait_for_health_command() {
    say step "waiting for the health command"
    now
    limit=$((now + health_seconds))
    until said=$(health_command 2>&1 8<&- 9<&-); do
        now
        [ "$now" -lt "$limit" ] || { bad=$health_unit; failed "the health command"; }
        sleep 0.5
    done
}
take_lock
start_clock
[ -z "$trial_units" ] || verify_drop_ins
# A switch that was cut off: its way back comes first.
if [ -f "$back/go-back" ]; then
    say step "putting back what an update that was cut off has left"
    sh "$back/go-back" interrupted
    say interrupted
    exit 1
fi
attached "$name"
[ "$attached_image" = "$previous" ] || { say changed "$attached_image"; exit 1; }
if [ -s "$service" ] && ! has_line "$service" "token $token"; then
    say owned "$(sed -n 's/^urn //p' "$service")"; exit 1
fi
claim_files
make_records services && make_records files || failed "making the records"
# One that another service had made goes with the last of them.
directories="$attached_directories /etc/portables /run/portables"
arm_begin && ask_ends && with_files files_begin && arm || failed "keeping what is there for the way back"
if findings; then
    wait "$asking"
    disarm
    forget_undo
    exit 1
fi
say touched
arm_now || failed "keeping what is there for the way back"
say step "writing drop-ins and files"
drop_others || failed "removing files that are no longer declared"
put_files
if [ -n "$leave" ]; then
    stirred=1
    comma $leave
    attempt "stopping $list: not in the new image" systemctl stop -- $leave_instances
    attempt "disabling $list" systemctl --no-reload disable -- $leave
fi
attach_image
if [ -n "$disable" ]; then
    comma $disable
    attempt "disabling $list" systemctl --no-reload disable $runtime -- $disable
fi
if [ -n "$enable" ]; then
    comma $enable
    attempt "enabling $list" systemctl --no-reload enable $runtime -- $enable
fi
[ -z "$attach$disable$enable" ] || changed=1
if [ -z "$changed" ] && systemctl show -p NeedDaemonReload -- $plain_units | grep -q yes; then
    changed=1
fi
[ -z "$changed" ] || attempt "reloading the manager" systemctl daemon-reload
if [ -n "$before_unit" ]; then
    # The new image is attached by now, and the old one still runs.
    say step "running $before_command of the new image before the switch"
    said=$(before_switch 2>&1) || failed "the command before the switch, $before_command,"
    : >"$back/migrated" && sync "$back/migrated"
fi
if [ -n "$stop" ]; then
    stirred=1
    comma $stop
    attempt "stopping $list" systemctl stop -- $stop
fi
if [ -n "$restart" ]; then
    systemctl reset-failed -- $restart 2>/dev/null &
    forgetting=$!
    [ -z "$stop$restart_sockets$start" ] || wait "$forgetting"
fi
if [ -n "$restart_sockets" ]; then
    stirred=1
    if [ -n "$restart" ]; then
        comma $restart
        attempt "stopping $list for the change of its socket" systemctl stop -- $restart
    fi
    comma $restart_sockets
    attempt "restarting $list" systemctl restart -- $restart_sockets
fi
if [ -n "$start" ]; then
    stirred=1
    comma $start
    attempt "starting $list" systemctl start -- $start
fi
[ -z "$restart" ] || { comma $restart; serve "starting $list" $restart; }
# The client looks from its side while the host does from its own.
say confirm
[ -z "$restart" ] || stay $restart
while read -r unit pid root; do
    [ -z "$unit" ] || [ "$root" = "$wanted_image" ] || { said="RootImage is $root"; failed "running $unit from the image"; }
done <<END
$settled
END
say_takes
[ -z "$health_seconds" ] || wait_for_health_command
# While the client looks: what the record will say is there is on the disk.
{ recorded; attached_paths; } | sync_listed &
syncing=$!
show_units $units
wait "$syncing"
now
patience=$((deadline - now))
[ "$patience" -le "$confirm_seconds" ] || patience=$confirm_seconds
[ "$patience" -ge "$least_confirm_seconds" ] || patience=$least_confirm_seconds
answer=$(timeout "$patience" head -n 1 <&8)
case $answer in
    "$confirmation") ;;
    unhealthy) said='' bad=${restart%% *}; failed "the health check" ;;
    *) said="nobody who could still reach the host confirmed it"; failed "confirming the update" ;;
esac
record_switch "$wanted_image" confirmed || failed "writing the record of the switch"
# The rest nobody waits for: whatever becomes of it, the new one stays.
say done
files_commit
disarm
sweep
