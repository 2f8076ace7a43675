import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { SIGNATURE, SIGNATURE_KEY } from "../../../provider/protocol/wire";
import { isObject, isSecret, mapValues, type Properties, type Value } from "./values";

/** A resource in Pulumi's own state format (sdk/go/common/apitype, ResourceV3). */
export interface ResourceState {
    urn: string;
    custom: boolean;
    /** Replaced, to be deleted when a program has succeeded. Several states can share one URN. */
    delete?: boolean;
    id?: string;
    type: string;
    inputs: Properties;
    outputs: Properties;
    parent?: string;
    protect?: boolean;
    dependencies?: string[];
    /** Why it isn't as it should be; makes the next `up` call Update. */
    initErrors?: string[];
    /** `<urn of the provider>::<its id>` */
    provider?: string;
    propertyDependencies?: Record<string, string[]>;
    /** Deleted to be replaced, but not created yet. */
    pendingReplacement?: boolean;
    additionalSecretOutputs?: string[];
    /** Seconds. */
    customTimeouts?: { create?: number; update?: number; delete?: number; read?: number };
    retainOnDelete?: boolean;
    ignoreChanges?: string[];
    created?: string;
    modified?: string;
}

export interface PendingOperation {
    resource: ResourceState;
    type: "creating" | "updating" | "deleting";
}

/**
 * The state of one stack, in a file that is written whole after every step. While a deployment runs it holds two
 * lists: what was there before, and what the deployment has made of it so far.
 */
export class State {
    private readonly done = new Set<ResourceState>();
    private readonly current: ResourceState[] = [];
    private readonly running = new Set<PendingOperation>();

    private constructor(
        private readonly file: string,
        private before: ResourceState[],
        /**
         * Operations of an earlier run that was killed. Only creations are kept, as they may have left an object
         * behind.
         */
        private readonly abandoned: PendingOperation[],
    ) {}

    static load(file: string): State {
        let text: string;
        try {
            text = readFileSync(file, "utf8");
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
            return new State(file, [], []);
        }
        const { deployment } = JSON.parse(text, (_, value) => (isStoredSecret(value) ? fromStored(value) : value));
        // The CLI leaves out what is empty.
        const resources = (deployment.resources ?? []).map((resource: Partial<ResourceState>) => ({
            inputs: {},
            outputs: {},
            ...resource,
        }));
        return new State(file, resources, deployment.pending_operations ?? []);
    }

    /** In an order where everything comes after what it depends on. */
    get resources(): ResourceState[] {
        return [...this.current, ...this.before].filter((resource) => !this.done.has(resource));
    }

    get abandonedOperations(): readonly PendingOperation[] {
        return this.abandoned;
    }

    /** Notes that an operation is under way, so that a kill leaves word of it. */
    begin(type: PendingOperation["type"], resource: ResourceState): () => void {
        const operation = { type, resource: structuredClone(resource) };
        this.running.add(operation);
        this.save();
        return () => this.running.delete(operation);
    }

    /** Puts `next` in the place of `previous`; either can be left out. */
    replace(previous: ResourceState | undefined, next: ResourceState | undefined) {
        if (previous) this.done.add(previous);
        if (next) this.current.push(next);
        this.save();
    }

    /** After a refresh: these are the resources now. In memory: a preview doesn't save them. */
    rebase(resources: ResourceState[]) {
        this.before = resources;
    }

    /** As a deployment of Pulumi's format; secrets are as on the wire. */
    deployment() {
        const abandoned = this.abandoned.filter(({ type }) => type === "creating");
        return {
            manifest: { time: new Date().toISOString(), magic: "", version: "" },
            resources: this.resources,
            pending_operations: [...abandoned, ...this.running],
        };
    }

    text(deployment: object = this.deployment()): string {
        const stored = mapValues(JSON.parse(JSON.stringify(deployment)), toStored);
        return JSON.stringify({ version: 3, deployment: stored }, undefined, 4);
    }

    /** Written beside and renamed, so that a kill leaves the old file or the new one; readable by its owner only. */
    save() {
        mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
        writeFileSync(`${this.file}.new`, this.text(), { mode: 0o600 });
        renameSync(`${this.file}.new`, this.file);
    }
}

// Pulumi's format has a secret as ciphertext, or as the JSON of its value under "plaintext", which `stack import` takes
// and encrypts. The stand-in is for trials and asks for no passphrase, so it writes the latter: a mark, no protection.
const toStored = (value: Value): Value =>
    isSecret(value) ? { [SIGNATURE_KEY]: SIGNATURE.secret, plaintext: JSON.stringify(value.value) } : value;
const isStoredSecret = (value: unknown): value is Properties =>
    isObject(value) && value[SIGNATURE_KEY] === SIGNATURE.secret && typeof value.plaintext === "string";
const fromStored = (value: Properties): Value => ({
    [SIGNATURE_KEY]: SIGNATURE.secret,
    value: JSON.parse(String(value.plaintext)),
});
