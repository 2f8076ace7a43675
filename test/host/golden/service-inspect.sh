
report_mark=@abababababababab
records=/var/lib/pulumi-portable
images=/var/lib/portables
units_directory=/etc/systemd/system
attached_directories='/etc/systemd/system.attached /run/systemd/system.attached'
cd /
umask 022
export LC_ALL=C SYSTEMD_COLORS=0 SYSTEMD_PAGER= SYSTEMD_URLIFY=0 PATH="$PATH:/usr/sbin:/sbin"
say() { printf '%s %s\n' "$report_mark" "$*"; }
block() { printf '%s< %s\n' "$report_mark" "$1"; cat; printf '\n%s>\n' "$report_mark"; }
text() { PATH= printf %s "$1"; }
make_records() { [ -d "$records/$1" ] || { mkdir -p -m 0711 "$records" && mkdir -p -m 0700 "$records/$1"; }; }
has_line() {
    while IFS= read -r had; do [ "$had" != "$2" ] || return 0; done <"$1"
    return 1
}
main() {
image=/var/lib/portables/hello_2-0123456789ab.raw
token=0123456789abcdef
extended=''
may_put_back=1
with_extensions() {
"$@" 
}
with_paths() {
"$@" /etc/systemd/system/hello.service.d/override.conf '/etc/hello/a key'
}
with_texts() {
"$@" /etc/systemd/system/hello.service.d/override.conf
}
profile_directories='/etc/systemd/portable/profile /run/systemd/portable/profile /usr/local/lib/systemd/portable/profile /usr/lib/systemd/portable/profile'
say_version() {
    version=$(systemctl --version); version=${version#systemd }; version=${version%%[!0-9]*}
    say systemd "$version"
}
say_machine() {
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
}
say_profiles() {
    for directory in $profile_directories; do
        for profile in "$directory"/*/service.conf; do
            [ ! -f "$profile" ] || { profile=${profile%/service.conf}; say profile "${profile##*/}"; }
        done
    done
}
shown_properties=Id,LoadState,ActiveState,SubState,UnitFileState,RootImage,Result,Type,FragmentPath,TriggeredBy,NeedDaemonReload
portabled_mark='# Drop-in created for image'
hidden_mark='# Drop-in created for another image'
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
        [ -z "$plain" ] || systemctl show -p "$shown_properties" -- $plain
    } | block show
}
attached() {
    attached_units= attached_image= attached_extensions= attached_lines=
    for directory in $attached_directories; do
        for conf in "$directory"/*.d/20-portable.conf; do
            [ -f "$conf" ] && IFS= read -r line <"$conf" || continue
            attached_here=${line#"$portabled_mark '"}
            attached_here=${attached_here#"$hidden_mark '"}
            [ "$attached_here" != "$line" ] || continue
            attached_here=${attached_here%"', do not edit."}
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
show_files() {
    for path; do
        [ ! -e "$path" ] || { digest=$(sha256sum <"$path"); say file "$(stat -c '%04a %U %G' -- "$path")" "${digest%% *}" "$path"; }
    done
}
show_texts() { for path; do [ ! -f "$path" ] || block "content $path" <"$path"; done; }
name=hello
ask_for_metadata() {
    manager='org.freedesktop.portable1 /org/freedesktop/portable1 org.freedesktop.portable1.Manager'
    if [ $# = 1 ]; then busctl --json=short call $manager GetImageMetadata sas "$1" 1 "$name"; return; fi
    described=$1; shift
    busctl --json=short call $manager GetImageMetadataWithExtensions sasast "$described" $# "$@" 1 "$name" 0
}
note_of() {
    note=/dev/null
    [ "${1#"$images"/}" = "$1" ] || note=$records/images/${1#"$images"/}/.metadata
}
await_note() {
    for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ -e "$note.new" ] && [ ! -e "$note" ] && ! flock -n "$units_directory" true || break
        sleep 0.02
    done
}
service=$records/services/$name
say_missing() { for path; do [ -e "$path" ] || say no-image "$path"; done; }
inspect_metadata() {
    with_extensions say_missing "$image"
    note_of "$image"
    [ -n "$extended" ] || await_note
    if metadata=$(
        if [ -z "$extended" ] && [ -e "$image" ] && [ -s "$note" ]; then cat "$note"
        else with_extensions ask_for_metadata "$image" 2>&1
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
}
inspect_units() {
    say_version
    units=
    [ -z "$image" ] || inspect_metadata
    for unit in $attached_units; do
        case " $units " in *" $unit "*) ;; *) units="$units $unit" ;; esac
    done
    show_units $units
}
inspect_files() {
    say_profiles
    printf %s "$attached_lines" | while read -r unit directory path; do
        say attached "$unit $directory $path"
        block "text $unit" <"$directory/$unit"
    done
    [ -z "$attached_extensions" ] || say extensions "$attached_extensions"
    find $attached_directories -path "*/$name*.d/10-profile.conf" -type l -printf '%h %l\n' 2>/dev/null | while read -r directory profile; do
        directory=${directory##*/}; profile=${profile%/service.conf}
        say attached-profile "${directory%.d} ${profile##*/}"
    done
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
    with_texts show_texts
}
say_machine
command -v portablectl >/dev/null 2>&1 || { say_version; exit 0; }
if [ -e "$service.back" ]; then
    exec 9<"$units_directory"
    flock -w 1 9 || { say step "waiting for another operation on this host"; flock -w 600 9; }
    [ -z "$may_put_back" ] || [ ! -f "$service.back/go-back" ] || sh "$service.back/go-back" interrupted >/dev/null
    exec 9>&-
fi
attached "$name"
inspect_units | { inspect_files; cat; }
}
main "$@"
