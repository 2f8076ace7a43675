# marks OLD NEW replaces the mark in the first line of portabled's drop-ins: in all of them, or, if OLD is portabled's own
# mark, in those of images whose names begin with $name. The temporary file isn't in the unit's directory: if it stayed
# there, portabled would refuse to detach the unit.
marks() {
    for directory in $attached_directories; do
        spare="$directory/.pulumi-portable"
        [ ! -e "$spare" ] || rm -f -- "$spare"
        for conf in "$directory"/*.d/20-portable.conf; do
            [ -f "$conf" ] && IFS= read -r line <"$conf" || continue
            file=${line#"$1 '"}
            [ "$file" != "$line" ] || continue
            file=${file%%"'"*}; file=${file%%:/*}; file=${file##*/}; file=${file%.raw}
            if [ "$1" = "$portabled_mark" ]; then
                case ${file%%_*} in "$name") continue ;; "$name"*) ;; *) continue ;; esac
            fi
            cp -a -- "$conf" "$spare" && sed "1s/^$1/$2/" "$conf" >"$spare" && touch -r "$conf" -- "$spare" &&
                sync "$spare" && mv -f -- "$spare" "$conf" || return
        done
    done
}
show_marks() ( marks "$hidden_mark" "$portabled_mark" )
alone() (
    show_marks && marks "$portabled_mark" "$hidden_mark" && "$@"
    outcome=$?
    show_marks && exit $outcome
)
