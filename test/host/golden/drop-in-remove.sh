
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
with_adopted() {
"$@" /etc/systemd/system/hello.service.d/override.conf /etc/x
}
with_directories() {
"$@" /etc/systemd/system/hello.service.d
}
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
    while IFS='=' read -r key value; do property "$key" "$value"; done <<END
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
        while IFS='=' read -r key value; do
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
token=0123456789abcdef
nonce=fedcba98
urn='urn:pulumi:demo::hello::portable:index:X::it'\''s'
adopted='
/etc/systemd/system/hello.service.d/override.conf
/etc/x
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
changed_unit=hello.service
instances=hello.service
on_change=restart
doing=restarting
said= bad= cannot=
find_running() {
    running=$(systemctl list-units --plain --no-legend --no-pager --state=active,reloading,activating -- "$instances" | cut -d ' ' -f 1)
    [ "$on_change" != none ] || running=
}
apply() {
    said=$(in_time systemctl daemon-reload 2>&1) || return
    [ -n "$running" ] || return 0
    if [ "$on_change" = reload ]; then
        for bad in $running; do
            look "$bad"
            [ "$CanReload" = yes ] || { said="$bad has no ExecReload="; cannot=1; return 1; }
        done
        bad=
    else
        systemctl reset-failed -- $running 2>/dev/null
    fi
    say step "$1" $running
    said=$(in_time systemctl "$on_change" -- $running 2>&1) || { culprit $running; return 1; }
    settle $running || { said="$bad is $ActiveState ($SubState), result $Result"; return 1; }
}
put_back() {
    systemctl daemon-reload
    [ -n "$running" ] && [ -z "$cannot" ] || return 0
    for instance in $running; do
        look "$instance"
        if [ "$on_change" = reload ] && [ "$ActiveState" = active ]; then systemctl reload -- "$instance"
        else
            systemctl reset-failed -- "$instance" 2>/dev/null
            systemctl restart -- "$instance"
        fi
    done
    settle $running
}
[ "$(cat /etc/machine-id)" = "$machine_id" ] || { say other-machine; exit 0; }
take_lock
start_clock
find_running
if [ -f "$record" ]; then
    grep -qFx -- "nonce $nonce" "$record" || { say superseded; exit 0; }
    remove_all
else
    with_adopted claim || { say superseded; exit 0; }
    with_adopted rm -f --
    with_directories rmdir -- 2>/dev/null
fi
if apply "$doing"; then say done; else say failed "$doing $changed_unit"; printf '%s\n' "$said" | block said; fi
}
main "$@"
