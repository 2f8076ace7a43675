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
    /** The Pulumi program's directory, which relative paths refer to. */
    directory: string;
    /** Provider configuration, sent when the provider starts. */
    configuration?: Json;
    /** Further environment variables of the provider's process, for example PORTABLE_SSH_CONFIG. */
    environment?: Record<string, string>;
    /** Name of the stack, `dev` by default. It is part of the owner in the provider's records. */
    stack?: string;
}

/** Providers to stop after the file's tests: one that a failed set-up left would keep jest from exiting. */
const running = new Set<Provider>();
afterAll(async () => void (await Promise.all([...running].map((provider) => provider.stop()))));

interface ProviderProcess {
    child: ChildProcess;
    home: string;
    engine: Awaited<ReturnType<typeof startEngine>>;
    grpc: ResourceProviderClient;
    printed: string[];
}

/** The bundled provider, started as a process and called over gRPC as the engine does it. */
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
        // npm needs it if the registry's certificate is signed by a CA of this machine.
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

    /** Kills the process with SIGKILL, as if the client's machine died. */
    async kill(): Promise<void> {
        await this.end(() => this.signal("SIGKILL"));
    }

    /** Closes the connections as a killed engine does; resolves when the provider has exited by itself. */
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

    /** Sends a signal to the provider's process. */
    signal(name: NodeJS.Signals): void {
        this.process.child.kill(name);
    }

    /** A resource with the URN and state of another provider process's resource. */
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

    /** Destroys all resources except these, the newest first. */
    async destroyAll({ but = [] as Deployment[] } = {}): Promise<void> {
        for (const deployment of this.deployments.toReversed())
            if (deployment.id !== "" && !but.includes(deployment)) await deployment.destroy();
    }

    /** The warnings so far; `clear` removes them from later answers. */
    warnings({ clear = false } = {}): string[] {
        const { logs } = this.process.engine;
        const found = logs.filter(({ severity }) => severity === 2).map(({ message }) => message);
        if (clear) logs.length = 0;
        return found;
    }

    /** All text that a user could see: log messages, status messages, and the output of the process. */
    get texts(): string {
        const { engine, printed } = this.process;
        return [...engine.logs.map(({ message }) => message), ...printed].join("\n");
    }

    /** Waits for a text that a user can see: status messages arrive after the response. */
    async expectText(text: RegExp): Promise<void> {
        for (let count = 0; count < 50 && !text.test(this.texts); count++)
            await new Promise((done) => setTimeout(done, 100));
        expect(this.texts).toMatch(text);
    }

    // biome-ignore lint/suspicious/noExplicitAny: one helper for every method of the generated client.
    call<T = any>(method: string, request: unknown): Promise<T> {
        return new Promise((resolve, reject) => {
            // biome-ignore lint/suspicious/noExplicitAny: the method is only known at run time.
            (this.grpc as any)[method](request, (error: ServiceError | null, response: T) =>
                error === null ? resolve(response) : reject(error),
            );
        });
    }
}
