import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bootHost, diffSnapshots, type Snapshot, type TestHost } from "../hosts";
import type { Deployment, Json } from "../lifecycle/deployment";
import { bootTimeoutMs, connectionTo, helloProgram, image, inlineName, onHost } from "../lifecycle/hello";
import type { Provider } from "../lifecycle/provider";
import { report } from "./figures";
import { type Seen, underLoad } from "./load";
import { isSoak, suites } from "./soak";

/*
 * Deploys many releases while clients send 200 requests a second: no request is lost, and nothing accumulates, neither
 * on the host nor in the provider. A soak deploys a release for each hour of a week.
 */

const DEPLOYS = isSoak ? 168 : 20;
/** From this release on the host has everything that stays between releases: images to roll back to, caches. */
const FIRST_COMPARED = isSoak ? 20 : 4;

/** Limit of what the provider's heap may grow by with each release. */
const MAX_GROWTH_MEGABYTES = 0.02;

const program = helloProgram();

/** Theil-Sen estimator: the median of the slopes between all pairs of values, which one odd value can't move. */
function slope(values: readonly number[]): number {
    const slopes = values.flatMap((from, begin) =>
        values.slice(begin + 1).map((to, distance) => (to - from) / (distance + 1)),
    );
    return slopes.sort((a, b) => a - b)[Math.floor(slopes.length / 2)] as number;
}

describe.each(suites)("on %s", (suite) => {
    let host: TestHost;
    let provider: Provider;
    let connection: Json;
    let pointer: Deployment;
    let service: Deployment;
    let before: Snapshot;

    const heapFile = join(mkdtempSync(join(tmpdir(), "portable-test-heap-")), "bytes");

    beforeAll(async () => {
        const environment = {
            NODE_OPTIONS: `--expose-gc --require=${join(__dirname, "tells-heap.cjs")}`,
            PORTABLE_TEST_HEAP: heapFile,
        };
        [provider, host] = await Promise.all([program.provider({ environment }), bootHost({ suite })]);
        connection = connectionTo(host);
        before = await host.snapshot();
        pointer = provider.resource("PortableImage", "hello");
        service = provider.resource("AttachedService", "hello");
    }, bootTimeoutMs);
    afterAll(async () => {
        await provider?.stop();
        await host?.down();
        rmSync(join(heapFile, ".."), { recursive: true });
    });

    /** The provider's heap after a garbage collection. */
    async function heapMegabytes(): Promise<number> {
        rmSync(heapFile, { force: true });
        provider.signal("SIGUSR2");
        for (let tries = 0; tries < 500 && !existsSync(heapFile); tries++) await sleep(20);
        return Number(readFileSync(heapFile, "utf8")) / 1e6;
    }

    async function deploy(release: number): Promise<void> {
        await pointer.up(image(connection, { version: `1.${release}`, mark: `${release}` }));
        await service.up({ image: pointer.outputs.path, dropIns: [inlineName(`${release}`)], connection });
    }

    /** Snapshot of the host and its number of units, with placeholders for what names a release. */
    async function contentOfHost(): Promise<string[]> {
        const lines = [...(await host.snapshot())].map(([what, state]) =>
            `${what}: ${state}`
                .replaceAll(/1\.\d+-[0-9a-f]{12}/g, "RELEASE")
                .replaceAll(/sha256:[0-9a-f]{64}/g, "DIGEST")
                .replaceAll(/\d+ bytes/g, "BYTES")
                .replaceAll(/systemd-private-[0-9a-f]{32}-hello\.service-\w+/g, "PRIVATE"),
        );
        const units = await onHost(host, "systemctl list-units --all --plain --no-legend | wc -l");
        return [...lines, `${units} units loaded by systemd`].sort();
    }

    test("many releases in a row lose no request and leave nothing that accumulates", async () => {
        await deploy(0);
        const heaps: number[] = [];
        const durations: number[] = [];
        let early: string[] = [];
        const load: Seen = await underLoad(host, 8080, async () => {
            for (let release = 1; release <= DEPLOYS; release++) {
                const began = performance.now();
                await deploy(release);
                durations.push((performance.now() - began) / 1000);
                expect(service.outputs.gapless).toBe(true);
                if (release === FIRST_COMPARED) early = await contentOfHost();
                if (release >= FIRST_COMPARED) heaps.push(await heapMegabytes());
            }
        });
        expect((await host.http(8080, "/")).body).toBe(`Hello, ${DEPLOYS}!\n`);
        expect(await contentOfHost()).toEqual(early);
        report(`deploys on ${suite}`, {
            deploys: DEPLOYS,
            seconds_each: durations.sort((a, b) => a - b)[Math.floor(DEPLOYS / 2)] as number,
            ...load,
            kilobytes_a_release: slope(heaps) * 1000,
            megabytes_early: heaps[0],
            megabytes_late: heaps.at(-1),
        });
        expect(load.sent).toBeGreaterThan(load.seconds * 190);
        expect(load.reasons).toEqual({});
        expect(slope(heaps)).toBeLessThan(MAX_GROWTH_MEGABYTES);

        await service.destroy();
        await pointer.destroy();
        expect(diffSnapshots(before, await host.snapshot())).toEqual([]);
    }, 3_600_000);
});
