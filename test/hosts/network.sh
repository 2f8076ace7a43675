# The network of the hosts: one bridge, and a namespace for each host. Sourced by hosts.sh.

# The bridge is in its own namespace, so that this machine's packet filter and network managers don't affect it.
make_bridge() {
    [ ! -e "/sys/class/net/$net" ] || return 0
    ip netns add "$net"
    ip -n "$net" link add bridge type bridge
    ip -n "$net" link set bridge up
    ip link add "$net" type veth peer name uplink netns "$net"
    ip -n "$net" link set uplink master bridge up
    ip address add "$subnet.1/24" dev "$net"
    ip link set "$net" up
}

# The MAC address follows from the slot, so that ARP caches stay valid after a boot.
plug() {
    local slot namespace=$net-$1
    slot=$(<"$run/$1/slot")
    ip netns add "$namespace"
    ip -n "$net" link add "port$slot" type veth \
        peer name host0 address "$(printf '02:00:00:00:00:%02x' "$slot")" netns "$namespace"
    ip -n "$net" link set "port$slot" master bridge up
    ip -n "$namespace" address add "$(address "$1")/24" dev host0
    ip -n "$namespace" address add "$(second_address "$1")/24" dev host0
    ip -n "$namespace" link set host0 up
    ip -n "$namespace" link set lo up
}

unplug() { [ ! -e "/run/netns/$1" ] || ip netns delete "$1"; }
