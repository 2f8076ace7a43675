import { spawnSync } from "node:child_process";
import { type Engine, engines } from "../engine/engine";
import { bootHost, diffSnapshots, type Snapshot, type TestHost, type TestHostOptions } from "../hosts";
import { onHost } from "../hosts/on-host";
import { Example, RUN_TIMEOUT_MS, Stack } from "./example";

export { onHost };

type EngineName = Engine["name"];

/** The first boot of a suite makes its root. */
const BOOT_TIMEOUT_MS = 300_000;

/** Path of a program; undefined where it isn't on PATH. */
export function which(program: string): string | undefined {
    const found = spawnSync("sh", ["-c", 'command -v "$1"', "sh", program], { encoding: "utf8" });
    return found.status === 0 ? found.stdout.trim() : undefined;
}

const present: EngineName[] = which("pulumi") ? ["stand-in", "pulumi"] : ["stand-in"];

/** What the tests of an example work with; filled before the first of them. */
export interface Scene {
    example: Example;
    engine: Engine;
    /** In the order of their names. */
    hosts: TestHost[];
    /** The stack `dev`. */
    stack: Stack;
    stackNamed(name: string): Stack;
}

export interface SceneOptions extends TestHostOptions {
    /** Names of the hosts as the example gives them. */
    hosts?: string[];
    /** The one engine that can run it, where not all can. */
    only?: EngineName;
    /** Installs the npm packages of the example. */
    install?: (directory: string) => void;
    /** Prepares the hosts before their first snapshot and the first `up`. */
    prepare?: (scene: Scene) => Promise<void> | void;
    /** After all, for a host that stays up: takes back what `prepare` did. */
    restore?: (scene: Scene) => Promise<void>;
}

/**
 * Runs the tests of an example once on each engine that is there, on the same hosts. The last test of each destroys
 * what is left, and compares every host with what it was before.
 */
export function onEveryEngine(name: string, options: SceneOptions, tests: (scene: Scene) => void): void {
    const { hosts: names = ["web1"], only, install, prepare, restore, ...targetOptions } = options;
    const scene = {} as Scene;
    const engineNames = only === undefined ? present : [only];

    describe(`examples/${name}`, () => {
        beforeAll(async () => {
            scene.hosts = [];
            for (const _ of names) scene.hosts.push(await bootHost(targetOptions));
            scene.example = new Example(name, install);
            await prepare?.(scene);
        }, BOOT_TIMEOUT_MS);

        afterAll(async () => {
            await restore?.(scene);
            scene.example?.remove();
            for (const host of scene.hosts) await host.down();
        }, RUN_TIMEOUT_MS);

        describe.each(engineNames)("on the engine %s", (engineName) => {
            let before: Snapshot[];
            const stacks = new Map<string, Stack>();

            beforeAll(async () => {
                scene.engine = (await engines()).find((engine) => engine.name === engineName) as Engine;
                const byName = Object.fromEntries(names.map((name, index) => [name, scene.hosts[index] as TestHost]));
                scene.stackNamed = (stackName) => {
                    const made = stacks.get(stackName) ?? new Stack(scene.engine, scene.example, byName, stackName);
                    stacks.set(stackName, made);
                    return made;
                };
                scene.stack = scene.stackNamed("dev");
                before = await Promise.all(scene.hosts.map((host) => host.snapshot()));
            }, RUN_TIMEOUT_MS);

            tests(scene);

            test(
                "pulumi destroy: stop, disable, detach, and nothing is left on the host",
                async () => {
                    for (const stack of stacks.values()) await stack.destroy();
                    for (const [index, host] of scene.hosts.entries()) {
                        expect(diffSnapshots(before[index] as Snapshot, await host.snapshot())).toEqual([]);
                    }
                    for (const stack of stacks.values()) await stack.forget();
                },
                RUN_TIMEOUT_MS,
            );
        });
    });
}

/** The messages of a unit's own programs since it was booted. */
export async function journal(host: TestHost, unit: string): Promise<string[]> {
    const text = await onHost(host, `journalctl --sync; journalctl -q -b -o cat -u ${unit} --no-pager`);
    return text.split("\n").filter((line) => line !== "");
}

/** What systemd shows of a unit. */
export function shown(host: TestHost, unit: string, property: string): Promise<string> {
    return onHost(host, `systemctl show -p ${property} --value -- '${unit}'`);
}

/** Polls until it holds; what it was last, where it never does within 10 s. */
export async function eventually<T>(attempt: () => Promise<T>, isReached: (value: T) => boolean): Promise<T> {
    const end = Date.now() + 10_000;
    for (;;) {
        const value = await attempt();
        if (isReached(value) || Date.now() > end) return value;
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}
