service=$records/services/$name back=$records/services/$name.back
boot_unit=pulumi-portable-$name.service watch_unit=pulumi-portable-$name-watch-$id.service
boot_file=$units_directory/$boot_unit boot_link=$units_directory/sysinit.target.wants/$boot_unit
# record_switch PATH REASON records the image of the last switch and the attached one. With the reason `confirmed` it is the
# commit point of the switch. $id is unique to each switch.
fresh_switch() {
    former=$(former_owners)
    printf 'token %s\nurn %s\nnonce %s\nprofile %s\nwanted %s\nserving %s\nwhy %s\nswitch %s\n%s' "$token" "$urn" "$nonce" "$profile" "$wanted_image" "$1" "$2" "$id" "${former:+$former$newline}" >"$service.new"
}
commit_record() { sync "$service.new" && mv -f -- "$service.new" "$service" && sync "$records/services"; }
record_switch() { fresh_switch "$@" && commit_record; }
# A component's resource can take over a service that belonged to a resource with another name. The record then has a line
# `former NONCE URN` for the former owner until its delete has run: if only the new one is deleted, the former one owns the
# service again.
former_owners() {
    [ -s "$service" ] || return 0
    while IFS= read -r line; do
        case $line in
            "former $nonce "*) ;;
            "former "*) printf '%s\n' "$line" ;;
            "urn "*) former_urn=${line#urn } ;;
            "nonce "*) former_nonce=${line#nonce } ;;
        esac
    done <"$service"
    [ "$former_urn" = "$urn" ] || [ "$former_nonce" = "$nonce" ] || printf 'former %s %s\n' "$former_nonce" "$former_urn"
}
# Removes the owner from the former owners, since its resource is deleted.
forget_former() {
    grep -q "^former $nonce " "$service" || return 0
    grep -v "^former $nonce " "$service" >"$service.new" && commit_record
}
# Gives the record to the last of the former owners and sets $heir to its URN; fails if there is none.
hand_back() {
    heir=$(sed -n 's/^former //p' "$service" | tail -n 1)
    [ -n "$heir" ] || return
    while IFS= read -r line; do
        case $line in
            "former $heir") ;;
            "nonce "*) printf 'nonce %s\n' "${heir%% *}" ;;
            "urn "*) printf 'urn %s\n' "${heir#* }" ;;
            *) printf '%s\n' "$line" ;;
        esac
    done <"$service" >"$service.new" && commit_record
    heir=${heir#* }
}
# Removes the rollback, after the commit point or after it has run. Its program is removed first, because a rollback from
# an incomplete copy would do damage; the boot unit, which would clean up after a power cut, is removed last.
disarm() {
    rm -f -- "$back/roll-back" "$service.new"
    rm -rf -- "$back" "$boot_link" "$boot_file"
    # If a daemon-reload since then has loaded the boot unit, another one must unload it. Otherwise systemctl would warn that
    # its file has changed.
    [ -z "${boot_unit_loaded-}" ] || systemctl daemon-reload
    [ -z "$id" ] || [ "${reason-}" = watch ] || systemctl stop "$watch_unit" 2>/dev/null
}
