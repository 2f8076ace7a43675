service=$records/services/$name back=$records/services/$name.back
boot_unit=pulumi-portable-$name.service watch_unit=pulumi-portable-$name-watch-$id.service
boot_file=$units_directory/$boot_unit boot_link=$units_directory/sysinit.target.wants/$boot_unit
# record_switch SERVING WHY writes what the last switch wanted, and what serves: the commit point of a switch. Each switch
# has an $id of its own.
fresh_switch() {
    printf 'token %s\nurn %s\nnonce %s\nprofile %s\nwanted %s\nserving %s\nwhy %s\nswitch %s\n' "$token" "$urn" "$nonce" "$profile" "$wanted_image" "$1" "$2" "$id" >"$service.new"
}
record_switch() {
    fresh_switch "$@" && sync "$service.new" && mv -f -- "$service.new" "$service" && sync "$records/services"
}
# After the commit point, or when all is back. The program goes first: half of what is kept is no way back. What would
# tidy at boot goes last.
disarm() {
    rm -f -- "$back/go-back" "$service.new"
    rm -rf -- "$back" "$boot_link" "$boot_file"
    [ -z "$id" ] || [ "${reason-}" = watch ] || systemctl stop "$watch_unit" 2>/dev/null
}
