# What the watch runs. Where no way back is in force, yet or any more, what was made for one goes.
# shellcheck disable=SC2016
watch='exec 9<"$1"; flock 9; [ ! -f "$2/go-back" ] || exec /bin/sh "$2/go-back" watch; rm -rf -- "$2" "$3" "$4"'
# What the boot unit runs: the same, but for a switch that is alive, since then something else has started the unit.
at_boot="[ ! -f $back/go-back ] || exec /bin/sh $back/go-back boot; exec flock -n -E 0 $units_directory rm -rf -- $back $boot_link $boot_file"
# arm_begin begins to keep what is, beside what comes then; arm keeps all of it, with the program that puts it back, and
# sets up boot unit and watch; after arm_now that is on the disk and in force, and the record says that a switch is under
# way. Nothing is in force before arm_now; the watch waits for the lock meanwhile.
arm_begin() {
    [ ! -e "$back" ] || rm -rf -- "$back"
    mkdir -m 0700 "$back" "$back/attached" || return
    systemd-run --quiet --no-block --collect --unit "$watch_unit" --property DefaultDependencies=no \
        /bin/sh -c "$watch" watch "$units_directory" "$back" "$boot_link" "$boot_file" &
    watching=$!
    attached_paths | xargs -r -d '\n' cp -a --parents -t "$back/attached" -- &
    copying=$!
    attached_dirs >"$back/directories" &
    listing_dirs=$!
}
arm() {
    text "$library" >"$back/library.sh" && text "$roll_back" >"$back/go-back.new" || return
    [ -d "$units_directory/sysinit.target.wants" ] || mkdir -p "$units_directory/sysinit.target.wants"
    printf '%s\n' '[Unit]' "Description=Puts back $name after an update that nobody confirmed" DefaultDependencies=no \
        "RequiresMountsFor=/etc $records" 'After=local-fs.target' 'Before=sysinit.target' '[Service]' Type=oneshot \
        "ExecStart=/bin/sh -c '$at_boot'" >"$boot_file" &&
        ln -sfn "../$boot_unit" "$boot_link" || return
    # find(1) fails where a directory isn't there, and has listed the others.
    wait "$listing_dirs"
    wait "$copying"
}
arm_now() {
    fresh_switch "${previous:-nothing}" "switch under way" &&
        files_sync "$service.new" "$boot_file" "$units_directory" "$units_directory/sysinit.target.wants" &&
        wait "$watching" && mv -- "$back/go-back.new" "$back/go-back" && mv -f -- "$service.new" "$service" &&
        sync "$undo" "$records/files" "$back" "$records/services"
}
