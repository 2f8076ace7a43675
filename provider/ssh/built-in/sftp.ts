import { setTimeout as sleep } from "node:timers/promises";
import type { Client, SFTPWrapper } from "ssh2";
import SftpClient from "ssh2-sftp-client";
import { UserError } from "../../errors";
import { untilAborted } from "../link/aborting";
import { ConnectionError } from "../link/connection-error";
import { NotStarted, SftpMissing, type UploadOptions } from "../link/link";
import { type Login, loginText } from "../login/login";

/** The most that one write of OpenSSH's (8.5 and later) takes: a KiB more is a second write that waits for the first. */
const CHUNK_BYTES = 255 * 1024;
/** Writes under way at once. Far away, as much as sshd takes before it reads on (2 MiB). */
const CHUNKS_AT_ONCE = 8;
/** Nearby more than these only wait in buffers: 20 MB take 0.09 s where 8 at once take 0.19 s. */
const CHUNKS_AT_ONCE_NEARBY = 3;
/** A host that answers within this time is near. */
const NEARBY_MS = 3;

/** What an upload needs of a connection. */
interface SftpLink {
    readonly client: Client;
    readonly isOpen: boolean;
}

/** How long the host may take no byte: an SFTP server whose disk hangs answers nothing, while sshd keeps the connection. */
const STALLED_MS = 120_000;

/** How long an aborted transfer may take to end, and its file to be removed. */
const ABORT_MS = 2_000;

/**
 * Writes a local file to `path` over the SFTP subsystem of an open connection, from its start to its end, mode 0600.
 * It replaces a file of that name, and never follows a link there. On failure the file is removed.
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

/** Aborts with an error that says how far the upload came, once the host has taken nothing for the time. */
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
 * fastPut reads several chunks at once and writes each when it has come: here they are put in order again, so that who
 * reads the file there while it grows finds no hole in it.
 */
function writeInOrder(channel: SFTPWrapper): void {
    const write = channel.write.bind(channel);
    const waiting = new Map<number, { length: number; send: () => void }>();
    let end = 0;
    channel.write = (handle, data, offset, length, position, done) => {
        // The rest of a chunk: ssh2 writes less at once where a server doesn't report its limits.
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
 * Ends a transfer from within: its next write fails, so that it closes its files. Closing the channel under it would
 * leave it waiting for answers that never come. What doesn't end soon is left behind.
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

/** ssh2-sftp-client over an open connection, where it would otherwise make one of its own. */
class PooledSftp extends SftpClient {
    declare client: Client;
    declare sftp: SFTPWrapper;

    constructor(client: Client, sftp: SFTPWrapper) {
        super("upload", { error: () => {}, end: () => {}, close: () => {} });
        this.client = client;
        this.sftp = sftp;
    }
}

/** How long the SFTP server may take to answer the first packet. */
const SFTP_MS = 5_000;

/**
 * Starts the SFTP subsystem. Where the login shell prints something first, that is taken for its answer, which ssh2
 * reports as a broken packet, or waits for the rest of it.
 */
function openSftp(link: SftpLink): Promise<SFTPWrapper> {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new SftpMissing("the SFTP server doesn't answer")), SFTP_MS);
        const fail = (error: Error) => {
            clearTimeout(timer);
            // The host opens no session at all: RFC 4254, 5.1.
            const isRefused = /open failure|Not connected|No response from server/i.test(error.message);
            reject(isRefused ? new NotStarted(error.message) : new SftpMissing(error.message));
        };
        try {
            link.client.sftp((error, sftp) => {
                if (error) return fail(error);
                clearTimeout(timer);
                // A server that breaks off later shows at the transfer.
                sftp.on("error", () => {});
                resolve(sftp);
            });
        } catch (error) {
            fail(error as Error);
        }
    });
}

/**
 * An empty file that nobody else can have put there: O_EXCL, with the mode from the start.
 * @returns milliseconds that the host took for a small answer
 */
async function createPrivate(sftp: SFTPWrapper, path: string): Promise<number> {
    try {
        return await createExclusive(sftp, path);
    } catch {
        // SFTP 3 has no code for "exists": a leftover is in the way, or the second try reports the reason.
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
    // It has a channel of its own: the first one may have failed.
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
