import { diffSnapshots, type Snapshot, type Suite, type TestHost } from "../hosts";
import { bootedHost } from "../hosts/booted";
import type { Deployment, Json } from "./deployment";
import { bootTimeoutMs, connectionTo, HelloProgram, makeToyService } from "./hello";
import { Provider, type ProviderOptions } from "./provider";

export interface HelloHostOptions {
    /** The first of `suites` by default. */
    suite?: Suite;
    /** Whether toy.service is running on the host: a service of its own, which can be reloaded. */
    toy?: boolean;
    /**
     * Whether each test must leave the host as the set-up left it. Resources are then destroyed after each test, but for
     * those of `keep`. Without it they stay until a test destroys them.
     */
    snapshot?: boolean;
    /** The provider's stack, configuration and environment. A configuration may have the `connection` of this host. */
    provider?: (connection: Json) => Omit<ProviderOptions, "directory">;
    /** Runs once the host and the provider are there, before the snapshot. */
    prepare?: () => unknown;
    /** Resources that `prepare` made and that stay after each test. Once a test has destroyed them, nothing may be left. */
    keep?: () => Deployment[];
}

export interface HelloHost {
    readonly program: HelloProgram;
    readonly provider: Provider;
    readonly host: TestHost;
    /** Logs in as root. */
    readonly connection: Json;
    /** Fails if the host doesn't hold what it held after the set-up. */
    expectUntouched(): Promise<void>;
}

/**
 * The set-up of tests that deploy examples/hello to a host: registers hooks that boot the host, start the provider, and
 * end both. What it returns is complete once these hooks have run: a test may use all of it; outside of tests and hooks
 * only `provider.resource` and references to the objects are of use.
 */
export function helloHost({
    suite,
    toy,
    snapshot,
    provider: configure,
    prepare,
    keep,
}: HelloHostOptions = {}): HelloHost {
    const program = HelloProgram.planned();
    const connection: Json = {};
    const host = bootedHost({ suite });
    const provider = new Provider({ directory: program.directory, ...configure?.(connection) });
    let unprepared: Snapshot;
    let before: Snapshot;
    const expectUntouched = async () => expect(diffSnapshots(before, await host.snapshot())).toEqual([]);

    beforeAll(async () => {
        program.make();
        Object.assign(connection, connectionTo(host));
        await provider.start();
        if (toy) await makeToyService(host);
        if (keep) unprepared = await host.snapshot();
        await prepare?.();
        before = await host.snapshot();
        if (!keep) unprepared = before;
    }, bootTimeoutMs);
    if (snapshot)
        afterEach(async () => {
            const kept = keep?.() ?? [];
            await provider.destroyAll({ but: kept });
            const expected = kept.some(({ id }) => id !== "") ? before : unprepared;
            expect(diffSnapshots(expected, await host.snapshot())).toEqual([]);
        });
    return { program, provider, host, connection, expectUntouched };
}
