service=$records/services/$name back=$records/services/$name.back
boot_unit=pulumi-portable-$name.service watch_unit=pulumi-portable-$name-watch-$id.service
boot_file=$units_directory/$boot_unit boot_link=$units_directory/sysinit.target.wants/$boot_unit
# record_switch PATH WHY records which image the last switch wanted and which one is attached now. With the reason
# `confirmed` it is the commit point of the switch. $id is unique to each switch.
fresh_switch() {
    printf 'token %s\nurn %s\nnonce %s\nprofile %s\nwanted %s\nserving %s\nwhy %s\nswitch %s\n' "$token" "$urn" "$nonce" "$profile" "$wanted_image" "$1" "$2" "$id" >"$service.new"
}
record_switch() {
    fresh_switch "$@" && sync "$service.new" && mv -f -- "$service.new" "$service" && sync "$records/services"
}
# Removes the rollback, after the commit point or after it has run. Its program is removed first, because a rollback from
# an incomplete copy would do damage; the boot unit, which would clean up after a power cut, is removed last.
disarm() {
    rm -f -- "$back/roll-back" "$service.new"
    rm -rf -- "$back" "$boot_link" "$boot_file"
    # A reload of the manager since then has loaded the boot unit. Without another one it would stay loaded, and systemctl
    # would warn that its file has changed.
    [ -z "${boot_unit_loaded-}" ] || systemctl daemon-reload
    [ -z "$id" ] || [ "${reason-}" = watch ] || systemctl stop "$watch_unit" 2>/dev/null
}
