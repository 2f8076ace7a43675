import { which } from "../acceptance/on-every-engine";
import { type Engine, engines } from "../engine/engine";
import { bootHost, diffSnapshots, type Snapshot, type TestHost } from "../hosts";
import { bootTimeoutMs, connectionTo, makeToyService } from "../lifecycle/hello";
import { type Inputs, TruthProgram } from "./program";

/** Host, engine and program for the tests of {@link onEngines}; set before the first test. */
export interface TruthScene {
    program: TruthProgram;
    host: TestHost;
    connection: Inputs;
}

const RUN_TIMEOUT_MS = 300_000;
jest.setTimeout(RUN_TIMEOUT_MS);

/**
 * Runs the tests on each engine that is present, on one real host. After each test everything is destroyed, and the host
 * must be as before. `prepare` is called once, before the first snapshot of the host.
 */
export function onEngines(tests: (scene: TruthScene) => void, prepare?: (scene: TruthScene) => Promise<void>): void {
    const scene = {} as TruthScene;
    let present: Engine[];
    beforeAll(async () => {
        present = await engines();
        scene.host = await bootHost();
        scene.connection = connectionTo(scene.host);
        await makeToyService(scene.host);
        await makeToyService(scene.host, "toy-two");
        await prepare?.(scene);
    }, bootTimeoutMs);
    afterAll(() => scene.host?.down());
    const names = which("pulumi")
        ? process.env.PORTABLE_TRUTH
            ? (["pulumi"] as const)
            : (["stand-in", "pulumi"] as const)
        : (["stand-in"] as const);
    describe.each(names)("on the engine %s", (name) => {
        let before: Snapshot;
        beforeAll(async () => {
            const engine = present.find((candidate) => candidate.name === name);
            if (engine === undefined) throw new Error(`there is no engine ${name}`);
            scene.program = new TruthProgram(engine);
            before = await scene.host.snapshot();
        });
        afterEach(async () => {
            await scene.program.destroy();
            expect(diffSnapshots(before, await scene.host.snapshot())).toEqual([]);
        }, RUN_TIMEOUT_MS);
        tests(scene);
    });
}

/** The PortableImage of examples/hello. */
export function helloImage(connection: Inputs, source: Inputs = {}, others: Inputs = {}): Inputs {
    return {
        name: "hello",
        version: "1.0",
        source: {
            files: {
                units: ["units/hello.service", "units/hello.socket"],
                tree: {
                    "/usr/bin/hello": { asset: { $file: "bin/hello" }, mode: "0755" },
                    "/usr/share/mark": { asset: { $file: "mark.txt" } },
                },
                substitutions: { helloExe: "/usr/bin/hello" },
                ...source,
            },
        },
        connection,
        ...others,
    };
}
