import { bootHost, type TestHost, type TestHostOptions } from ".";

/** The first boot of a suite also builds its root file system. */
export const bootTimeoutMs = 300_000;

/** Registers hooks that boot a host before the tests and take it down after them. The first hook fills the returned object. */
export function bootedHost(options: TestHostOptions = {}): TestHost {
    const host = {} as TestHost;
    beforeAll(async () => void Object.assign(host, await bootHost(options)), bootTimeoutMs);
    afterAll(() => host.down?.());
    return host;
}
