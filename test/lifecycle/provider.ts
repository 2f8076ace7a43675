import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { SIGNATURE, SIGNATURE_KEY } from "../../provider/protocol/wire";
import { childOf } from "../child-of";
import { initFailureOf, startEngine, struct } from "../protocol/client";
import { hashesOnly, withHashes } from "./assets";

export type Json = Record<string, unknown>;

const root = join(__dirname, "../..");
const STACK = "urn:pulumi:dev::proj";

export interface ProviderOptions {
    /** Where the program is: relative paths start here. */
    directory: string;
    /** Provider configuration. */
    configuration?: Json;
    /** Added to its environment: PORTABLE_SSH_CONFIG and the like. */
    environment?: Record<string, string>;
    /** So that the same resource of another stack has another owner. */
    stack?: string;
}

/** Ended after the file's tests, those too that a set-up which failed half way has left: they would keep jest. */
const running = new Set<Provider>();
afterAll(async () => void (await Promise.all([...running].map((provider) => provider.stop()))));

/** The provider as the engine starts it: bundled, a process of its own, called over gRPC. */
export class Provider {
    private readonly made: Deployment[] = [];

    private constructor(
        private readonly child: ChildProcess,
        /** Of what serves: a child of the script that the engine starts. */
        private readonly pid: number,
        private readonly home: string,
        private readonly engine: Awaited<ReturnType<typeof startEngine>>,
        readonly grpc: ResourceProviderClient,
        readonly options: ProviderOptions,
        private readonly printed: string[],
    ) {}

    static async start(options: ProviderOptions): Promise<Provider> {
        const home = mkdtempSync(join(tmpdir(), "portable-test-provider-"));
        execFileSync("node", [join(root, "scripts/build.mjs")]);
        const engine = await startEngine();
        const { PATH = "", NODE_EXTRA_CA_CERTS } = process.env;
        // Where a registry's certificate is one of this machine's own, npm needs it.
        const certificates = NODE_EXTRA_CA_CERTS === undefined ? {} : { NODE_EXTRA_CA_CERTS };
        const child = spawn(join(root, "provider/pulumi-resource-portable"), [engine.address], {
            cwd: options.directory,
            env: { PATH, HOME: home, ...certificates, PORTABLE_SSH_CONFIG: "/dev/null", ...options.environment },
            stdio: ["pipe", "pipe", "pipe"],
        });
        const printed: string[] = [];
        child.stderr.setEncoding("utf8").on("data", (text) => printed.push(text));
        const port = await new Promise<number>((found) =>
            child.stdout.setEncoding("utf8").once("data", (text) => found(Number(text))),
        );
        const pid = childOf(child.pid as number) as number;
        const grpc = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
        const provider = new Provider(child, pid, home, engine, grpc, options, printed);
        running.add(provider);
        const request = new pb.ConfigureRequest();
        request.setArgs(struct(options.configuration ?? {}));
        await provider.call("configure", request);
        return provider;
    }

    async stop(): Promise<void> {
        if (!running.delete(this)) return;
        const ended = new Promise((done) => this.child.once("exit", done));
        this.child.stdin?.end();
        await ended;
        this.grpc.close();
        this.engine.stop();
        rmSync(this.home, { recursive: true });
    }

    /** SIGKILL, as when the machine of the client dies. */
    async kill(): Promise<void> {
        running.delete(this);
        const ended = new Promise((done) => this.child.once("exit", done));
        process.kill(this.pid, "SIGKILL");
        await ended;
        this.grpc.close();
        this.engine.stop();
        rmSync(this.home, { recursive: true });
    }

    /** What the provider sees of an engine that was killed; resolves when it has ended by itself. */
    async loseEngine(): Promise<void> {
        this.engine.stop();
        await this.stop();
    }

    /** Sends a signal to its process. */
    signal(name: NodeJS.Signals): void {
        process.kill(this.pid, name);
    }

    /** A resource of the stack, with the state that it has after what another process did. */
    takeOver(other: Deployment): Deployment {
        const made = new Deployment(this, other.urn);
        const { id, inputs, outputs, initErrors, timeoutSeconds } = other;
        this.made.push(Object.assign(made, { id, inputs, outputs, initErrors, timeoutSeconds }));
        return made;
    }

    resource(type: "PortableImage" | "AttachedService" | "DropIn", name: string): Deployment {
        const urn = `${STACK.replace("dev", this.options.stack ?? "dev")}::portable:index:${type}::${name}`;
        const made = new Deployment(this, urn);
        this.made.push(made);
        return made;
    }

