import { bootHost, type TestHost } from "../hosts";
import { Failed } from "../lifecycle/deployment";
import { bootTimeoutMs, helloProgram } from "../lifecycle/hello";
import type { Provider } from "../lifecycle/provider";
import { report } from "./figures";
import { spread } from "./points";
import { isSoak, pointLimit, suites } from "./soak";
import { type Step, Steps, type Verdict } from "./steps";
import { other, TwoVersions, type Version } from "./two-versions";

/*
 * Records the steps of an undisturbed update, then runs updates in which a process or connection is killed at one of these
 * steps. Afterwards the host must run one of the two versions, complete, and the next update must succeed.
 */

/** What is killed. */
const VICTIMS = [
    "the program on the host",
    "the program on the host, but for the command that it was at",
    "the ssh connection",
    "the provider",
    "the engine",
] as const;
type Victim = (typeof VICTIMS)[number];

const program = helloProgram();

describe.each(suites)("on %s", (suite) => {
    let host: TestHost;
    let steps: Steps;
    let provider: Provider;
    let versions: TwoVersions;
    const recorded = {} as Record<Version, Step[]>;

    beforeAll(async () => {
        [provider, host] = await Promise.all([program.provider(), bootHost({ suite })]);
        steps = await Steps.on(host);
        versions = await TwoVersions.deploy(program, provider, host);
        for (const to of ["two", "one"] as const) {
            const recordedSteps = await steps.record(() => versions.update(to));
            recorded[to] = recordedSteps.filter(({ by }) => by === "program");
            expect(await versions.found()).toBe(to);
        }
    }, bootTimeoutMs);
    afterAll(async () => {
        steps?.stop();
        await provider?.stop();
        await host?.down();
    });

    /** Updates to the version and kills the victim at one step of the update. */
    async function updateKilledAt(to: Version, index: number, victim: Victim): Promise<Failed | undefined> {
        let count = 0;
        let isTakenOver = Promise.resolve();
        const decide = async ({ by }: Step): Promise<Verdict> => {
            if (by !== "program" || count++ !== index) return "go";
            if (victim === "the program on the host") return "kill";
            if (victim === "the ssh connection") return "cut";
            if (victim === "the program on the host, but for the command that it was at") return "orphan";
            isTakenOver = (victim === "the engine" ? provider.loseEngine() : provider.kill()).then(async () => {
                provider = await program.provider();
                versions.takenOverBy(provider);
            });
            return "go";
        };
        return steps.during(decide, async () => {
            const error = await versions.update(to).then(
                () => undefined,
                (thrown: Error) => thrown,
            );
            await isTakenOver;
            if (error !== undefined && !(error instanceof Failed)) throw error;
            return error;
        });
    }

    test("after a kill at any step of an update, the old or the new version is running, complete, and the next update succeeds", async () => {
        const wrong: string[] = [];
        let from: Version = "one";
        const points = spread(recorded.two.length, pointLimit(16), VICTIMS);
        for (const [position, [index, victim]] of points.entries()) {
            const to = other(from);
            const where = `${victim} killed at step ${index}, ${recorded[to][index]?.command.slice(0, 200)}`;
            const failed = await updateKilledAt(to, index, victim);
            // Every second run starts the next update at once, while the host may still be rolling back.
            if (position % 2 === 0) {
                await versions.settled();
                const found = await versions.found({ withRecords: false });
                const page = await versions.page();
                if (found !== "one" && found !== "two") wrong.push(`${where}: ${found}`);
                else if (page !== `Hello, ${found}!`)
                    wrong.push(`${where}: version ${found}, but "${page}" on the page`);
                // An engine that is killed after the commit point can't receive the new state.
                else if (failed?.isPartial && victim !== "the engine" && versions.stated !== found)
                    wrong.push(`${where}: ${found}, but state says ${versions.stated}`);
                else if (failed === undefined && found !== to)
                    wrong.push(`${where}: a success, but ${found} is running`);
            }
            const again = await versions.update(to).catch((error: Error) => error);
            if (again !== undefined) wrong.push(`${where}: the next update failed: ${again.message}`);
            const found = await versions.found();
            if (found !== to) wrong.push(`${where}, and after the next update: ${found}`);
            if (wrong.length > 5) break;
            from = found === "one" || found === "two" ? found : to;
        }
        report(`killed on ${suite}`, { points: points.length, steps: recorded.two.length, wrong: wrong.length });
        expect(wrong).toEqual([]);
        if (isSoak) expect(points.length).toBeGreaterThanOrEqual(30);
    }, 3_600_000);
});
