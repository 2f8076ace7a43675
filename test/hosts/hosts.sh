#!/usr/bin/env bash
# Disposable Debian hosts for tests and the demo: nspawn containers with systemd, sshd, portabled, and their own network.
#
#   hosts.sh up NAME [--suite bookworm|trixie|sid] [--without PACKAGE|/PATH]... [--owner PID]
#                             boots a new host, or one that was powered off; gc takes it down when PID has exited
#   hosts.sh poweroff NAME   cuts its power: all processes are killed, the disk stays
#   hosts.sh down [NAME...]  removes hosts with their disks; without a name: all
#   hosts.sh gc              removes the hosts whose owner has exited
#   hosts.sh ssh [USER@]NAME COMMAND...   logs in as root, deploy (may sudo) or nosudo
#   hosts.sh exec NAME COMMAND...         runs as root without sshd: works when sshd is stopped, leaves no login
#   hosts.sh ip NAME | show NAME | list   prints its address; its properties as JSON; all hosts
#   hosts.sh leftovers [NAME]             prints processes, mounts, ... of a host (of all hosts); nothing after down
#
#   PORTABLE_TEST_RUN    directory of the running hosts (default: /tmp/portable-test-UID)
#   PORTABLE_TEST_CACHE  directory for files that are made once (root.sh)
# Hosts can reach each other and this machine, and no other network. Each has two addresses.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
user=${SUDO_UID:-$UID}
export PORTABLE_TEST_CACHE=${PORTABLE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/portable-test}
export PORTABLE_TEST_RUN=${PORTABLE_TEST_RUN:-/tmp/portable-test-$user}
run=$PORTABLE_TEST_RUN
cache=$PORTABLE_TEST_CACHE

fail() { echo "hosts.sh: $*" >&2; exit 1; }
lock() { mkdir -p "$cache"; exec 9>"$cache/target.lock"; flock 9; }
unlock() { exec 9>&-; }

# Each run directory has its own network of 198.18.0.0/15, which no real network may use (RFC 2544). Its number is a hash of
# the directory's name, or the next free one. The caller holds the lock.
take_network() {
    local other
    mkdir -p "$cache/networks" "$run"
    for _ in {0..511}; do
        use_network "$number"
        other=$(cat "$cache/networks/$number" 2>/dev/null || true)
        if [ "$other" = "$run" ] || { [ ! -e "${other:-/nowhere}" ] && [ ! -e "/sys/class/net/$net" ] && [ ! -e "/run/netns/$net" ]; }; then
            echo "$run" >"$cache/networks/$number"
            return
        fi
        number=$(((number + 1) % 512))
    done
    fail "512 run directories have a network already"
}
use_network() {
    net=$(printf 'pt%03x' "$1") # its network namespace, and its interface on this machine
    subnet=198.$((18 + $1 / 256)).$(($1 % 256))
}
number=$(grep -lsFx -- "$run" "$cache"/networks/* | head -n 1 || true)
number=${number##*/}
use_network "${number:=$(($(printf %s "$run" | cksum | cut -d ' ' -f 1) % 512))}"

