import { setTimeout as sleep } from "node:timers/promises";
import type { Client, SFTPWrapper } from "ssh2";
import SftpClient from "ssh2-sftp-client";
import { UserError } from "../../errors";
import { untilAborted } from "../link/aborting";
import { ConnectionError } from "../link/connection-error";
import { NotStarted, SftpMissing, type UploadOptions } from "../link/link";
import { type Login, loginText } from "../login/login";

/** Maximum size of a write of OpenSSH (8.5 and later): ssh2 would split a larger one into two successive writes. */
const CHUNK_BYTES = 255 * 1024;
/** Number of concurrent writes to a distant host: as much as sshd buffers (2 MiB). */
const CHUNKS_AT_ONCE = 8;
/** Number of concurrent writes to a nearby host, where more of them only wait in buffers: 20 MB take 0.09 s, with 8 0.19 s. */
const CHUNKS_AT_ONCE_NEARBY = 3;
/** A host that answers within this time is nearby. */
const NEARBY_MS = 3;

/** The parts of a connection that an upload uses. */
interface SftpLink {
    readonly client: Client;
    readonly isOpen: boolean;
}

/** Time limit for progress: if its disk hangs, an SFTP server doesn't answer, although sshd keeps the connection open. */
const STALLED_MS = 120_000;

/** Time limit for an aborted transfer to end and for the removal of its file. */
const ABORT_MS = 2_000;

/**
 * Writes a local file to `path` over the SFTP subsystem of an open connection, sequentially and with mode 0600. An existing file
 * is replaced, a link isn't followed. After a failure the file is removed.
 * @throws SftpMissing; NotStarted; UserError; ConnectionError `broken`; the signal's reason when aborted
 */
export async function uploadFile(
    link: SftpLink,
    login: Login,
    file: string,
    path: string,
    options: UploadOptions,
    stalledMs = STALLED_MS,
): Promise<void> {
    const { onProgress } = options;
    const channel = await untilAborted(openSftp(link), options.signal, (late) => late.end());
    const stalled = stallOf(login, path, stalledMs);
    const signal = AbortSignal.any([stalled.signal, ...(options.signal ? [options.signal] : [])]);
    let made = false;
    try {
        signal.throwIfAborted();
        const answerMs = await untilAborted(createPrivate(channel, path), signal);
        made = true;
        writeInOrder(channel);
        const transfer = new PooledSftp(link.client, channel).fastPut(file, path, {
            chunkSize: CHUNK_BYTES,
            concurrency: answerMs < NEARBY_MS ? CHUNKS_AT_ONCE_NEARBY : CHUNKS_AT_ONCE,
            step: (done: number, _chunk: number, total: number) => {
                stalled.progress(done, total);
                onProgress?.(done, total);
            },
        });
        await endedBy(signal, channel, transfer);
    } catch (error) {
        if (made) await Promise.race([removeAgain(link, path), sleep(ABORT_MS, undefined, { ref: false })]);
        signal.throwIfAborted();
        if (error instanceof UserError) throw error;
        throw link.isOpen ? refused(login, path, error as Error) : broken(login, path, error as Error);
    } finally {
        stalled.end();
        channel.end();
    }
}

/** Aborts with the number of uploaded bytes if the host accepts no bytes for this time. */
function stallOf(login: Login, path: string, limitMs: number) {
    const controller = new AbortController();
    let state = "it didn't begin";
    const abort = () =>
        controller.abort(
            new UserError({
                what: `the upload of ${path} to ${loginText(login)} stalled: ${state}, and then the host took nothing for ${limitMs / 1000} s`,
                todo: "Check the network, and there whether the disk answers (`ls /var/lib`, `dmesg`); then run pulumi up again",
            }),
        );
    let timer = setTimeout(abort, limitMs);
    return {
        signal: controller.signal,
        progress(done: number, total: number) {
            state = `${Math.floor((done / total) * 100)} % of it arrived`;
            clearTimeout(timer);
            timer = setTimeout(abort, limitMs);
        },
        end: () => clearTimeout(timer),
    };
}

/**
 * fastPut reads several chunks at once and writes each as soon as it was read. This puts the writes in order, so that a reader of
 * the growing file on the host finds no holes in it.
 */
