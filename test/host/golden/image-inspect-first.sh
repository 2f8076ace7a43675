
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
digest=0101010101010101010101010101010101010101010101010101010101010101
size_bytes=4096
before=''
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
say_machine
{ say_version; say machine "$(uname -m)"; } &
asked=$!
if [ -f "$image" ]; then
    present=$(sha256sum <"$image" | cut -c 1-64)
    say present "$present"
    [ "$present" != "$digest" ] || { wait "$asked"; exit 0; }
fi
command -v portablectl >/dev/null 2>&1 || { wait "$asked"; exit 0; }
free=$(df -B 1 --output=avail /var/lib) free=${free##*[!0-9]}
say free "$free"
[ ! -d "$records/incoming" ] || find "$records/incoming" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {} +
[ "$free" -gt "$size_bytes" ] || { wait "$asked"; exit 0; }
systemctl start --no-block systemd-portabled.service >/dev/null 2>&1 &
for try in 1 2 3 4 5; do
    [ -d "$records/incoming" ] || { mkdir -p -m 0711 "$records" && mkdir -p -m 0711 "$records/incoming"; }
    incoming=$(mktemp -d "$records/incoming/XXXXXXXX") && break
done
if [ -d "$incoming" ] && { [ -z "${SUDO_UID-}" ] || chown -- "$SUDO_UID" "$incoming"; }; then say incoming "$incoming"
else rmdir "$records/incoming" "$records" 2>/dev/null; fi
wait "$asked"
chunks=$records/images/${before##*/}/.chunks
[ -z "$before" ] || [ ! -f "$before" ] || [ ! -f "$chunks" ] || block chunks <"$chunks"
}
main "$@"
