import { type FileHandle, mkdir, open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { unlessAbsent } from "./write";

const BEAT_MS = 5000;
/** A lock that wasn't touched for this time belongs to a process that was killed, maybe in another container. */
const DEAD_MS = 120_000;
const POLL_MS = 100;

/** Runs `work`, and touches a file or directory during that, so that other processes notice that it is in use. */
export async function beating<T>(file: string, work: () => Promise<T>): Promise<T> {
    const timer = setInterval(() => {
        const now = new Date();
        // The file may have been removed.
        utimes(file, now, now).catch(() => {});
    }, BEAT_MS);
    try {
        return await work();
    } finally {
        clearInterval(timer);
    }
}

/** Whether no process touches the file any more, or it doesn't exist. */
export async function isDead(file: string): Promise<boolean> {
    const status = await stat(file).catch(unlessAbsent);
    return status === undefined || Date.now() - status.mtimeMs > DEAD_MS;
}

/**
 * Runs `work` while this process holds the lock of the file. The lock saves work and never blocks for ever: two processes may hold
 * it if one of them was suspended for minutes, so writes must be safe without it.
 */
export async function locked<T>(file: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (;;) {
        const handle = await tryLock(file);
        if (handle !== undefined) return holding(file, handle, work);
        signal?.throwIfAborted();
        await sleep(POLL_MS, undefined, { signal });
    }
}

/** Like {@link locked}, but returns undefined at once if another process holds the lock. */
export async function lockedOrNot<T>(file: string, work: () => Promise<T>): Promise<T | undefined> {
    const handle = await tryLock(file);
    return handle === undefined ? undefined : holding(file, handle, work);
}

async function tryLock(file: string): Promise<FileHandle | undefined> {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    const create = () => open(file, "wx", 0o600).catch(unlessThere);
    const handle = await create();
    if (handle !== undefined || !(await isAbandoned(file))) return handle;
    const aside = `${file}.${process.pid}`;
    await rename(file, aside).catch(unlessAbsent);
    await rm(aside, { force: true });
    return create();
}

/** Whether the lock belongs to a process of this machine that has exited, or to one that doesn't touch it any more. */
async function isAbandoned(file: string): Promise<boolean> {
    const [host, pid] = ((await readFile(file, "utf8").catch(unlessAbsent)) ?? "").split(" ");
    if (host === hostname() && pid !== undefined && !isRunning(Number(pid))) return true;
    return isDead(file);
}

function isRunning(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code !== "ESRCH";
    }
}

async function holding<T>(file: string, handle: FileHandle, work: () => Promise<T>): Promise<T> {
    try {
        await handle.writeFile(`${hostname()} ${process.pid}`);
    } finally {
        await handle.close();
    }
    try {
        return await beating(file, work);
    } finally {
        await rm(file, { force: true });
    }
}

function unlessThere(error: NodeJS.ErrnoException): undefined {
    if (error.code !== "EEXIST") throw error;
    return undefined;
}
