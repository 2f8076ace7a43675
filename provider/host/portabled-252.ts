import alone from "./sh/alone.sh";
import { header, type Shell, sh, shellFile } from "./shell";

/** The start of the first line of portabled's drop-ins, before the path of the image in quotes. */
export const MARK = "# Drop-in created for image";
/** The start of that line while {@link aloneLibrary} hides a unit, or after a power cut during that. */
export const HIDDEN_MARK = "# Drop-in created for another image";

/** Both, for the programs that read such lines. */
export const marks: Shell = header({ portabled_mark: MARK, hidden_mark: HIDDEN_MARK });

/**
 * `alone COMMAND...` runs portablectl for the image $name while the units of `name-staging` and the like are hidden
 * from it. portabled of systemd 252 mistakes them for units of the same image: it removes them when `name` is
 * reattached, and refuses to detach `name` while they run. It recognizes a unit by the first line of its drop-in, a
 * comment, which is replaced during the command. The file keeps its modification time, so that systemd sees no change.
 * `show_marks` restores the lines after an interruption.
 */
export const aloneLibrary: Shell = sh`${marks}${shellFile(alone)}`;
