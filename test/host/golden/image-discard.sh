
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
uploaded=/var/lib/pulumi-portable/incoming/AbCdEfGh/hello_2-0123456789ab.raw
rm -rf -- "${uploaded%/*}"
rmdir "$records/incoming" "$records" 2>/dev/null
say discarded
}
main "$@"
