import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../errors";
import { type Shell, sh } from "../../host/shell";
import { ConnectionError } from "../link/connection-error";
import type { Link, UploadOptions } from "../link/link";
import { type Login, loginText } from "../login/login";
import { ShellSession } from "./shell-session";

const READ_BYTES = 255 * 1024;

/** Time limit for the host to remove the file of an aborted upload. */
const ABORT_MS = 2_000;

const RECEIVING = "receiving";

/**
 * Writes a file from file descriptor 8. `set -C` makes the redirection exclusive (O_EXCL), so that no other user can have put the
 * file there, and no link is followed. An incomplete file is removed.
 */
function receive(path: string, bytes: number): Shell {
    return sh`
umask 077
rm -f -- ${path}
set -C
exec 7>${path} || exit 3
set +C
echo ${RECEIVING}
cat <&8 >&7 || { status=$?; rm -f -- ${path}; exit "$status"; }
exec 7>&-
[ "$(wc -c <${path})" -eq ${bytes} ] || { rm -f -- ${path}; exit 4; }`;
}

/**
 * Implements {@link Host.upload} over the standard input of a program, for hosts without SFTP and for the OpenSSH client.
 * @throws NotStarted; UserError; ConnectionError; the signal's reason when aborted
 */
export async function uploadByProgram(
    link: Link,
    login: Login,
    file: string,
    path: string,
    { signal, onProgress }: UploadOptions,
): Promise<void> {
    const handle = await open(file);
    try {
        const { size } = await handle.stat();
        const session = await ShellSession.open(link, login, { asRoot: false }, signal);
        async function* content() {
            for (let done = 0; done < size && !signal?.aborted; ) {
                const { bytesRead, buffer } = await handle.read(Buffer.alloc(READ_BYTES), 0, READ_BYTES, done);
                if (bytesRead === 0) return;
                yield buffer.subarray(0, bytesRead);
                done += bytesRead;
                onProgress?.(done, size);
            }
        }
        const answer = (line: string) => (line === RECEIVING ? Promise.resolve(content()) : undefined);
        const result = session.run(receive(path, size), { answer }, () => {});
        const { code, stderr } = await orAborted(result, session, signal);
        if (code !== 0) throw notWritten(login, path, code, stderr);
    } finally {
        await handle.close();
    }
}

/** On abort, ends the input of the upload, so that the host removes the file. A host that doesn't answer isn't awaited. */
async function orAborted<T>(result: Promise<T>, session: ShellSession, signal: AbortSignal | undefined): Promise<T> {
    if (signal === undefined) return result.finally(() => session.close());
    let abort = () => {};
    const aborted = new Promise<undefined>((resolve) => {
        abort = () => resolve(undefined);
        if (signal.aborted) abort();
        else signal.addEventListener("abort", abort, { once: true });
    });
    try {
        const first = await Promise.race([result, aborted]);
        if (first !== undefined) return first;
        session.close();
        await Promise.race([result.catch(() => {}), sleep(ABORT_MS, undefined, { ref: false })]);
        throw signal.reason;
    } finally {
        signal.removeEventListener("abort", abort);
        session.close();
    }
}

function notWritten(login: Login, path: string, code: number | undefined, reported: string): UserError {
    if (code === 4)
        return new ConnectionError("broken", {
            what: `${path} arrived incomplete on ${login.address}:${login.port}`,
            reported,
            todo: "Run pulumi up again",
        });
    return new UserError({
        what: `${loginText(login)} can't write ${path} there`,
        reported,
        todo: "Check that the directory is there, that the login may write to it, and that the disk has room",
    });
}
