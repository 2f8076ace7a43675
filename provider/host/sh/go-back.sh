# Puts back what was before a switch: run as `go-back failed | interrupted | watch | boot`, with the lock, which the watch
# gets when the switch is dead. It can be run again after it was cut off.
# Says `serving PATH` or `serving nothing TEXT`, and `undo-failed TEXT` for each step that didn't work.
# Lists of units are split into words where they are used.
# shellcheck disable=SC2086
reason=$1 stirred=${2-1} bad=
undoing() {
    undone=$("$@" 2>&1) || { say undo-failed "$*"; printf '%s\n' "$undone" | block undone; }
}
if [ "$reason" = boot ]; then
    # Not at boot but because something else was started: the switch is alive.
    exec 9<"$units_directory"
    flock -n 9 || exit 0
fi
show_marks
# What the switch held in its variables is gone with it; a path without a file is one that it has dropped.
commit_recorded() {
    read_record "$record"
    while IFS= read -r path; do [ -e "$path" ] || [ -L "$path" ] || forget "path $path"; done <<END
$(recorded)
END
    files_commit
}
if [ "$(grep -csFx -e 'why confirmed' -e "switch $id" "$service")" = 2 ]; then commit_recorded; disarm; exit 0; fi
# Where the run was killed the command goes on: it ends before the old service is to have its data again.
if [ -n "$before_unit" ] && [ -e "/run/systemd/system/$before_unit" ]; then
    systemctl stop -- "$before_unit" 2>/dev/null
    rm -rf -- "/run/systemd/system/$before_unit" "/run/systemd/system/$before_unit.d"
fi
[ -d "$back/attached" ] || { disarm; exit 0; }
if [ -n "$kept_once_migrated" ] && [ -e "$back/migrated" ]; then
    record_switch nothing "stopped ($reason): the data is migrated"
    commit_recorded
    disarm
    say serving kept
    exit 0
fi
say step "putting back what was before"
if [ "$reason" != boot ] && [ -n "$stirred" ] && [ -n "$were_off" ]; then
    # shellcheck disable=SC2046
    undoing systemctl stop -- $(systemctl list-units --plain --no-legend --all -- $were_off | cut -d ' ' -f 1)
fi
attached_paths | while IFS= read -r path; do rm -f -- "$path"; done
(cd "$back/attached" && find . '(' -type f -o -type l ')' | while IFS= read -r path; do
    mkdir -p -- "/${path%/*}" && cp -aT -- "$path" "/$path"
done) || say undo-failed "copying back the attached units"
# All that weren't there before, those too that a run which was cut off has emptied.
attached_dirs -empty | grep -vxF -f "$back/directories" | xargs -r -d '\n' rmdir --
[ ! -f "$undo/list" ] || files_undo
attached_paths | sync_listed
undoing systemctl daemon-reload
if [ -z "$previous" ]; then
    [ -z "$were_off" ] || systemctl reset-failed -- $were_off 2>/dev/null
    empty_dirs "$record"
    record_switch nothing "went back ($reason)"
    say serving nothing
else
    if [ "$reason" = boot ]; then
        [ -z "$were_enabled" ] || undoing systemctl start --no-block -- $were_enabled
        record_switch "$previous" "went back ($reason)"
        disarm
        exit 0
    fi
    if [ -n "$stirred" ]; then
        [ -z "$active_services" ] || systemctl reset-failed -- $active_services 2>/dev/null
        if [ -n "$restart_sockets" ]; then
            [ -z "$active_services" ] || undoing systemctl stop -- $active_services
            undoing systemctl restart -- $restart_sockets
        fi
        [ -z "$active_others" ] || undoing systemctl start -- $active_others
        [ -z "$active_services" ] || undoing systemctl restart -- $active_services
    fi
    if settle $were_active; then
        record_switch "$previous" "went back ($reason)"
        say serving "$previous"
    else
        record_switch nothing "went back ($reason), but $bad is $ActiveState"
        say serving nothing "$bad is $ActiveState ($SubState)"
    fi
fi
disarm
[ "$reason" = failed ] || rmdir "$records/files" "$records/services" "$records" 2>/dev/null
