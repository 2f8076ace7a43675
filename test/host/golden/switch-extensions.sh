
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
incoming= trial=
leave() {
    [ -z "$incoming" ] || { wait; rm -rf -- "$incoming"; }
    [ -z "$trial" ] || [ ! -e "$trial" ] || rm -rf -- "$trial"
    rmdir ${trial:+"$records/images" "$records/files" "$records/services"} "$records/incoming" "$records" 2>/dev/null
}
trap leave EXIT
exec 9</etc/systemd/system
if ! flock -w 1 9; then
    say step "waiting for another operation on this host"
    flock -w 600 9 || { say busy; exit 75; }
fi
trial=/run/pulumi-portable.trial
[ ! -e "$trial" ] || rm -rf -- "$trial"
mkdir -m 0700 -- "$trial" "$trial"/hello.service.d || exit
text '[Service]
Environment="NAME=Ada"
' >"$trial"/hello.service.d/override.conf || exit
text '[Service]
' >"$trial"/hello.service || exit
shallow=--recursive-errors=no
[ 252 -ge 250 ] || shallow=
SYSTEMD_UNIT_PATH="$trial:" systemd-analyze verify $shallow hello.service >"$trial/said" 2>&1 9<&- &
verifying=$!
findings() {
    wait "$verifying"
    [ -f "$trial/said" ] || exit
    found=
    while IFS= read -r said; do
        path=${said%%:*}
        case $path in "$trial"/*.d/*) found="$found${said#"$trial"/}
" ;; esac
    done <"$trial/said"
    rm -rf -- "$trial" &
    [ -n "$found" ] && printf %s "$found" | sort -u | block findings
}
now() { read -r now idle </proc/uptime; now=${now%.*}; }
now
began=$now deadline=$((now + 600))
since_then() { now; echo "@$(($(date +%s) - now + began - 1))"; }
in_time() {
    now
    left=$((deadline - now))
    [ "$left" -gt 0 ] || left=1
    timeout "$left" "$@" && return 0
    status=$?
    [ "$status" != 124 ] || echo 'not done when the time for it was up (600 s in all, with time kept to go back)'
    return "$status"
}
journal() {
    journalctl --no-pager -q -o cat -n 15 --since "$(since_then)" "_SYSTEMD_UNIT=$1" + "UNIT=$1" 2>/dev/null
}
culprit() {
    bad=$1
    for unit; do
        look "$unit"
        case $ActiveState in failed|activating|deactivating) bad=$unit; return ;; esac
    done
}
shown() { systemctl show -p Id,ActiveState,SubState,Result,Type,NRestarts,CanReload,RootImage,MainPID -- "$@"; }
forget_unit() { Id= ActiveState= SubState= Result= Type= NRestarts=0 CanReload= RootImage= MainPID=; }
property() {
    case $1 in
        Id) Id=$2 ;;
        ActiveState) ActiveState=$2 ;;
        SubState) SubState=$2 ;;
        Result) Result=$2 ;;
        Type) Type=$2 ;;
        NRestarts) NRestarts=$2 ;;
        CanReload) CanReload=$2 ;;
        RootImage) RootImage=$2 ;;
        MainPID) MainPID=$2 ;;
    esac
}
look() {
    forget_unit
    while IFS== read -r key value; do property "$key" "$value"; done <<END
$(shown "$1")
END
}
judge() {
    case $ActiveState/$SubState/$Type/$Result in
        */auto-restart*) return 1 ;;
        active/*) [ "$NRestarts" = 0 ] || [ -z "$NRestarts" ] || return 1 ;;
        inactive/*/oneshot/success) ;;
        activating/*|reloading/*|deactivating/*) pending=$Id ;;
        *) return 1 ;;
    esac
    case $Type in simple|exec|idle|forking) [ -n "$calm" ] || calm=5 ;; esac
    settled="$settled$Id $MainPID $RootImage
"
}
settle() {
    calm=$stable_ticks patience=450
    [ $# != 0 ] || return 0
    while :; do
        pending= settled=
        forget_unit
        while IFS== read -r key value; do
            if [ -n "$key" ]; then property "$key" "$value"; continue; fi
            judge || { bad=$Id; return 1; }
            forget_unit
        done <<END
$(shown "$@")
END
        if [ -z "$pending" ]; then
            [ "${calm:-0}" -gt 0 ] || return 0
            calm=$((calm - 1))
        else
            patience=$((patience - 1))
            [ "$patience" -gt 0 ] || { look "$pending"; bad=$pending; return 1; }
        fi
        sleep 0.2
    done
}
stable_ticks=
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
    for part in /var/lib/portables/.part-*; do [ ! -e "$part" ] || rm -f -- "$part"; done
    for want in "$records"/images/*; do
        set -- "$want"/*
        [ -d "$want" ] && [ ! -e "$1" ] && rm -f -- "$want/.metadata" "$want/.metadata.new" "$want/.chunks" && rmdir -- "$want" 2>/dev/null || continue
        image=/var/lib/portables/${want##*/}
        if in_use "$image"; then
            mkdir -p -m 0700 -- "$want"
            say kept "$image"
        else
            rm -f -- "$image"
        fi
    done
}
newline='
'
adopted='
'
token=0123456789abcdef nonce=fedcba98 urn='urn:pulumi:demo::hello::portable:index:X::it'\''s'
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
service="$records/services"/hello back=/var/lib/pulumi-portable/services/hello.back
fresh_switch() {
    printf 'token %s\nurn %s\nnonce %s\nprofile %s\nwanted %s\nserving %s\nwhy %s\nswitch %s\n' "$token" "$urn" "$nonce" default /var/lib/portables/hello_2-0123456789ab.raw "$1" "$2" id01 >"$service.new"
}
record_switch() {
    fresh_switch "$@" && sync "$service.new" && mv -f -- "$service.new" "$service" && sync "$records/services"
}
marks() {
    for directory in /etc/systemd/system.attached /run/systemd/system.attached; do
        spare="$directory/.pulumi-portable"
        [ ! -e "$spare" ] || rm -f -- "$spare"
        for conf in "$directory"/*.d/20-portable.conf; do
            [ -f "$conf" ] && IFS= read -r line <"$conf" || continue
            file=${line#"$1 '"}
            [ "$file" != "$line" ] || continue
            file=${file%%"'"*}; file=${file%%:/*}; file=${file##*/}; file=${file%.raw}
            if [ "$1" = '# Drop-in created for image' ]; then
                case ${file%%_*} in hello) continue ;; hello*) ;; *) continue ;; esac
            fi
            cp -a -- "$conf" "$spare" && sed "1s/^$1/$2/" "$conf" >"$spare" && touch -r "$conf" -- "$spare" &&
                sync "$spare" && mv -f -- "$spare" "$conf" || return
        done
    done
}
show_marks() ( marks '# Drop-in created for another image' '# Drop-in created for image' )
alone() (
    show_marks && marks '# Drop-in created for image' '# Drop-in created for another image' && "$@"
    outcome=$?
    show_marks && exit $outcome
)
attached_paths() {
    find /etc/systemd/system.attached /run/systemd/system.attached /etc/systemd/system /run/systemd/system -mindepth 1 -maxdepth 2 '(' -path '*/system.attached/*' ! -type d '(' -name hello.service -o -path '*/system.attached/hello.service.d/*' -o -name hello.socket -o -path '*/system.attached/hello.socket.d/*' ')' -o -type l '(' -lname '*/system.attached/hello.service' -o -lname '*/system.attached/hello.socket' ')' ')' 2>/dev/null
    for path in /etc/portables/hello.raw /etc/portables/hello_* /run/portables/hello_* /etc/portables/a_1.raw /run/portables/a_1.raw /etc/portables/b.raw /run/portables/b.raw /etc/portables/c.raw /run/portables/c.raw; do
        [ ! -L "$path" ] || printf '%s\n' "$path"
    done
}
attached_dirs() {
    find /etc/systemd/system.attached /run/systemd/system.attached /etc/systemd/system /run/systemd/system -mindepth 1 -maxdepth 1 -type d '(' -path '*/system.attached/*' -o -name '*.wants' -o -name '*.requires' ')' "$@" 2>/dev/null
}
arm_begin() {
    [ ! -e "$back" ] || rm -rf -- "$back"
    mkdir -m 0700 "$back" "$back/attached" || return
    systemd-run --quiet --no-block --collect --unit pulumi-portable-hello-watch-id01.service --property DefaultDependencies=no \
        /bin/sh -c 'exec 9<"$1"; flock 9; [ ! -f "$2/go-back" ] || exec /bin/sh "$2/go-back" watch; rm -rf -- "$2" "$3" "$4"' watch /etc/systemd/system "$back" /etc/systemd/system/sysinit.target.wants/pulumi-portable-hello.service /etc/systemd/system/pulumi-portable-hello.service &
    watching=$!
    attached_paths | xargs -r -d '\n' cp -a --parents -t "$back/attached" -- &
    copying=$!
    attached_dirs >"$back/directories" &
    listing_dirs=$!
}
arm() {
    text '
cd /
umask 022
export LC_ALL=C SYSTEMD_COLORS=0 SYSTEMD_PAGER= SYSTEMD_URLIFY=0 PATH="$PATH:/usr/sbin:/sbin"
records=/var/lib/pulumi-portable
say() { printf '\''@%s %s\n'\'' abababababababab "$*"; }
block() { printf '\''@%s< %s\n'\'' abababababababab "$1"; cat; printf '\''\n@%s>\n'\'' abababababababab; }
text() { PATH= printf %s "$1"; }
make_records() { [ -d "$records/$1" ] || { mkdir -p -m 0711 "$records" && mkdir -p -m 0700 "$records/$1"; }; }
has_line() {
    while IFS= read -r had; do [ "$had" != "$2" ] || return 0; done <"$1"
    return 1
}
main() {
reason=$1 stirred=${2-1} bad=
newline='\''
'\''
adopted='\''
'\''
token=0123456789abcdef nonce=fedcba98 urn='\''urn:pulumi:demo::hello::portable:index:X::it'\''\'\'''\''s'\''
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
                sed -n '\''s/^urn //p'\'' "$other" | block "taken $path"; clear=1 ;;
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
    [ -z "$parent" ] || [ -d "$parent" ] || { echo "$parent isn'\''t a directory" | block "unable $1"; return 1; }
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
fresh_record() { printf '\''urn %s\nnonce %s%s\n'\'' "$urn" "$nonce" "$noted${1:+$newline$1}" >"$fresh"; }
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
    made=$(grep -sh '\''^dir '\'' -- "$records"/files/*)
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
        [ ! -e "$path" ] || printf '\''%s\n'\'' "$path"
        [ ! -d "${path%/*}" ] || printf '\''%s\n'\'' "${path%/*}"
    done | sort -u | xargs -r -d '\''\n'\'' sync --
}
recorded() { sed -n '\''s/^path //p'\'' "$record" 2>/dev/null; }
dirs_of() { sed -n '\''s/^dir //p'\'' "$1" 2>/dev/null | sort -r; }
empty_dirs() { dirs_of "$1" | xargs -r -d '\''\n'\'' rmdir -- 2>/dev/null; }
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
    recorded | xargs -r -d '\''\n'\'' rm -f --
    empty_dirs "$record"
    forget_undo
    rm -f -- "$record" "$fresh"
}
files_commit() { prune_dirs; write_record applied; forget_undo; }
service="$records/services"/hello back=/var/lib/pulumi-portable/services/hello.back
fresh_switch() {
    printf '\''token %s\nurn %s\nnonce %s\nprofile %s\nwanted %s\nserving %s\nwhy %s\nswitch %s\n'\'' "$token" "$urn" "$nonce" default /var/lib/portables/hello_2-0123456789ab.raw "$1" "$2" id01 >"$service.new"
}
record_switch() {
    fresh_switch "$@" && sync "$service.new" && mv -f -- "$service.new" "$service" && sync "$records/services"
}
shown() { systemctl show -p Id,ActiveState,SubState,Result,Type,NRestarts,CanReload,RootImage,MainPID -- "$@"; }
forget_unit() { Id= ActiveState= SubState= Result= Type= NRestarts=0 CanReload= RootImage= MainPID=; }
property() {
    case $1 in
        Id) Id=$2 ;;
        ActiveState) ActiveState=$2 ;;
        SubState) SubState=$2 ;;
        Result) Result=$2 ;;
        Type) Type=$2 ;;
        NRestarts) NRestarts=$2 ;;
        CanReload) CanReload=$2 ;;
        RootImage) RootImage=$2 ;;
        MainPID) MainPID=$2 ;;
    esac
}
look() {
    forget_unit
    while IFS== read -r key value; do property "$key" "$value"; done <<END
$(shown "$1")
END
}
judge() {
    case $ActiveState/$SubState/$Type/$Result in
        */auto-restart*) return 1 ;;
        active/*) [ "$NRestarts" = 0 ] || [ -z "$NRestarts" ] || return 1 ;;
        inactive/*/oneshot/success) ;;
        activating/*|reloading/*|deactivating/*) pending=$Id ;;
        *) return 1 ;;
    esac
    case $Type in simple|exec|idle|forking) [ -n "$calm" ] || calm=5 ;; esac
    settled="$settled$Id $MainPID $RootImage
"
}
settle() {
    calm=$stable_ticks patience=450
    [ $# != 0 ] || return 0
    while :; do
        pending= settled=
        forget_unit
        while IFS== read -r key value; do
            if [ -n "$key" ]; then property "$key" "$value"; continue; fi
            judge || { bad=$Id; return 1; }
            forget_unit
        done <<END
$(shown "$@")
END
        if [ -z "$pending" ]; then
            [ "${calm:-0}" -gt 0 ] || return 0
            calm=$((calm - 1))
        else
            patience=$((patience - 1))
            [ "$patience" -gt 0 ] || { look "$pending"; bad=$pending; return 1; }
        fi
        sleep 0.2
    done
}
stable_ticks=
attached_paths() {
    find /etc/systemd/system.attached /run/systemd/system.attached /etc/systemd/system /run/systemd/system -mindepth 1 -maxdepth 2 '\''('\'' -path '\''*/system.attached/*'\'' ! -type d '\''('\'' -name hello.service -o -path '\''*/system.attached/hello.service.d/*'\'' -o -name hello.socket -o -path '\''*/system.attached/hello.socket.d/*'\'' '\'')'\'' -o -type l '\''('\'' -lname '\''*/system.attached/hello.service'\'' -o -lname '\''*/system.attached/hello.socket'\'' '\'')'\'' '\'')'\'' 2>/dev/null
    for path in /etc/portables/hello.raw /etc/portables/hello_* /run/portables/hello_* /etc/portables/a_1.raw /run/portables/a_1.raw /etc/portables/b.raw /run/portables/b.raw /etc/portables/c.raw /run/portables/c.raw; do
        [ ! -L "$path" ] || printf '\''%s\n'\'' "$path"
    done
}
attached_dirs() {
    find /etc/systemd/system.attached /run/systemd/system.attached /etc/systemd/system /run/systemd/system -mindepth 1 -maxdepth 1 -type d '\''('\'' -path '\''*/system.attached/*'\'' -o -name '\''*.wants'\'' -o -name '\''*.requires'\'' '\'')'\'' "$@" 2>/dev/null
}
disarm() {
    rm -f -- "$back/go-back" "$service.new"
    rm -rf -- "$back" /etc/systemd/system/sysinit.target.wants/pulumi-portable-hello.service /etc/systemd/system/pulumi-portable-hello.service
    [ "${reason-}" = watch ] || systemctl stop pulumi-portable-hello-watch-id01.service 2>/dev/null
}
marks() {
    for directory in /etc/systemd/system.attached /run/systemd/system.attached; do
        spare="$directory/.pulumi-portable"
        [ ! -e "$spare" ] || rm -f -- "$spare"
        for conf in "$directory"/*.d/20-portable.conf; do
            [ -f "$conf" ] && IFS= read -r line <"$conf" || continue
            file=${line#"$1 '\''"}
            [ "$file" != "$line" ] || continue
            file=${file%%"'\''"*}; file=${file%%:/*}; file=${file##*/}; file=${file%.raw}
            if [ "$1" = '\''# Drop-in created for image'\'' ]; then
                case ${file%%_*} in hello) continue ;; hello*) ;; *) continue ;; esac
            fi
            cp -a -- "$conf" "$spare" && sed "1s/^$1/$2/" "$conf" >"$spare" && touch -r "$conf" -- "$spare" &&
                sync "$spare" && mv -f -- "$spare" "$conf" || return
        done
    done
}
show_marks() ( marks '\''# Drop-in created for another image'\'' '\''# Drop-in created for image'\'' )
alone() (
    show_marks && marks '\''# Drop-in created for image'\'' '\''# Drop-in created for another image'\'' && "$@"
    outcome=$?
    show_marks && exit $outcome
)
undoing() {
    undone=$("$@" 2>&1) || { say undo-failed "$*"; printf '\''%s\n'\'' "$undone" | block undone; }
}
if [ "$reason" = boot ]; then
    exec 9</etc/systemd/system
    flock -n 9 || exit 0
fi
show_marks
commit_recorded() {
    read_record "$record"
    while IFS= read -r path; do [ -e "$path" ] || [ -L "$path" ] || forget "path $path"; done <<END
$(recorded)
END
    files_commit
}
if [ "$(grep -csFx -e '\''why confirmed'\'' -e '\''switch id01'\'' "$service")" = 2 ]; then commit_recorded; disarm; exit 0; fi
[ -d "$back/attached" ] || { disarm; exit 0; }
say step "putting back what was before"
if [ "$reason" != boot ] && [ -n "$stirred" ]; then
    :
fi
attached_paths | while IFS= read -r path; do rm -f -- "$path"; done
(cd "$back/attached" && find . '\''('\'' -type f -o -type l '\'')'\'' | while IFS= read -r path; do
    mkdir -p -- "/${path%/*}" && cp -aT -- "$path" "/$path"
done) || say undo-failed "copying back the attached units"
attached_dirs -empty | grep -vxF -f "$back/directories" | xargs -r -d '\''\n'\'' rmdir --
[ ! -f "$undo/list" ] || files_undo
attached_paths | sync_listed
undoing systemctl daemon-reload
if [ "$reason" = boot ]; then
    undoing systemctl start --no-block -- hello.socket
    record_switch /var/lib/portables/hello_1-0123456789ab.raw "went back ($reason)"
    disarm
    exit 0
fi
if [ -n "$stirred" ]; then
    systemctl reset-failed -- hello.service 2>/dev/null
    :
    undoing systemctl start -- hello.socket
    undoing systemctl restart -- hello.service
fi
if settle hello.service hello.socket; then
    record_switch /var/lib/portables/hello_1-0123456789ab.raw "went back ($reason)"
    say serving /var/lib/portables/hello_1-0123456789ab.raw
else
    record_switch nothing "went back ($reason), but $bad is $ActiveState"
    say serving nothing "$bad is $ActiveState ($SubState)"
fi
disarm
[ "$reason" = failed ] || rmdir "$records/files" "$records/services" "$records" 2>/dev/null
}
main "$@"
' >"$back/go-back.new" || return
    [ -d /etc/systemd/system/sysinit.target.wants ] || mkdir -p /etc/systemd/system/sysinit.target.wants
    printf '%s\n' '[Unit]' 'Description=Puts back hello after an update that nobody confirmed' DefaultDependencies=no \
        'RequiresMountsFor=/etc /var/lib/pulumi-portable' 'After=local-fs.target' 'Before=sysinit.target' '[Service]' Type=oneshot \
        'ExecStart=/bin/sh -c '\''[ ! -f /var/lib/pulumi-portable/services/hello.back/go-back ] || exec /bin/sh /var/lib/pulumi-portable/services/hello.back/go-back boot; exec flock -n -E 0 /etc/systemd/system rm -rf -- /var/lib/pulumi-portable/services/hello.back /etc/systemd/system/sysinit.target.wants/pulumi-portable-hello.service /etc/systemd/system/pulumi-portable-hello.service'\''' >/etc/systemd/system/pulumi-portable-hello.service &&
        ln -sfn ../pulumi-portable-hello.service /etc/systemd/system/sysinit.target.wants/pulumi-portable-hello.service || return
    wait "$listing_dirs"
    wait "$copying"
}
arm_now() {
    fresh_switch /var/lib/portables/hello_1-0123456789ab.raw "switch under way" &&
        files_sync "$service.new" /etc/systemd/system/pulumi-portable-hello.service /etc/systemd/system /etc/systemd/system/sysinit.target.wants &&
        wait "$watching" && mv -- "$back/go-back.new" "$back/go-back" && mv -f -- "$service.new" "$service" &&
        sync "$undo" "$records/files" "$back" "$records/services"
}
disarm() {
    rm -f -- "$back/go-back" "$service.new"
    rm -rf -- "$back" /etc/systemd/system/sysinit.target.wants/pulumi-portable-hello.service /etc/systemd/system/pulumi-portable-hello.service
    [ "${reason-}" = watch ] || systemctl stop pulumi-portable-hello-watch-id01.service 2>/dev/null
}
said= bad= stirred= settled= stable_ticks=''
failed() {
    wait
    say touched
    say failed "$1"
    printf '%s\n' "$said" | block said
    [ -z "$bad" ] || journal "$bad" | block journal
    if [ -f "$back/go-back" ]; then sh "$back/go-back" failed "$stirred"
    else
        disarm
        files_undo
        say serving /var/lib/portables/hello_1-0123456789ab.raw
    fi
    show_units hello.service hello.socket
    
for path in /etc/systemd/system/hello.service.d/override.conf '/etc/hello/a key'; do
    [ ! -e "$path" ] || { digest=$(sha256sum <"$path"); say file "$(stat -c '%04a %U %G' -- "$path")" "${digest%% *}" "$path"; }
done
    
for path in /etc/systemd/system/hello.service.d/override.conf '/etc/hello/a key'; do
    [ ! -f "$path" ] || block "content $path" <"$path"
done
    exit 1
}
attempt() {
    what=$1; shift
    say step "$what"
    case $1 in
        alone) shift; said=$(alone in_time "$@" 2>&1) ;;
        *) said=$(in_time "$@" 2>&1) ;;
    esac || failed "$what"
}
ends_itself() {
    signal=15 pid=0 ends=1
    while IFS== read -r key value; do
        case $key in KillSignal) signal=$value ;; MainPID) pid=$value ;; esac
    done <<END
