service=$records/services/$name
# Users who can replace an image could run anything as root through it, so portabled doesn't open such an image.
say_unsafe() {
    outcome=0
    for path; do
        [ -e "$path" ] || continue
        real=$(readlink -f -- "$path")
        check_parents "$path" && check_parents "$real" && check_image "$real" && continue
        echo "$unsafe" | block "unsafe $path"
        outcome=1
    done
    return "$outcome"
}
check_image() {
    stat_of "$1"
    case $kind in
        0\ *[2367]\ *|0\ *[2367]?\ *) unsafe="others than root can write to it" ;;
        0\ *) return 0 ;;
        *) unsafe="it belongs to the user ${kind%% *}, not to root" ;;
    esac
    return 1
}
say_missing() { for path; do [ -e "$path" ] || say no-image "$path"; done; }
# Reports what portabled finds in the image as the block `metadata` and adds its units to $units; or reports `refused`.
inspect_metadata() {
    with_extensions say_missing "$image"
    with_extensions say_unsafe "$image" || return
    note_of "$image"
    [ -n "$extended" ] || await_note
    if metadata=$(
        if [ -z "$extended" ] && [ -e "$image" ] && [ -s "$note" ]; then cat "$note"
        else with_extensions ask_for_metadata "$image" 2>&1
        fi
    ); then
        printf '%s' "$metadata" | block metadata
        for unit in $(printf '%s' "$metadata" | units_of_metadata); do units="$units $unit"; done
    else
        printf '%s' "$metadata" | block refused
    fi
}
inspect_units() {
    say_version
    units=
    [ -z "$image" ] || inspect_metadata
    for unit in $attached_units; do
        case " $units " in *" $unit "*) ;; *) units="$units $unit" ;; esac
    done
    # shellcheck disable=SC2086
    if [ -n "$may_roll_back" ]; then await_ends list_units $units $instances || :
    else list_units $units $instances
    fi
    print_units
    for unit in $units; do say_hidden "$unit"; done
}
# say_hidden NAME reports `hidden NAME PATH`, with `masked` after it if it is, for a unit or a drop-in that a file in a
# directory of higher priority hides.
say_hidden() {
    for directory in $hiding_directories; do
        hiding=$directory/$1
        [ -e "$hiding" ] || [ -L "$hiding" ] || continue
        masked=
        [ -s "$hiding" ] || [ ! -e "$hiding" ] || masked=masked
        say hidden "$1 $hiding $masked"
        return
    done
}
# The service's own drop-ins are in the last of these directories.
say_hidden_drop_ins() {
    for path; do
        below=${path#"$units_directory"/}
        [ "$below" != "$path" ] || continue
        for directory in $hiding_directories; do
            [ "$directory" != "$units_directory" ] && [ -e "$directory/$below" ] && say hidden "$below $directory/$below"
        done
    done
}
# say_also reports `also UNIT STATE` for each unit of the host in Also= of an attached unit. Names with specifiers are left
# out.
say_also() {
    also=$(
        for directory in $attached_directories; do set -- "$@" "$directory/$name"[.@-]*; done
        sed -n 's/^[[:space:]]*Also[[:space:]]*=//p' "$@" "$units_directory/$name"[.@-]*.d/*.conf 2>/dev/null
    )
    for unit in $also; do
        case "$unit $attached_units " in *%*|"$unit "*" $unit "*) continue ;; esac
        say also "$unit $(systemctl is-enabled -- "$unit" 2>/dev/null)"
    done
}
inspect_files() {
    say_profiles
    printf %s "$attached_lines" | while read -r unit directory path; do
        say attached "$unit $directory $path"
        block "text $unit" <"$directory/$unit"
    done
    [ -z "$attached_extensions" ] || say extensions "$attached_extensions"
    # shellcheck disable=SC2086
    find $attached_directories -path "*/$name*.d/10-profile.conf" -type l -printf '%h %l\n' 2>/dev/null | while read -r directory profile; do
        directory=${directory##*/}; profile=${profile%/service.conf}
        say attached-profile "${directory%.d} ${profile##*/}"
    done
    # shellcheck disable=SC2086
    find $link_directories $attached_directories -mindepth 2 -maxdepth 2 -path "*/${name}[.@-]*.d/*.conf" \
        -exec grep -ls '^[[:space:]]*\[Install\]' {} + 2>/dev/null | while IFS= read -r conf; do
        block "install $conf" <"$conf"
    done
    say_also
    [ ! -f "$service" ] || block owner <"$service"
    if [ -f "$records/files/$token" ]; then
        say record
        while IFS= read -r line; do
            case $line in
                "path "*) say recorded "${line#path }" ;;
                applied) say applied ;;
            esac
        done <"$records/files/$token"
    fi
    [ -d "$service.back" ] || [ -d "$records/files/.$token.undo" ] && say unfinished
    with_paths show_files
    with_paths say_hidden_drop_ins
    with_texts show_texts
}
say_machine
command -v portablectl >/dev/null 2>&1 || { say_version; exit 0; }
# Waits for a switch that is running or cleaning up, during which the state is half old and half new.
if [ -e "$service.back" ]; then
    open_lock
    flock -w 1 9 || { say step "waiting for another operation on this host"; flock -w 600 9; }
    [ -z "$may_roll_back" ] || [ ! -f "$service.back/roll-back" ] || sh "$service.back/roll-back" interrupted >/dev/null
    exec 9>&-
fi
attached "$name"
# systemd and portabled are slow, so the other end of the pipe inspects the files meanwhile.
inspect_units | { inspect_files; cat; }
