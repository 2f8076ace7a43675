#!/bin/sh
# deploy.sh IMAGE DROP-IN SSH-CONFIG HOST...: a deployment as one would write it by hand. It copies changed files and
# applies them, on all hosts at once. With SHARED=1 all commands of a host use one connection (ControlMaster).
image=$1 dropin=$2 config=$3
shift 3
path=/var/lib/portables/$(basename "$image")
apply="set -- $path
$(cat "$(dirname "$0")/apply.sh")"
sums() { echo "sha256sum <$1; sha256sum <$2"; }
wanted=$(eval "$(sums "$image" "$dropin")")

deploy() {
    set -e
    host=$1 option=
    if [ -n "${SHARED:-}" ]; then
        option="-o ControlPath=$(mktemp -u)"
        ssh -q -F "$config" $option -MNf "$host"
        trap 'ssh -q -F "$config" $option -O exit "$host"' EXIT
    fi
    there=$(ssh -q -F "$config" $option "$host" \
        "exec 2>/dev/null; $(sums "$path" /etc/systemd/system/hello.service.d/50-bench.conf)" || true)
    [ "$there" != "$wanted" ] || exit 0
    [ "$(echo "$there" | head -n 1)" = "$(echo "$wanted" | head -n 1)" ] || scp -q -F "$config" $option "$image" "$host:$path"
    ssh -q -F "$config" $option "$host" "$apply" <"$dropin"
}

running=
for host; do
    (deploy "$host") &
    running="$running $!"
done
for job in $running; do wait "$job" || exit; done
