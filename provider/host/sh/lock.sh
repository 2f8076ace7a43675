# At the program's end the directory $incoming goes, and our records when there is nothing left to record; with the
# lock, the directory $trial too: without, it is another one's.
incoming= trial=
leave() {
    # What writes there ends first.
    [ -z "$incoming" ] || { wait; rm -rf -- "$incoming"; }
    [ -z "$trial" ] || [ ! -e "$trial" ] || rm -rf -- "$trial"
    rmdir ${trial:+"$records/images" "$records/files" "$records/services"} "$records/incoming" "$records" 2>/dev/null
}
# One operation at a time on a host: a lock on a directory that is always there leaves no file behind.
take_lock() {
    trap leave EXIT
    exec 9<"$units_directory"
    # What an operation does after its answer takes less than a second.
    if ! flock -w 1 9; then
        say step "waiting for another operation on this host"
        flock -w 600 9 || { say busy; exit 75; }
    fi
    trial=/run/pulumi-portable.trial
}
