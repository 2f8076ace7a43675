#!/usr/bin/env bash
# root.sh [SUITE]: builds the root file system that hosts of a Debian suite share (bookworm: systemd 252, trixie: 257, sid:
# the newest), unless it is in the cache, and prints its path. Needs root; takes half a minute. The root of sid isn't
# updated: remove it from the cache to get a newer one.
#
#   PORTABLE_TEST_CACHE   where roots are kept (default: portable-test in the user's cache directory)
#   PORTABLE_TEST_MIRROR  Debian mirror, in any form that mmdebstrap takes (default: mmdebstrap's own)
set -euo pipefail

suite=${1:-bookworm}
cache=${PORTABLE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/portable-test}
packages=(
    systemd systemd-sysv systemd-container dbus polkitd # portablectl and portabled are in systemd-container
    openssh-server sudo
    iproute2 util-linux procps netcat-openbsd curl
    python3 perl-base zstd
    zsh tcsh fish busybox opendoas # login shells that a host may have, and what stands in for sudo
)

[[ $suite =~ ^[a-z]+$ ]] || { echo "root.sh: '$suite' is not the name of a Debian suite" >&2; exit 2; }
command -v mmdebstrap >/dev/null || { echo "root.sh: mmdebstrap is missing: apt install mmdebstrap" >&2; exit 1; }

# Removes an unfinished root. A killed mmdebstrap leaves /proc, /sys and /dev mounted in it.
remove() {
    local root mounted
    for root; do
        findmnt --raw --noheadings --output TARGET | awk -v below="$root/" 'index($0, below) == 1' | sort -r | while IFS= read -r mounted; do
            umount "$mounted" || umount --lazy "$mounted"
        done
        rm -rf --one-file-system "$root"
    done
}

# A change of this script results in a new root; running hosts keep theirs.
root=$cache/root-$suite-$(sha256sum "${BASH_SOURCE[0]}" | cut -c 1-12)
if [ ! -d "$root" ]; then
    mkdir -p "$cache"
    exec 9>"$cache/root.lock"
    flock 9
fi
if [ ! -d "$root" ]; then
    remove "$cache"/building.* # left by a run that was killed: we hold the lock
    building=$(mktemp -d "$cache/building.XXXXXX")
    trap 'remove "$building"' EXIT
    chmod 755 "$building"
    echo "making the root of Debian $suite in $cache: half a minute, once" >&2
    # Old mirrors have an expired Release file of sid; those of stable suites don't expire.
    mmdebstrap --quiet --variant=minbase --include="$(IFS=, && echo "${packages[*]}")" \
        --aptopt='Acquire::Check-Valid-Until "false"' "$suite" "$building" \
        ${PORTABLE_TEST_MIRROR:+"$PORTABLE_TEST_MIRROR"} >&2

    # hosts.sh writes these before the first boot, as they must differ between hosts.
    rm -f "$building"/etc/{machine-id,hostname,hosts} "$building"/etc/ssh/ssh_host_* "$building"/var/lib/dbus/machine-id
    # Without a name server a lookup fails at once; with an unreachable one it would take 10 s.
    : >"$building/etc/resolv.conf"
    echo 'AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys' >"$building/etc/ssh/sshd_config.d/test.conf"

    chroot "$building" useradd --create-home --shell /bin/bash deploy
    chroot "$building" useradd --create-home --shell /bin/bash nosudo
    echo 'deploy ALL=(ALL) NOPASSWD: ALL' >"$building/etc/sudoers.d/deploy"
    chmod 440 "$building/etc/sudoers.d/deploy"

    # /dev of an nspawn container is a private tmpfs, in which new loop devices of the kernel don't appear.
    for n in {0..255}; do echo "b /dev/loop$n 0660 root disk - 7:$n"; done >"$building/etc/tmpfiles.d/loop.conf"
    # Timers must not run while a test compares snapshots; kernel modules and consoles don't exist in a container.
    for unit in {apt-daily,apt-daily-upgrade,dpkg-db-backup,man-db}.timer {systemd-modules-load,console-getty}.service; do
        ln -sf /dev/null "$building/etc/systemd/system/$unit"
    done

    mv "$building" "$root"
    trap - EXIT
fi
echo "$root"
