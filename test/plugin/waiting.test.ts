import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    openSync,
    readdirSync,
    readFileSync,
    readlinkSync,
    realpathSync,
    rmSync,
    utimesSync,
    writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { credentials } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { childOf } from "../child-of";
import { struct } from "../protocol/client";

const root = join(__dirname, "../..");
const executable = join(root, "provider/pulumi-resource-portable");
const started = join(root, "provider/dist/start.js");

const URN = "urn:pulumi:s::p::portable:index:DropIn::d";
const NOWHERE = { host: "127.0.0.1", port: 1, user: "u", password: "p", dialErrorLimit: 1 };

/** Has the name of a provider in its command line. */
let bystander: ChildProcess;
let cache: string;
let waiting: string;
const starts: Start[] = [];

beforeAll(() => {
    execFileSync("node", [join(root, "scripts/build.mjs")]);
    bystander = spawn("sh", ["-c", "read -r _", started]);
});
afterAll(() => void bystander.kill());
beforeEach(() => {
    cache = realpathSync(mkdtempSync(join(tmpdir(), "portable-test-")));
    waiting = join(cache, "pulumi-portable/waiting");
});
afterEach(async () => {
    for (const each of starts.splice(0)) each.kill();
    for (const pid of offers().map((offer) => Number(offer.split(".")[1]))) if (isOurs(pid)) await end(pid);
    rmSync(cache, { recursive: true });
});

/** When a process started, in ticks since the boot. */
const startOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19];
const offerOf = (pid: number | undefined, engine = process.pid) => `${engine}-${startOf(engine)}.${pid}`;
const offers = (): string[] => (existsSync(waiting) ? readdirSync(waiting) : []);

async function end(pid: number): Promise<void> {
    try {
        process.kill(pid, "SIGKILL");
    } catch {
        return;
    }
    await until(() => !isAlive(pid));
}

