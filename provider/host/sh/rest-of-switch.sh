say step "waiting for the host to come to rest"
take_lock
say changing
if [ -f "$back/roll-back" ]; then sh "$back/roll-back" interrupted >/dev/null
else
    disarm
    files_undo
fi
recorded_as() { sed -n "s/^$1 //p" "$service" 2>/dev/null; }
if [ "$(recorded_as switch)" = "$id" ] && [ "$(recorded_as why)" = confirmed ]; then say done
else
    say failed "The update"
    printf '%s\n' "$lost" | block output
    case $(recorded_as why) in
        stopped*) say running kept ;;
        *but*) say running nothing "$(recorded_as why)" ;;
        *) say running "$(recorded_as serving)" ;;
    esac
fi
# shellcheck disable=SC2086
show_units $units
with_paths show_files
with_texts show_texts