exists() { [ -e "$run/$1/slot" ]; }
names() { local slot; for slot in "$run"/*/slot; do [ ! -e "$slot" ] || basename "$(dirname "$slot")"; done; }
address() { echo "$subnet.$((10 + $(<"$run/$1/slot")))"; }
second_address() { echo "$subnet.$((130 + $(<"$run/$1/slot")))"; }

# The cgroup hierarchies for a host: the one of cgroup v2, or on a hybrid machine those that systemd uses.
hierarchies() {
    if [ -e /sys/fs/cgroup/cgroup.procs ]; then
        echo /sys/fs/cgroup
    else
        local name
        for name in unified systemd memory pids; do [ ! -d "/sys/fs/cgroup/$name" ] || echo "/sys/fs/cgroup/$name"; done
    fi
}

# The cgroups of a host; the name `*` stands for all hosts.
cgroups() { local path; for path in $(hierarchies); do find "$path" -maxdepth 1 -name "$net-$1"; done; }

processes() {
    local path
    for path in $(cgroups "$1"); do find "$path" -name cgroup.procs -exec cat {} + 2>/dev/null || true; done | sort -un
}

# PID of the host's systemd in this machine's PID namespace.
init() {
    local nspawn
    nspawn=$(cat "$run/$1/nspawn.pid" 2>/dev/null) && grep -qs -- "/$net-$1\(/\|$\)" "/proc/$nspawn/cgroup" &&
        pgrep --parent "$nspawn" --oldest
}

# Runs a command on the host as root, without its sshd.
exec_in() {
    local name=$1 pid
    shift
    pid=$(init "$name") || fail "$name isn't running"
    nsenter --target "$pid" --mount --uts --ipc --net --pid --root --wd -- \
        env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin LC_ALL=C.UTF-8 "$@"
}

# shellcheck source=/dev/null
source "$here/network.sh"
source "$here/disk.sh"
source "$here/power.sh"

up() {
    local name=$1 suite=bookworm owner='' without=() root
    [[ $name =~ ^[a-z0-9][a-z0-9-]{0,31}$ ]] || fail "'$name' is no name for a host: use a-z, 0-9 and -, at most 32"
    shift
    while [ $# -gt 0 ]; do
        case $1 in
        --suite) suite=${2:?} ;;
        --without) without+=("${2:?}") ;;
        --owner) owner=${2:?} ;;
        *) fail "unknown option $1" ;;
        esac
        shift 2
    done
    check_tools
    gc
    if ! exists "$name"; then
        root=$("$here/root.sh" "$suite")
        lock
        take_network
        create "$name" "$root" "$suite" "$owner"
        unlock
        # Removes a host that wasn't created completely; one that doesn't boot stays for inspection.
        trap 'trap - EXIT; down '"$name" EXIT
        make_disk "$name" "${without[@]}"
        trap - EXIT
    fi
    if [ -z "$(processes "$name")" ]; then
        lock
        make_bridge
        power_on "$name"
        unlock
    fi
    wait_until_up "$name"
    echo "$name is up: Debian $(<"$run/$name/suite"), $(address "$name")"
}

# Creates a host with the lowest free number, from which its addresses follow. The caller holds the lock.
create() {
    local name=$1 root=$2 suite=$3 owner=$4 slot taken
    ! exists "$name" || fail "$name was just made by someone else"
    taken=" $({ cat "$run"/*/slot 2>/dev/null || true; } | tr '\n' ' ') "
    for slot in {1..121}; do [[ $taken == *" $slot "* ]] || break; done
    [ "$slot" -le 120 ] || fail "120 hosts are up already: hosts.sh down"
    make_keys
    mkdir -p "$run/$name"
    [ -O "$run" ] || fail "$run belongs to someone else"
    echo "$slot" >"$run/$name/slot"
    echo "$root" >"$run/$name/lower"
    echo "$suite" >"$run/$name/suite"
    [ -z "$owner" ] || process_id "$owner" >"$run/$name/owner"
}

# PID and start time, which identify a process although PIDs are reused.
process_id() { echo "$1 $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20)"; }

down() {
    local name
    for name in "$@"; do
        { exec 8<"$run/$name"; } 2>/dev/null || continue
        flock 8 # gc may be at it as well
        if [ -e "$run/$name" ]; then
            power_off "$name"
            rm -rf "${run:?}/$name"
        fi
        exec 8<&-
    done
    lock
    if [ -z "$(names)" ]; then
        [ ! -e "/sys/class/net/$net" ] || ip link delete "$net" # the kernel ends a namespace later than it says
        unplug "$net"
        [ ! -d "$run" ] || rmdir --ignore-fail-on-non-empty "$run"
    fi
    unlock
}

gc() {
    local name owner
    for name in $(names); do
        owner=$(cat "$run/$name/owner" 2>/dev/null) || continue
        [ "$(process_id "${owner% *}")" = "$owner" ] || down "$name"
    done
}

show() {
    exists "$1" || fail "no host is named $1; there are: $(names | tr '\n' ' ')"
    printf '{"name":"%s","suite":"%s","address":"%s","secondAddress":"%s","running":%s,"hostKey":"%s","directory":"%s","privateKeyPath":"%s"}\n' \
        "$1" "$(<"$run/$1/suite")" "$(address "$1")" "$(second_address "$1")" \
        "$([ -n "$(processes "$1")" ] && echo true || echo false)" \
        "$(cut -d ' ' -f 1-2 "$run/$1/host_key.pub")" "$run/$1" "$cache/keys/id_ed25519"
}

