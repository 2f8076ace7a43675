
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
trial_units=''
findings() { return 1; }
budget_seconds=600
now() { read -r now idle </proc/uptime; now=${now%.*}; }
start_clock() { now; began=$now deadline=$((now + budget_seconds)); }
since_then() { now; echo "@$(($(date +%s) - now + began - 1))"; }
in_time() {
    now
    left=$((deadline - now))
    [ "$left" -gt 0 ] || left=1
    timeout "$left" "$@" && return 0
    status=$?
    [ "$status" != 124 ] || echo "not done when the time for it was up ($budget_seconds s in all, with time kept to go back)"
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
library='
previous=/var/lib/portables/hello_1-0123456789ab.raw
units='\''hello.service hello.socket'\''
leave='\'''\''
token=0123456789abcdef
nonce=fedcba98
urn='\''urn:pulumi:demo::hello::portable:index:X::it'\''\'\'''\''s'\''
adopted='\''
'\''
newline='\''
'\''
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
name=hello
id=id01
profile=default
wanted_image=/var/lib/portables/hello_2-0123456789ab.raw
service=$records/services/$name back=$records/services/$name.back
boot_unit=pulumi-portable-$name.service watch_unit=pulumi-portable-$name-watch-$id.service
boot_file=$units_directory/$boot_unit boot_link=$units_directory/sysinit.target.wants/$boot_unit
fresh_switch() {
    printf '\''token %s\nurn %s\nnonce %s\nprofile %s\nwanted %s\nserving %s\nwhy %s\nswitch %s\n'\'' "$token" "$urn" "$nonce" "$profile" "$wanted_image" "$1" "$2" "$id" >"$service.new"
}
record_switch() {
    fresh_switch "$@" && sync "$service.new" && mv -f -- "$service.new" "$service" && sync "$records/services"
}
disarm() {
    rm -f -- "$back/go-back" "$service.new"
    rm -rf -- "$back" "$boot_link" "$boot_file"
    [ -z "$id" ] || [ "${reason-}" = watch ] || systemctl stop "$watch_unit" 2>/dev/null
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
    while IFS='\''='\'' read -r key value; do property "$key" "$value"; done <<END
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
    calm=${stable_ticks-} patience=450
    [ $# != 0 ] || return 0
    while :; do
        pending= settled=
        forget_unit
        while IFS='\''='\'' read -r key value; do
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
attached_paths() {
    find /etc/systemd/system.attached /run/systemd/system.attached /etc/systemd/system /run/systemd/system -mindepth 1 -maxdepth 2 '\''('\'' -path '\''*/system.attached/*'\'' ! -type d '\''('\'' -name hello.service -o -path '\''*/system.attached/hello.service.d/*'\'' -o -name hello.socket -o -path '\''*/system.attached/hello.socket.d/*'\'' '\'')'\'' -o -type l '\''('\'' -lname '\''*/system.attached/hello.service'\'' -o -lname '\''*/system.attached/hello.socket'\'' '\'')'\'' '\'')'\'' 2>/dev/null
    for path in /etc/portables/hello.raw /etc/portables/hello_* /run/portables/hello_* ; do
        [ ! -L "$path" ] || printf '\''%s\n'\'' "$path"
    done
}
attached_dirs() {
    find /etc/systemd/system.attached /run/systemd/system.attached /etc/systemd/system /run/systemd/system -mindepth 1 -maxdepth 1 -type d '\''('\'' -path '\''*/system.attached/*'\'' -o -name '\''*.wants'\'' -o -name '\''*.requires'\'' '\'')'\'' "$@" 2>/dev/null
}
portabled_mark='\''# Drop-in created for image'\''
hidden_mark='\''# Drop-in created for another image'\''
marks() {
    for directory in $attached_directories; do
        spare="$directory/.pulumi-portable"
        [ ! -e "$spare" ] || rm -f -- "$spare"
        for conf in "$directory"/*.d/20-portable.conf; do
            [ -f "$conf" ] && IFS= read -r line <"$conf" || continue
            file=${line#"$1 '\''"}
            [ "$file" != "$line" ] || continue
            file=${file%%"'\''"*}; file=${file%%:/*}; file=${file##*/}; file=${file%.raw}
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
'
roll_back='
report_mark=@abababababababab
records=/var/lib/pulumi-portable
images=/var/lib/portables
units_directory=/etc/systemd/system
attached_directories='\''/etc/systemd/system.attached /run/systemd/system.attached'\''
cd /
umask 022
export LC_ALL=C SYSTEMD_COLORS=0 SYSTEMD_PAGER= SYSTEMD_URLIFY=0 PATH="$PATH:/usr/sbin:/sbin"
say() { printf '\''%s %s\n'\'' "$report_mark" "$*"; }
block() { printf '\''%s< %s\n'\'' "$report_mark" "$1"; cat; printf '\''\n%s>\n'\'' "$report_mark"; }
text() { PATH= printf %s "$1"; }
make_records() { [ -d "$records/$1" ] || { mkdir -p -m 0711 "$records" && mkdir -p -m 0700 "$records/$1"; }; }
has_line() {
    while IFS= read -r had; do [ "$had" != "$2" ] || return 0; done <"$1"
    return 1
}
main() {
. /var/lib/pulumi-portable/services/hello.back/library.sh
before_unit='\'''\''
kept_once_migrated='\'''\''
were_off='\'''\''
were_active='\''hello.service hello.socket'\''
were_enabled=hello.socket
active_services=hello.service
active_others=hello.socket
restart_sockets='\'''\''
reason=$1 stirred=${2-1} bad=
undoing() {
    undone=$("$@" 2>&1) || { say undo-failed "$*"; printf '\''%s\n'\'' "$undone" | block undone; }
}
if [ "$reason" = boot ]; then
    exec 9<"$units_directory"
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
if [ "$(grep -csFx -e '\''why confirmed'\'' -e "switch $id" "$service")" = 2 ]; then commit_recorded; disarm; exit 0; fi
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
    undoing systemctl stop -- $(systemctl list-units --plain --no-legend --all -- $were_off | cut -d '\'' '\'' -f 1)
fi
attached_paths | while IFS= read -r path; do rm -f -- "$path"; done
(cd "$back/attached" && find . '\''('\'' -type f -o -type l '\'')'\'' | while IFS= read -r path; do
    mkdir -p -- "/${path%/*}" && cp -aT -- "$path" "/$path"
done) || say undo-failed "copying back the attached units"
attached_dirs -empty | grep -vxF -f "$back/directories" | xargs -r -d '\''\n'\'' rmdir --
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
}
main "$@"
'
eval "$library"
watch='exec 9<"$1"; flock 9; [ ! -f "$2/go-back" ] || exec /bin/sh "$2/go-back" watch; rm -rf -- "$2" "$3" "$4"'
at_boot="[ ! -f $back/go-back ] || exec /bin/sh $back/go-back boot; exec flock -n -E 0 $units_directory rm -rf -- $back $boot_link $boot_file"
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
    wait "$listing_dirs"
    wait "$copying"
}
arm_now() {
    fresh_switch "${previous:-nothing}" "switch under way" &&
        files_sync "$service.new" "$boot_file" "$units_directory" "$units_directory/sysinit.target.wants" &&
        wait "$watching" && mv -- "$back/go-back.new" "$back/go-back" && mv -f -- "$service.new" "$service" &&
        sync "$undo" "$records/files" "$back" "$records/services"
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
show_files() {
    for path; do
        [ ! -e "$path" ] || { digest=$(sha256sum <"$path"); say file "$(stat -c '%04a %U %G' -- "$path")" "${digest%% *}" "$path"; }
    done
}
show_texts() { for path; do [ ! -f "$path" ] || block "content $path" <"$path"; done; }
attach=1
runtime=''
leave_instances=''
disable=''
enable=''
plain_units='hello.service hello.socket'
before_unit=''
stop=hello.service
restart=''
restart_sockets=''
start=''
activated=''
systemd_version=252
stable_ticks=''
health_seconds=''
health_unit=''
confirm_seconds=60
least_confirm_seconds=5
confirmation=confirmed
with_files() {
"$@" /etc/systemd/system/hello.service.d/override.conf '/etc/hello/a key'
}
claim_files() {
with_files claim
able /etc/systemd/system/hello.service.d/override.conf root root || clear=1
able '/etc/hello/a key' hello adm || clear=1
[ "$clear" = 0 ] || exit 1
}
put_files() {
:
}
with_paths() {
"$@" /etc/systemd/system/hello.service.d/override.conf '/etc/hello/a key'
}
attach_image() {
attempt 'reattaching /var/lib/portables/hello_2-0123456789ab.raw' alone portablectl -q --no-reload reattach --profile default -- /var/lib/portables/hello_2-0123456789ab.raw
}
said= bad= stirred= settled=
comma() {
    list=$1; shift
    for word; do list="$list, $word"; done
}
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
        say serving "${previous:-nothing}"
    fi
    show_units $leave $units
    with_paths show_files
    with_paths show_texts
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
    while IFS='=' read -r key value; do
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
        set -- $activated
        while [ $# != 0 ]; do
            if ends_itself "$1"; then echo 1; else echo 2; fi >"$back/ends-$1"
            shift 2
        done
    } &
    asking=$!
}
ended() {
    code=$(systemctl show -p ExecMainCode --value -- "$1")
    [ "$code" != 0 ] || code=$2
    say ended "$1" "$code"
}
say_ended() {
    set -- $activated
    while [ $# != 0 ]; do
        read -r exited <"$back/ends-$1" || exited=2
        ended "$1" "$exited"
        shift 2
    done
}
serve() {
    what=$1; shift
    stirred=1
    say step "$what"
    wait "$forgetting" "$asking"
    said=$(in_time systemctl stop -- "$@" 2>&1) || { culprit "$@"; failed "stopping $*"; }
    say_ended
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
say_takes() {
    set -- $activated
    while [ $# != 0 ]; do
        if takes "$1"; then say takes "$1 $2"; else say leaves "$1 $2"; fi
        shift 2
    done
}
wait_for_health_command() {
    say step "waiting for the health command"
    now
    limit=$((now + health_seconds))
    until said=$(health_command 2>&1 8<&- 9<&-); do
        now
        [ "$now" -lt "$limit" ] || { bad=$health_unit; failed "the health command"; }
        sleep 0.5
    done
}
take_lock
start_clock
[ -z "$trial_units" ] || verify_drop_ins
if [ -f "$back/go-back" ]; then
    say step "putting back what an update that was cut off has left"
    sh "$back/go-back" interrupted
    say interrupted
    exit 1
fi
attached "$name"
[ "$attached_image" = "$previous" ] || { say changed "$attached_image"; exit 1; }
if [ -s "$service" ] && ! has_line "$service" "token $token"; then
    say owned "$(sed -n 's/^urn //p' "$service")"; exit 1
fi
claim_files
make_records services && make_records files || failed "making the records"
directories="$attached_directories /etc/portables /run/portables"
arm_begin && ask_ends && with_files files_begin && arm || failed "keeping what is there for the way back"
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
put_files
if [ -n "$leave" ]; then
    stirred=1
    comma $leave
    attempt "stopping $list: not in the new image" systemctl stop -- $leave_instances
    attempt "disabling $list" systemctl --no-reload disable -- $leave
fi
attach_image
if [ -n "$disable" ]; then
    comma $disable
    attempt "disabling $list" systemctl --no-reload disable $runtime -- $disable
fi
if [ -n "$enable" ]; then
    comma $enable
    attempt "enabling $list" systemctl --no-reload enable $runtime -- $enable
fi
[ -z "$attach$disable$enable" ] || changed=1
if [ -z "$changed" ] && systemctl show -p NeedDaemonReload -- $plain_units | grep -q yes; then
    changed=1
fi
[ -z "$changed" ] || attempt "reloading the manager" systemctl daemon-reload
if [ -n "$before_unit" ]; then
    say step "running $before_command of the new image before the switch"
    said=$(before_switch 2>&1) || failed "the command before the switch, $before_command,"
    : >"$back/migrated" && sync "$back/migrated"
fi
if [ -n "$stop" ]; then
    stirred=1
    comma $stop
    attempt "stopping $list" systemctl stop -- $stop
fi
if [ -n "$restart" ]; then
    systemctl reset-failed -- $restart 2>/dev/null &
    forgetting=$!
    [ -z "$stop$restart_sockets$start" ] || wait "$forgetting"
fi
if [ -n "$restart_sockets" ]; then
    stirred=1
    if [ -n "$restart" ]; then
        comma $restart
        attempt "stopping $list for the change of its socket" systemctl stop -- $restart
    fi
    comma $restart_sockets
    attempt "restarting $list" systemctl restart -- $restart_sockets
fi
if [ -n "$start" ]; then
    stirred=1
    comma $start
    attempt "starting $list" systemctl start -- $start
fi
[ -z "$restart" ] || { comma $restart; serve "starting $list" $restart; }
say confirm
[ -z "$restart" ] || stay $restart
while read -r unit pid root; do
    [ -z "$unit" ] || [ "$root" = "$wanted_image" ] || { said="RootImage is $root"; failed "running $unit from the image"; }
done <<END
$settled
END
say_takes
[ -z "$health_seconds" ] || wait_for_health_command
{ recorded; attached_paths; } | sync_listed &
syncing=$!
show_units $units
wait "$syncing"
now
patience=$((deadline - now))
[ "$patience" -le "$confirm_seconds" ] || patience=$confirm_seconds
[ "$patience" -ge "$least_confirm_seconds" ] || patience=$least_confirm_seconds
answer=$(timeout "$patience" head -n 1 <&8)
case $answer in
    "$confirmation") ;;
    unhealthy) said='' bad=${restart%% *}; failed "the health check" ;;
    *) said="nobody who could still reach the host confirmed it"; failed "confirming the update" ;;
esac
record_switch "$wanted_image" confirmed || failed "writing the record of the switch"
say done
files_commit
disarm
sweep
}
main "$@"
