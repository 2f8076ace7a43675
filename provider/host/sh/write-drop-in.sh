failed() {
    say failed "$1"
    printf '%s\n' "$output" | block output
    [ -z "$bad" ] || [ -n "$cannot" ] || journal "$bad" | block journal
    say step "rolling back to what was there before"
    files_undo
    if [ -z "$applying" ] || roll_back_unit; then say running old; else say running nothing "$bad is $ActiveState ($SubState)"; fi
    inspect_back
    exit 1
}
inspect_back() {
    recorded | while IFS= read -r path; do show_files "$path"; done
    show_texts "$drop_in"
}
# require_possible reports `cannot VERB UNIT` or `needs-restart UNIT` and exits if the change can't be applied to a unit.
require_possible() {
    for unit in $unable; do
        [ "$effect" = reload ] && [ -n "$brings_reload" ] || { say cannot "${effect} $unit"; exit 1; }
    done
    # shellcheck disable=SC2086
    set -- $active
    [ -z "$needs_restart" ] || [ $# = 0 ] || { say needs-restart "$1"; exit 1; }
}
say_machine
say_version
take_lock
start_clock
remember_running || exit 1
case $load in
    not-found) say no-unit; exit 1 ;;
    masked) say masked; exit 1 ;;
esac
claim_files
systemd_version=$version
verify_drop_ins
require_possible
! findings || exit 1
must_read=1
say changing
make_records files && with_files files_begin && files_sync && sync "$undo" "$records/files" || failed "writing the record"
drop_others || failed "removing files that are no longer declared"
put_files
if [ -n "$changed" ]; then
    applying=1
    apply || failed "$verb $changed_unit"
fi
files_commit
printf %s "$later_drop_ins" | while read -r line; do say later-drop-in "$line"; done
say done
inspect_back
