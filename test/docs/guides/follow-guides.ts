import { RUN_TIMEOUT_MS, Stack } from "../../acceptance/example";
import { which } from "../../acceptance/on-every-engine";
import { type Engine, engines } from "../../engine/engine";
import { bootHost, diffSnapshots, type Snapshot, type TestHost } from "../../hosts";
import { GuideProject } from "./guide-project";

/** Engine, project, hosts and stacks for the tests of guides; set before the first test. */
export interface GuideScene {
    project: GuideProject;
    engine: Engine;
    /** The hosts, in the order of `GuideOptions.hosts`. */
    hosts: TestHost[];
    /** The first host. */
    host: TestHost;
    /** The stack `dev`. */
    stack: Stack;
    stackNamed(name: string): Stack;
}

interface GuideOptions {
    /** Names of the hosts in the guides. */
    hosts?: string[];
    prepare?(project: GuideProject): Promise<void> | void;
    /** Secret configuration values. */
    secrets?: Record<string, string>;
}

/**
 * Runs tests in a reader's project on each engine that is present, on the same hosts. The last test destroys every stack and
 * expects the hosts to be as before.
 */
export function followGuides(
    title: string,
    { hosts: names = ["web1"], prepare, secrets = {} }: GuideOptions,
    tests: (scene: GuideScene) => void,
): void {
    const scene = {} as GuideScene;
    describe(`guides: ${title}`, () => {
        beforeAll(async () => {
            scene.hosts = [];
            for (const _ of names) scene.hosts.push(await bootHost());
            scene.host = scene.hosts[0] as TestHost;
            scene.project = new GuideProject();
            await prepare?.(scene.project);
        }, RUN_TIMEOUT_MS);

        afterAll(async () => {
            scene.project?.remove();
            for (const host of scene.hosts) await host.down();
        }, RUN_TIMEOUT_MS);

        describe.each(which("pulumi") ? ["stand-in", "pulumi"] : ["stand-in"])("on the engine %s", (engineName) => {
            const stacks = new Map<string, Stack>();
            let before: Snapshot[];

            beforeAll(async () => {
                scene.engine = (await engines()).find(({ name }) => name === engineName) as Engine;
                const byName = Object.fromEntries(names.map((name, index) => [name, scene.hosts[index] as TestHost]));
                scene.stackNamed = (name) => {
                    const stack = stacks.get(name) ?? new Stack(scene.engine, scene.project, byName, name);
                    stack.configureSecrets(secrets);
                    stacks.set(name, stack);
                    return stack;
                };
                scene.stack = scene.stackNamed("dev");
                before = await Promise.all(scene.hosts.map((host) => host.snapshot()));
            }, RUN_TIMEOUT_MS);

            tests(scene);

            test(
                "pulumi destroy: the hosts are as before",
                async () => {
                    for (const stack of stacks.values()) await stack.destroy();
                    for (const [index, host] of scene.hosts.entries())
                        expect(diffSnapshots(before[index] as Snapshot, await host.snapshot())).toEqual([]);
                    for (const stack of stacks.values()) await stack.forget();
                },
                RUN_TIMEOUT_MS,
            );
        });
    });
}
