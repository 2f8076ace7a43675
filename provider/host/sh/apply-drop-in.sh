# Lists of units are split into words where they are used.
# shellcheck disable=SC2086
output= bad= cannot= affected= sockets= together= needing= applying= conflicting= way=$effect verb=$doing
# inspect_units sets $load, and of the units that the drop-in applies to, lists of those that are $active, that are $reading
# it, that have it $unread as they read another file of its name, that are $elapsed timers, and that are $unable to be
# stopped, started or reloaded. $invalid has those whose files systemd refuses as a whole, $triggered the services of the
# sockets, $same_name a line `UNIT PATH` for each file of its name that a unit reads in its place, and $later_drop_ins a line
# `UNIT PATH` for each drop-in that a unit reads after this one.
inspect_units() {
    pattern=$loaded_pattern load=loaded active= reading= unread= elapsed= unable= triggered= invalid= later_drop_ins=
    same_name=
    if [ -n "$probe" ]; then
        read_state "$probe"
        load=$LoadState
        # The instances of an alias are those of the template that it names.
        [ -z "$Id" ] || pattern="${Id%%@*}@*.${Id##*.}"
        ! is_invalid || invalid=" $probe"
        reads_it "$changed_unit" || unread=" $changed_unit"
    fi
    shown=$(show_state "$pattern")
    clear_state
    while IFS='=' read -r key value; do
        if [ -n "$key" ]; then set_property "$key" "$value"; continue; fi
        [ -z "$Id" ] || inspect_unit
        clear_state
    done <<END
$shown

END
}
# reads_it UNIT returns 0 if the unit, whose properties are set, reads the drop-in; $other is the file that it reads instead.
reads_it() {
    other= is_read=
    for path in $(names "$DropInPaths"); do
        [ -z "$is_read" ] || later_drop_ins="$later_drop_ins$1 $path
"
        [ "$path" != "$drop_in" ] || is_read=1
        [ "${path##*/}" != "${drop_in##*/}" ] || other=$path
    done
    [ -n "$is_read" ]
}
inspect_unit() {
    [ "$unit_scope" != unit ] || load=$LoadState
    case $LoadState in not-found|masked) return ;; esac
    reads=1
    ! is_invalid || invalid="$invalid $Id"
    reads_it "$Id" || {
        reads= unread="$unread $Id"
        [ -z "$other" ] || same_name="$same_name$Id $other
"
    }
    case $ActiveState in active|reloading|refreshing|activating) ;; *) return ;; esac
    ! is_connection "$Id" || return 0
    active="$active $Id"
    [ -z "$reads" ] || reading="$reading $Id"
    [ "$SubState" != elapsed ] || elapsed="$elapsed $Id"
    [ "$Accept" = yes ] || triggered="$triggered $(names "$Triggers")"
    case $way/$CanStart$CanStop/$CanReload/$Transient in
        restart/yesyes/*|sockets/yesyes/*/no|reload/*/yes/*|none/*|timers/*|next*) ;;
        *) unable="$unable $Id" ;;
    esac
}
# is_invalid returns 0 if systemd refuses the unit, whose properties are set: it can't be started.
is_invalid() { case $LoadState in bad-setting|error) ;; *) return 1 ;; esac; }
# remember_running notes what is running before anything is changed. It returns 1 if a running stop doesn't end.
remember_running() {
    await_ends inspect_units || return
    [ "$way" = sockets ] && [ -n "$triggered" ] || return 0
    await_ends show_triggered || return
    together=$(active_of $triggered)
}
show_triggered() { shown=$(show_state $triggered); }
# both LIST LIST prints the words of the first list that are in the second one.
both() { for word in $1; do case " $2 " in *" $word "*) printf '%s ' "$word" ;; esac; done; }
# apply reloads the systemd configuration and applies the change to the units. It returns 1 with $output and $bad if a unit
# doesn't accept the change or fails. Units that weren't running aren't started. $must_read is set if the drop-in exists.
apply() {
    read_before=$reading active_before=$active invalid_before=$invalid same_name_before=$same_name socket_files=
    [ "$way" != sockets ] || socket_files=$(socket_files $active)
    output=$(in_time systemctl daemon-reload 2>&1) || return
    # systemd stops a service without its bus name a moment after it has read the settings.
    case $may_stop/$way in 1/none|1/reload) sleep 1 ;; esac
    inspect_units
    if [ -n "$must_read" ]; then
        for bad in $unread; do
            read_state "$bad"
            reads_it "$bad" || :
            if [ "$unit_scope" = prefix ]; then say unread "$bad ${other:-nothing}"; continue; fi
            output="$changed_unit reads ${other:-nothing} in its place"
            [ "$unit_scope" = unit ] || [ -n "$other" ] || continue
            bad=
            return 1
        done
        bad=
        require_valid || return
        say_hides
    fi
    find_lost || return
    affected=$(both "$active" "$read_before $reading")
    later=
    case $way in
        none) [ -z "$pulls_in" ] || later=$affected; affected= ;;
        "next start") later=$affected affected= ;;
        timers) affected=$(both "$affected" "$elapsed") ;;
        reload) [ -z "$needs_restart" ] || later=$affected ;;
    esac
    for unit in $later; do say later "$unit"; done
    [ -n "$affected" ] || return 0
    affected=$(printf '%s ' $affected)
    affected=${affected% }
    say step "$verb $affected"
    if [ -n "$conflicts" ]; then
        excluded=$(names "$(systemctl show -p Conflicts --value -- $affected)")
        conflicting=$(active_of $excluded)
    fi
    case $way in
        sockets)
            sockets=$affected
            needing=$(dependents $sockets $together)
            output=$(restart_sockets in_time 2>&1) && remove_socket_files "$socket_files" $sockets
            ;;
        reload)
            for bad in $affected; do
                read_state "$bad"
                [ "$CanReload" = yes ] || { output="$bad has no ExecReload="; cannot=1; return 1; }
            done
            bad=
            output=$(in_time systemctl reload -- $affected 2>&1)
            ;;
        *)
            needing=$(dependents $affected)
            systemctl reset-failed -- $affected $needing 2>/dev/null
            output=$(in_time systemctl restart -- $affected 2>&1)
            ;;
    esac || { find_failed $affected $together; return 1; }
    settle $affected $together $needing || { output="$bad is $ActiveState ($SubState), result $Result"; return 1; }
    for unit in $conflicting; do [ -n "$(active_of "$unit")" ] || say stopped "$unit"; done
}
# require_valid returns 1 with $output and $bad if systemd refuses a unit that it took before. It reports `invalid UNIT` for
# a unit that it refused already.
require_valid() {
    for bad in $invalid; do
        case " $invalid_before " in *" $bad "*) say invalid "$bad"; continue ;; esac
        verb=loading
        set_load_error "$bad"
        restart_if_lost
        return 1
    done
    bad=
}
# find_lost finds units that systemd stopped when it read their settings, such as a service that should own a bus name and
# doesn't, or that it will stop then. They count as active where a restart starts them; otherwise it returns 1 with $output
# and $bad.
find_lost() {
    for bad in $active_before; do
        case " $active " in
            *" $bad "*)
                # Since systemd 262 such a service may run on for TimeoutStartSec=, as its bus name may come back.
                [ -n "$may_stop" ] || continue
                read_state "$bad"
                [ "$SubState" = running-revalidating ] || continue
                output="systemd stops $bad unless it owns the name of BusName="
                ;;
            *)
                read_state "$bad"
                [ "$Type" != oneshot ] || continue
                active="$active $bad" reading="$reading $bad"
                output="$bad stopped when systemd read its settings"
                ;;
        esac
        case $way in restart|sockets) continue ;; esac
        verb=loading way=restart affected=$bad
        return 1
    done
    bad=
}
# restart_if_lost has the rollback restart sockets and timers: systemd closed the one and stopped the other when it read
# settings without what they listen on or wait for.
restart_if_lost() {
    case $bad in
        *.socket) way=sockets sockets=$active together=$(active_of $triggered) needing=$(dependents $active $together) ;;
        *.timer) way=restart ;;
        *) return ;;
    esac
    affected=$active
}
# say_hides reports `hides UNIT PATH` for each drop-in that a unit read until this one of the same name was written.
say_hides() {
    printf %s "$same_name_before" | while read -r unit path; do
        case " $unread " in *" $unit "*) ;; *) say hides "$unit $path" ;; esac
    done
}
# limited COMMAND... runs a step of the rollback with a time limit; after a timeout units get little time to settle.
limited() {
    timeout "$step_seconds" "$@" && return
    [ $? != 124 ] || settle_polls=25
    return 1
}
# roll_back_unit applies the previous settings to the units, and starts those that have failed since.
roll_back_unit() {
    [ "$way" != sockets ] || socket_files=$(socket_files $active)
    limited systemctl daemon-reload
    [ -n "$affected" ] && [ -z "$cannot" ] || return 0
    if [ "$way" = sockets ]; then restart_sockets limited && remove_socket_files "$socket_files" $sockets
    else
        for instance in $affected; do
            read_state "$instance"
            if [ "$way" = reload ] && [ "$ActiveState" = active ]; then limited systemctl reload -- "$instance"
            else
                systemctl reset-failed -- "$instance" 2>/dev/null
                limited systemctl restart -- "$instance"
            fi
        done
        # Those of them that are running stay as they are.
        [ -z "$needing" ] || { systemctl reset-failed -- $needing 2>/dev/null; limited systemctl start -- $needing; }
    fi
    settle $affected $together $needing
}
