
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
uploaded=/var/lib/pulumi-portable/incoming/AbCdEfGh/hello_2-0123456789ab.raw
rm -rf -- "${uploaded%/*}"
rmdir "$records/incoming" "$records" 2>/dev/null
say discarded
}
main "$@"
