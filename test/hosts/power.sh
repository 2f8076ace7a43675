# Booting a host, and cutting its power. Sourced by hosts.sh.

# By default a user can have 128 inotify instances. A host uses up to eight of root's, and its path units fail without one.
allow_inotify() {
    local setting=/proc/sys/fs/inotify/max_user_instances needed
    needed=$((64 + 8 * $(for path in $(hierarchies); do find "$path" -maxdepth 1 -name 'pt[0-9a-f][0-9a-f][0-9a-f]-*'; done | sed 's|.*/||' | sort -u | wc -l)))
    [ "$(<$setting)" -ge "$needed" ] || echo $((2 * needed)) >$setting
}

power_on() {
    local name=$1 path
    plug "$name"
    for path in $(hierarchies); do mkdir -p "$path/$net-$name"; done
    allow_inotify
    (
        exec 9>&-
        # Without its own cgroup, a host would share the tree of units with the others.
        for path in $(hierarchies); do echo "$BASHPID" >"$path/$net-$name/cgroup.procs"; done
        # In its own mount namespace, all mounts (and the disk) are released with the last process.
        exec setsid unshare --mount --propagation private "$BASH" "$here/hosts.sh" run-nspawn "$name" \
            </dev/null >"$run/$name/console.log" 2>&1
    ) &
    echo $! >"$run/$name/nspawn.pid" # everything above is one process, by exec
}

run_nspawn() {
    local dir=$run/$1
    mount_disk "$dir"
    mkdir -p /run/systemd/nspawn
    mount -t tmpfs tmpfs /run/systemd/nspawn # else locks and propagation directories stay behind after a kill
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec systemd-nspawn --quiet --boot --directory="$dir/root" \
        --machine="$net-$1" --hostname="$1" --register=no --keep-unit --private-users=no --capability=all \
        --network-namespace-path="/run/netns/$net-$1" --bind=/dev/loop-control --console=pipe \
        --resolv-conf=off --timezone=off --link-journal=no
}

# Waits until systemd has finished booting and sshd answers.
wait_until_up() {
    local name=$1 deadline=$((SECONDS + 90)) state='' banner=''
    while [ $SECONDS -lt $deadline ]; do
        [ -e "/proc/$(<"$run/$name/nspawn.pid")" ] || break
        case $state in
        running | degraded)
            banner=$(timeout 1 "$BASH" -c "exec 3<>/dev/tcp/$(address "$name")/22 && head -c 3 <&3" 2>/dev/null) || true
            [ "$banner" != SSH ] || return 0
            ;;
        *) state=$(init "$name" >/dev/null && exec_in "$name" timeout 60 systemctl is-system-running --wait 2>/dev/null) || true ;;
        esac
        sleep 0.05
    done
    fail "$name didn't come up (systemd: ${state:-no answer}, sshd: ${banner:-no answer}). Its console's end:" \
        "$(tail -n 15 "$run/$name/console.log")"
}

# All loop devices in use, each with the device number of the file system of its image. (losetup before 2.39 pads it with
# escaped spaces.)
loops() { losetup --list --noheadings --raw --output NAME,BACK-MAJ:MIN | sed 's/\\x20//g'; }

# Loop devices whose image is on a file system that only this host has mounted.
held_loops() {
    local pid devices
    pid=$(init "$1") || return 0
    devices=" $(awk '$0 !~ / - (devtmpfs|proc|sysfs|cgroup2?|mqueue) / { print $3 }' "/proc/$pid/mountinfo" | sort -u | tr '\n' ' ')"
    loops | while read -r loop device; do [[ $devices != *" $device "* ]] || echo "$loop $device"; done
}

power_off() {
    local name=$1 held pids path try loop device
    held=$(held_loops "$name")
    for try in {1..200}; do
        pids=$(processes "$name")
        [ -n "$pids" ] || break
        # shellcheck disable=SC2086
        kill -KILL $pids 2>/dev/null || true
        sleep 0.03
    done
    [ -z "$pids" ] || fail "these processes of $name don't end: ${pids//$'\n'/ }"
    unplug "$net-$name"
    for path in $(cgroups "$name"); do find "$path" -depth -type d -exec rmdir {} +; done
    rm -f "$run/$name/nspawn.pid"
    # The kernel frees a loop device with its last mount, a moment after the processes; one never mounted, when told.
    while read -r loop device; do
        for try in {1..100}; do
            loops | grep -qxF "$loop $device" || continue 2 # by the device too: another host may have it by now
            losetup --detach "$loop" 2>/dev/null || true
            sleep 0.05
        done
        fail "$loop, of an image on $name, doesn't get free"
    done < <(printf %s "${held:+$held$'\n'}")
}
