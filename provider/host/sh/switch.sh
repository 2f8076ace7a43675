# Lists of units are split into words where they are used.
# shellcheck disable=SC2086
output= bad= units_touched= settled=
# comma WORD... sets $list to the words with commas between them.
comma() {
    list=$1; shift
    for word; do list="$list, $word"; done
}
failed() {
    # Waits for copies that run in the background.
    wait
    say changing
    say failed "$1"
    printf '%s\n' "$output" | block output
    [ -z "$bad" ] || journal "$bad" | block journal
    if [ -f "$back/roll-back" ]; then sh "$back/roll-back" failed "$units_touched"
    else
        disarm
        files_undo
        say running "${previous:-nothing}"
    fi
    show_units $leave $units
    with_paths show_files
    with_texts show_texts
    exit 1
}
attempt() {
    what=$1; shift
    say step "$what"
    case $1 in
        alone) shift; output=$(alone in_time "$@" 2>&1) ;;
        *) output=$(in_time "$@" 2>&1) ;;
    esac || {
        case "$1 $2" in "systemctl start"|"systemctl stop") shift 3; find_failed "$@" ;; esac
        failed "$what"
    }
}
# Returns 0 if the main process of a service handles the signal that stops it, by catching or blocking it (proc(5), SigCgt
# and SigBlk), and so exits by itself.
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
# Finds out in the background, while the rollback is prepared, whether each service exits by itself, and which units systemd
# will stop together with the restarted ones. $activated has pairs of a service and its socket.
ask_ends() {
    {
        set -- $activated
        while [ $# != 0 ]; do
            if ends_itself "$1"; then echo 1; else echo 2; fi >"$back/ends-$1"
            shift 2
        done
        dependents $restart $restart_sockets >"$back/needing"
    } &
    ends_pid=$!
}
# ended SERVICE DEFAULT reports how the main process ended (CLD_EXITED of waitid(2)). If a connection has started the service
# again, systemd doesn't know that any more, and the default is reported.
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
# Stops and starts services in two steps, so that the exit status can be read in between. Connections to an open socket wait in
# the kernel.
restart_services() {
    what=$1; shift
    units_touched=1
    say step "$what"
    wait "$reset_pid" "$ends_pid"
    output=$(in_time systemctl stop -- "$@" 2>&1) || { find_failed "$@"; failed "stopping $*"; }
    say_ended
    output=$(in_time systemctl start -- "$@" 2>&1) || { find_failed "$@"; failed "$what"; }
}
wait_until_settled() {
    say step "waiting for $*"
    settle "$@" || { output="$bad is $ActiveState ($SubState), result $Result"; failed "keeping $bad up"; }
}
sockets_of() { find "/proc/$1/fd" -lname 'socket:*' -printf '%l ' 2>/dev/null; }
# takes_socket SERVICE returns 0 if the service has the listening socket open, which systemd keeps open, too.
takes_socket() {
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
        if takes_socket "$1"; then say takes "$1 $2"; else say leaves "$1 $2"; fi
        shift 2
    done
}
# find_process UNIT sets $pid, $user_id and $group_id to those of its main process. The health command runs with these ids,
# since the service could have put any program there for root to run.
find_process() {
    pid=$(systemctl show -p MainPID --value -- "$1") user_id= group_id=
    while read -r key _ effective _; do
        case $key in Uid:) user_id=$effective ;; Gid:) group_id=$effective ;; esac
    done <"/proc/$pid/status"
}
# Repeats the command until it exits with 0 or the time is over. Its child processes don't inherit the lock.
wait_for_health_command() {
    say step "waiting for the health command"
    now
    limit=$((now + health_seconds))
    # The output goes to a file, since a child that is left running would keep a pipe open.
    until health_command >"$back/health" 2>&1 8<&- 9<&-; do
        output=$(tail -c 10000 "$back/health")
        now
        [ "$now" -lt "$limit" ] || { bad=$health_unit; failed "the health command"; }
        sleep 0.5
    done
}
# require_valid UNIT... fails for a unit whose files systemd refuses as a whole: it couldn't be started.
require_valid() {
    for bad in $(systemctl show -p Id,LoadState -- "$@" | invalid_of); do
        set_load_error "$bad"
        failed "loading $bad"
    done
    bad=
}
invalid_of() {
    while IFS='=' read -r key value; do
        case $key=$value in
            Id=*) unit=$value ;;
            LoadState=bad-setting|LoadState=error) echo "$unit" ;;
        esac
    done
}
# unlink_units LINK... removes links of [Install], and their directories if these are then empty.
unlink_units() {
    for link; do
        rm -f -- "$link" || return
        case ${link%/*} in *.wants|*.requires|*.upholds) rmdir -- "${link%/*}" 2>/dev/null ;; esac
    done
    return 0
}
# Starts units that systemd stopped together with the services and sockets, and doesn't start with them.
start_needing() {
    wait "$ends_pid"
    needing=
    read -r with_them <"$back/needing" || :
    for unit in $with_them; do
        case " $stop $leave " in *" $unit "*) ;; *) needing="$needing $unit" ;; esac
    done
    [ -n "$needing" ] || return 0
    systemctl reset-failed -- $needing 2>/dev/null
    comma $needing
    attempt "starting $list again" systemctl start -- $needing
}
take_lock
start_clock
[ -z "$trial_units" ] || verify_drop_ins
# The last switch was interrupted, so its rollback comes first.
if [ -f "$back/roll-back" ]; then
    say step "rolling back an update that was cut off"
    sh "$back/roll-back" interrupted
    say interrupted
    exit 1
fi
attached "$name"
same_file "$attached_image" "$previous" || { say changed "$attached_image"; exit 1; }
if [ -s "$service" ] && ! has_line "$service" "token $token"; then
    say owned "$(sed -n 's/^urn //p' "$service")"; exit 1
fi
claim_files
make_records services && make_records files || failed "making the records"
# files_begin records these, so that whichever record is removed last removes them.
directories="$attached_directories /etc/portables /run/portables"
arm_begin && ask_ends && with_files files_begin && arm || failed "preparing the rollback"
if findings; then
    wait "$ends_pid"
    disarm
    forget_undo
    exit 1
fi
say changing
arm_now || failed "preparing the rollback"
say step "writing drop-ins and files"
drop_others || failed "removing files that are no longer declared"
put_files
if [ -n "$leave" ]; then
    units_touched=1
    comma $leave
    attempt "stopping $list: not in the new image" systemctl stop -- $leave_instances
fi
attach_image
if [ -n "$unlink" ]; then
    comma $unlink
    say step "removing $list"
    output=$(unlink_units $unlink 2>&1) || failed "removing $list"
fi
if [ -n "$enable" ]; then
    comma $enable
    attempt "enabling $list" systemctl --no-reload enable $runtime -- $enable
    unlink_units $unlink_again
fi
[ -z "$attach$unlink$enable" ] || changed=1
if [ -z "$changed" ] && systemctl show -p NeedDaemonReload -- $plain_units | grep -q yes; then
    changed=1
fi
socket_files=$(socket_files $restart_sockets)
[ -z "$changed" ] || { attempt "reloading the systemd configuration" systemctl daemon-reload; boot_unit_loaded=1; }
[ -z "$changed" ] || require_valid $plain_units
if [ -n "$before_unit" ]; then
    # The new image is attached, and the service of the old one is still running.
    say step "running $before_command of the new image before the switch"
    output=$(before_switch 2>&1) || failed "the command before the switch, $before_command,"
    : >"$back/migrated" && sync "$back/migrated"
fi
if [ -n "$stop" ]; then
    units_touched=1
    comma $stop
    attempt "stopping $list" systemctl stop -- $stop
fi
# Earlier starts must not count against StartLimitBurst=, which sockets and timers have, too.
if [ -n "$restart$restart_sockets$start" ]; then
    systemctl reset-failed -- $restart $restart_sockets $start 2>/dev/null &
    reset_pid=$!
    [ -z "$stop$restart_sockets$start" ] || wait "$reset_pid"
fi
if [ -n "$restart_sockets" ]; then
    units_touched=1
    comma $restart_sockets $restart
    # Sockets are stopped first: a connection would start a service again, and systemd doesn't open a socket of a running service.
    attempt "stopping $list for the change of a socket" systemctl stop -- $restart_sockets $restart
    comma $restart_sockets
    attempt "starting $list" systemctl start -- $restart_sockets
    remove_socket_files "$socket_files" $restart_sockets
fi
if [ -n "$start" ]; then
    units_touched=1
    comma $start
    attempt "starting $list" systemctl start -- $start
fi
[ -z "$restart" ] || { comma $restart; restart_services "starting $list" $restart; }
start_needing
# The client makes its checks while the host makes its own ones.
say confirm
[ -z "$restart" ] || wait_until_settled $restart
while read -r unit pid fragment root; do
    [ -n "$unit" ] || continue
    same_file "$root" "$wanted_image" || { output="RootImage is $root"; failed "running $unit from the image"; }
    case $fragment in */system.attached/*) ;; *) output="systemd reads $fragment in its place"; failed "running $unit from the image" ;; esac
done <<END
$settled
END
say_takes
[ -z "$health_seconds" ] || wait_for_health_command
# Meanwhile the files that the record will name are synced.
{ recorded; attached_paths; printf '%s\n' $unlink; } | sync_listed &
sync_pid=$!
show_units $units
wait "$sync_pid"
now
confirm_left=$((deadline - now))
[ "$confirm_left" -le "$confirm_seconds" ] || confirm_left=$confirm_seconds
[ "$confirm_left" -ge "$least_confirm_seconds" ] || confirm_left=$least_confirm_seconds
answer=$(timeout "$confirm_left" head -n 1 <&8)
case $answer in
    "$confirmation") ;;
    unhealthy) output='' bad=${restart%% *}; failed "the health check" ;;
    *) output="nobody who could still reach the host confirmed it"; failed "confirming the update" ;;
esac
record_switch "$wanted_image" confirmed || failed "writing the record of the switch"
# The client doesn't wait for the rest, since the new version stays in any case.
say done
files_commit
disarm
sweep
