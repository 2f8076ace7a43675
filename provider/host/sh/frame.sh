# Every program on a host begins with this. Messages are in English, and the working directory is /, because
# `cp --parents` resolves the parents of a path relative to it.
cd /
umask 022
export LC_ALL=C SYSTEMD_COLORS=0 SYSTEMD_PAGER= SYSTEMD_URLIFY=0 PATH="$PATH:/usr/sbin:/sbin"
say() { printf '%s %s\n' "$report_mark" "$*"; }
block() { printf '%s< %s\n' "$report_mark" "$1"; cat; printf '\n%s>\n' "$report_mark"; }
# Writes a text that may be secret. The empty PATH makes sure that the shell's own printf runs: the arguments of a
# process would be visible in the list of processes.
text() { PATH= printf %s "$1"; }
make_records() { [ -d "$records/$1" ] || { mkdir -p -m 0711 "$records" && mkdir -p -m 0700 "$records/$1"; }; }
has_line() {
    while IFS= read -r had; do [ "$had" != "$2" ] || return 0; done <"$1"
    return 1
}