$(systemctl show -p KillSignal,MainPID -- "$1")
END
    [ -r "/proc/$pid/status" ] || return
    while read -r key value; do
        case $key in
            SigCgt:|SigBlk:) [ "$((0x${value#????????} >> (signal - 1) & 1))" = 0 ] || ends=0 ;;
        esac
    done <"/proc/$pid/status"
    return "$ends"
}
ask_ends() {
    {
        :
        if ends_itself hello.service; then echo 1; else echo 2; fi >"$back/ends-0"
    } &
    asking=$!
}
ended() {
    code=$(systemctl show -p ExecMainCode --value -- "$1")
    [ "$code" != 0 ] || code=$2
    say ended "$1" "$code"
}
serve() {
    what=$1; shift
    stirred=1
    say step "$what"
    wait "$forgetting" "$asking"
    said=$(in_time systemctl stop -- "$@" 2>&1) || { culprit "$@"; failed "stopping $*"; }
    read -r exited <"$back/ends-0" || exited=2; ended hello.service "$exited"
    said=$(in_time systemctl start -- "$@" 2>&1) || { culprit "$@"; failed "$what"; }
}
stay() {
    say step "waiting for $*"
    settle "$@" || { said="$bad is $ActiveState ($SubState), result $Result"; failed "keeping $bad up"; }
}
sockets_of() { find "/proc/$1/fd" -lname 'socket:*' -printf '%l ' 2>/dev/null; }
takes() {
    pid=$newline$settled
    pid=${pid#*"$newline$1 "}
    held=" $(sockets_of 1)"
    for socket in $(sockets_of "${pid%% *}"); do
        case $held in *" $socket "*) return 0 ;; esac
    done
    return 1
}
if [ -f "$back/go-back" ]; then
    say step "putting back what an update that was cut off has left"
    sh "$back/go-back" interrupted
    say interrupted
    exit 1
