import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
    copyFileSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { CreateRequest } from "@pulumi/pulumi/proto/provider_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { schemaFrom } from "./schema-from";

const root = join(__dirname, "../..");
const executable = join(root, "provider/pulumi-resource-portable");

interface Started {
    child: ChildProcess;
    port: number;
    /** Standard output so far. */
    output: () => string;
    ended: Promise<{ code: number | null; signal: string | null }>;
}

const children: ChildProcess[] = [];

async function start(args: string[], file = executable, env: NodeJS.ProcessEnv = {}): Promise<Started> {
    const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
    children.push(child);
    let output = "";
    const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
        child.on("exit", (code, signal) => resolve({ code, signal })),
    );
    const port = await new Promise<number>((resolve) =>
        child.stdout?.on("data", (data) => {
            output += data;
            if (output.includes("\n")) resolve(Number(output));
        }),
    );
    return { child, port, output: () => output, ended };
}

async function createOnNoHost(port: number): Promise<void> {
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
    const request = new CreateRequest();
    request.setUrn("urn:pulumi:s::p::portable:index:DropIn::d");
    const connection = { host: "127.0.0.1", port: 1, user: "u", password: "p", dialErrorLimit: 1 };
    request.setProperties(Struct.fromJavaScript({ unit: "a.service", text: "[Service]\n", connection }));
    const failure = await new Promise((resolve) => client.create(request, resolve)).finally(() => client.close());
    expect(String(failure)).toContain("connection refused");
}

afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
});

test("prints only its port, answers, and exits at the end of standard input", async () => {
    const { child, port, output, ended } = await start(["127.0.0.1:1"]);
    expect(await schemaFrom(port)).toMatchObject({ name: "portable" });
    child.stdin?.end();
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(output()).toBe(`${port}\n`);
});

test("answers without standard input, as the language host of Node.js starts a PulumiPlugin.yaml", async () => {
    const child = spawn(executable, ["127.0.0.1:1"], { stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    const port = await new Promise<number>((resolve) => child.stdout.once("data", (data) => resolve(Number(data))));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await schemaFrom(port)).toMatchObject({ name: "portable" });
});

test("the bundle has no translations, which `import { z }` in place of `import * as z` would add", () => {
    const bundle = readFileSync(join(root, "provider/dist/provider.js"), "utf8");
    expect(bundle).toContain("pulumirpc");
    expect(bundle).not.toContain("Ongeldige");
});

test("exits on SIGINT", async () => {
    const { child, ended } = await start(["127.0.0.1:1"]);
    child.kill("SIGINT");
    expect(await ended).toEqual({ code: 0, signal: null });
});

describe("the code cache", () => {
    let cache: string;
    beforeEach(() => {
        cache = mkdtempSync(join(tmpdir(), "portable-test-"));
    });
    afterEach(() => rmSync(cache, { recursive: true }));

    /** Starts the provider, calls `use`, and ends it. Returns the files of the cache with their times of change. */
    async function run(use: (port: number) => Promise<unknown>): Promise<Map<string, bigint>> {
        const { child, port, ended } = await start(["127.0.0.1:1"], executable, { XDG_CACHE_HOME: cache });
        await use(port);
        child.kill("SIGINT");
        await ended;
        const directory = join(cache, "pulumi-portable/code");
        const files = existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [];
        return new Map(files.map((file) => [file, statSync(file, { bigint: true }).mtimeNs]));
    }

    test("is written by the first run that connects to a host, and used by later runs", async () => {
        expect([...(await run(schemaFrom)).keys()]).toEqual([]);
        const written = await run(createOnNoHost);
        expect(written.size).toBe(1);
        expect(await run(schemaFrom)).toEqual(written);
        expect(await run(createOnNoHost)).toEqual(written);
    });

    test("is rewritten if it is damaged", async () => {
        const [file = ""] = (await run(createOnNoHost)).keys();
        writeFileSync(file, "damaged");
        await run(createOnNoHost);
        expect(statSync(file).size).toBeGreaterThan(100_000);
    });

    test("is optional: if it can't be written, the provider works without it", async () => {
        writeFileSync(join(cache, "pulumi-portable"), "");
        expect(await run(createOnNoHost)).toEqual(new Map());
    });
});

test("a provider that was started by hand doesn't exit at the end of standard input", async () => {
    const { child, port } = await start([]);
    child.stdin?.end();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await schemaFrom(port)).toMatchObject({ name: "portable" });
});

describe("the executable", () => {
    let directory: string;
    beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), "portable-test-"));
    });
    afterEach(() => rmSync(directory, { recursive: true }));

    test("finds the bundle if it is started through a link, as made by npm", async () => {
        symlinkSync(executable, join(directory, "pulumi-resource-portable"));
        const { port } = await start(["127.0.0.1:1"], join(directory, "pulumi-resource-portable"));
        expect(port).toBeGreaterThan(0);
    });

    test("reports the fix if the bundle or node is missing, and prefers the checkout's node", () => {
        const provider = join(directory, "provider");
        const tools = join(directory, "tools");
        for (const made of [join(provider, "dist"), tools]) mkdirSync(made, { recursive: true });
        for (const tool of ["dirname", "readlink"]) symlinkSync(`/usr/bin/${tool}`, join(tools, tool));
        const copy = join(provider, "pulumi-resource-portable");
        copyFileSync(executable, copy);
        const run = () => execFileSync("/bin/sh", [copy], { env: { PATH: tools }, stdio: "pipe" }).toString();
        expect(run).toThrow("npm ci && npm run build");

        writeFileSync(join(provider, "dist/provider.js"), "");
        expect(run).toThrow("Node.js was not found");

        const bin = join(directory, ".toolchain/node_modules/.bin");
        mkdirSync(bin, { recursive: true });
        writeFileSync(join(bin, "node"), "#!/bin/sh\necho the checkout\n", { mode: 0o755 });
        expect(run()).toBe("the checkout\n");
    });
});
