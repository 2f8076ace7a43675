# Lists of units are split into words where they are used.
# shellcheck disable=SC2086
# names LIST prints the names in a list of units by systemctl, where a name with a backslash is in quotes.
names() {
    case $1 in
        *\"*) printf '%s\n' "$1" | sed 's/"//g; s/\\\\/\\/g' ;;
        *) printf '%s\n' "$1" ;;
    esac
}
# active_of UNIT... prints the active ones of these units.
active_of() {
    [ $# != 0 ] || return 0
    systemctl show -p Id,ActiveState -- "$@" | while IFS='=' read -r key value; do
        case $key=$value in
            Id=*) unit=$value ;;
            ActiveState=active|ActiveState=reloading|ActiveState=refreshing|ActiveState=activating) printf '%s ' "$unit" ;;
        esac
    done
}
# dependents UNIT... prints the active units that systemd stops with these, and that a start of these doesn't start
# (systemd.unit(5): Requires=, Requisite=, BindsTo=, PartOf=).
dependents() {
    [ $# != 0 ] || return 0
    found=" $* " queue=$* others=
    while [ -n "$queue" ]; do
        next=
        for unit in $(names "$(systemctl show -p RequiredBy,RequisiteOf,BoundBy,ConsistsOf --value -- $queue)"); do
            case $found in *" $unit "*) ;; *) found="$found$unit " next="$next $unit" others="$others $unit" ;; esac
        done
        queue=$next
    done
    active_of $others
}
# is_connection UNIT returns 0 for an instance that a socket with Accept=yes has started. A restart would close its connection.
is_connection() {
    case $1 in
        *@*.service) [ "$(systemctl show -p Accept --value -- "${1%%@*}.socket")" = yes ] ;;
        *) return 1 ;;
    esac
}
# restart_sockets restarts $sockets with $together, their running services, and $needing, units that require those. Sockets
# are stopped first, since a connection would start the service again.
restart_sockets() {
    systemctl reset-failed -- $sockets $together $needing 2>/dev/null
    "$@" systemctl stop -- $sockets $together && "$@" systemctl start -- $sockets || return
    [ -z "$together" ] || "$@" systemctl start -- $together || return
    [ -z "$needing" ] || "$@" systemctl start -- $needing
}
