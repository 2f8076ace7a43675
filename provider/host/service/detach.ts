import { filesLibrary } from "../files";
import { sweepLibrary } from "../image";
import type { Owner } from "../owner";
import { aloneLibrary } from "../portabled-252";
import { deadlineLibrary, lockLibrary } from "../program";
import detach from "../sh/detach.sh";
import { header, type Shell, sh, shellFile } from "../shell";
import { showUnitsLibrary } from "./inspect";
import { serviceRecordLibrary } from "./roll-back";

/**
 * Removes everything of the service: its units (with instances of templates) are stopped and disabled, the image is
 * detached, and dangling links of `attach --enable` and the service's files are removed. It does so only on the given machine
 * and while the record has this creation's nonce; otherwise it reports `other-machine` or `superseded`. At the end it reports
 * `done`, or `failed TEXT` with the block `output`.
 */
export function detachService(name: string, owner: Owner, machineId: string, budgetSeconds: number): Shell {
    return sh`
${header({ machine_id: machineId })}
${lockLibrary}
${deadlineLibrary(budgetSeconds)}
${showUnitsLibrary}
${sweepLibrary}
${filesLibrary(owner)}
${serviceRecordLibrary(name, { path: "nothing", profile: "" })}
${aloneLibrary}
${shellFile(detach)}
`;
}
