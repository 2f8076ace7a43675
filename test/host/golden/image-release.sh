
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
token=0123456789abcdef
nonce=fedcba98
machine_id=9c54ce9c005d46468d10929448ebd504
adopted=/var/lib/portables/hello_2-0123456789ab.raw
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
say_machine
say_version
[ "$(cat /etc/machine-id)" = "$machine_id" ] || exit 0
take_lock
adopt "$adopted" || exit
ours=$(ls -t "$records"/images/*/"$token" 2>/dev/null | head -n 1)
if [ -n "$ours" ] && grep -qsFx "nonce $nonce" "$ours"; then rm -f -- "$records"/images/*/"$token"
else
    for want in "$records"/images/*/"$token"; do
        if grep -qsFx "nonce $nonce" "$want"; then rm -f -- "$want"; fi
    done
fi
sweep
say done
}
main "$@"
