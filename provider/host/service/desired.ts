import type { HostFile } from "../files";
import type { BeforeSwitch } from "./before-switch";
import type { Overrides } from "./declared";
import type { Attachment } from "./inspect";

/** A portable service as it is declared. */
export interface DesiredService extends Omit<Attachment, "path"> {
    image: string;
    /** `--copy` of portablectl(1); undefined leaves it to portabled. */
    copy: string | undefined;
    force: boolean;
    units: Overrides;
    /** Names of units in the overrides of the last update: an instance that is declared no more is stopped. */
    formerUnits: readonly string[];
    /** Drop-ins and host files, with the unit each drop-in belongs to. */
    files: (HostFile & { digest: string; unit?: string })[];
    token: string;
    beforeSwitch: BeforeSwitch | undefined;
    /** Whether a failure after `beforeSwitch` leaves the new image in place, since the data is no longer the old one's. */
    isKeptOnceMigrated: boolean;
}
