# Restores the state before a switch. It is run as `roll-back failed | interrupted | watch | boot [UNITS_TOUCHED]` with
# the lock held; UNITS_TOUCHED is empty if no unit was stopped or started yet. The watch unit gets the lock when the switch
# was killed. It can be run again after an interruption. It reports `running PATH` or `running nothing TEXT`, and
# `undo-failed TEXT` for each step that failed. Lists of units are split into words where they are used.
# shellcheck disable=SC2086
reason=$1 units_touched=${2-1} bad=
roll_back_step() {
    undone=$(timeout "$step_seconds" "$@" 2>&1) || {
        # After a timeout the units get only a short time to settle.
        [ $? != 124 ] || settle_polls=25
        say undo-failed "$*"
        printf '%s\n' "$undone" | block undone
    }
}
# roll_back_units VERB UNIT... stops or starts units. systemd 262 and later does neither for any of them if it refuses one,
# such as one that was masked meanwhile; then each is stopped or started by itself.
roll_back_units() {
    verb=$1; shift
    [ $# != 0 ] || return 0
    undone=$(timeout "$step_seconds" systemctl $verb -- "$@" 2>&1) && return
    case $?/$undone in
        124/*) settle_polls=25 ;;
        *"Failed to enqueue jobs"*) for unit; do roll_back_step systemctl $verb -- "$unit"; done; return ;;
    esac
    say undo-failed "systemctl $verb -- $*"
    printf '%s\n' "$undone" | block undone
}
# is_not_restarted returns 0 if a service is active with the InvocationID that it had before the restart; $bad names it.
is_not_restarted() {
    for bad in $active_services; do
        case $runs in *" $bad=$(run_of "$bad") "*) ! systemctl -q is-active -- "$bad" || return 0 ;; esac
    done
    bad=
    return 1
}
# run_of UNIT prints its InvocationID, which changes with each start.
run_of() { systemctl show -p InvocationID --value -- "$1"; }
if [ "$reason" = boot ]; then
    # If the lock is held, this isn't a boot: something else started the unit, and the switch is running.
    exec 9<"$lock"
    flock -n 9 || exit 0
fi
show_marks
# Completes a confirmed switch, whose variables are lost: a recorded path without a file is one that the switch removed.
commit_recorded() {
    read_record "$record"
    while IFS= read -r path; do [ -e "$path" ] || [ -L "$path" ] || forget "path $path"; done <<END
$(recorded)
END
    files_commit
}
if [ "$(grep -csFx -e 'why confirmed' -e "switch $id" "$service")" = 2 ]; then commit_recorded; disarm; exit 0; fi
# If the switch was killed, the command of beforeSwitch may still run. It must end before the old service uses the data again.
if [ -n "$before_unit" ] && [ -e "/run/systemd/system/$before_unit" ]; then
    timeout "$step_seconds" systemctl stop -- "$before_unit" 2>/dev/null || systemctl kill --signal=KILL -- "$before_unit" 2>/dev/null
    rm -rf -- "/run/systemd/system/$before_unit" "/run/systemd/system/$before_unit.d"
fi
[ -d "$back/attached" ] || { disarm; exit 0; }
if [ -n "$kept_once_migrated" ] && [ -e "$back/migrated" ]; then
    record_switch nothing "stopped ($reason): the data is migrated"
    commit_recorded
    disarm
    say running kept
    exit 0
fi
# A service that was being taken over belongs to its former owner again.
finish() {
    [ ! -e "$back/taken-over" ] || hand_back
    disarm
}
say step "rolling back to what was there before"
if [ "$reason" != boot ] && [ -n "$units_touched" ] && [ -n "$were_off" ]; then
    # shellcheck disable=SC2046
    roll_back_units stop $(systemctl list-units --plain --no-legend --all -- $were_off | cut -d ' ' -f 1)
fi
attached_paths | while IFS= read -r path; do rm -f -- "$path"; done
(cd "$back/attached" && find . '(' -type f -o -type l ')' | while IFS= read -r path; do
    mkdir -p -- "/${path%/*}" && cp -aT -- "$path" "/$path"
done) || say undo-failed "copying back the attached units"
# Removes every directory that the switch made, including those that an interrupted rollback emptied.
attached_dirs -empty | grep -vxF -f "$back/directories" | xargs -r -d '\n' rmdir --
[ ! -f "$undo/list" ] || files_undo
attached_paths | sync_listed
[ "$reason" = boot ] || socket_files=$(socket_files $restart_sockets)
roll_back_step systemctl daemon-reload
boot_unit_loaded=1
if [ -z "$previous" ]; then
    [ -z "$were_off" ] || systemctl reset-failed -- $were_off 2>/dev/null
    empty_dirs "$record"
    record_switch nothing "rolled back ($reason)"
    say running nothing
else
    if [ "$reason" = boot ]; then
        [ -z "$were_enabled" ] || roll_back_units 'start --no-block' $were_enabled
        record_switch "$previous" "rolled back ($reason)"
        finish
        exit 0
    fi
    if [ -n "$units_touched" ]; then
        runs=' '
        for unit in $active_services; do runs="$runs$unit=$(run_of "$unit") "; done
        needing=$(cat "$back/needing" 2>/dev/null)
        # Earlier starts must not count against StartLimitBurst=, which sockets and timers have, too.
        [ -z "$were_active$needing" ] || systemctl reset-failed -- $were_active $needing 2>/dev/null
        # Sockets are stopped first: a connection would start a service again, and systemd doesn't open a socket of a running service.
        [ -z "$restart_sockets" ] || roll_back_units stop $restart_sockets $active_services
        [ -z "$active_others" ] || roll_back_units start $active_others
        remove_socket_files "$socket_files" $restart_sockets
        [ -z "$active_services" ] || roll_back_units restart $active_services
        [ -z "$needing" ] || roll_back_units start $needing
    fi
    if [ -n "$units_touched" ] && is_not_restarted; then
        record_switch nothing "rolled back ($reason), but $bad still runs what failed"
        say running nothing "$bad couldn't be restarted: it still runs the image that failed"
    elif settle $were_active; then
        record_switch "$previous" "rolled back ($reason)"
        say running "$previous"
    else
        record_switch nothing "rolled back ($reason), but $bad is $ActiveState"
        say running nothing "$bad is $ActiveState ($SubState)"
    fi
fi
finish
[ "$reason" = failed ] || rmdir "$records/files" "$records/services" "$records" 2>/dev/null
