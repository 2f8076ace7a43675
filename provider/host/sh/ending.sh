# ending_in TEXT sets $ending to the units in this output of systemctl show that are stopping, restarting or reloading.
ending_in() {
    ending=
    case $1 in *ActiveState=deactivating*|*Job=[1-9]*) ;; *) return 0 ;; esac
    ending_id= ending_state= ending_job=
    while IFS='=' read -r key value; do
        case $key in
            Id) ending_id=$value ;;
            ActiveState) ending_state=$value ;;
            Job) ending_job=$value ;;
            '')
                case $ending_state/$ending_job in
                    deactivating/*|active/[1-9]*|reloading/[1-9]*|refreshing/[1-9]*) ending="$ending $ending_id" ;;
                esac
                ending_id= ending_state= ending_job=
                ;;
        esac
    done <<END
$1

END
}
# await_ends COMMAND... repeats the command, which sets $shown to the output of systemctl show, until no unit in it is
# stopping. A plan that is made before would rely on a unit that is about to end, and systemd doesn't open a socket while its
# service is stopping. When the time is over, it reports `ending UNIT...` and returns 1.
await_ends() {
    polls_left=$((ending_seconds * 5))
    while "$@"; ending_in "$shown"; [ -n "$ending" ]; do
        [ "$polls_left" != $((ending_seconds * 5)) ] || say step "waiting for${ending}, whose stop or restart has begun already"
        [ "$polls_left" -gt 0 ] || { say ending "${ending# }"; return 1; }
        polls_left=$((polls_left - 1))
        sleep 0.2
    done
}
