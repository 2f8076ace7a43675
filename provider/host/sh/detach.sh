attempt() {
    what=$1; shift
    say step "$what"
    case $1 in
        alone) shift; output=$(alone in_time "$@" 2>&1) ;;
        *) output=$(in_time "$@" 2>&1) ;;
    esac || { say failed "$what"; printf '%s\n' "$output" | block output; exit 1; }
}
[ "$(cat /etc/machine-id)" = "$machine_id" ] || { say other-machine; exit 0; }
take_lock
start_clock
was_interrupted=
if [ -f "$back/roll-back" ]; then was_interrupted=1; sh "$back/roll-back" interrupted; fi
if [ -s "$service" ] && ! grep -qFx -- "nonce $nonce" "$service"; then
    forget_former
    say superseded; exit 0
fi
[ -n "$was_interrupted" ] || disarm
if [ -s "$service" ] && hand_back; then say handed-back "$heir"; exit 0; fi
show_marks
attached "$name"
units=$attached_units runtime=
extensions=$(printf '%s' "$attached_extensions" | sed 's|:/| --extension /|g')
case $attached_lines in *" /run/systemd/system.attached "*) runtime=--runtime ;; esac
if [ -n "$units" ]; then
    # Sockets are stopped first, since a connection would start the service again.
    # shellcheck disable=SC2086
    stoppable=$(printf '%s\n' $units | sed 's/@\./@*./')
    # shellcheck disable=SC2046,SC2086
    attempt "stopping $name" systemctl stop -- $(printf '%s\n' $stoppable | grep -v '\.service$') $(printf '%s\n' $stoppable | grep '\.service$')
    # shellcheck disable=SC2086
    attempt "disabling $name" systemctl disable $runtime -- $units
    for directory in $attached_directories; do
        for link in "$directory"/*.wants/* "$directory"/*.requires/* "$directory"/*.upholds/*; do
            for unit in $units; do
                [ "${link##*/}" != "$unit" ] || rm -f -- "$link"
            done
        done
        rmdir "$directory"/*.wants "$directory"/*.requires "$directory"/*.upholds 2>/dev/null
    done
    # shellcheck disable=SC2086
    attempt "detaching $name" alone portablectl -q detach $runtime $extensions -- "$attached_image"
fi
# `portablectl detach` by hand leaves the links of [Install] dangling.
# shellcheck disable=SC2086
find $link_directories -maxdepth 2 -xtype l -lname "/*/systemd/system.attached/${name}[.@-]*" | while IFS= read -r link; do
    rm -f -- "$link"
    rmdir -- "${link%/*}" 2>/dev/null
done
remove_all
rm -f -- "$service"
systemctl daemon-reload
for unit in $units; do systemctl reset-failed -- "$unit" 2>/dev/null; done
sweep
say done
