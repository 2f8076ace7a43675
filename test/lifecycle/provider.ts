import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { startEngine, struct } from "../protocol/client";
import { Deployment, type Json } from "./deployment";

const root = join(__dirname, "../..");
const STACK = "urn:pulumi:dev::proj";

export interface ProviderOptions {
    /** The program's directory: relative paths start here. */
    directory: string;
    /** Provider configuration; read when the provider starts. */
    configuration?: Json;
    /** Added to its environment: PORTABLE_SSH_CONFIG and the like. */
    environment?: Record<string, string>;
    /** Name of the stack, `dev` by default. The same resource of another stack has another owner. */
    stack?: string;
}

/** Stopped after the file's tests. A provider that a failed set-up has left would keep jest from ending. */
const running = new Set<Provider>();
afterAll(async () => void (await Promise.all([...running].map((provider) => provider.stop()))));

interface ProviderProcess {
    child: ChildProcess;
    home: string;
    engine: Awaited<ReturnType<typeof startEngine>>;
    grpc: ResourceProviderClient;
    printed: string[];
}

/** The provider as the engine starts it: bundled, a process of its own, called over gRPC. */
export class Provider {
    private readonly deployments: Deployment[] = [];
    private startedProcess: ProviderProcess | undefined;

    constructor(readonly options: ProviderOptions) {}

    static async start(options: ProviderOptions): Promise<Provider> {
        const provider = new Provider(options);
        await provider.start();
        return provider;
    }

    async start(): Promise<void> {
        const home = mkdtempSync(join(tmpdir(), "portable-test-provider-"));
        const engine = await startEngine();
        const { PATH = "", NODE_EXTRA_CA_CERTS } = process.env;
        // Where a registry's certificate is one of this machine's own, npm needs it.
        const certificates = NODE_EXTRA_CA_CERTS === undefined ? {} : { NODE_EXTRA_CA_CERTS };
        const { directory, environment } = this.options;
        const child = spawn(join(root, "provider/pulumi-resource-portable"), [engine.address], {
            cwd: directory,
            env: { PATH, HOME: home, ...certificates, PORTABLE_SSH_CONFIG: "/dev/null", ...environment },
            stdio: ["pipe", "pipe", "pipe"],
        });
        const printed: string[] = [];
        child.stderr.setEncoding("utf8").on("data", (text) => printed.push(text));
        const port = await new Promise<number>((found) =>
            child.stdout.setEncoding("utf8").once("data", (text) => found(Number(text))),
        );
        const grpc = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
        this.startedProcess = { child, home, engine, grpc, printed };
        running.add(this);
        const request = new pb.ConfigureRequest();
        request.setArgs(struct(this.options.configuration ?? {}));
        await this.call("configure", request);
    }

    private get process(): ProviderProcess {
        if (this.startedProcess === undefined) throw new Error("the provider isn't started");
        return this.startedProcess;
    }

    get grpc(): ResourceProviderClient {
        return this.process.grpc;
    }

    async stop(): Promise<void> {
        if (running.has(this)) await this.end(() => this.process.child.stdin?.end());
    }

    /** SIGKILL, as when the client's machine dies. */
    async kill(): Promise<void> {
        await this.end(() => this.signal("SIGKILL"));
    }

    /** Shows the provider what it sees of an engine that was killed; resolves when it has ended by itself. */
    async loseEngine(): Promise<void> {
        this.process.engine.stop();
        await this.stop();
    }

    private async end(by: () => void): Promise<void> {
        running.delete(this);
        const { child, grpc, engine, home } = this.process;
        const ended = new Promise((done) => child.once("exit", done));
        by();
        await ended;
        grpc.close();
        engine.stop();
        rmSync(home, { recursive: true });
    }

    /** Sends a signal to its process. */
    signal(name: NodeJS.Signals): void {
        this.process.child.kill(name);
    }

    /** A resource of the stack, with the state that it has after what another process did. */
    takeOver(other: Deployment): Deployment {
        const deployment = new Deployment(this, other.urn);
        const { id, inputs, outputs, initErrors, timeoutSeconds } = other;
        this.deployments.push(Object.assign(deployment, { id, inputs, outputs, initErrors, timeoutSeconds }));
        return deployment;
    }

    resource(type: "PortableImage" | "AttachedService" | "DropIn", name: string): Deployment {
        const urn = `${STACK.replace("dev", this.options.stack ?? "dev")}::portable:index:${type}::${name}`;
        const deployment = new Deployment(this, urn);
        this.deployments.push(deployment);
        return deployment;
    }

    /** `pulumi destroy` of all that is left but these: the newest are destroyed first. */
    async destroyAll({ but = [] as Deployment[] } = {}): Promise<void> {
        for (const deployment of this.deployments.toReversed())
            if (deployment.id !== "" && !but.includes(deployment)) await deployment.destroy();
    }

    /** Warnings so far; `clear` forgets them. */
    warnings({ clear = false } = {}): string[] {
        const { logs } = this.process.engine;
        const found = logs.filter(({ severity }) => severity === 2).map(({ message }) => message);
        if (clear) logs.length = 0;
        return found;
    }

    /** All text that a user could see: logs, live lines, and what the process printed. */
    get texts(): string {
        const { engine, printed } = this.process;
        return [...engine.logs.map(({ message }) => message), ...printed].join("\n");
    }

    /** Waits until a user could see the text: live lines come after the answer. */
    async expectText(text: RegExp): Promise<void> {
        for (let count = 0; count < 50 && !text.test(this.texts); count++)
            await new Promise((done) => setTimeout(done, 100));
        expect(this.texts).toMatch(text);
    }

    // biome-ignore lint/suspicious/noExplicitAny: one helper for every method of the generated client.
    call<T = any>(method: string, request: unknown): Promise<T> {
        return new Promise((resolve, reject) => {
            // biome-ignore lint/suspicious/noExplicitAny: the same.
            (this.grpc as any)[method](request, (error: ServiceError | null, response: T) =>
                error === null ? resolve(response) : reject(error),
            );
        });
    }
}
