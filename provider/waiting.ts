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
    writeFileSync,
} from "node:fs";
import type { AddressInfo, Server as Listener } from "node:net";
import path from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { cacheDirectory } from "./cache-directory";

/*
 * `pulumi up` starts the provider for its preview, ends it, and starts it for the update. What has served the preview
 * waits for that second start: it offers another port in a file, and the pulumi-resource-portable that the engine starts
 * then takes the offer, tells the engine the port, and stands for this process until its end.
 *
 *     <cache>/pulumi-portable/waiting/<pid of the engine>.<own pid>          "<port> <own pid>"
 *     <cache>/pulumi-portable/waiting/<pid of the engine>.<own pid>.taken    "<pid of who took it> <arguments>"
 *
 * Whoever makes `.taken` has the offer, to take it or to take it back. Environment, directory and standard error of who
 * took it are found in /proc.
 */

/** Longest time that a provider waits, in milliseconds: a user looks at the preview meanwhile. */
const WAIT_MS = 60_000;
/** How often it looks whether the engine is there while it waits, and later, in milliseconds. */
const LOOK_MS = 25;
const LOOK_AGAIN_MS = 250;
const TAKEN = ".taken";

/** A start by the engine, for which this process does the work. */
export interface NextStart {
    /** The engine's address, as the start's arguments have it. */
    readonly args: readonly string[];
    /** Resolves when the engine ends the provider, or is gone. */
    readonly ended: Promise<void>;
    /** The engine waits no longer for this process. */
    release(): void;
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
    const offer = publish((listener.address() as AddressInfo).port, engine);
    if (offer === undefined) return undefined;
    for (const output of [1, 2]) put(output, "/dev/null");
    process.kill(process.ppid, "SIGUSR1");

    setTimeout(collectGarbage, 50).unref();
    const leave = () => {
        remove(offer);
        process.exit(0);
    };
    const takeBack = () => void (make(`${offer}${TAKEN}`, "") && leave());
    process.on("SIGTERM", takeBack);
    const deadline = Date.now() + WAIT_MS;
    const looking = setInterval(() => {
        if (!isAlive(engine)) leave();
        if (Date.now() > deadline) takeBack();
    }, LOOK_MS);
    // Not for who looks what there is on this machine's ports.
    do await once(listener, "connection");
    while (!existsSync(`${offer}${TAKEN}`));
    // Of the same turn: what the engine asks is read in a later one.
    clearInterval(looking);
    process.off("SIGTERM", takeBack);
    return take(offer, engine);
}

function take(offer: string, engine: number): NextStart {
    const [launcher = "", ...args] = readFileSync(`${offer}${TAKEN}`, "utf8").trim().split(" ");
    remove(offer);
    const there = path.join("/proc", launcher);
    // A provider resource can have variables of its own (envVarMappings).
    const variables = readFileSync(path.join(there, "environ"), "utf8").split("\0").filter(Boolean);
    for (const name of Object.keys(process.env)) delete process.env[name];
    for (const each of variables) process.env[each.slice(0, each.indexOf("="))] = each.slice(each.indexOf("=") + 1);
    process.chdir(readlinkSync(path.join(there, "cwd")));
    put(2, path.join(there, "fd/2"));
    const ended = new Promise<void>((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve());
        const looking = setInterval(() => {
            if (!isAlive(engine) || !isAlive(Number(launcher))) resolve();
        }, LOOK_AGAIN_MS);
        looking.unref();
    });
    return {
        args,
        ended,
        release() {
            put(2, "/dev/null");
            if (isAlive(Number(launcher))) process.kill(Number(launcher), "SIGUSR1");
        },
    };
}

/** The path of the offer; undefined where the cache directory can't be written. */
function publish(port: number, engine: number): string | undefined {
    const directory = cacheDirectory("waiting");
    const offer = path.join(directory, `${engine}.${process.pid}`);
    try {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        // Of providers that were killed.
        for (const name of readdirSync(directory)) {
            if (!isAlive(Number(name.split(".")[1]))) rmSync(path.join(directory, name), { force: true });
        }
        // Renamed when whole: the next start may be looking.
        writeFileSync(`${offer}.new`, `${port} ${process.pid}\n`, { mode: 0o600 });
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
        while (openSync(name, "w") < output);
    };
    try {
        openTo(file);
    } catch {
        openTo("/dev/null");
    }
}

/** Also not one that has ended, and that its parent hasn't heard of yet (proc_pid_stat(5)). */
function isAlive(pid: number): boolean {
    try {
        const status = readFileSync(`/proc/${pid}/stat`, "latin1");
        return status[status.lastIndexOf(")") + 2] !== "Z";
    } catch {
        return false;
    }
}

/** While nobody waits for this process: during the update it would take as long as several answers. */
function collectGarbage(): void {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc");
    setFlagsFromString("--no-expose-gc");
    collect({ type: "minor" });
}
