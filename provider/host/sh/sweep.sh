in_use() {
    image_file=$(readlink -f -- "$1")
    grep -qsFx -e "RootImage=$1" -e "RootImage=$image_file" /etc/systemd/system.attached/*.d/*.conf /run/systemd/system.attached/*.d/*.conf && return 0
    for link in /etc/portables/* /run/portables/*; do
        [ "$(readlink -f -- "$link")" != "$image_file" ] || return 0
    done
    # The loop device of a stopped service is freed a moment later.
    for try in 1 2 3 4 5 6 7 8 9 10; do
        mounted "$1" || return 1
        sleep 0.1
    done
}
mounted() {
    # losetup compares inodes: the kernel also lists loop devices of containers, in which the path is another file.
    [ -e "$1" ] && losetup --associated "$1" 2>/dev/null | grep -q .
}
# Deletes every recorded image that no resource claims any more and that is neither attached nor mounted; reports `kept PATH`
# for those still in use. Needs the lock.
sweep() {
    # Left by interrupted uploads. The name of the directory has the PID of its program.
    for part in "$records"/incoming/*; do
        pid=${part##*/} pid=${pid%%-*}
        [ ! -d "$part" ] || [ -d "/proc/$pid" ] || rm -rf -- "$part"
    done
    for part in "$images"/.part-*; do [ ! -e "$part" ] || rm -f -- "$part"; done
    for want in "$records"/images/*; do
        set -- "$want"/*
        [ -d "$want" ] && [ ! -e "$1" ] && rm -f -- "$want/.metadata" "$want/.metadata.new" "$want/.chunks" && rmdir -- "$want" 2>/dev/null || continue
        swept=$images/${want##*/}
        if in_use "$swept"; then
            mkdir -p -m 0700 -- "$want"
            say kept "$swept"
        else
            rm -f -- "$swept"
        fi
    done
}
# adopt PATH records an image that no record names (it was imported, or the records were lost). It sets $unknown to the
# directory of its record, or to nothing if it was recorded already.
adopt() {
    unknown=
    case ${1#"$images"/} in "$1"|''|*/*) return ;; esac
    [ -f "$1" ] && [ ! -d "$records/images/${1##*/}" ] || return 0
    unknown=$records/images/${1##*/}
    mkdir -p -m 0711 "$records" && mkdir -p -m 0700 "$records/images" "$unknown"
}
