import { filesLibrary } from "../files";
import { sweepLibrary } from "../image";
import type { Owner } from "../owner";
import { aloneLibrary } from "../portabled-252";
import { lockLibrary } from "../program";
import detach from "../sh/detach.sh";
import { header, type Shell, sh, shellFile } from "../shell";
import { serviceRecordLibrary } from "./back";
import { showUnitsLibrary } from "./look";

/**
 * Nothing of the service stays: units stopped (instances of templates too) and disabled, the image detached, dangling
 * links of `attach --enable` and our files removed. Acts only on the machine and while the record is of this creation:
 * else it says `other-machine`, or `superseded`. Says `failed TEXT` with the block `said`, or `done`.
 */
export function detachService(name: string, owner: Owner, machineId: string): Shell {
    return sh`
${header({ machine_id: machineId })}
${lockLibrary}
${showUnitsLibrary}
${sweepLibrary}
${filesLibrary(owner)}
${serviceRecordLibrary(name, { path: "nothing", profile: "" })}
${aloneLibrary}
${shellFile(detach)}
`;
}
