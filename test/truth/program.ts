import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Engine, OperationOptions, Project, Result } from "../engine/engine";
import { HelloProgram } from "../lifecycle/hello";

const root = join(__dirname, "../..");

/** Inputs as JSON, with {@link file}, {@link text}, {@link ref} and {@link secret} for assets, outputs and secrets. */
export type Inputs = Record<string, unknown>;

export const file = (path: string) => ({ $file: path });
export const text = (content: string) => ({ $text: content });
export const secret = (value: unknown) => ({ $secret: value });
/** An output of a resource that was declared before: `ref("image", "path")`. */
export const ref = (name: string, output: string) => ({ $ref: [name, output] });

export interface Declared {
    type: "PortableImage" | "AttachedService" | "DropIn" | "PortableService";
    name: string;
    inputs: Inputs;
    options?: { ignoreChanges?: string[]; dependsOn?: string[] };
}

/** A program that declares the resources of program.json in their order. */
const INDEX = `
const pulumi = require("@pulumi/pulumi");
const { readFileSync } = require("node:fs");
const made = new Map();
const OUTPUTS = ["path", "digest", "unitStates", "serving", "gapless", "dropInText", "dropInTexts", "hostFiles", "unitTexts", "contents", "hosts"];
function valueOf(value) {
    if (Array.isArray(value)) return value.map(valueOf);
    if (value === null || typeof value !== "object") return value;
    if (value.$file !== undefined) return new pulumi.asset.FileAsset(value.$file);
    if (value.$text !== undefined) return new pulumi.asset.StringAsset(value.$text);
    if (value.$secret !== undefined) return pulumi.secret(valueOf(value.$secret));
    if (value.$ref !== undefined) return made.get(value.$ref[0])[value.$ref[1]];
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, valueOf(part)]));
}
for (const { type, name, inputs, options = {} } of JSON.parse(readFileSync("program.json", "utf8"))) {
    const token = "portable:index:" + type;
    const props = { ...Object.fromEntries(OUTPUTS.map((output) => [output, undefined])), ...valueOf(inputs) };
    const dependsOn = (options.dependsOn ?? []).map((other) => made.get(other));
    const all = { ...options, dependsOn };
    made.set(name, type === "PortableService"
        ? new pulumi.ComponentResource(token, name, props, all, true)
        : new pulumi.CustomResource(token, name, props, all));
}
`;

/** A project with the files of examples/hello, whose resources are given as data. */
export class TruthProgram {
    readonly files = HelloProgram.planned();
    private readonly project: Project;

    constructor(
        private readonly engine: Engine,
        config: Record<string, string> = {},
    ) {
        this.files.make();
        const { directory } = this.files;
        symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
        this.files.write("mark.txt", "mark");
        this.files.write("package.json", '{"main": "index.js"}');
        this.files.write("index.js", INDEX);
        this.files.write(
            "Pulumi.yaml",
            `name: truth
runtime: {name: nodejs, options: {typescript: false}}
plugins: {providers: [{name: portable, path: ${join(root, "provider")}}]}
`,
        );
        const env = { PORTABLE_SSH_CONFIG: "/dev/null", PORTABLE_STORE: join(directory, ".store") };
        this.project = { directory, stack: "test", config, env };
    }

    /** Writes the configuration into the stack's file, where both engines read it. */
    configure(config: Record<string, string>): void {
        const name = join(this.files.directory, `Pulumi.${this.project.stack}.yaml`);
        const settings = existsSync(name) ? parse(readFileSync(name, "utf8")) : {};
        writeFileSync(name, stringify({ ...settings, config }));
    }

    declare(resources: readonly Declared[]): void {
        writeFileSync(join(this.files.directory, "program.json"), JSON.stringify(resources));
    }

    preview(options: OperationOptions = {}): Promise<Result> {
        return this.engine.preview(this.project, { diff: true, ...options });
    }

    /** Updates, and fails the test if the update fails. */
    async up(options: OperationOptions = {}): Promise<Result> {
        const result = await this.engine.up(this.project, { diff: true, ...options });
        if (result.code !== 0) throw new Error(`\`up\` failed:\n${result.stdout}`);
        return result;
    }

    failingUp(): Promise<Result> {
        return this.engine.up(this.project, { diff: true });
    }

    refresh(): Promise<Result> {
        return this.engine.refresh(this.project, { diff: true });
    }

    /** Outputs of a resource in the state, without secrets. */
    async outputs(name: string): Promise<Record<string, unknown>> {
        const { deployment } = await this.engine.exportState(this.project);
        const resources = (deployment.resources ?? []) as { urn: string; outputs?: Record<string, unknown> }[];
        return resources.find(({ urn }) => urn.endsWith(`::${name}`))?.outputs ?? {};
    }

    async destroy(): Promise<void> {
        const { code, stdout } = await this.engine.destroy(this.project);
        if (code !== 0) throw new Error(`\`destroy\` failed:\n${stdout}`);
        await this.engine.forget(this.project);
    }
}

/** The operation on each resource of the package by name, without "same": `{ hello: "update" }`. */
export function stepsOf({ steps }: Result): Record<string, string> {
    return Object.fromEntries(
        steps
            .filter(
                ({ op, urn }) => op !== "same" && op !== "refresh" && /::portable:index:|\$portable:index:/.test(urn),
            )
            .map(({ op, urn }) => [urn.split("::").pop() as string, op]),
    );
}

/** Property paths in the detailed diff of a resource. */
export function changesOf({ steps }: Result, name: string): string[] {
    const step = steps.find(({ urn, op }) => urn.endsWith(`::${name}`) && op !== "same");
    return Object.keys(step?.detailedDiff ?? {}).sort();
}
