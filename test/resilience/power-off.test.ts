import { bootHost, type TestHost } from "../hosts";
import { bootTimeoutMs, helloProgram } from "../lifecycle/hello";
import type { Provider } from "../lifecycle/provider";
import { report } from "./figures";
import { evenly } from "./points";
import { pointLimit, suites } from "./soak";
import { type Step, Steps, type Verdict } from "./steps";
import { other, TwoVersions, type Version } from "./two-versions";

/*
 * The host loses power at each step of an update, of the rollback after a failed update, and of the rollback at the next
 * boot. After the boot one of the two versions must be running, complete and enabled as declared, and the next update must
 * succeed.
 */

const program = helloProgram();

describe.each(suites)("on %s", (suite) => {
    let host: TestHost;
    let steps: Steps;
    let provider: Provider;
    let versions: TwoVersions;
    let from: Version = "one";
    const limit = pointLimit(3);

    beforeAll(async () => {
        [provider, host] = await Promise.all([program.provider(), bootHost({ suite })]);
        steps = await Steps.on(host);
        versions = await TwoVersions.deploy(program, provider, host);
    }, bootTimeoutMs);
    afterAll(async () => {
        steps?.stop();
        await provider?.stop();
        await host?.down();
    });

    /**
     * Calls `run` and cuts the power at the steps that `isCut` picks. Resolves when `run` has ended and the host has
     * booted.
     */
    async function cutDuring(isCut: (step: Step) => boolean, run: () => Promise<unknown>): Promise<void> {
        let isUp: Promise<void> = Promise.resolve();
        const decide = async (step: Step): Promise<Verdict> => {
            if (!isCut(step)) return "go";
            const previousBoot = isUp;
            isUp = (async () => {
                await host.poweroff();
                await previousBoot.catch(() => undefined); // rejects if the power was cut during it
                await host.boot();
            })();
            await isUp.catch(() => undefined);
            return "go";
        };
        await steps.during(decide, async () => {
            await run().catch(() => undefined);
            let last: Promise<void>;
            do {
                last = isUp;
                await last.catch(() => undefined);
            } while (last !== isUp);
            await isUp;
        });
    }

    /** A predicate that is true for the n-th step, counted from 0, of the program or of the units. */
    const nth = (wanted: number, by: Step["by"]) => {
        let count = 0;
        return (step: Step) => step.by === by && count++ === wanted;
    };

    /** Updates to the version, and returns what was wrong with the host before and after that. */
    async function faultsAfterBoot(to: Version): Promise<string[]> {
        const page = await versions.page(); // comes first, as its connection starts the service
        const found = await versions.found({ withRecords: false });
        const wrong = found === "one" || found === "two" ? [] : [found];
        if (page !== `Hello, ${found}!`) wrong.push(`"${page}" on the page`);
        const next = await versions.update(to).catch((error: Error) => error);
        if (next instanceof Error) wrong.push(`the next update failed: ${next.message}`);
        const then = await versions.found();
        if (then !== to) wrong.push(`after the next update: ${then}`);
        from = to;
        return wrong;
    }

    const about = (steps: Step[], index: number) => `step ${index}, ${steps[index]?.command.slice(0, 200)}: `;

    test("after a power cut at a step of an update, the old or the new version is running, complete", async () => {
        const wrong: string[] = [];
        const all = (await steps.record(() => versions.update(other(from)))).filter(({ by }) => by === "program");
        from = other(from);
        for (const index of evenly(all.length, limit)) {
            const to = other(from);
            await cutDuring(nth(index, "program"), () => versions.update(to));
            for (const text of await faultsAfterBoot(to)) wrong.push(about(all, index) + text);
        }
        report(`power cut during an update on ${suite}`, {
            points: Math.min(all.length, limit),
            steps: all.length,
            wrong: wrong.length,
        });
        expect(wrong).toEqual([]);
    }, 3_600_000);

    test("after a power cut during the rollback, the old version is running", async () => {
        const wrong: string[] = [];
        const all = await steps.record(() => versions.updateThatFails(other(from)).catch(() => undefined));
        expect(await versions.found()).toBe(from);
        const begin = all.findLastIndex(({ command }) => command.startsWith("head"));
        expect(begin).toBeGreaterThan(0);
        for (const index of evenly(all.length - begin, limit)) {
            const to = other(from);
            const before = from;
            await cutDuring(nth(begin + index, "program"), () => versions.updateThatFails(to));
            await versions.page();
            const found = await versions.found({ withRecords: false });
            if (found !== before) wrong.push(about(all, begin + index) + found);
            for (const text of await faultsAfterBoot(to)) wrong.push(about(all, begin + index) + text);
        }
        report(`power cut during the rollback on ${suite}`, {
            points: Math.min(all.length - begin, limit),
            steps: all.length - begin,
            wrong: wrong.length,
        });
        expect(wrong).toEqual([]);
    }, 3_600_000);

    test("after a second power cut during the rollback at boot, the old version is running", async () => {
        const wrong: string[] = [];
        const isConfirming = ({ command }: Step) => command.startsWith("systemctl start -- hello.service");
        const all: Step[] = [];
        const before = from;
        await cutDuring(
            (step) => {
                if (step.by === "unit") all.push(step);
                return step.by === "program" && isConfirming(step);
            },
            () => versions.update(other(from)),
        );
        await versions.page();
        expect(await versions.found()).toBe(before);
        for (const index of evenly(all.length, limit)) {
            const to = other(from);
            const again = nth(index, "unit");
            let isOff = false;
            await cutDuring(
                (step) => {
                    if (!isOff && step.by === "program" && isConfirming(step)) {
                        isOff = true;
                        return true;
                    }
                    return isOff && again(step);
                },
                () => versions.update(to),
            );
            for (const text of await faultsAfterBoot(to)) wrong.push(about(all, index) + text);
        }
        report(`power cut during the rollback at boot on ${suite}`, {
            points: Math.min(all.length, limit),
            steps: all.length,
            wrong: wrong.length,
        });
        expect(wrong).toEqual([]);
    }, 3_600_000);
});
