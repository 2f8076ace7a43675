say_version() {
    version=$(systemctl --version); version=${version#systemd }; version=${version%%[!0-9]*}
    say systemd "$version"
}
# Starts no process but the subshell for os-release.
say_machine() {
    IFS= read -r machine </etc/machine-id
    say machine-id "$machine"
    IFS= read -r machine </proc/sys/kernel/hostname
    say host-name "$machine"
    # shellcheck source=/dev/null
    say os "$(. /etc/os-release; echo "$ID ${ID_LIKE:-}")"
    command -v portablectl >/dev/null 2>&1 && say portablectl "$(command -v portablectl)"
    command -v flock >/dev/null 2>&1 && say flock
    portabled=not-found
    for directory in /lib /usr/lib /usr/local/lib /run /etc; do
        # A masked unit is a link to /dev/null (systemctl(1), mask).
        if [ -c "$directory/systemd/system/systemd-portabled.service" ]; then portabled=masked
        elif [ -e "$directory/systemd/system/systemd-portabled.service" ]; then portabled=loaded
        fi
    done
    say portabled "$portabled"
}
# Reports `profile NAME` for each profile of the host.
say_profiles() {
    for directory in $profile_directories; do
        for profile in "$directory"/*/service.conf; do
            [ ! -f "$profile" ] || { profile=${profile%/service.conf}; say profile "${profile##*/}"; }
        done
    done
}
