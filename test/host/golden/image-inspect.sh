
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
{ 
version=$(systemctl --version); version=${version#systemd }
say systemd "${version%%[!0-9]*}"
 say machine "$(uname -m)"; } &
asked=$!
if [ -f /var/lib/portables/hello_2-0123456789ab.raw ]; then
    present=$(sha256sum </var/lib/portables/hello_2-0123456789ab.raw | cut -c 1-64)
    say present "$present"
    [ "$present" != 0101010101010101010101010101010101010101010101010101010101010101 ] || { wait "$asked"; exit 0; }
fi
command -v portablectl >/dev/null 2>&1 || { wait "$asked"; exit 0; }
free=$(df -B 1 --output=avail /var/lib) free=${free##*[!0-9]}
say free "$free"
[ ! -d "$records/incoming" ] || find "$records/incoming" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {} +
[ "$free" -gt 4096 ] || { wait "$asked"; exit 0; }
systemctl start --no-block systemd-portabled.service >/dev/null 2>&1 &
for try in 1 2 3 4 5; do
    [ -d "$records/incoming" ] || { mkdir -p -m 0711 "$records" && mkdir -p -m 0711 "$records/incoming"; }
    incoming=$(mktemp -d "$records/incoming/XXXXXXXX") && break
done
if [ -d "$incoming" ] && { [ -z "${SUDO_UID-}" ] || chown -- "$SUDO_UID" "$incoming"; }; then say incoming "$incoming"
else rmdir "$records/incoming" "$records" 2>/dev/null; fi
wait "$asked"
[ ! -f /var/lib/portables/hello_1-0123456789ab.raw ] || [ ! -f "$records/images"/hello_1-0123456789ab.raw/.chunks ] || block chunks <"$records/images"/hello_1-0123456789ab.raw/.chunks
}
main "$@"
