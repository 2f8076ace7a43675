import type { HostFile } from "../files";
import type { BeforeSwitch } from "./before-switch";
import type { Overrides } from "./declared";
import type { Attachment } from "./inspect";

/** A portable service as it is declared. */
export interface DesiredService extends Omit<Attachment, "path"> {
    image: string;
    /** `--copy` of portablectl(1); undefined means portabled's default. */
    copy: string | undefined;
    force: boolean;
    units: Overrides;
    /** Names of units in the overrides of the last update: instances that are no longer declared are stopped. */
    formerUnits: readonly string[];
    /** Drop-ins, with their unit, and host files. */
    files: (HostFile & { digest: string; unit?: string })[];
    token: string;
    beforeSwitch: BeforeSwitch | undefined;
    /** Whether the new image stays after a failure once `beforeSwitch` has run, since the old one can't use the new data. */
    isKeptOnceMigrated: boolean;
}
