# The disk of a host: an overlay of the suite's root file system and the host's own changes. Sourced by hosts.sh.

mount_disk() {
    mkdir -p "$1/root"
    # With xino all files of a host have its own device number, by which `held_loops` finds the host of a loop device.
    mount -t overlay -o "lowerdir=$(<"$1/lower"),upperdir=$1/upper,workdir=$1/work,xino=on" overlay "$1/root"
}

# Writes the files that must differ between hosts of a suite, before the first boot.
make_disk() {
    local name=$1 etc keys=$cache/keys
    shift
    etc=$run/$name/upper/etc
    mkdir -p "$run/$name/work" "$etc/ssh"
    printf '%s\n' "$name" >"$etc/hostname"
    printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$name" >"$etc/hosts"
    systemd-id128 new >"$etc/machine-id"
    ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$etc/ssh/ssh_host_ed25519_key"
    cp "$etc/ssh/ssh_host_ed25519_key.pub" "$run/$name/host_key.pub"
    cp "$keys/id_ed25519.pub" "$etc/ssh/authorized_keys"
    printf '%s,%s,%s %s\n' "$name" "$(address "$name")" "$(second_address "$name")" \
        "$(cut -d ' ' -f 1-2 "$run/$name/host_key.pub")" >"$run/$name/known_hosts"
    cat >"$run/$name/ssh_config" <<-CONFIG
	Host $name
	    HostName $(address "$name")
	    User root
	    IdentityFile $keys/id_ed25519
	    IdentitiesOnly yes
	    UserKnownHostsFile $run/$name/known_hosts
	    StrictHostKeyChecking yes
	    ConnectTimeout 10
	CONFIG
    [ $# = 0 ] || unshare --mount --propagation private "$BASH" "$here/hosts.sh" remove-from-disk "$run/$name" "$@"
}

# Removes packages or files from a disk before its first boot. Must run in its own mount namespace.
remove_from_disk() {
    local dir=$1 what
    shift
    mount_disk "$dir"
    for what in "$@"; do
        case $what in
        /*) rm -r -- "$dir/root$what" ;;
        *)
            { chroot "$dir/root" dpkg-query --show "$what" &&
                SUDO_FORCE_REMOVE=yes chroot "$dir/root" dpkg --force-depends --remove "$what"; } >"$dir/remove.log" 2>&1 ||
                fail "can't remove $what: $(tail -n 3 "$dir/remove.log")"
            ;;
        esac
    done
}

# Makes the key that logs in to all hosts. It is generated here and never leaves the cache.
make_keys() {
    [ ! -e "$cache/keys/id_ed25519.pub" ] || return 0
    mkdir -p "$cache/keys"
    rm -f "$cache/keys/id_ed25519"
    ssh-keygen -q -t ed25519 -N '' -C portable-test -f "$cache/keys/id_ed25519"
    chown "$user" "$cache/keys/id_ed25519"
}
