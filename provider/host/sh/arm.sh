# Run by the watch unit once it gets the lock. If no rollback is armed (not yet, or no longer), it removes its files.
# shellcheck disable=SC2016
watch='exec 9<"$1"; flock 9; [ ! -f "$2/roll-back" ] || exec /bin/sh "$2/roll-back" watch; rm -rf -- "$2" "$3" "$4"'
# Run by the boot unit. It does the same, but leaves a running switch alone: then something else than a boot started it.
at_boot="[ ! -f $back/roll-back ] || exec /bin/sh $back/roll-back boot; exec flock -n -E 0 $lock rm -rf -- $back $boot_link $boot_file"
# arm_begin starts copying the current state in the background. arm adds the rollback program, the boot unit and the watch
# unit, which waits for the lock that the switch holds. arm_now syncs all of that and arms the rollback; from then on the
# record says that a switch is running.
arm_begin() {
    [ ! -e "$back" ] || rm -rf -- "$back"
    mkdir -m 0700 "$back" "$back/attached" || return
    systemd-run --quiet --no-block --collect --unit "$watch_unit" --property DefaultDependencies=no \
        /bin/sh -c "$watch" watch "$lock" "$back" "$boot_link" "$boot_file" &
    watch_pid=$!
    attached_paths | xargs -r -d '\n' cp -a --parents -t "$back/attached" -- &
    copy_pid=$!
    attached_dirs >"$back/directories" &
    list_pid=$!
}
arm() {
    text "$library" >"$back/library.sh" && text "$roll_back" >"$back/roll-back.new" || return
    [ -d "$units_directory/sysinit.target.wants" ] || mkdir -p "$units_directory/sysinit.target.wants"
    printf '%s\n' '[Unit]' "Description=Rolls $name back after an update that nobody confirmed" DefaultDependencies=no \
        "RequiresMountsFor=/etc $records" 'After=local-fs.target' 'Before=sysinit.target' '[Service]' Type=oneshot \
        "ExecStart=/bin/sh -c '$at_boot'" >"$boot_file" &&
        ln -sfn "../$boot_unit" "$boot_link" || return
    [ ! -s "$service" ] || has_line "$service" "urn $urn" || has_line "$service" "nonce $nonce" || : >"$back/taken-over" || return
    # The status of find(1) is ignored: it fails if a directory doesn't exist, but lists the others.
    wait "$list_pid"
    wait "$copy_pid"
}
arm_now() {
    fresh_switch "${previous:-nothing}" "switch under way" &&
        files_sync "$service.new" "$boot_file" "$units_directory" "$units_directory/sysinit.target.wants" &&
        wait "$watch_pid" && mv -- "$back/roll-back.new" "$back/roll-back" && mv -f -- "$service.new" "$service" &&
        sync "$undo" "$records/files" "$back" "$records/services"
}
