import alone from "./sh/alone.sh";
import { header, type Shell, sh, shellFile } from "./shell";

/** How the first line of portabled's drop-ins begins: the image's path follows, in quotes. */
export const MARK = "# Drop-in created for image";
/** The same while {@link aloneLibrary} is at work, and after a power cut in between. */
export const HIDDEN_MARK = "# Drop-in created for another image";

/** Both, for the programs that read such lines. */
export const marks: Shell = header({ portabled_mark: MARK, hidden_mark: HIDDEN_MARK });

/**
 * `alone COMMAND...` runs portablectl for the image $name while the units of `name-staging` and the like are nobody's:
 * portabled of systemd 252 takes them for units of the same image, takes them away where `name` is reattached, and
 * doesn't detach `name` while they run. It knows a unit by the first line of a drop-in, a comment: that is another one
 * meanwhile, and the time of the file is kept, so that for the manager nothing changes. `show_marks` makes good what was
 * cut off.
 */
export const aloneLibrary: Shell = sh`${marks}${shellFile(alone)}`;
