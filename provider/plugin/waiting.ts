import { once } from "node:events";
import {
    closeSync,
    existsSync,
    mkdirSync,
    openSync,
    readdirSync,
    readFileSync,
    readlinkSync,
    renameSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import type { AddressInfo, Server as Listener } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { cacheDirectory } from "./cache-directory";

/*
 * `pulumi up` starts the provider for its preview, ends it, and starts it for the update. What has served the preview
 * waits for that second start: it offers another port in a file, and the pulumi-resource-portable that the engine starts
 * then takes the offer, tells the engine the port, and stands for this process until its end.
 *
 *     <cache>/pulumi-portable/waiting/<engine>.<own pid>          "<port> <own pid> <own start>"
 *     <cache>/pulumi-portable/waiting/<engine>.<own pid>.taken    "<pid of who took it> <arguments>"
 *
 * The engine is "<pid>-<start>"; a start is in ticks since the boot: pids come again, and the cache directory can be that
 * of many containers. Whoever makes `.taken` has the offer, to take it or to take it back. Environment, directory and
 * standard error of who took it are found in /proc.
 */

/** Longest time that a provider waits, in milliseconds: a user looks at the preview meanwhile. */
const WAIT_MS = 60_000;
/** How often it looks whether the engine is there while it waits, and later, in milliseconds. */
const LOOK_MS = 25;
const LOOK_AGAIN_MS = 250;
/** Age of an offer that was left behind, in milliseconds: no one waits as long. */
const LEFT_MS = 10 * WAIT_MS;
/** How long, and how often, the script is told to end, in milliseconds: bash can miss a signal as it begins to read. */
const TELL_MS = 1000;
const TELL_AGAIN_MS = 20;
const TAKEN = ".taken";

/** The script that started this process. Where it is gone, its parent is another one. */
const launcher = process.ppid;

/** A start by the engine, for which this process does the work. */
export interface NextStart {
    /** The engine's address, as the start's arguments have it. */
    readonly args: readonly string[];
    /** Resolves when the engine ends the provider, or is gone. */
    readonly ended: Promise<void>;
    /** The engine waits no longer for this process. */
    release(): Promise<void>;
}

/**
 * Ends this start for the engine (of that pid), and offers a port to its next one; resolves as the engine connects there.
 * The process exits where the engine ends before, or nothing has come within {@link WAIT_MS}.
 *
 * @returns undefined where no offer can be made: nothing has ended then
 */
export async function waitForNextStart(listener: Listener, engine: number): Promise<NextStart | undefined> {
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    if (process.ppid !== launcher) return undefined;
    const offer = publish((listener.address() as AddressInfo).port, engine);
    if (offer === undefined) return undefined;
    for (const output of [1, 2]) put(output, "/dev/null");
    // One that has ended meanwhile needs no word.
    tell(launcher).catch(() => {});

    const leave = () => {
        remove(offer);
        process.exit(0);
    };
    const takeBack = () => void (make(`${offer}${TAKEN}`, "") && leave());
    // The engine goes no further with who took it, though it hasn't connected. An interrupt before that is of the first start.
    const interrupted = () => {
        const taker = takerOf(offer);
        if (taker !== undefined) tell(taker.pid).finally(leave);
    };
    process.on("SIGINT", interrupted).on("SIGTERM", interrupted).on("SIGTERM", takeBack);
    const deadline = Date.now() + WAIT_MS;
    let wasGone = false;
    const looking = setInterval(() => {
        const taker = takerOf(offer);
        // Twice: it may just be writing who it is.
        const isGone = taker !== undefined && !isAlive(taker.pid);
        if (!isAlive(engine) || (isGone && wasGone)) leave();
        wasGone = isGone;
        if (Date.now() > deadline) takeBack();
    }, LOOK_MS);
    const collecting = setTimeout(collectGarbage, 50);
    // Not for who looks what there is on this machine's ports.
    do await once(listener, "connection");
    while (takerOf(offer) === undefined);
    // Of the same turn: what the engine asks is read in a later one.
    clearInterval(looking);
    clearTimeout(collecting);
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted).off("SIGTERM", takeBack);
    return take(offer, engine);
}

