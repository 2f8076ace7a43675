
cd /
umask 022
export LC_ALL=C SYSTEMD_COLORS=0 SYSTEMD_PAGER= SYSTEMD_URLIFY=0 PATH="$PATH:/usr/sbin:/sbin"
records=/var/lib/pulumi-portable
say() { printf '@%s %s\n' abababababababab "$*"; }
block() { printf '@%s< %s\n' abababababababab "$1"; cat; printf '\n@%s>\n' abababababababab; }
text() { PATH= printf %s "$1"; }
make_records() { [ -d "$records/$1" ] || { mkdir -p -m 0711 "$records" && mkdir -p -m 0700 "$records/$1"; }; }
has_line() {
    while IFS= read -r had; do [ "$had" != "$2" ] || return 0; done <"$1"
    return 1
}
main() {
IFS= read -r machine </etc/machine-id
say machine-id "$machine"
say os "$(. /etc/os-release; echo "$ID ${ID_LIKE:-}")"
command -v portablectl >/dev/null 2>&1 && say portablectl "$(command -v portablectl)"
portabled=not-found
for directory in /lib /usr/lib /usr/local/lib /run /etc; do
    if [ -c "$directory/systemd/system/systemd-portabled.service" ]; then portabled=masked
    elif [ -e "$directory/systemd/system/systemd-portabled.service" ]; then portabled=loaded
    fi
done
say portabled "$portabled"
show_units() {
    {
        plain=
        for unit; do
            case $unit in
                *@.*)
                    set -- $(systemctl list-unit-files --no-legend --no-pager -- "$unit")
                    [ $# -eq 0 ] || printf 'Id=%s\nLoadState=loaded\nActiveState=template\nSubState=template\nUnitFileState=%s\n\n' "$unit" "$2"
                    ;;
                *) plain="$plain $unit" ;;
            esac
        done
        [ -z "$plain" ] || systemctl show -p Id,LoadState,ActiveState,SubState,UnitFileState,RootImage,Result,Type,FragmentPath,TriggeredBy,NeedDaemonReload -- $plain
    } | block show
}
attached() {
    attached_units= attached_image= attached_extensions= attached_lines=
    for directory in /etc/systemd/system.attached /run/systemd/system.attached; do
        for conf in "$directory"/*.d/20-portable.conf; do
            [ -f "$conf" ] && IFS= read -r line <"$conf" || continue
            image=${line#'# Drop-in created for image'" '"}
            image=${image#'# Drop-in created for another image'" '"}
            [ "$image" != "$line" ] || continue
            image=${image%"', do not edit."}
            extensions=${image#"${image%%:/*}"}
            image=${image%%:/*}
            file=${image##*/}; file=${file%.raw}
            [ "${file%%_*}" = "$1" ] || continue
            unit=${conf#"$directory"/}; unit=${unit%.d/20-portable.conf}
            attached_units="$attached_units $unit"
            [ -n "$attached_image" ] || attached_image=$image attached_extensions=$extensions
            attached_lines="$attached_lines$unit $directory $image
"
        done
    done
}
command -v portablectl >/dev/null 2>&1 || { 
version=$(systemctl --version); version=${version#systemd }
say systemd "${version%%[!0-9]*}"
 exit 0; }
if [ -e "$records/services"/hello.back ]; then
    exec 9</etc/systemd/system
    flock -w 1 9 || { say step "waiting for another operation on this host"; flock -w 600 9; }
    [ ! -f "$records/services"/hello.back/go-back ] || sh "$records/services"/hello.back/go-back interrupted >/dev/null
    exec 9>&-
fi
attached hello
{
version=$(systemctl --version); version=${version#systemd }
say systemd "${version%%[!0-9]*}"
units=
for path in /var/lib/portables/hello_2-0123456789ab.raw; do [ -e "$path" ] || say no-image "$path"; done
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ -e "$records/images"/hello_2-0123456789ab.raw/.metadata.new ] && [ ! -e "$records/images"/hello_2-0123456789ab.raw/.metadata ] && ! flock -n /etc/systemd/system true || break
    sleep 0.02
done
if metadata=$(
    if [ -e /var/lib/portables/hello_2-0123456789ab.raw ] && [ -s "$records/images"/hello_2-0123456789ab.raw/.metadata ]; then cat "$records/images"/hello_2-0123456789ab.raw/.metadata
    else busctl --json=short call org.freedesktop.portable1 /org/freedesktop/portable1 org.freedesktop.portable1.Manager GetImageMetadata sas /var/lib/portables/hello_2-0123456789ab.raw 1 hello 2>&1
    fi
); then
    printf '%s' "$metadata" | block metadata
    for key in $(printf '%s' "$metadata" | grep -o '"[A-Za-z0-9:_.\\@-]*":\['); do
        unit=${key#?}
        units="$units ${unit%???}"
    done
else
    printf '%s' "$metadata" | block refused
fi
for unit in $attached_units; do
    case " $units " in *" $unit "*) ;; *) units="$units $unit" ;; esac
done
show_units $units
} | {
for directory in /etc/systemd/portable/profile /run/systemd/portable/profile /usr/local/lib/systemd/portable/profile /usr/lib/systemd/portable/profile; do
    for profile in "$directory"/*/service.conf; do
        [ ! -f "$profile" ] || { profile=${profile%/service.conf}; say profile "${profile##*/}"; }
    done
done
printf %s "$attached_lines" | while read -r unit directory image; do
    say attached "$unit $directory $image"
    block "text $unit" <"$directory/$unit"
done
[ -z "$attached_extensions" ] || say extensions "$attached_extensions"
find /etc/systemd/system.attached /run/systemd/system.attached -path '*/hello*.d/10-profile.conf' -type l -printf '%h %l\n' 2>/dev/null | while read -r directory profile; do
    directory=${directory##*/}; profile=${profile%/service.conf}
    say attached-profile "${directory%.d} ${profile##*/}"
done
[ ! -f "$records/services"/hello ] || block owner <"$records/services"/hello
if [ -f "$records/files"/0123456789abcdef ]; then
    say record
    while IFS= read -r line; do
        case $line in
            "path "*) say recorded "${line#path }" ;;
            applied) say applied ;;
        esac
    done <"$records/files"/0123456789abcdef
fi
[ -d "$records/services"/hello.back ] || [ -d "$records/files/".0123456789abcdef.undo ] && say unfinished
for path in /etc/systemd/system/hello.service.d/override.conf '/etc/hello/a key'; do
    [ ! -e "$path" ] || { digest=$(sha256sum <"$path"); say file "$(stat -c '%04a %U %G' -- "$path")" "${digest%% *}" "$path"; }
done
for path in /etc/systemd/system/hello.service.d/override.conf; do
    [ ! -f "$path" ] || block "content $path" <"$path"
done
cat
}
}
main "$@"
