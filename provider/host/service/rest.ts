import { filesLibrary, lookAtFiles, lookAtTexts } from "../files";
import type { Owner } from "../owner";
import { lock } from "../program";
import { type Shell, sh } from "../shell";
import { disarmLibrary, switchRecordLibrary } from "./back";
import { showUnitsLibrary } from "./look";
import type { SwitchPlan } from "./plan";

/**
 * For a client that lost the answer of a switch: waits until the host has come to rest, brings it there where nothing
 * else does, and says what the switch would have said at its end: `touched`, and `done`; or `failed`, with `reason` in
 * the block `said`, and `serving PATH`, `serving kept` or `serving nothing TEXT`. The block `show` has the units.
 */
export function restOfSwitch(name: string, owner: Owner, plan: SwitchPlan, id: string, reason: string): Shell {
    const paths = [...plan.files.map((file) => file.path), ...plan.drop];
    return sh`
say step "waiting for the host to come to rest"
${lock}
${showUnitsLibrary}
${filesLibrary(owner)}
${switchRecordLibrary(name, plan.image, id)}
${disarmLibrary(name, id)}
say touched
if [ -f "$back/go-back" ]; then sh "$back/go-back" interrupted >/dev/null
else
    disarm
    files_undo
fi
recorded_as() { sed -n "s/^$1 //p" "$service" 2>/dev/null; }
if [ "$(recorded_as switch)" = ${id} ] && [ "$(recorded_as why)" = confirmed ]; then say done
else
    say failed "The update"
    printf '%s\\n' ${reason} | block said
    case $(recorded_as why) in
        stopped*) say serving kept ;;
        *but*) say serving nothing "$(recorded_as why)" ;;
        *) say serving "$(recorded_as serving)" ;;
    esac
fi
show_units ${[...new Set([...plan.leave, ...plan.units])]}
${lookAtFiles(paths)}
${lookAtTexts(paths)}
`;
}
