import type { Context } from "../../contract";
import { isRecord, type Path, Secret } from "../../schema/values";

/**
 * Warns of secrets in a drop-in at `path`: every user of the host can read its file, and values of Environment= also by
 * `systemctl show`.
 */
export function warnOfSecrets(
    context: Context,
    dropIn: { unit: unknown; sections?: unknown },
    isSecret: (path: Path) => boolean,
    path: Path,
): void {
    const unit = typeof dropIn.unit === "string" ? dropIn.unit : "The drop-in";
    const advice = "Put it in a host file with mode 0600 and name that in EnvironmentFile= or LoadCredential=.";
    if (isSecret([...path, "text"]))
        context.warn(`${unit}: a secret in the text of a drop-in can be read by every user of the host. ${advice}`);
    for (const [section, settings] of Object.entries(isRecord(dropIn.sections) ? dropIn.sections : {}))
        for (const setting of isRecord(settings) ? Object.keys(settings) : []) {
            if (!isSecret([...path, "sections", section, setting])) continue;
            const command = setting === "Environment" ? " (`systemctl show -p Environment`)" : "";
            context.warn(`${unit}: a secret in ${setting}= can be read by every user of the host${command}. ${advice}`);
        }
}

/** Marks a value as secret if it derives from a secret. */
export function secretIf<T>(isSecret: boolean, value: T): T | Secret<T> {
    return isSecret ? new Secret(value) : value;
}
