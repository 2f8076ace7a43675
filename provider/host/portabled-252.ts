import { ATTACHED_DIRECTORIES } from "../systemd/paths";
import { type Shell, sh } from "./shell";

/** How the first line of portabled's drop-ins begins: the image's path follows, in quotes. */
export const MARK = "# Drop-in created for image";
/** The same while {@link aloneLibrary} is at work, and after a power cut in between. */
export const HIDDEN_MARK = "# Drop-in created for another image";

/**
 * `alone COMMAND...` runs portablectl for the image `name` while the units of `name-staging` and the like are nobody's:
 * portabled of systemd 252 takes them for units of the same image, takes them away where `name` is reattached, and
 * doesn't detach `name` while they run. It knows a unit by the first line of a drop-in, a comment: that is another one
 * meanwhile, and the time of the file is kept, so that for the manager nothing changes. `show_marks` makes good what was
 * cut off.
 */
export function aloneLibrary(name: string): Shell {
    return sh`
# marks OLD NEW: of all drop-ins, or where OLD is portabled's own, of those of images whose names begin with this one.
# No unit's directory gets a file that may stay behind: portabled detaches nothing where there is one.
marks() {
    for directory in ${ATTACHED_DIRECTORIES}; do
        spare="$directory/.pulumi-portable"
        [ ! -e "$spare" ] || rm -f -- "$spare"
        for conf in "$directory"/*.d/20-portable.conf; do
            [ -f "$conf" ] && IFS= read -r line <"$conf" || continue
            file=\${line#"$1 '"}
            [ "$file" != "$line" ] || continue
            file=\${file%%"'"*}; file=\${file%%:/*}; file=\${file##*/}; file=\${file%.raw}
            if [ "$1" = ${MARK} ]; then
                case \${file%%_*} in ${name}) continue ;; ${name}*) ;; *) continue ;; esac
            fi
            cp -a -- "$conf" "$spare" && sed "1s/^$1/$2/" "$conf" >"$spare" && touch -r "$conf" -- "$spare" &&
                sync "$spare" && mv -f -- "$spare" "$conf" || return
        done
    done
}
show_marks() ( marks ${HIDDEN_MARK} ${MARK} )
alone() (
    show_marks && marks ${MARK} ${HIDDEN_MARK} && "$@"
    outcome=$?
    show_marks && exit $outcome
)
`;
}
