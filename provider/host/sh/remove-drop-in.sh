[ "$(cat /etc/machine-id)" = "$machine_id" ] || { say other-machine; exit 0; }
take_lock
start_clock
remember_running || :
must_read= needs_restart= pulls_in= conflicts= may_stop=
if [ -f "$record" ]; then
    grep -qFx -- "nonce $nonce" "$record" || { say superseded; exit 0; }
    remove_all
else
    with_adopted claim || { say superseded; exit 0; }
    with_adopted print_lines | for_entries rm -f --
    with_directories print_lines | for_entries rmdir -- 2>/dev/null
fi
if apply; then say done; else say failed "$verb $changed_unit"; printf '%s\n' "$output" | block output; fi
