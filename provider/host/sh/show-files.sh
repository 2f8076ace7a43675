# Reports each file that exists: `file MODE OWNER:UID GROUP:GID SHA256 PATH`. If it isn't a regular file, its kind is in place
# of the digest, and it isn't read, since a FIFO or a device might never end. Reading has a time limit, as a file may be
# replaced by one of these meanwhile.
show_files() {
    for path; do
        if [ -L "$path" ]; then digest='link'
        elif [ -f "$path" ]; then
            digest=$(timeout "$read_seconds" sha256sum -- "$path")
            # sha256sum(1) begins the line with a backslash if the name is escaped.
            digest=${digest#\\} digest=${digest%% *}
        elif [ -p "$path" ]; then digest=fifo
        elif [ -S "$path" ]; then digest=socket
        elif [ -d "$path" ]; then digest=directory
        elif [ -e "$path" ]; then digest=device
        else continue
        fi
        say file "$(owner_of "$path")" "${digest:-unreadable}" "$path"
    done
}
# The names of other owners than root may come from a directory service that doesn't answer; then the numbers are used.
owner_of() {
    if [ -O "$1" ] && [ -G "$1" ]; then stat -c '%04a %U:%u %G:%g' -- "$1"
    else timeout "$read_seconds" stat -c '%04a %U:%u %G:%g' -- "$1" || stat -c '%04a %u:%u %g:%g' -- "$1"
    fi
}
# Reports the content of each file that exists as a block `content PATH`.
show_texts() { for path; do [ ! -f "$path" ] || timeout "$read_seconds" cat -- "$path" | block "content $path"; done; }