function take(offer: string, engine: number): NextStart {
    const { pid, args } = takerOf(offer) as Taker;
    remove(offer);
    const there = path.join("/proc", String(pid));
    // A provider resource can have variables of its own (envVarMappings).
    const variables = readFileSync(path.join(there, "environ"), "utf8").split("\0").filter(Boolean);
    for (const name of Object.keys(process.env)) delete process.env[name];
    for (const each of variables) process.env[each.slice(0, each.indexOf("="))] = each.slice(each.indexOf("=") + 1);
    // Where its directory was taken away, that of the first start was too.
    const directory = readlinkSync(path.join(there, "cwd"));
    if (existsSync(directory)) process.chdir(directory);
    put(2, path.join(there, "fd/2"));
    const ended = new Promise<void>((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve());
        const looking = setInterval(() => {
            if (!isAlive(engine) || !isAlive(pid)) resolve();
        }, LOOK_AGAIN_MS);
        looking.unref();
    });
    return {
        args,
        ended,
        async release() {
            put(2, "/dev/null");
            await tell(pid);
        },
    };
}

/** Has a script end. */
async function tell(script: number): Promise<void> {
    for (let told = 0; told < TELL_MS && isAlive(script); told += TELL_AGAIN_MS) {
        process.kill(script, "SIGUSR1");
        await sleep(TELL_AGAIN_MS);
    }
}

interface Taker {
    pid: number;
    args: string[];
}

/** Who has taken the offer; undefined as long as nobody has. */
function takerOf(offer: string): Taker | undefined {
    if (!existsSync(`${offer}${TAKEN}`)) return undefined;
    const [pid, ...args] = readFileSync(`${offer}${TAKEN}`, "utf8").trim().split(" ");
    return { pid: Number(pid), args };
}

/** The path of the offer; undefined where the cache directory can't be written. */
function publish(port: number, engine: number): string | undefined {
    const directory = cacheDirectory("waiting");
    const offer = path.join(directory, `${engine}-${statusOf(engine)?.start}.${process.pid}`);
    try {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        for (const name of readdirSync(directory)) {
            const file = path.join(directory, name);
            const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
            if (Date.now() - made > LEFT_MS) rmSync(file, { force: true });
        }
        // Renamed when whole: the next start may be looking.
        writeFileSync(`${offer}.new`, `${port} ${process.pid} ${statusOf(process.pid)?.start}\n`, { mode: 0o600 });
        renameSync(`${offer}.new`, offer);
        return offer;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === undefined) throw error;
        return undefined;
    }
}

/** False where the file is there. */
function make(file: string, text: string): boolean {
    try {
        writeFileSync(file, text, { flag: "wx", mode: 0o600 });
        return true;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
        throw error;
    }
}

function remove(offer: string): void {
    for (const file of [offer, `${offer}${TAKEN}`]) rmSync(file, { force: true });
}

/** Has a file stand in the place of an output. One that can't be opened, as a socket can't, is /dev/null. */
function put(output: number, file: string): void {
    closeSync(output);
    const openTo = (name: string) => {
        // The lowest number that is free is taken.
        let opened = openSync(name, "a");
        while (opened < output) opened = openSync(name, "a");
        if (opened !== output) closeSync(opened);
    };
    try {
        openTo(file);
    } catch {
        openTo("/dev/null");
    }
}

/** Letter of its state, and when it started, in ticks since the boot (proc_pid_stat(5)); undefined for one that is gone. */
function statusOf(pid: number): { state: string; start: string } | undefined {
    try {
        const text = readFileSync(`/proc/${pid}/stat`, "latin1");
        const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
        return { state: fields[0] as string, start: fields[19] as string };
    } catch {
        return undefined;
    }
}

/** Also not one that has ended, and that its parent hasn't heard of yet. */
function isAlive(pid: number): boolean {
    const state = statusOf(pid)?.state;
    return state !== undefined && state !== "Z";
}

/** While nobody waits for this process: during the update it would take as long as several answers. */
function collectGarbage(): void {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc");
    setFlagsFromString("--no-expose-gc");
    collect({ type: "minor" });
}