fi
attached hello
[ "$attached_image" = /var/lib/portables/hello_1-0123456789ab.raw ] || { say changed "$attached_image"; exit 1; }
if [ -s "$service" ] && ! has_line "$service" "token $token"; then
    say owned "$(sed -n 's/^urn //p' "$service")"; exit 1
fi
claim /etc/systemd/system/hello.service.d/override.conf '/etc/hello/a key'
able /etc/systemd/system/hello.service.d/override.conf root root || clear=1
able '/etc/hello/a key' hello adm || clear=1
[ "$clear" = 0 ] || exit 1
make_records services && make_records files || failed "making the records"
directories='/etc/systemd/system.attached /run/systemd/system.attached /etc/portables /run/portables'
arm_begin && ask_ends && files_begin /etc/systemd/system/hello.service.d/override.conf '/etc/hello/a key' && arm || failed "keeping what is there for the way back"
if findings; then
    wait "$asking"
    disarm
    forget_undo
    exit 1
fi
say touched
arm_now || failed "keeping what is there for the way back"
say step "writing drop-ins and files"
drop_others || failed "removing files that are no longer declared"
put /etc/systemd/system/hello.service.d/override.conf 0644 root:root <<END || failed 'writing /etc/systemd/system/hello.service.d/override.conf'
W1NlcnZpY2VdCkVudmlyb25tZW50PSJOQU1FPUFkYSIK
END
:
attempt 'detaching /var/lib/portables/hello_1-0123456789ab.raw' alone portablectl -q --no-reload detach --force --runtime --extension /srv/c.raw -- /var/lib/portables/hello_1-0123456789ab.raw
attempt 'attaching /var/lib/portables/hello_2-0123456789ab.raw' alone portablectl -q --no-reload attach --force --runtime --profile default --extension /var/lib/portables/a_1.raw --extension /srv/b.raw -- /var/lib/portables/hello_2-0123456789ab.raw
:
attempt 'enabling hello.socket' systemctl --no-reload enable --runtime -- hello.socket
changed=1
if [ -z "$changed" ] && systemctl show -p NeedDaemonReload -- hello.service hello.socket | grep -q yes; then
    changed=1
