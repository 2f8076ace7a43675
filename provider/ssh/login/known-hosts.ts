import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { ConnectionError } from "../link/connection-error";

const runFile = promisify(execFile);

/** A line of known_hosts for a host (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHost {
    /** Key type: "ssh-ed25519". */
    type: string;
    /** The key in base64. */
    key: string;
    marker?: "@revoked" | "@cert-authority";
    file: string;
    line: number;
    /** The name by which it was found. */
    name: string;
}

/**
 * All lines for one of the names, found by `ssh-keygen -F`, which supports hashed names, patterns and ports.
 * @throws ConnectionError `settings` if ssh-keygen isn't installed
 */
export async function findKnownHosts(
    names: readonly string[],
    files: readonly string[],
    signal?: AbortSignal,
): Promise<KnownHost[]> {
    const queries = files
        .filter((file) => existsSync(file))
        .flatMap((file) => names.map(async (name) => parseFound(await findInFile(name, file, signal), name, file)));
    return (await Promise.all(queries)).flat();
}

async function findInFile(name: string, file: string, signal?: AbortSignal): Promise<string> {
    try {
        return (await runFile("ssh-keygen", ["-F", name, "-f", file], { signal })).stdout;
    } catch (error) {
        signal?.throwIfAborted();
        const failed = error as NodeJS.ErrnoException & { stdout?: string; code?: string | number };
        if (failed.code === "ENOENT") {
            throw new ConnectionError("settings", {
                what: "known_hosts can't be looked up: ssh-keygen isn't installed here",
                todo: "Install the OpenSSH client, or give connection.hostKey",
            });
        }
        // Exit status 1 means that nothing was found.
        return failed.stdout ?? "";
    }
}

/** Parses pairs of `# Host NAME found: line N [CA|REVOKED]` and the line itself. */
export function parseFound(text: string, name: string, file: string): KnownHost[] {
    const found: KnownHost[] = [];
    let line = 0;
    for (const row of text.split("\n")) {
        const comment = /^# Host .* found: line (\d+)/.exec(row);
        if (comment) {
            line = Number(comment[1]);
            continue;
        }
        const words = row.trim().split(/\s+/);
        const marker = words[0]?.startsWith("@") ? (words.shift() as KnownHost["marker"]) : undefined;
        const [, type, key] = words;
        if (type !== undefined && key !== undefined) found.push({ type, key, marker, file, line, name });
    }
    return found;
}
