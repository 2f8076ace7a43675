
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
machine_id=9c54ce9c005d46468d10929448ebd504
incoming= trial=
leave() {
    [ -z "$incoming" ] || { wait; rm -rf -- "$incoming"; }
    [ -z "$trial" ] || [ ! -e "$trial" ] || rm -rf -- "$trial"
    rmdir ${trial:+"$records/images" "$records/files" "$records/services"} "$records/incoming" "$records" 2>/dev/null
}
take_lock() {
    trap leave EXIT
    exec 9<"$units_directory"
    if ! flock -w 1 9; then
        say step "waiting for another operation on this host"
        flock -w 600 9 || { say busy; exit 75; }
    fi
    trial=/run/pulumi-portable.trial
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
in_use() {
    grep -qsFx -- "RootImage=$1" /etc/systemd/system.attached/*.d/*.conf /run/systemd/system.attached/*.d/*.conf && return 0
    for link in /etc/portables/* /run/portables/*; do
        [ "$(readlink -f -- "$link")" != "$1" ] || return 0
    done
    for try in 1 2 3 4 5 6 7 8 9 10; do
        mounted "$1" || return 1
        sleep 0.1
    done
}
mounted() {
    [ -e "$1" ] && losetup --associated "$1" 2>/dev/null | grep -q .
}
sweep() {
    for part in "$images"/.part-*; do [ ! -e "$part" ] || rm -f -- "$part"; done
    for want in "$records"/images/*; do
        set -- "$want"/*
        [ -d "$want" ] && [ ! -e "$1" ] && rm -f -- "$want/.metadata" "$want/.metadata.new" "$want/.chunks" && rmdir -- "$want" 2>/dev/null || continue
        swept=$images/${want##*/}
        if in_use "$swept"; then
            mkdir -p -m 0700 -- "$want"
            say kept "$swept"
        else
            rm -f -- "$swept"
        fi
    done
}
adopt() {
    unknown=
    case ${1#"$images"/} in "$1"|''|*/*) return ;; esac
    [ -f "$1" ] && [ ! -d "$records/images/${1##*/}" ] || return 0
    unknown=$records/images/${1##*/}
    mkdir -p -m 0711 "$records" && mkdir -p -m 0700 "$records/images" "$unknown"
}
token=0123456789abcdef
nonce=fedcba98
urn='urn:pulumi:demo::hello::portable:index:X::it'\''s'
adopted='
'
newline='
'
record="$records/files/$token" undo="$records/files/.$token.undo" fresh="$records/files/.$token.new"
was="$undo/was$record"
changed= noted= directories= back=
listed() { case $newline$1$newline in *"$newline$2$newline"*) return 0 ;; esac; return 1; }
claim() {
    clear=0
    [ $# != 0 ] || return 0
    owned=
    for path; do owned="$owned${owned:+$newline}path $path"; done
    owned=$newline$(grep -sHFx -f - -- "$records"/files/* <<END
$owned
END
)$newline
    for path; do
        case $owned in
            *"$newline$record:path $path$newline"*) ;;
            *":path $path$newline"*)
                other=$(grep -lFx -- "path $path" "$records"/files/* | head -n 1)
                sed -n 's/^urn //p' "$other" | block "taken $path"; clear=1 ;;
            *)
                if { [ -e "$path" ] || [ -L "$path" ]; } && ! listed "$adopted" "$path"; then
                    block "taken $path" </dev/null; clear=1
                fi ;;
        esac
    done
}
able() {
    case $2 in root) ;; *[!0-9]*) getent passwd -- "$2" >/dev/null || { echo "there is no user $2" | block "unable $1"; return 1; } ;; esac
    case $3 in root) ;; *[!0-9]*) getent group -- "$3" >/dev/null || { echo "there is no group $3" | block "unable $1"; return 1; } ;; esac
    parent=${1%/*}
    while [ -n "$parent" ] && [ ! -e "$parent" ]; do parent=${parent%/*}; done
    [ -z "$parent" ] || [ -d "$parent" ] || { echo "$parent isn't a directory" | block "unable $1"; return 1; }
}
read_record() {
    noted= applied=
    [ -e "$1" ] || return 0
    while IFS= read -r line; do
        case $line in
            "path "*|"dir "*) noted=$noted$newline$line ;;
            applied) applied=1 ;;
        esac
    done <"$1"
}
fresh_record() { printf 'urn %s\nnonce %s%s\n' "$urn" "$nonce" "$noted${1:+$newline$1}" >"$fresh"; }
write_record() { fresh_record "$@" && mv -f -- "$fresh" "$record"; }
note() { listed "$noted" "$1" || noted=$noted$newline$1; }
note_parents() {
    parent=${1%/*}
    while [ -n "$parent" ] && [ ! -d "$parent" ]; do
        note "dir $parent"
        parent=${parent%/*}
    done
    [ -z "$parent" ] || ! listed "$made" "dir $parent" || note "dir $parent"
}
files_begin() {
    if [ -f "$undo/list" ]; then
        read_record "$record"
        if [ -n "$applied" ]; then forget_undo; else files_undo; fi
    fi
    [ ! -e "$undo" ] || rm -rf -- "$undo"
    mkdir -m 0700 -- "$undo" "$undo/was" || return
    kept=
    keep "$record"
    read_record "$record"
    [ -n "$applied" ] || changed=1
    made=$(grep -sh '^dir ' -- "$records"/files/*)
    others= earlier=$noted
    for path; do
        note "path $path"
        note_parents "$path"
        keep "$path"
    done
    for directory in $directories; do
        [ -d "$directory" ] && ! listed "$made" "dir $directory" || note "dir $directory"
    done
    while IFS= read -r line; do
        path=${line#path }
        [ "$path" != "$line" ] || continue
        for wanted; do [ "$wanted" != "$path" ] || continue 2; done
        others=$others$path$newline
        keep "$path"
    done <<END
$earlier
END
    listing=$others
    for path; do listing=$listing$path$newline; done
    [ -z "$kept" ] || copy_kept
}
copy_kept() ( IFS=$newline; set -f; exec cp -pP --parents -t "$undo/was" -- $kept )
keep() { [ ! -e "$1" ] && [ ! -L "$1" ] || kept=$kept$1$newline; }
files_sync() {
    printf %s "$listing" >"$undo/list.new" && fresh_record &&
        find "$undo" ${back:+"$back"} ! -type l -exec sync -- "$fresh" "$@" {} + &&
        mv -f -- "$undo/list.new" "$undo/list" && mv -f -- "$fresh" "$record"
}
temporary_of() { temporary=${1%/*}/.${1##*/}.pulumi-portable; }
put() {
    [ -d "${1%/*}/" ] || mkdir -p -m 0755 -- "${1%/*}" || return
    temporary_of "$1"
    if [ "$2 $3" = "0644 root:root" ] && [ ! -g "${1%/*}/" ]; then base64 -d >"$temporary"
    else (umask 077; base64 -d >"$temporary") && chmod "$2" -- "$temporary" && chown "$3" -- "$temporary"
    fi && sync "$temporary" || {
        rm -f -- "$temporary"; return 1
    }
    if [ -f "$1" ] && [ ! -L "$1" ] && cmp -s -- "$temporary" "$1"; then
        set -- "$1" $(stat -c %a:%u:%g -- "$temporary" "$1")
        if [ "$2" = "$3" ]; then rm -f -- "$temporary"; return 0; fi
    fi
    mv -fT -- "$temporary" "$1" || { rm -f -- "$temporary"; return 1; }
    changed=1
}
drop_others() {
    while IFS= read -r path; do
        [ -n "$path" ] || continue
        if [ -e "$path" ] || [ -L "$path" ]; then rm -f -- "$path" || return; changed=1; fi
        forget "path $path"
    done <<END
$others
END
}
forget() {
    kept_lines=
    while IFS= read -r line; do [ -z "$line" ] || [ "$line" = "$1" ] || kept_lines=$kept_lines$newline$line; done <<END
$noted
END
    noted=$kept_lines
}
sync_listed() {
    while IFS= read -r path; do
        [ ! -e "$path" ] || printf '%s\n' "$path"
        [ ! -d "${path%/*}" ] || printf '%s\n' "${path%/*}"
    done | sort -u | xargs -r -d '\n' sync --
}
recorded() { sed -n 's/^path //p' "$record" 2>/dev/null; }
dirs_of() { sed -n 's/^dir //p' "$1" 2>/dev/null | sort -r; }
empty_dirs() { dirs_of "$1" | xargs -r -d '\n' rmdir -- 2>/dev/null; }
prune_dirs() {
    case $noted in *"$newline"dir\ *) ;; *) return ;; esac
    write_record
    empty_dirs "$record"
    while IFS= read -r dir; do [ -z "$dir" ] || [ -e "$dir" ] || forget "dir $dir"; done <<END
$(dirs_of "$record")
END
}
files_undo() {
    [ -f "$undo/list" ] || { forget_undo; return; }
    while IFS= read -r path; do
        temporary_of "$path"
        if [ -e "$undo/was$path" ] || [ -L "$undo/was$path" ]; then
            mkdir -p -- "${path%/*}"
            cp -pP -- "$undo/was$path" "$temporary" && mv -fT -- "$temporary" "$path"
        else
            rm -f -- "$temporary" "$path"
        fi
    done <"$undo/list"
    sync_listed <"$undo/list"
    empty_dirs "$record"
    if [ -e "$was" ]; then cp -p -- "$was" "$fresh" && mv -f -- "$fresh" "$record"; else rm -f -- "$record" "$fresh"; fi
    forget_undo
}
forget_undo() { rm -rf -- "$undo/list" "$undo" "$fresh"; }
remove_all() {
    recorded | xargs -r -d '\n' rm -f --
    empty_dirs "$record"
    forget_undo
    rm -f -- "$record" "$fresh"
}
files_commit() { prune_dirs; write_record applied; forget_undo; }
name=hello
id=''
profile=''
wanted_image=nothing
service=$records/services/$name back=$records/services/$name.back
boot_unit=pulumi-portable-$name.service watch_unit=pulumi-portable-$name-watch-$id.service
boot_file=$units_directory/$boot_unit boot_link=$units_directory/sysinit.target.wants/$boot_unit
fresh_switch() {
    printf 'token %s\nurn %s\nnonce %s\nprofile %s\nwanted %s\nserving %s\nwhy %s\nswitch %s\n' "$token" "$urn" "$nonce" "$profile" "$wanted_image" "$1" "$2" "$id" >"$service.new"
}
record_switch() {
    fresh_switch "$@" && sync "$service.new" && mv -f -- "$service.new" "$service" && sync "$records/services"
}
disarm() {
    rm -f -- "$back/go-back" "$service.new"
    rm -rf -- "$back" "$boot_link" "$boot_file"
    [ -z "$id" ] || [ "${reason-}" = watch ] || systemctl stop "$watch_unit" 2>/dev/null
}
portabled_mark='# Drop-in created for image'
hidden_mark='# Drop-in created for another image'
marks() {
    for directory in $attached_directories; do
        spare="$directory/.pulumi-portable"
        [ ! -e "$spare" ] || rm -f -- "$spare"
        for conf in "$directory"/*.d/20-portable.conf; do
            [ -f "$conf" ] && IFS= read -r line <"$conf" || continue
            file=${line#"$1 '"}
            [ "$file" != "$line" ] || continue
            file=${file%%"'"*}; file=${file%%:/*}; file=${file##*/}; file=${file%.raw}
            if [ "$1" = "$portabled_mark" ]; then
                case ${file%%_*} in "$name") continue ;; "$name"*) ;; *) continue ;; esac
            fi
            cp -a -- "$conf" "$spare" && sed "1s/^$1/$2/" "$conf" >"$spare" && touch -r "$conf" -- "$spare" &&
                sync "$spare" && mv -f -- "$spare" "$conf" || return
        done
    done
}
show_marks() ( marks "$hidden_mark" "$portabled_mark" )
alone() (
    show_marks && marks "$portabled_mark" "$hidden_mark" && "$@"
    outcome=$?
    show_marks && exit $outcome
)
attempt() {
    what=$1; shift
    say step "$what"
    said=$("$@" 2>&1) || { say failed "$what"; printf '%s\n' "$said" | block said; exit 1; }
}
[ "$(cat /etc/machine-id)" = "$machine_id" ] || { say other-machine; exit 0; }
take_lock
if [ -s "$service" ] && ! grep -qFx -- "nonce $nonce" "$service"; then
    say superseded; exit 0
