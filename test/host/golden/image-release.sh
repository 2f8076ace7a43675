
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
version=$(systemctl --version); version=${version#systemd }
say systemd "${version%%[!0-9]*}"
[ "$(cat /etc/machine-id)" = 9c54ce9c005d46468d10929448ebd504 ] || exit 0
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
unknown="$records/images"/hello_2-0123456789ab.raw
if [ -f /var/lib/portables/hello_2-0123456789ab.raw ] && [ ! -d "$unknown" ]; then
    mkdir -p -m 0711 "$records" && mkdir -p -m 0700 "$records/images" "$unknown" || exit
else
    unknown=
fi
ours=$(ls -t "$records"/images/*/0123456789abcdef 2>/dev/null | head -n 1)
if [ -n "$ours" ] && grep -qsFx 'nonce fedcba98' "$ours"; then rm -f -- "$records"/images/*/0123456789abcdef
else
    for want in "$records"/images/*/0123456789abcdef; do
        if grep -qsFx 'nonce fedcba98' "$want"; then rm -f -- "$want"; fi
    done
fi
sweep
say done
}
main "$@"