const isOurs = (pid: number): boolean => isAlive(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(started);

/** Not one that has ended, and that its parent hasn't heard of yet. */
function isAlive(pid: number): boolean {
    try {
        return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
    } catch {
        return false;
    }
}

async function until(condition: () => boolean): Promise<void> {
    for (let tries = 0; tries < 500 && !condition(); tries++) await sleep(10);
    expect(condition()).toBe(true);
}

interface Options {
    env?: NodeJS.ProcessEnv;
    cwd?: string;
    /** Descriptor of a file for standard error. */
    errors?: number;
    /** What runs the script, where that isn't /bin/sh. */
    shell?: readonly string[];
}

/** The provider, started by this process as the engine does it. */
class Start {
    private constructor(
        private readonly child: ChildProcess,
        /** Of what serves; none where that is no child of the script. */
        readonly pid: number | undefined,
        readonly port: number,
        readonly ended: Promise<number | string>,
        private readonly client: ResourceProviderClient,
    ) {}

    static async begin({ env, cwd, errors, shell = [] }: Options = {}): Promise<Start> {
        const [command = executable, ...args] = [...shell, executable, "127.0.0.1:1"];
        // A process group of its own, and outputs that have to end, as with the engine.
        const child = spawn(command, args, {
            cwd,
            detached: true,
            stdio: ["pipe", "pipe", errors ?? "pipe"],
            env: { ...process.env, XDG_CACHE_HOME: cache, ...env },
        });
        const ended = new Promise<number | string>((resolve) =>
            child.on("close", (code, signal) => resolve(code ?? String(signal))),
        );
        child.stderr?.resume();
        const stdout = child.stdout as Readable;
        const port = await new Promise<number>((resolve) => stdout.once("data", (data) => resolve(Number(data))));
        stdout.resume();
        const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
        const made = new Start(child, childOf(child.pid as number), port, ended, client);
        starts.push(made);
        return made;
    }

    // biome-ignore lint/suspicious/noExplicitAny: one helper for every method of the generated client.
    call(method: string, request: unknown): Promise<any> {
        return new Promise((resolve, reject) =>
            // biome-ignore lint/suspicious/noExplicitAny: the same.
            (this.client as any)[method](request, (error: Error | null, response: unknown) =>
                error === null ? resolve(response) : reject(error),
            ),
        );
    }

    /** As a preview does. */
    async check(): Promise<void> {
        await this.call("check", checked());
    }

    /** A call on a host, which there isn't. */
    async create(connection: object = NOWHERE): Promise<void> {
        const request = new pb.CreateRequest();
        request.setUrn(URN);
        request.setProperties(dropIn(connection));
        await expect(this.call("create", request)).rejects.toThrow("connection refused");
    }

    async end(signal: NodeJS.Signals = "SIGINT"): Promise<number | string> {
        this.client.close();
        process.kill(-(this.child.pid as number), signal);
        return await this.ended;
    }

    loseEngine(): Promise<number | string> {
        this.client.close();
        this.child.stdin?.end();
        return this.ended;
    }

    kill(): void {
        this.client.close();
        for (const pid of [this.pid, this.child.pid])
            if (pid !== undefined && isAlive(pid)) process.kill(pid, "SIGKILL");
    }
}

const dropIn = (connection: object) => struct({ unit: "a.service", text: "[Service]\n", connection });

function checked(): pb.CheckRequest {
    const request = new pb.CheckRequest();
    request.setUrn(URN);
    request.setNews(dropIn(NOWHERE));
    return request;
}

/** A preview that is over, and what waits. */
async function preview(options?: Options): Promise<{ pid: number }> {
    const first = await Start.begin(options);
    await first.check();
    expect(await first.end()).toBe(0);
    const pid = first.pid as number;
    expect(offers()).toEqual([offerOf(pid)]);
    expect(isAlive(pid)).toBe(true);
    return { pid };
}

test.each([[[]], [["/bin/bash", "--posix"]]])(
    "what has served a preview serves the update of the same engine, and ends with it %j",
    async (shell) => {
        const { pid } = await preview({ shell });
        const update = await Start.begin({ shell });
        expect(update.pid).toBeUndefined();
        await update.create();
        expect(offers()).toEqual([]);
        expect(await update.end()).toBe(0);
        await until(() => !isAlive(pid));
        expect(offers()).toEqual([]);
    },
);

test("it has variables, directory and standard error of the second start", async () => {
    const { pid } = await preview();
    const config = join(cache, "config");
    writeFileSync(config, "Host named\n    HostName 127.0.0.1\n    Port 1\n    User u\n");
    const errors = join(cache, "errors");
    const update = await Start.begin({
        env: { PORTABLE_SSH_CONFIG: config },
        cwd: cache,
        errors: openSync(errors, "a"),
    });
    await update.create({ host: "named", password: "p", dialErrorLimit: 1 });
    expect(realpathSync(`/proc/${pid}/cwd`)).toBe(cache);
    expect(readlinkSync(`/proc/${pid}/fd/2`)).toBe(errors);
});

test("it waits for one start only, and not for the update's", async () => {
    const { pid } = await preview();
    const update = await Start.begin();
    await update.check();
    expect(await update.end()).toBe(0);
    await until(() => !isAlive(pid));
    expect(offers()).toEqual([]);
});

test("of two that start at once one takes it, and the other serves by itself", async () => {
    const { pid } = await preview();
    const both = await Promise.all([Start.begin(), Start.begin()]);
    expect(both.filter((each) => each.pid === undefined)).toHaveLength(1);
    for (const each of both) await each.check();
    expect(new Set(both.map((each) => each.port)).size).toBe(2);
    expect(isAlive(pid)).toBe(true);
});

test.each([
    ["the engine is gone", (update: Start) => update.loseEngine()],
    ["SIGTERM", (update: Start) => update.end("SIGTERM")],
])("what was taken ends: %s", async (_, ends) => {
    const { pid } = await preview();
    const update = await Start.begin();
    await update.check();
    expect(await ends(update)).toBe(0);
    await until(() => !isAlive(pid));
});

test("what was taken ends when who stands for it is killed", async () => {
    const { pid } = await preview();
    const update = await Start.begin();
    await update.check();
    update.kill();
    await until(() => !isAlive(pid));
});

test.each(["SIGINT", "SIGTERM"] as const)("%s ends what was taken before the engine has connected", async (signal) => {
    const { pid } = await preview();
    const update = await Start.begin();
    expect(await update.end(signal)).toBe(0);
    await until(() => !isAlive(pid));
    expect(offers()).toEqual([]);
});

test("what was taken by someone who is gone ends", async () => {
    const { pid } = await preview();
    writeFileSync(join(waiting, `${offerOf(pid)}.taken`), "4194304 127.0.0.1:1\n", { flag: "wx" });
    await until(() => !isAlive(pid));
    expect(offers()).toEqual([]);
});

test("who connects without having taken it is nothing to what waits", async () => {
    const { pid } = await preview();
    const [port] = readFileSync(join(waiting, offerOf(pid)), "utf8").split(" ");
    const other = connect(Number(port), "127.0.0.1").on("error", () => {});
    await once(other, "connect");
    const update = await Start.begin();
    expect(update.pid).toBeUndefined();
    await update.check();
    other.destroy();
});

test("who stands for one that dies ends too, with a failure", async () => {
    const { pid } = await preview();
    const update = await Start.begin();
    await update.check();
    await end(pid);
    expect(await update.end()).toBe(1);
});

test.each([
    ["a host was called on", (first: Start) => first.create(), "SIGINT"],
    ["no resource was checked", async () => {}, "SIGINT"],
    ["it ends by SIGTERM", (first: Start) => first.check(), "SIGTERM"],
    ["the engine was lost", (first: Start) => first.check(), undefined],
] as const)("nothing waits where %s", async (_, use, signal) => {
    const first = await Start.begin();
    await use(first);
    expect(await (signal === undefined ? first.loseEngine() : first.end(signal))).toBe(0);
    expect(offers()).toEqual([]);
    expect(isAlive(first.pid as number)).toBe(false);
});

test("nothing waits where no offer can be written", async () => {
    writeFileSync(join(cache, "pulumi-portable"), "");
    const first = await Start.begin();
    await first.check();
    expect(await first.end()).toBe(0);
    expect(isAlive(first.pid as number)).toBe(false);
});

test("what waits ends with the engine", async () => {
    // An engine whose end this test can have: a shell that starts the provider, and stays.
    const engine = spawn("sh", ["-c", 'exec 3<&0; "$0" 127.0.0.1:1 <&3 & wait; sleep 60', executable], {
        stdio: ["pipe", "pipe", "inherit"],
        env: { ...process.env, XDG_CACHE_HOME: cache },
    });
    const port = await new Promise<number>((resolve) => engine.stdout.once("data", (data) => resolve(Number(data))));
    const launcher = childOf(engine.pid as number) as number;
    const provider = childOf(launcher) as number;
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
    await new Promise((resolve) => client.check(checked(), resolve));
    client.close();
    process.kill(provider, "SIGINT");
    await until(() => !isAlive(launcher));
    await sleep(200);
    expect(offers()).toEqual([offerOf(provider, engine.pid)]);
    expect(isAlive(provider)).toBe(true);
    const rest = childOf(engine.pid as number);
    engine.kill("SIGKILL");
    if (rest !== undefined) process.kill(rest, "SIGKILL");
    await until(() => offers().length === 0 && !isAlive(provider));
});

test.each([
    ["a process that is gone", () => ({ pid: 4_194_304, start: "1" })],
    ["another process", () => ({ pid: process.pid, start: startOf(process.pid) })],
    ["another one that had its pid", () => ({ pid: bystander.pid, start: "1" })],
])("an offer of %s is passed over", async (_, whose) => {
    const { pid, start } = whose();
    mkdirSync(waiting, { recursive: true });
    const offer = join(waiting, offerOf(pid));
    writeFileSync(offer, `1 ${pid} ${start}\n`);
    const first = await Start.begin();
    expect(first.pid).toBeDefined();
    await first.check();
    expect(existsSync(`${offer}.taken`)).toBe(false);
});

test("what was left behind goes with the next offer, and nothing else", async () => {
    mkdirSync(waiting, { recursive: true });
    for (const name of ["1-1.1", "2-2.2"]) writeFileSync(join(waiting, name), "1 1 1\n");
    const hourAgo = new Date(Date.now() - 3_600_000);
    utimesSync(join(waiting, "1-1.1"), hourAgo, hourAgo);
    const first = await Start.begin();
    await first.check();
    expect(await first.end()).toBe(0);
    expect(offers().sort()).toEqual(["2-2.2", offerOf(first.pid)].sort());
});
