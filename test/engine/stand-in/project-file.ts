import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { parse } from "yaml";
import { RUNTIMES } from "./languages";
import { pluginExecutable } from "./plugin";
import { isObject, type Value } from "./values";

/** Settings of Pulumi.yaml and Pulumi.<stack>.yaml. */
export interface ProjectFile {
    name: string;
    /** Directory of Pulumi.yaml. */
    root: string;
    /** Working directory of the program and the providers. */
    programDirectory: string;
    /** The program's file in the directory, or "." for `main` of its package.json. */
    entry: string;
    runtime: string;
    runtimeOptions: {
        typescript?: boolean;
        tsconfig?: string;
        nodeargs?: string;
        virtualenv?: string;
        binary?: string;
    };
    /** Executables of providers by package name. */
    plugins: Record<string, string>;
    /** Configuration by full key, `project:key`. */
    config: Record<string, string>;
}

/** Throws if there is no Pulumi.yaml, or if it needs a feature that this engine lacks. */
export function readProject(root: string, stack: string): ProjectFile {
    const file = resolve(root, "Pulumi.yaml");
    if (!existsSync(file)) throw new Error(`there is no Pulumi.yaml in ${root}`);
    // biome-ignore lint/suspicious/noExplicitAny: a file of the user; what is read is checked here
    const yaml = parse(readFileSync(file, "utf8")) as any;
    const runtime = typeof yaml.runtime === "string" ? { name: yaml.runtime } : yaml.runtime;
    if (!RUNTIMES.includes(runtime?.name)) {
        throw new Error(`${file}: the stand-in engine runs no ${runtime?.name} programs, only ${RUNTIMES.join(", ")}`);
    }
    const main = resolve(root, yaml.main ?? ".");
    const isDirectory = statSync(main).isDirectory();
    const providers: { name: string; path: string }[] = yaml.plugins?.providers ?? [];
    return {
        name: yaml.name,
        root: resolve(root),
        programDirectory: isDirectory ? main : dirname(main),
        entry: isDirectory ? "." : basename(main),
        runtime: runtime.name,
        runtimeOptions: runtime.options ?? {},
        plugins: Object.fromEntries(
            providers.map(({ name, path }) => [name, pluginExecutable(resolve(root, path), name)]),
        ),
        config: { ...projectConfig(yaml.name, yaml.config), ...stackConfig(yaml.name, root, stack) },
    };
}

const fullKey = (project: string, key: string) => (key.includes(":") ? key : `${project}:${key}`);
const text = (value: Value) => (typeof value === "string" ? value : JSON.stringify(value));

/** The `config` block of Pulumi.yaml: a value, or an object with `value` or `default`. */
function projectConfig(project: string, config: Record<string, Value> | undefined): Record<string, string> {
    return Object.fromEntries(
        Object.entries(config ?? {}).flatMap(([key, entry]) => {
            const value = isObject(entry) ? (entry.value ?? entry.default) : entry;
            return value === undefined ? [] : [[fullKey(project, key), text(value)]];
        }),
    );
}

function stackConfig(project: string, root: string, stack: string): Record<string, string> {
    const file = resolve(root, `Pulumi.${stack}.yaml`);
    if (!existsSync(file)) return {};
    const { config = {} } = (parse(readFileSync(file, "utf8")) ?? {}) as { config?: Record<string, Value> };
    return Object.fromEntries(
        Object.entries(config).map(([key, value]) => {
            if (isObject(value) && "secure" in value) {
                throw new Error(`${file}: ${key} is encrypted, which the stand-in engine can't read`);
            }
            return [fullKey(project, key), text(value)];
        }),
    );
}
