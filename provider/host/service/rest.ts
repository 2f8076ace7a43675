import { filesLibrary, showFilesLibrary } from "../files";
import type { Owner } from "../owner";
import { lockLibrary } from "../program";
import rest from "../sh/rest-of-switch.sh";
import { header, type Shell, sh, shellFile } from "../shell";
import { showUnitsLibrary } from "./inspect";
import type { SwitchPlan } from "./plan";
import { serviceRecordLibrary, showFunctions, unitsOf } from "./roll-back";

/**
 * For a client that lost the connection during a switch: waits until the switch has ended, rolls back if it was killed,
 * and reports what the switch would have reported at its end: `changing`, and `done`; or `failed`, with `reason` in the
 * block `output`, and `running PATH`, `running kept` or `running nothing TEXT`. The block `show` has the units.
 */
export function restOfSwitch(name: string, owner: Owner, plan: SwitchPlan, id: string, reason: string): Shell {
    return sh`
${header({ lost: reason, units: unitsOf(plan) })}
${showFunctions(plan)}
${lockLibrary}
${showUnitsLibrary}
${filesLibrary(owner)}
${showFilesLibrary}
${serviceRecordLibrary(name, plan.image, id)}
${shellFile(rest)}
`;
}
