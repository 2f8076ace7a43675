# The beginning of every program on a host: messages in English, and at the root: cp --parents looks for the parents of
# a path from where it is.
cd /
umask 022
export LC_ALL=C SYSTEMD_COLORS=0 SYSTEMD_PAGER= SYSTEMD_URLIFY=0 PATH="$PATH:/usr/sbin:/sbin"
say() { printf '%s %s\n' "$report_mark" "$*"; }
block() { printf '%s< %s\n' "$report_mark" "$1"; cat; printf '\n%s>\n' "$report_mark"; }
# What is written may be secret: only the shell's own printf, whose words no list of processes shows.
text() { PATH= printf %s "$1"; }
make_records() { [ -d "$records/$1" ] || { mkdir -p -m 0711 "$records" && mkdir -p -m 0700 "$records/$1"; }; }
has_line() {
    while IFS= read -r had; do [ "$had" != "$2" ] || return 0; done <"$1"
    return 1
}
