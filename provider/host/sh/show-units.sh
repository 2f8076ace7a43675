# show_units UNIT... reports the block `show` with the units and with loaded instances of templates, and the block `links` with
# the links that enable them. For a template, which systemctl show refuses, only properties of its files are shown.
# Connections of a socket with Accept=yes are instances, too, although they aren't declared.
show_units() {
    list_units "$@"
    print_units
}
# list_units UNIT... sets $shown to the content of the block `show`.
list_units() {
    plain= shown=
    for unit; do
        case $unit in
            *@.*)
                shown="$shown$(show_template "$unit")

"
                [ "$(systemctl show -p Accept --value -- "${unit%@.*}.socket")" = yes ] ||
                    plain="$plain ${unit%@.*}@*.${unit##*@.}"
                ;;
            *) plain="$plain $unit" ;;
        esac
    done
    # shellcheck disable=SC2086
    [ -z "$plain" ] || shown=$shown$(systemctl show -p "$shown_properties" -- $plain)
}
print_units() {
    printf '%s\n' "$shown" | block show
    # shellcheck disable=SC2086
    find $link_directories $attached_directories -mindepth 1 -maxdepth 2 -type l \
        '(' -name "${name}[.@-]*" -o -lname "*/${name}[.@-]*" -o -lname "${name}[.@-]*" ')' -printf '%p %l\n' 2>/dev/null | block links
}
show_template() {
    enablement=$(systemctl is-enabled -- "$1" 2>/dev/null)
    load=loaded
    case $enablement in
        ''|not-found) return ;;
        masked*) load=masked ;;
    esac
    printf 'Id=%s\nLoadState=%s\nActiveState=template\nSubState=template\nUnitFileState=%s\n\n' "$1" "$load" "$enablement"
}
# same_file PATH PATH returns 0 if both lead to one file. portabled and systemd show paths with links resolved.
same_file() {
    [ "$1" != "$2" ] || return 0
    [ -n "$1" ] && [ -n "$2" ] && [ "$(readlink -f -- "$1")" = "$(readlink -f -- "$2")" ]
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
            # Extensions follow the image in order, each after a colon.
            extensions_here=${attached_here#"${attached_here%%:/*}"}
            attached_here=${attached_here%%:/*}
            file=${attached_here##*/}; file=${file%.raw}
            [ "${file%%_*}" = "$1" ] || continue
            [ -z "${declared_image-}" ] || ! same_file "$attached_here" "$declared_image" || attached_here=$declared_image
            unit=${conf#"$directory"/}; unit=${unit%.d/20-portable.conf}
            attached_units="$attached_units $unit"
            [ -n "$attached_image" ] || attached_image=$attached_here attached_extensions=$extensions_here
            attached_lines="$attached_lines$unit $directory $attached_here
"
        done
    done
}