    /** `pulumi destroy` of all that is left but these: what was made last goes first. */
    async destroyAll({ but = [] as Deployment[] } = {}): Promise<void> {
        for (const made of this.made.splice(0).reverse()) {
            if (but.includes(made)) this.made.push(made);
            else if (made.id !== "") await made.destroy();
        }
    }

    /** Warnings so far; `clear` forgets them. */
    warnings({ clear = false } = {}): string[] {
        const found = this.engine.logs.filter(({ severity }) => severity === 2).map(({ message }) => message);
        if (clear) this.engine.logs.length = 0;
        return found;
    }

    /** All that left the provider for eyes: logs, live lines, and what it printed. */
    get texts(): string {
        return [...this.engine.logs.map(({ message }) => message), ...this.printed].join("\n");
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

/** What the engine would print. `isPartial`: the host was touched, and the state was kept (ErrorResourceInitFailed). */
export class Failed extends Error {
    constructor(
        message: string,
        readonly isPartial: boolean,
    ) {
        super(message);
    }
}

export interface Outcome {
    /** A replacement makes the new object first, unless it says otherwise. */
    operation: "create" | "update" | "same" | "replace" | "replace, the old one first";
    /** Kinds of the detailed diff by path, with "of output" where no input differs. */
    diff: Record<string, string>;
}

/** One resource in a stack, brought through the calls that the engine makes, with its state. */
export class Deployment {
    id = "";
    inputs: Json = {};
    outputs: Json = {};
    initErrors: string[] = [];
    /** Custom timeout of each operation; 0 is none. */
    timeoutSeconds = 0;

    constructor(
        private readonly provider: Provider,
        readonly urn: string,
    ) {}

    /** Check; a failure of it ends the run. */
    async check(program: Json): Promise<Json> {
        const request = new pb.CheckRequest();
        request.setUrn(this.urn);
        request.setOlds(struct(this.inputs));
        request.setNews(struct(withHashes(program, this.provider.options.directory)));
        const response = await this.call<pb.CheckResponse>("check", request);
        const failures = response.getFailuresList().map((failure) => failure.getReason());
        if (failures.length > 0) throw new Failed(failures.join("\n"), false);
        return fields(response.getInputs());
    }

    /** Check, Diff and the preview of Create or Update; `properties` are the outputs that the preview knows. */
    async preview(program: Json): Promise<Outcome & { properties: Json }> {
        const news = await this.check(program);
        const { operation, diff } = await this.plan(news);
        if (operation === "same") return { operation, diff, properties: this.outputs };
        if (operation !== "create" && operation !== "update") {
            const properties = await this.fresh().preview(program);
            return { ...properties, operation, diff };
        }
        return { operation, diff, properties: await this.apply(operation, news, true) };
    }

    /** A whole `pulumi up` of the resource: preview, then the same with effect. */
    async up(program: Json): Promise<Outcome> {
        await this.preview(program);
        const news = await this.check(program);
        const outcome = await this.plan(news);
        if (outcome.operation === "same") {
            this.inputs = news;
            return outcome;
        }
        if (outcome.operation !== "create" && outcome.operation !== "update") {
            await this.replace(program, outcome.operation);
            return outcome;
        }
        try {
            this.outputs = await this.apply(outcome.operation, news, false);
        } catch (error) {
            const init = initFailureOf(error as ServiceError);
            if (init === undefined) throw error;
            this.id = init.id;
            this.outputs = init.properties ?? {};
            // Of a partial update the engine keeps the old inputs.
            if (outcome.operation === "create") this.inputs = news;
            this.initErrors = init.reasons;
            throw new Failed(init.reasons.join("\n"), true);
        }
        this.inputs = news;
        this.initErrors = [];
        return outcome;
    }

    /** Diff alone, of the state and what Check answers for the program. */
    async diff(program: Json): Promise<Outcome> {
        return this.plan(await this.check(program));
    }

    /** `pulumi refresh`: false when the object is gone. What Read found unhealthy becomes `initErrors`. */
    async refresh(): Promise<boolean> {
        const request = new pb.ReadRequest();
        request.setId(this.id);
        request.setUrn(this.urn);
        request.setInputs(struct(hashesOnly(this.inputs)));
        request.setProperties(struct(hashesOnly(this.outputs)));
        try {
            const response = await this.call<pb.ReadResponse>("read", request);
            if (response.getId() === "") {
                this.forget();
                return false;
            }
            this.initErrors = [];
            this.id = response.getId();
            this.inputs = fields(response.getInputs());
            this.outputs = fields(response.getProperties());
        } catch (error) {
            const init = initFailureOf(error as ServiceError);
            if (init === undefined) throw error;
            this.initErrors = init.reasons;
            this.inputs = init.inputs ?? {};
            this.outputs = init.properties ?? {};
        }
        return true;
    }

    /** `pulumi import`: Read with nothing but the id; false when there is no such object. */
    import(id: string): Promise<boolean> {
        this.id = id;
        return this.refresh();
    }

    async destroy(): Promise<void> {
        const request = new pb.DeleteRequest();
        request.setId(this.id);
        request.setUrn(this.urn);
        request.setOldInputs(struct(hashesOnly(this.inputs)));
        request.setProperties(struct(hashesOnly(this.outputs)));
        await this.call("delete", request);
        this.forget();
    }

    /** The same resource without a state, as the engine has it for the new object of a replacement. */
    private fresh(): Deployment {
        const made = new Deployment(this.provider, this.urn);
        made.timeoutSeconds = this.timeoutSeconds;
        return made;
    }

    private async replace(program: Json, operation: Outcome["operation"]): Promise<void> {
        const old = Object.assign(this.fresh(), { id: this.id, inputs: this.inputs, outputs: this.outputs });
        const made = this.fresh();
        if (operation === "replace, the old one first") await this.destroy();
        await made.up(program);
        const { id, inputs, outputs, initErrors } = made;
        Object.assign(this, { id, inputs, outputs, initErrors });
        if (operation === "replace") await old.destroy();
    }

    private forget(): void {
        this.id = "";
        this.inputs = {};
        this.outputs = {};
        this.initErrors = [];
    }

    private async plan(news: Json): Promise<Outcome> {
        if (this.id === "") return { operation: "create", diff: {} };
        const request = new pb.DiffRequest();
        request.setId(this.id);
        request.setUrn(this.urn);
        request.setOlds(struct(hashesOnly(this.outputs)));
        request.setOldInputs(struct(hashesOnly(this.inputs)));
        request.setNews(struct(hashesOnly(news)));
        const response = await this.call<pb.DiffResponse>("diff", request);
        const kinds = Object.keys(pb.PropertyDiff.Kind);
        const diff: Record<string, string> = {};
        response.getDetaileddiffMap().forEach((property: pb.PropertyDiff, path: string) => {
            diff[path] = `${kinds[property.getKind()]}${property.getInputdiff() ? "" : " of output"}`;
        });
        if (response.getReplacesList().length > 0)
            return { operation: response.getDeletebeforereplace() ? "replace, the old one first" : "replace", diff };
        const isSame = response.getChanges() !== pb.DiffResponse.DiffChanges.DIFF_SOME && this.initErrors.length === 0;
        return { operation: isSame ? "same" : "update", diff };
    }

    private async apply(operation: "create" | "update", news: Json, preview: boolean): Promise<Json> {
        const request = operation === "create" ? new pb.CreateRequest() : new pb.UpdateRequest();
        request.setUrn(this.urn);
        request.setPreview(preview);
        request.setTimeout(this.timeoutSeconds);
        if (request instanceof pb.CreateRequest) {
            request.setProperties(struct(news));
            const response = await this.call<pb.CreateResponse>("create", request);
            if (!preview) this.id = response.getId();
            return fields(response.getProperties());
        }
        request.setId(this.id);
        request.setOlds(struct(hashesOnly(this.outputs)));
        request.setOldInputs(struct(hashesOnly(this.inputs)));
        request.setNews(struct(news));
        return fields((await this.call<pb.UpdateResponse>("update", request)).getProperties());
    }

    private async call<T>(method: string, request: unknown): Promise<T> {
        try {
            return await this.provider.call<T>(method, request);
        } catch (error) {
            if (initFailureOf(error as ServiceError) !== undefined) throw error;
            throw new Failed((error as ServiceError).details, false);
        }
    }
}

/** A FileAsset as a program sends it. */
export const fileAsset = (path: string) => ({ [SIGNATURE_KEY]: SIGNATURE.asset, path });

/** Everything in a state that isn't encrypted, as one text. */
export function plainText(state: unknown): string {
    return JSON.stringify(state, (_, value) =>
        value !== null && typeof value === "object" && value[SIGNATURE_KEY] === SIGNATURE.secret ? "[secret]" : value,
    );
}

/** The failure of a run that must fail. */
export async function failure(run: Promise<unknown>): Promise<Failed> {
    const error = await run.then(
        () => new Error("it succeeded"),
        (thrown: unknown) => thrown,
    );
    if (error instanceof Failed) return error;
    throw error;
}

function fields(struct: { toJavaScript(): unknown } | undefined): Json {
    return (struct?.toJavaScript() ?? {}) as Json;
}
