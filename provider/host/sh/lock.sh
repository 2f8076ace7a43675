# At its exit a program removes the directory $incoming, the directory $trial (which belongs to the holder of the lock), and
# the directory of records if it is empty.
incoming= trial=
leave() {
    # Background processes that still write to $incoming must end first.
    [ -z "$incoming" ] || { wait; rm -rf -- "$incoming"; }
    [ -z "$trial" ] || [ ! -e "$trial" ] || rm -rf -- "$trial"
    rmdir ${trial:+"$records/images" "$records/files" "$records/services"} "$records/incoming" "$records" 2>/dev/null
}
# Opens the directory that is locked as file descriptor 9. systemd makes it on every host, and only root can open it: users
# who can open a file can lock it, and could block every operation.
open_lock() {
    command -v flock >/dev/null 2>&1 || { say no-flock; exit 1; }
    [ -d "$lock" ] || mkdir -m 0700 -- "$lock"
    exec 9<"$lock"
}
# Lets one operation at a time change a host.
take_lock() {
    trap leave EXIT
    open_lock
    # An operation that has reported its result still cleans up for less than a second.
    if ! flock -w 1 9; then
        say step "waiting for another operation on this host"
        flock -w 600 9 || { say busy; exit 75; }
    fi
    trial=/run/pulumi-portable.trial
}