list() {
    local name suite at
    for name in $(names); do
        # Other processes may remove this host meanwhile.
        { suite=$(cat "$run/$name/suite") && at=$(address "$name"); } 2>/dev/null || continue
        printf '%-24s %-10s %-15s %-8s %s\n' "$name" "$suite" "$at" \
            "$([ -n "$(processes "$name")" ] && echo running || echo off)" \
            "$(sed 's/ .*//; s/^/owner /' "$run/$name/owner" 2>/dev/null || true)"
    done
}

# Loop devices whose image is on a file system that isn't mounted any more.
orphaned_loops() {
    local mounted loop device
    mounted=" $({ cat /proc/[0-9]*/mountinfo 2>/dev/null || true; } | awk '!seen[$3]++ { print $3 }' | tr '\n' ' ')"
    loops | while read -r loop device; do [[ $mounted == *" $device "* ]] || echo "$loop"; done
}

leftovers() {
    local name=${1:-} path orphans
    local pattern=$net${name:+-$name}
    [ -n "$name" ] || pattern=$net*
    find /run/netns -maxdepth 1 -name "$pattern" -printf 'network namespace %f\n' 2>/dev/null || true
    find /sys/class/net -maxdepth 1 -name "$pattern" -printf 'network interface %f\n'
    for path in $(hierarchies); do
        find "$path" -maxdepth 1 -name "$pattern" -printf 'cgroup %p\n'
    done
    processes "${name:-*}" | sed 's/^/process /'
    awk -v path="$run/$name" 'index($5, path) == 1 { print "mount " $5 }' /proc/self/mountinfo
    [ ! -e "$run/$name" ] || find "$run/$name" -maxdepth 1 -printf 'file %p\n'
    orphans=$(orphaned_loops)
    # Loop devices of a host that is being removed disappear within a moment.
    [ -z "$orphans" ] || { sleep 1 && orphaned_loops | grep -xF "$orphans" | sed 's/^/loop device /'; } || true
}

check_tools() {
    local pair missing=()
    for pair in mmdebstrap:mmdebstrap systemd-nspawn:systemd-container ip:iproute2 ssh:openssh-client \
        nsenter:util-linux losetup:mount pgrep:procps; do
        command -v "${pair%:*}" >/dev/null || missing+=("${pair#*:}")
    done
    [ ${#missing[@]} = 0 ] || fail "missing on this machine: apt install ${missing[*]}"
    grep -qw cgroup2 /proc/mounts || fail "cgroup v2 is mounted nowhere on this machine"
    [ -e /dev/loop-control ] || fail "the kernel has no loop devices: modprobe loop"
    grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null || fail "the kernel has no overlay file system"
}

usage() { sed -n '/^#   /,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2; exit 2; }

command=${1:-}
[ $# = 0 ] || shift
if [ "$UID" != 0 ] && [ "$command" != ssh ]; then
    exec sudo --non-interactive PORTABLE_TEST_CACHE="$cache" PORTABLE_TEST_RUN="$run" "$BASH" "$here/hosts.sh" "$command" "$@"
fi
case $command in
up | show | poweroff | ip | ssh | exec) [ $# -gt 0 ] || usage ;;&
up) up "$@" ;;
poweroff) exists "$1" && power_off "$1" ;;
down) if [ $# -gt 0 ]; then down "$@"; else down $(names); fi ;;
gc) gc ;;
ssh)
    name=${1##*@}
    exists "$name" || fail "no host is named $name"
    exec ssh -F "$run/$name/ssh_config" -o BatchMode=yes "$@"
    ;;
exec) exec_in "$@" ;;
ip) exists "$1" && address "$1" ;;
show) show "$1" ;;
list) list ;;
leftovers) leftovers "$@" ;;
remove-from-disk) remove_from_disk "$@" ;;
run-nspawn) run_nspawn "$1" ;;
*) usage ;;
esac
