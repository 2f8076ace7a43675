# show_units UNIT... gives a block `show` of all that are loaded or can be, templates as `systemctl list-unit-files` sees
# them (`systemctl show` refuses a template).
show_units() {
    {
        plain=
        for unit; do
            case $unit in
                *@.*)
                    # shellcheck disable=SC2046
                    set -- $(systemctl list-unit-files --no-legend --no-pager -- "$unit")
                    [ $# -eq 0 ] || printf 'Id=%s\nLoadState=loaded\nActiveState=template\nSubState=template\nUnitFileState=%s\n\n' "$unit" "$2"
                    ;;
                *) plain="$plain $unit" ;;
            esac
        done
        # shellcheck disable=SC2086
        [ -z "$plain" ] || systemctl show -p "$shown_properties" -- $plain
    } | block show
}
# attached NAME sets $attached_units, $attached_image, $attached_extensions, and $attached_lines: unit, directory, image.
attached() {
    attached_units= attached_image= attached_extensions= attached_lines=
    for directory in $attached_directories; do
        for conf in "$directory"/*.d/20-portable.conf; do
            [ -f "$conf" ] && IFS= read -r line <"$conf" || continue
            attached_here=${line#"$portabled_mark '"}
            attached_here=${attached_here#"$hidden_mark '"}
            [ "$attached_here" != "$line" ] || continue
            attached_here=${attached_here%"', do not edit."}
            # Extensions come after it, each behind a colon, in order.
            extensions_here=${attached_here#"${attached_here%%:/*}"}
            attached_here=${attached_here%%:/*}
            file=${attached_here##*/}; file=${file%.raw}
            [ "${file%%_*}" = "$1" ] || continue
            unit=${conf#"$directory"/}; unit=${unit%.d/20-portable.conf}
            attached_units="$attached_units $unit"
            [ -n "$attached_image" ] || attached_image=$attached_here attached_extensions=$extensions_here
            attached_lines="$attached_lines$unit $directory $attached_here
"
        done
    done
}
