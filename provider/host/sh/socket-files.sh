# socket_files SOCKET... prints the files that systemd removes when these sockets stop (RemoveOnStop=). After a daemon-reload
# with another ListenStream= it no longer removes the file of the old path.
socket_files() {
    [ $# != 0 ] || return 0
    for socket; do
        socket=$(systemctl show -p RemoveOnStop,Listen -- "$socket")
        case $newline$socket$newline in *"${newline}RemoveOnStop=yes$newline"*) ;; *) continue ;; esac
        printf '%s\n' "$socket" | sed -n 's/^Listen=\(\/.*\) ([A-Za-z]*)$/\1/p'
    done
}
# remove_socket_files LIST SOCKET... removes the files of the list that these sockets no longer have. A file in a directory
# that others than root can write to stays, since they could replace the directory.
remove_socket_files() {
    [ -n "$1" ] || return 0
    files_before=$1; shift
    files_now=$(socket_files "$@")
    while IFS= read -r path; do
        [ -S "$path" ] || [ -p "$path" ] || continue
        listed "$files_now" "$path" || ! check_parents "$path" || rm -f -- "$path"
    done <<END
$files_before
END
}
