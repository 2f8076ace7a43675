# Runs the command as a service, $before_unit, that is a clone of $like_unit: it has the text and all drop-ins of that unit,
# including the profile's, and a last drop-in that replaces the command. The old service keeps running. The output of the
# command is in the journal of the clone.
before_switch() {
    clone=/run/systemd/system/$before_unit
    rm -rf -- "$clone.d" && mkdir -p "$clone.d" || return
    for directory in $attached_directories "$units_directory"; do
        [ ! -f "$directory/$like_unit" ] || cp -L -- "$directory/$like_unit" "$clone"
        for conf in "$directory/$like_unit.d"/*.conf; do
            [ ! -f "$conf" ] || cp -L -- "$conf" "$clone.d/" || return
        done
    done
    user=$(systemctl show -p User --value -- "$like_unit")
    [ -n "$user" ] || [ "$(systemctl show -p DynamicUser --value -- "$like_unit")" != yes ] || user=${like_unit%%[@.]*}
    {
        text "$before_override"
        [ -z "$user" ] || echo "User=$user"
    } >"$clone.d/zzz-before-switch.conf" || return
    systemctl daemon-reload && in_time systemctl start -- "$before_unit"
    status=$?
    # After a timeout the command may still run. It is stopped, so that only the old service uses the data.
    [ "$status" = 0 ] || timeout 30 systemctl stop -- "$before_unit" || systemctl kill --signal=KILL -- "$before_unit"
    journalctl --no-pager -q -o cat -n 15 --since "$(since_then)" -u "$before_unit" 2>/dev/null
    rm -rf -- "$clone" "$clone.d"
    systemctl daemon-reload
    systemctl reset-failed -- "$before_unit" 2>/dev/null
    return $status
}
