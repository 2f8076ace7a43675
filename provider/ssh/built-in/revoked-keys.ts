import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { keyType } from "../login/fingerprint";

const runFile = promisify(execFile);

/** First bytes of a key revocation list (PROTOCOL.krl of OpenSSH). */
const KRL_MAGIC = "SSHKRL\n\0";

/**
 * Looks up a host key in a file of RevokedHostKeys. As with ssh, a file that can't be read revokes every key.
 * @returns why the key counts as revoked; undefined if it isn't
 */
export async function revocation(file: string, key: Buffer): Promise<string | undefined> {
    let content: Buffer;
    try {
        content = await readFile(file);
    } catch (error) {
        return `${file} of RevokedHostKeys can't be read (${(error as NodeJS.ErrnoException).code}), and ssh then takes no key`;
    }
    if (content.toString("latin1", 0, KRL_MAGIC.length) === KRL_MAGIC)
        return (await isInKrl(file, key)) ? `${file} of RevokedHostKeys revokes it` : undefined;
    const base64 = key.toString("base64");
    const index = content
        .toString("utf8")
        .split("\n")
        .findIndex((line) => !line.startsWith("#") && line.split(/\s+/).includes(base64));
    return index < 0 ? undefined : `${file}:${index + 1} of RevokedHostKeys revokes it`;
}

/** ssh-keygen exits with a non-zero status for a revoked key and for an unreadable list: both refuse the key. */
async function isInKrl(file: string, key: Buffer): Promise<boolean> {
    const directory = await mkdtemp(join(tmpdir(), "portable-ssh-"));
    try {
        const shown = join(directory, "key.pub");
        await writeFile(shown, `${keyType(key)} ${key.toString("base64")}\n`);
        await runFile("ssh-keygen", ["-Q", "-f", file, shown]);
        return false;
    } catch {
        return true;
    } finally {
        await rm(directory, { recursive: true, force: true });
    }
}
