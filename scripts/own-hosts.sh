# shellcheck shell=sh
# Sourced by scripts that boot hosts, in the repository's directory.

# Gives the script a directory $work and hosts of its own, beside those that a developer keeps up; both go with its end.
use_own_hosts() {
    work=$(mktemp -d)
    PORTABLE_TEST_RUN=$work/run
    export PORTABLE_TEST_RUN
    trap 'exit 130' INT TERM
    trap 'test/hosts/hosts.sh down >/dev/null; rm -rf "$work"' EXIT
}

# Fails, and lists what it found, if anything of a host is still on this machine: processes, mounts, interfaces, files.
nothing_left_behind() {
    left=$(test/hosts/hosts.sh leftovers)
    [ -z "$left" ] && return
    echo "Left behind:"
    echo "$left"
    return 1
}
