import type { Members, Package } from "../contract";
import { UserError } from "../errors";
import type { Connection } from "../host/connection";
import type { HostPool } from "../host/host";
import type { Decoded } from "./decode";
import { EngineLog } from "./engine-log";
import { SecretPaths } from "./secrets";

/** The package that a session serves. The first call loads it, so that the port is printed early. */
export interface Served {
    package: Package;
    pool: HostPool;
}

/** The member that a token names ("portable:index:DropIn"); undefined if there is none. */
export async function memberOf<T>({ name }: Package, members: Members<T>, token: string): Promise<T | undefined> {
    const prefix = `${name}:index:`;
    const member = token.startsWith(prefix) ? token.slice(prefix.length) : "";
    return Object.hasOwn(members, member) ? members[member]?.() : undefined;
}

/** The state of this process between calls: its engine, its configuration and the calls that are running. */
export class EngineSession {
    /** The validated configuration of the provider, with values of the environment. */
    configuration: Decoded = { value: {}, secrets: new SecretPaths() };
    /** Reference of this process's provider resource, `<urn>::<id>`; "" if the engine sent none. */
    reference = "";
    /** Hosts for which the user was warned that the host key isn't verified. */
    readonly hostsWithIgnoredKey = new Set<string>();
    /** Notices that this process has shown with diffs. */
    readonly notices = new Set<string>();
    private cancellation = new AbortController();
    private log: EngineLog | undefined;
    private readonly running = new Set<Promise<unknown>>();
    private loaded: Promise<Served> | undefined;

    constructor(private readonly load: () => Promise<Served>) {}

    served(): Promise<Served> {
        this.loaded ??= this.load();
        return this.loaded;
    }

    /** The connection that resources fall back on. */
    get defaultConnection(): Connection | undefined {
        return this.configuration.value.connection as Connection | undefined;
    }

    /** Aborted when the engine cancels. */
    get cancelled(): AbortSignal {
        return this.cancellation.signal;
    }

    get engine(): EngineLog | undefined {
        return this.log;
    }

    /** Connects to a new engine and resets the cancellation by an earlier one. */
    attach(engineAddress: string): void {
        this.log?.close();
        this.log = engineAddress === "" ? undefined : new EngineLog(engineAddress);
        if (this.cancelled.aborted) this.cancellation = new AbortController();
    }

    cancel(): void {
        this.cancellation.abort(
            new UserError({ what: "the operation was cancelled before it was done", todo: "Run `pulumi up` to go on" }),
        );
    }

    async track<T>(call: Promise<T>): Promise<T> {
        this.running.add(call);
        try {
            return await call;
        } finally {
            this.running.delete(call);
        }
    }

    /** Aborts running calls, waits until they have ended, `graceMs` at most, and closes all connections. */
    async end(graceMs: number): Promise<void> {
        this.cancel();
        let timer: NodeJS.Timeout | undefined;
        const timeout = new Promise((resolve) => {
            timer = setTimeout(resolve, graceMs);
        });
        await Promise.race([Promise.allSettled(this.running), timeout]);
        clearTimeout(timer);
        // The call that needed it has reported a failure to load.
        (await this.loaded?.catch(() => undefined))?.pool.close();
        this.log?.close();
    }
}
