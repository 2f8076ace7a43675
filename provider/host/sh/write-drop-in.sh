failed() {
    say failed "$1"
    printf '%s\n' "$said" | block said
    [ -z "$bad" ] || [ -n "$cannot" ] || journal "$bad" | block journal
    say step "rolling back to what was there before"
    files_undo
    if [ -z "$applying" ] || roll_back_unit; then say serving old; else say serving nothing "$bad is $ActiveState ($SubState)"; fi
    inspect_back
    exit 1
}
inspect_back() {
    recorded | while IFS= read -r path; do show_files "$path"; done
    show_texts "$drop_in"
}
# systemctl show refuses a template, and `systemctl cat` fails where a drop-in was removed.
unit_exists() {
    case $changed_unit in
        *@.*) systemctl list-unit-files --no-legend --no-pager -- "$changed_unit" | grep -q . ;;
        *) [ "$(systemctl show -p LoadState --value -- "$changed_unit")" != not-found ] ;;
    esac
}
# Reports `cannot-reload UNIT` and stops where a running unit can't be reloaded.
require_reload() {
    for instance in $running; do
        read_state "$instance"
        [ "$CanReload" = yes ] || { say cannot-reload "$instance"; exit 1; }
    done
}
say_machine
say_version
take_lock
start_clock
find_running
unit_exists || { say no-unit; exit 1; }
claim_files
systemd_version=$version
verify_drop_ins
[ -z "$must_reload" ] || require_reload
! findings || exit 1
applying=
say touched
make_records files && with_files files_begin && files_sync && sync "$undo" "$records/files" || failed "writing the record"
drop_others || failed "removing files that are no longer declared"
put_files
if [ -n "$changed" ]; then
    applying=1
    apply "$doing" || failed "$doing $changed_unit"
fi
files_commit
say done
inspect_back
