import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { SIGNATURE, SIGNATURE_KEY } from "../../../provider/protocol/wire";
import { isObject, isSecret, mapValues, type Properties, type Value } from "./values";

/** A resource in Pulumi's own state format (sdk/go/common/apitype, ResourceV3). */
export interface ResourceState {
    urn: string;
    custom: boolean;
    /** Whether it was replaced and is pending deletion. Several states can share a URN. */
    delete?: boolean;
    id?: string;
    type: string;
    inputs: Properties;
    outputs: Properties;
    parent?: string;
    protect?: boolean;
    dependencies?: string[];
    /** Why it isn't as declared; makes the next `up` call Update. */
    initErrors?: string[];
    /** `<urn of the provider>::<its id>` */
    provider?: string;
    propertyDependencies?: Record<string, string[]>;
    /** Whether it was deleted for a replacement that isn't created yet. */
    pendingReplacement?: boolean;
    additionalSecretOutputs?: string[];
    /** In seconds. */
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
 * The state of one stack, in a file that is rewritten after every step. During a deployment it has two lists: resources from
 * before that are still unchanged, and resources that the deployment has handled.
 */
export class State {
    private readonly done = new Set<ResourceState>();
    private readonly current: ResourceState[] = [];
    private readonly running = new Set<PendingOperation>();

    private constructor(
        private readonly file: string,
        private before: ResourceState[],
        /**
         * Operations of an earlier run that was killed. Only creations are kept, as they may have created an object that
         * the state lacks.
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
        // The CLI omits empty fields.
        const resources = (deployment.resources ?? []).map((resource: Partial<ResourceState>) => ({
            inputs: {},
            outputs: {},
            ...resource,
        }));
        return new State(file, resources, deployment.pending_operations ?? []);
    }

    /** The resources, each after those that it depends on. */
    get resources(): ResourceState[] {
        return [...this.current, ...this.before].filter((resource) => !this.done.has(resource));
    }

    get abandonedOperations(): readonly PendingOperation[] {
        return this.abandoned;
    }

    /** Saves that an operation is running, so that the state has it after a kill. Returns a function that removes it. */
    begin(type: PendingOperation["type"], resource: ResourceState): () => void {
        const operation = { type, resource: structuredClone(resource) };
        this.running.add(operation);
        this.save();
        return () => this.running.delete(operation);
    }

    /** Replaces `previous` by `next`. Either can be undefined, to add or to remove a resource. */
    replace(previous: ResourceState | undefined, next: ResourceState | undefined) {
        if (previous) this.done.add(previous);
        if (next) this.current.push(next);
        this.save();
    }

    /** Replaces all resources after a refresh, in memory only, as a preview doesn't save them. */
    rebase(resources: ResourceState[]) {
        this.before = resources;
    }

    /** The state in Pulumi's format, with secrets in the form of the wire. */
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

    /** Writes a temporary file and renames it, so that a kill leaves the old file or the new one. Only the owner can read it. */
    save() {
        mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
        writeFileSync(`${this.file}.new`, this.text(), { mode: 0o600 });
        renameSync(`${this.file}.new`, this.file);
    }
}

// Pulumi's format has a secret as ciphertext, or as JSON under "plaintext", which `stack import` encrypts. The stand-in has no
// passphrase, so it writes the latter: secrets are marked, not protected.
const toStored = (value: Value): Value =>
    isSecret(value) ? { [SIGNATURE_KEY]: SIGNATURE.secret, plaintext: JSON.stringify(value.value) } : value;
const isStoredSecret = (value: unknown): value is Properties =>
    isObject(value) && value[SIGNATURE_KEY] === SIGNATURE.secret && typeof value.plaintext === "string";
const fromStored = (value: Properties): Value => ({
    [SIGNATURE_KEY]: SIGNATURE.secret,
    value: JSON.parse(String(value.plaintext)),
});