fi
[ -z "$changed" ] || attempt "reloading the manager" systemctl daemon-reload
:
systemctl reset-failed -- hello.service 2>/dev/null &
forgetting=$!
:
:
serve 'starting hello.service' hello.service
say confirm
stay hello.service
while read -r unit pid root; do
    [ -z "$unit" ] || [ "$root" = /var/lib/portables/hello_2-0123456789ab.raw ] || { said="RootImage is $root"; failed "running $unit from the image"; }
done <<END
$settled
END
if takes hello.service; then say takes hello.service hello.socket; else say leaves hello.service hello.socket; fi
{ recorded; attached_paths; } | sync_listed &
syncing=$!
show_units hello.service hello.socket
wait "$syncing"
now
patience=$((deadline - now))
[ "$patience" -le 60 ] || patience=60
[ "$patience" -ge 5 ] || patience=5
answer=$(timeout "$patience" head -n 1 <&8)
case $answer in
    confirmed) ;;
    unhealthy) said= ; bad=hello.service; failed "the health check" ;;
    *) said="nobody who could still reach the host confirmed it"; failed "confirming the update" ;;
esac
record_switch /var/lib/portables/hello_2-0123456789ab.raw confirmed || failed "writing the record of the switch"
say done
files_commit
disarm
sweep
}
main "$@"
