in_use() {
    grep -qsFx -- "RootImage=$1" /etc/systemd/system.attached/*.d/*.conf /run/systemd/system.attached/*.d/*.conf && return 0
    for link in /etc/portables/* /run/portables/*; do
        [ "$(readlink -f -- "$link")" != "$1" ] || return 0
    done
    # A service that has just ended frees its loop device a moment later.
    for try in 1 2 3 4 5 6 7 8 9 10; do
        mounted "$1" || return 1
        sleep 0.1
    done
}
mounted() {
    # By inode: the kernel shows the loop devices of containers too, where the same path is another file.
    [ -e "$1" ] && losetup --associated "$1" 2>/dev/null | grep -q .
}
# Deletes every image of ours that nobody wants, that is attached nowhere and mounted nowhere; says `kept PATH` of those
# still in use. Needs the lock.
sweep() {
    # Of uploads that were cut off.
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
# adopt PATH takes an image that no record knows (imported, or the records were lost) into them: $unknown is its place
# there, or empty.
adopt() {
    unknown=
    case ${1#"$images"/} in "$1"|''|*/*) return ;; esac
    [ -f "$1" ] && [ ! -d "$records/images/${1##*/}" ] || return 0
    unknown=$records/images/${1##*/}
    mkdir -p -m 0711 "$records" && mkdir -p -m 0700 "$records/images" "$unknown"
}