function writeInOrder(channel: SFTPWrapper): void {
    const write = channel.write.bind(channel);
    const waiting = new Map<number, { length: number; send: () => void }>();
    let end = 0;
    channel.write = (handle, data, offset, length, position, done) => {
        // Writes the rest of a chunk: ssh2 makes smaller writes if the server doesn't report its limits.
        if (position < end) return write(handle, data, offset, length, position, done);
        waiting.set(position, { length, send: () => write(handle, data, offset, length, position, done) });
        for (let next = waiting.get(end); next !== undefined; next = waiting.get(end)) {
            waiting.delete(end);
            end += next.length;
            next.send();
        }
    };
}

/**
 * Ends an aborted transfer by making its next write fail, so that it closes its files. If the channel were closed instead, the
 * transfer would wait for answers for ever. A transfer that doesn't end soon is abandoned.
 */
async function endedBy(signal: AbortSignal, channel: SFTPWrapper, transfer: Promise<unknown>): Promise<void> {
    const write = channel.write.bind(channel);
    channel.write = (handle, data, offset, length, position, done) =>
        signal.aborted ? done?.(new Error("aborted")) : write(handle, data, offset, length, position, done);
    let abort = () => {};
    const overdue = new Promise<void>((resolve) => {
        abort = () => setTimeout(resolve, ABORT_MS).unref();
    });
    signal.addEventListener("abort", abort, { once: true });
    try {
        await Promise.race([transfer, overdue]);
    } finally {
        signal.removeEventListener("abort", abort);
    }
    signal.throwIfAborted();
}

/** ssh2-sftp-client with an open connection, as it would otherwise open its own. */
class PooledSftp extends SftpClient {
    declare client: Client;
    declare sftp: SFTPWrapper;

    constructor(client: Client, sftp: SFTPWrapper) {
        super("upload", { error: () => {}, end: () => {}, close: () => {} });
        this.client = client;
        this.sftp = sftp;
    }
}

/** Time limit for the SFTP server's answer to the first packet. */
const SFTP_MS = 5_000;

/**
 * Starts the SFTP subsystem. If the login shell prints something first, ssh2 takes that for the answer, and reports a broken
 * packet or waits for the rest of it.
 */
function openSftp(link: SftpLink): Promise<SFTPWrapper> {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new SftpMissing("the SFTP server doesn't answer")), SFTP_MS);
        const fail = (error: Error) => {
            clearTimeout(timer);
            // The host refused to open a session (RFC 4254, 5.1).
            const isRefused = /open failure|Not connected|No response from server/i.test(error.message);
            reject(isRefused ? new NotStarted(error.message) : new SftpMissing(error.message));
        };
        try {
            link.client.sftp((error, sftp) => {
                if (error) return fail(error);
                clearTimeout(timer);
                // A later error is reported by the transfer.
                sftp.on("error", () => {});
                resolve(sftp);
            });
        } catch (error) {
            fail(error as Error);
        }
    });
}

/**
 * Creates an empty file exclusively (O_EXCL) and with its final mode, so that no other user can have put it there.
 * @returns the round-trip time of a small request in milliseconds
 */
async function createPrivate(sftp: SFTPWrapper, path: string): Promise<number> {
    try {
        return await createExclusive(sftp, path);
    } catch {
        // SFTP 3 has no code for "exists": if the reason was a leftover, it is removed; else the second attempt reports it.
        await new Promise<void>((resolve) => sftp.unlink(path, () => resolve()));
        return await createExclusive(sftp, path);
    }
}

function createExclusive(sftp: SFTPWrapper, path: string): Promise<number> {
    return new Promise((resolve, reject) => {
        sftp.open(path, "wx", { mode: 0o600 }, (error, handle) => {
            if (error) return reject(error);
            const sentAt = performance.now();
            sftp.close(handle, (failed) => (failed ? reject(failed) : resolve(performance.now() - sentAt)));
        });
    });
}

async function removeAgain(link: SftpLink, path: string): Promise<void> {
    // Uses a new channel, since the first one may have failed.
    const sftp = await openSftp(link).catch(() => undefined);
    if (sftp === undefined) return;
    await new Promise<void>((resolve) => sftp.unlink(path, () => resolve()));
    sftp.end();
}

function refused(login: Login, path: string, error: Error): UserError {
    return new UserError({
        what: `${loginText(login)} can't write ${path} there over SFTP`,
        reported: error.message,
        todo: "Check that the directory is there, that the login may write to it, and that the disk has room",
    });
}

function broken(login: Login, path: string, error: Error): ConnectionError {
    return new ConnectionError("broken", {
        what: `the connection to ${login.address}:${login.port} broke while ${path} was written there`,
        reported: error.message,
        todo: "Run pulumi up again",
    });
}