fi
if [ -f "$back/go-back" ]; then sh "$back/go-back" interrupted; else disarm; fi
show_marks
attached "$name"
units=$attached_units runtime=
extensions=$(printf '%s' "$attached_extensions" | sed 's|:/| --extension /|g')
case $attached_lines in *" /run/systemd/system.attached "*) runtime=--runtime ;; esac
if [ -n "$units" ]; then
    stoppable=$(printf '%s\n' $units | sed 's/@\./@*./')
    attempt "stopping $name" systemctl stop -- $(printf '%s\n' $stoppable | grep -v '\.service$') $(printf '%s\n' $stoppable | grep '\.service$')
    attempt "disabling $name" systemctl disable $runtime -- $units
    for directory in $attached_directories; do
        for link in "$directory"/*.wants/* "$directory"/*.requires/*; do
            for unit in $units; do
                [ "${link##*/}" != "$unit" ] || rm -f -- "$link"
            done
        done
        rmdir "$directory"/*.wants "$directory"/*.requires 2>/dev/null
    done
    attempt "detaching $name" alone portablectl -q detach $runtime $extensions -- "$attached_image"
fi
find "$units_directory" -maxdepth 2 -xtype l -lname "/*/systemd/system.attached/${name}[.@-]*" | while IFS= read -r link; do
    rm -f -- "$link"
    rmdir -- "${link%/*}" 2>/dev/null
done
remove_all
rm -f -- "$service"
systemctl daemon-reload
for unit in $units; do systemctl reset-failed -- "$unit" 2>/dev/null; done
sweep
say done
}
main "$@"
