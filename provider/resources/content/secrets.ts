import type { Context } from "../../contract";
import { isRecord, type Path, Secret } from "../../schema/values";

/** Warns of secrets in `Environment=`, which every user of the host can read. */
export function warnOfSecretEnvironment(
    context: Context,
    unit: unknown,
    sections: unknown,
    isSecret: (path: Path) => boolean,
    path: Path,
): void {
    if (!isRecord(sections)) return;
    for (const section of Object.keys(sections)) {
        if (!isSecret([...path, section, "Environment"])) continue;
        context.warn(
            `${typeof unit === "string" ? unit : "The drop-in"}: a secret in Environment= can be read by every user of the host (\`systemctl show -p Environment\`). ` +
                "Put it in a host file with mode 0600 and name that in EnvironmentFile= or LoadCredential=.",
        );
    }
}

/** Wraps a value that derives from a secret. */
export function secretIf<T>(isSecret: boolean, value: T): T | Secret<T> {
    return isSecret ? new Secret(value) : value;
}
