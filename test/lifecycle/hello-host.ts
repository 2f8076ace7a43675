import { diffSnapshots, type Snapshot, type Suite, type TestHost } from "../hosts";
import { bootedHost } from "../hosts/booted";
import type { Deployment, Json } from "./deployment";
import { bootTimeoutMs, connectionTo, HelloProgram, makeToyService } from "./hello";
import { Provider, type ProviderOptions } from "./provider";

export interface HelloHostOptions {
    /** The first of `suites` by default. */
    suite?: Suite;
    /** Installs and starts toy.service on the host: a unit outside of any image, which can be reloaded. */
    toy?: boolean;
    /**
     * Destroys the resources after each test, except those of `keep`, and fails unless the host is as it was after the
     * set-up. Without it resources stay until a test destroys them.
     */
    snapshot?: boolean;
    /** Options of the provider. Gets the connection to this host, which can be put into the configuration. */
    provider?: (connection: Json) => Omit<ProviderOptions, "directory">;
    /** Called once the host and the provider are running, before the snapshot. */
    prepare?: () => unknown;
    /** Resources of `prepare` that aren't destroyed after each test. A test that destroys them must leave nothing. */
    keep?: () => Deployment[];
}

export interface HelloHost {
    readonly program: HelloProgram;
    readonly provider: Provider;
    readonly host: TestHost;
    /** Connection to the host as root. */
    readonly connection: Json;
    /** Fails unless the host is as it was after the set-up. */
    expectUntouched(): Promise<void>;
}

/**
 * The set-up of tests that deploy examples/hello to a host: registers hooks that boot the host, start the provider, and
 * stop both. The returned objects can be used once these hooks have run, that is in tests and later hooks. Outside of them
 * only `provider.resource` works.
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
