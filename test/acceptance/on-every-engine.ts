import { spawnSync } from "node:child_process";
import { type Engine, engines } from "../engine/engine";
import { bootHost, diffSnapshots, type Snapshot, type TestHost, type TestHostOptions } from "../hosts";
import { onHost } from "../hosts/on-host";
import { Example, RUN_TIMEOUT_MS, Stack } from "./example";

export { onHost };

type EngineName = Engine["name"];

/** The first boot of a suite also builds its root file system. */
const BOOT_TIMEOUT_MS = 300_000;

/** Path of a program; undefined if it isn't on PATH. */
export function which(program: string): string | undefined {
    const found = spawnSync("sh", ["-c", 'command -v "$1"', "sh", program], { encoding: "utf8" });
    return found.status === 0 ? found.stdout.trim() : undefined;
}

const present: EngineName[] = which("pulumi") ? ["stand-in", "pulumi"] : ["stand-in"];

/** Engine, project, hosts and stacks for the tests of an example; set before the first test. */
export interface Scene {
    example: Example;
    engine: Engine;
    /** The hosts, in the order of `SceneOptions.hosts`. */
    hosts: TestHost[];
    /** The stack `dev`. */
    stack: Stack;
    stackNamed(name: string): Stack;
}

export interface SceneOptions extends TestHostOptions {
    /** Names of the hosts in the example. */
    hosts?: string[];
    /** The only engine that can run the example; default: all. */
    only?: EngineName;
    /** Installs the npm packages of the example. */
    install?: (directory: string) => void;
    /** Called before the first snapshot of the hosts and the first `up`. */
    prepare?: (scene: Scene) => Promise<void> | void;
    /** Called after all tests, to revert `prepare` on a host that stays up. */
    restore?: (scene: Scene) => Promise<void>;
}

/**
 * Runs the tests of an example on each engine that is present, on the same hosts. The last test on each engine destroys the
 * stacks and compares every host with its snapshot before the tests.
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

/** Messages of a unit's processes since the boot. */
export async function journal(host: TestHost, unit: string): Promise<string[]> {
    const text = await onHost(host, `journalctl --sync; journalctl -q -b -o cat -u ${unit} --no-pager`);
    return text.split("\n").filter((line) => line !== "");
}

/** A property of a unit, from `systemctl show`. */
export function shown(host: TestHost, unit: string, property: string): Promise<string> {
    return onHost(host, `systemctl show -p ${property} --value -- '${unit}'`);
}

/** Repeats `attempt` until `isReached` holds, for 10 s at most; resolves to the last value. */
export async function eventually<T>(attempt: () => Promise<T>, isReached: (value: T) => boolean): Promise<T> {
    const end = Date.now() + 10_000;
    for (;;) {
        const value = await attempt();
        if (isReached(value) || Date.now() > end) return value;
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}
