# Starts systemd-analyze, which reads the drop-ins from $trial in the background. Where $trial can't be made, it reports
# `unwritable DIRECTORY` with the block `output`, and exits.
verify_drop_ins() {
    [ ! -e "$trial" ] || rm -rf -- "$trial"
    if ! output=$(make_trial 2>&1); then
        say unwritable "${trial%/*}"
        printf '%s\n' "$output" | block output
        exit 1
    fi
    now
    verify_seconds=$((deadline - now))
    [ "$verify_seconds" -lt "$most_verify_seconds" ] || verify_seconds=$most_verify_seconds
    [ "$verify_seconds" -gt 0 ] || verify_seconds=1
    shallow=--recursive-errors=no
    [ "$systemd_version" -ge "$recursive_errors_since" ] || shallow=
    # shellcheck disable=SC2086
    SYSTEMD_UNIT_PATH="$trial:" timeout "$verify_seconds" systemd-analyze --man=no verify $shallow -- $trial_units >"$trial/output" 2>&1 9<&- &
    verify_pid=$!
}
# findings waits for it. It returns 0 with the block `findings` if systemd finds faults of a drop-in, or with
# `unverified SECONDS` if systemd-analyze didn't exit in time. Faults of the unit itself are left out: for example, the program
# of a portable service needn't be on the host.
findings() {
    wait "$verify_pid"
    [ $? != 124 ] || { say unverified "$verify_seconds"; rm -rf -- "$trial"; return 0; }
    [ -f "$trial/output" ] || exit
    found=
    while IFS= read -r output; do
        for unit in $trial_scopes; do
            case $output in "$trial/$unit.d/"*) output=$(printf '%s\n' "$output" | sed 's/\.service\.d/.scope.d/; s/\[Service\]/[Scope]/') ;; esac
        done
        path=${output%%:*}
        case $path in "$trial"/*.d/*) found="$found${output#"$trial"/}
" ;; esac
    done <"$trial/output"
    rm -rf -- "$trial" &
    [ -n "$found" ] && printf %s "$found" | sort -u | block findings
}
