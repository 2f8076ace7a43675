
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
say_version
say_profiles
}
main "$@"
