import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine, Project, Result } from "./engine";
import { type Call, type Recording, recordingPlugin } from "./recording";
import type { Scenario, ScenarioStep } from "./scenario";

const PRELUDE = `
const pulumi = require("@pulumi/pulumi");
const outputs = (module.exports = {});
class Thing extends pulumi.CustomResource {
    constructor(name, inputs, options) {
        super("faulty:index:Thing", name, { content: undefined, password: undefined, active: undefined, ...inputs }, options);
    }
}
class Provider extends pulumi.ProviderResource {
    constructor(name, inputs, options) {
        super("faulty", name, inputs, options);
    }
}
class Pair extends pulumi.ComponentResource {
    constructor(name, inputs, options) {
        super("faulty:index:Pair", name, { content: undefined, password: undefined, ...inputs }, options, true);
    }
}
const pair = (name, inputs, options) => new Pair(name, inputs, options);
const thing = (name, inputs, options) => new Thing(name, inputs, options);
`;
const KILL_SECONDS = 30;

export interface StepOutcome {
    result: Result;
    calls: Call[];
}

/** The project of one scenario on one engine, with a Node.js program and the faulty provider behind a recorder. */
export class ScenarioProject {
    readonly project: Project;
    private readonly objects: string;
    private readonly recording: Recording;

    constructor(
        private readonly engine: Engine,
        scenario: Scenario,
        directory: string,
        /** Path of the faulty provider's executable. */
        plugin: string,
    ) {
        this.objects = join(directory, "objects");
        this.recording = recordingPlugin("faulty", plugin, join(directory, "plugin"));
        mkdirSync(this.objects);
        const root = join(directory, "project");
        mkdirSync(root);
        symlinkSync(join(__dirname, "..", "..", "node_modules"), join(root, "node_modules"));
        writeFileSync(join(root, "package.json"), '{"main": "index.js"}');
        writeFileSync(join(root, "file.txt"), "file\n");
        writeFileSync(
            join(root, "Pulumi.yaml"),
            `name: hello
runtime: {name: nodejs, options: {typescript: false}}
plugins: {providers: [{name: faulty, path: ../plugin}]}
`,
        );
        const { config, secretConfig } = scenario;
        this.project = { directory: root, stack: "test", config, secretConfig, env: { FAULTY_DIR: this.objects } };
    }

    async run(step: ScenarioStep): Promise<StepOutcome> {
        const { directory } = this.project;
        if (step.program !== undefined) writeFileSync(join(directory, "index.js"), `${PRELUDE}${step.program}\n`);
        writeFileSync(join(this.objects, "faults.json"), JSON.stringify(step.faults ?? {}));
        for (const [id, content] of Object.entries(step.drift ?? {}))
            this.drift(join(this.objects, `${id}.json`), content);
        this.recording.clear();

        const [operation, flag] = step.run.split(" ") as ["preview" | "up" | "refresh" | "destroy", string?];
        const options = { diff: operation === "preview", refresh: flag === "--refresh" };
        const running = await this.engine.start(operation, this.project, options);
        if (step.kill) {
            await this.untilWaiting();
            if (step.kill === "interrupt") process.kill(running.pid, "SIGINT");
            else if (step.kill === "engine") running.kill();
            else process.kill(this.recording.providerPids()[0] as number, "SIGKILL");
        }
        const result = await running.result;
        return { result, calls: this.recording.calls() };
    }

    /** The exported state, in a form that is equal for equivalent engines. */
    async state(): Promise<unknown> {
        const { deployment } = await this.engine.exportState(this.project);
        const text = (resource: unknown) => JSON.stringify(comparable(resource));
        const resources = (deployment.resources ?? []).map(text).sort();
        const pending = (deployment.pending_operations ?? []).map(text);
        return [...resources, ...pending].map((one) => JSON.parse(one));
    }

    async close() {
        await this.engine.forget(this.project);
    }

    private drift(file: string, content: string | null) {
        if (content === null) return rmSync(file);
        writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), content }));
    }

    private async untilWaiting() {
        const waiting = join(this.objects, "waiting");
        for (let tries = 0; !existsSync(waiting); tries += 1) {
            if (tries > KILL_SECONDS * 20)
                throw new Error("the provider has not come to the call that it should hang in");
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        rmSync(waiting);
    }
}

/** Fields that differ between engines: times, ciphertexts, ids of providers, and positions in the program. */
const OWN = new Set([
    "created",
    "modified",
    "sourcePosition",
    "stackTrace",
    "time",
    "magic",
    "version",
    "secrets_providers",
]);
const EMPTY = new Set(["{}", "[]", "null", "0", '""', "false"]);

/** Whether it is a list of URNs, such as dependencies, whose order means nothing. */
const isUrns = (list: unknown[]): list is string[] =>
    list.every((one) => typeof one === "string" && one.startsWith("urn:"));

function comparable(value: unknown): unknown {
    if (typeof value === "string")
        return value.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, "<id of a provider>");
    if (Array.isArray(value)) return isUrns(value) ? [...value].sort() : value.map(comparable);
    if (typeof value !== "object" || value === null) return value;
    if ("ciphertext" in value || "plaintext" in value) return "<secret>";
    const entries = Object.entries(value)
        .filter(([key]) => !OWN.has(key))
        .map(([key, part]): [string, unknown] => [key, comparable(part)])
        .filter(([, part]) => !EMPTY.has(JSON.stringify(part)));
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
