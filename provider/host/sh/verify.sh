# verify_drop_ins begins: systemd reads the drop-ins from $trial while the program goes on.
verify_drop_ins() {
    [ ! -e "$trial" ] || rm -rf -- "$trial"
    make_trial || exit
    shallow=--recursive-errors=no
    [ "$systemd_version" -ge "$recursive_errors_since" ] || shallow=
    # shellcheck disable=SC2086
    SYSTEMD_UNIT_PATH="$trial:" systemd-analyze verify $shallow $trial_units >"$trial/said" 2>&1 9<&- &
    verifying=$!
}
findings() {
    wait "$verifying"
    [ -f "$trial/said" ] || exit
    found=
    while IFS= read -r said; do
        path=${said%%:*}
        case $path in "$trial"/*.d/*) found="$found${said#"$trial"/}
" ;; esac
    done <"$trial/said"
    rm -rf -- "$trial" &
    [ -n "$found" ] && printf %s "$found" | sort -u | block findings
}
