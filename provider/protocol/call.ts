import { setTimeout as sleep } from "node:timers/promises";
import type { HostContext, Membership } from "../contract";
import { UserError } from "../errors";
import { withoutControls } from "../format";
import type { Connection } from "../host/connection";
import type { Host } from "../host/host";
import { isSameAddress, isSameLogin, mergeConnection } from "../host/merge-connection";
import type { Decoded } from "./decode";
import { CallFailure, failureMessage } from "./failure";
import { Redactor } from "./secrets";
import type { EngineSession, Served } from "./session";
import { Throttle } from "./throttle";

/** Minimum time between two status messages to the engine. */
const STATUS_PERIOD_MS = 200;
/** Time limit for messages to arrive at the engine before the call is answered. */
const MESSAGE_TIMEOUT_MS = 1000;

/** Default number of attempts for a host that was reached before. A new host, which may still be booting, gets more. */
const KNOWN_HOST_ATTEMPTS = 3;

export interface CallOptions {
    urn: string;
    /** "create", as in the resource option `customTimeouts`. */
    operation: string;
    /** Custom timeout in seconds; 0 is none. */
    timeoutSeconds: number;
    /** All properties of the request. Their secrets are removed from every text. */
    properties: readonly Decoded[];
    /** Whether the operation is a preview. */
    isPreview?: boolean;
    /** Name of the resource that shows this one's notices in a preview if they are the same. */
    shownWith?: string;
    /** The component that registered the resource. */
    component?: Membership;
}

/** One call of the engine: the context that a resource's operation gets. */
export class Call implements HostContext {
    /** The URN of a component is set once it is registered. */
    urn: string;
    readonly label: string;
    readonly component: Membership | undefined;
    private readonly shownWith: string | undefined;
    /** Whether the same inputs are also checked for another resource, which shows the warnings. */
    private readonly isCheckedWithOther: boolean;
    private readonly isPreview: boolean;
    readonly signal: AbortSignal;
    readonly timeoutSeconds: number | undefined;
    /** The engine starts the provider in the program's directory. */
    readonly programDirectory = process.cwd();
    private readonly deadline = new AbortController();
    private readonly timer: NodeJS.Timeout | undefined;
    private readonly redactor = new Redactor();
    private readonly statuses: Throttle;
    private lastStatus: Promise<void> | undefined;
    private readonly warnings: Promise<void>[] = [];

    constructor(
        private readonly session: EngineSession,
        private readonly served: Served,
        { urn, operation, timeoutSeconds, properties, shownWith, component, isPreview = false }: CallOptions,
    ) {
        this.urn = urn;
        this.label = labelOf(urn) || operation;
        this.component = component;
        this.shownWith = shownWith;
        this.isPreview = isPreview;
        this.isCheckedWithOther = operation === "check" && shownWith !== undefined;
        this.signal = AbortSignal.any([session.cancelled, this.deadline.signal]);
        for (const { value, secrets } of [session.configuration, ...properties]) this.redactor.learn(value, secrets);
        this.statuses = new Throttle((text) => {
            this.lastStatus = this.send(text, "info", true);
        }, STATUS_PERIOD_MS);
        this.timeoutSeconds = timeoutSeconds > 0 ? timeoutSeconds : undefined;
        if (timeoutSeconds > 0) {
            const passed = new UserError({
                what: `the custom timeout for ${operation} has passed after ${timeoutSeconds} s`,
                todo: `Give it more time with the resource option customTimeouts: { ${operation}: "..." }`,
            });
            this.timer = setTimeout(() => this.deadline.abort(passed), timeoutSeconds * 1000);
        }
    }

    status(text: string): void {
        this.statuses.send(text);
    }

    warn(text: string): void {
        if (this.isCheckedWithOther || this.isWarnedWithOther(text)) return;
        this.warnings.push(this.send(text, "warning", false));
    }

    /** Whether another resource shows this warning: in a preview, fifty hosts share one line. */
    private isWarnedWithOther(text: string): boolean {
        if (this.shownWith === undefined || !this.isPreview) return false;
        const { notices } = this.session;
        const notice = `${this.label.split(" ")[0]} ${this.shownWith}: ${text}`;
        if (notices.has(notice)) return true;
        notices.add(notice);
        return false;
    }

    info(text: string): void {
        const { notices } = this.session;
        const shown = this.shownWith && text.replace(this.label, `${this.label.split(" ")[0]} ${this.shownWith}`);
        if (shown !== undefined && notices.has(shown)) return;
        notices.add(text);
        this.warnings.push(this.send(text, "info", false));
    }

    async connect(connection: Connection | undefined): Promise<Host> {
        return this.connectTo(mergeConnection(connection, this.session.defaultConnection));
    }

    async connectAny(connections: readonly (Connection | undefined)[]): Promise<Host> {
        const candidates = connections.map((connection) => mergeConnection(connection, this.session.defaultConnection));
        const last = candidates.at(-1) ?? mergeConnection(undefined, this.session.defaultConnection);
        const { dialErrorLimit = KNOWN_HOST_ATTEMPTS, perDialTimeout } = last;
        for (const candidate of candidates.slice(0, -1)) {
            if (isSameLogin(candidate, last)) continue;
            // One attempt is enough while there is another address to try. At the same one, all attempts are made now, and
            // none again with the other login.
            const limits = isSameAddress(candidate, last) ? { dialErrorLimit, perDialTimeout } : { dialErrorLimit: 1 };
            try {
                return { ...(await this.connectTo({ ...candidate, ...limits })), connection: candidate };
            } catch (error) {
                if (!(error instanceof UserError)) throw error;
                this.signal.throwIfAborted();
            }
        }
        return { ...(await this.connectTo({ ...last, dialErrorLimit })), connection: last };
    }

    /** Warns that a host key isn't verified, once for each host and process, even in runs that don't connect. */
    warnOfIgnoredHostKey(declared: Connection | undefined): void {
        const { host, hostKey, insecureIgnoreHostKey } = { ...this.session.defaultConnection, ...declared };
        if (insecureIgnoreHostKey !== true || hostKey !== undefined || this.session.hostsWithIgnoredKey.has(`${host}`))
            return;
        this.session.hostsWithIgnoredKey.add(`${host}`);
        const text = `${host}: its host key is not verified (insecureIgnoreHostKey). Anyone on the network path can read and change everything, secrets too. Set connection.hostKey instead.`;
        // `warn` would drop it for resources that are shown with another one, but their hosts differ.
        this.warnings.push(this.send(text, "warning", false));
    }

    private connectTo(connection: Connection): Promise<Host> {
        const isWarned = this.session.hostsWithIgnoredKey.has(`${connection.host}`);
        return this.served.pool.connect(connection, {
            signal: this.signal,
            warn: (text) => (isWarned && text.includes("(insecureIgnoreHostKey)") ? undefined : this.warn(text)),
            status: (text) => this.status(text),
            debug: (text) => void this.send(text, "debug", false),
        });
    }

    /** The text without the secrets of this call, and without control characters for the user's terminal. */
    redact(text: string): string {
        return withoutControls(this.redactor.redact(text));
    }

    /** The reason of the aborted signal as text; undefined while it isn't aborted. */
    get interruption(): string | undefined {
        return this.signal.aborted ? failureMessage(this.signal.reason, this.label, "") : undefined;
    }

    /** The gRPC error for a thrown value. */
    failure(thrown: unknown): CallFailure {
        if (thrown instanceof CallFailure) return thrown;
        const { interruption } = this;
        const isInterruption = thrown === this.signal.reason || (thrown as Error | undefined)?.name === "AbortError";
        const message = failureMessage(thrown, this.label, this.served.package.repository);
        const parts = interruption === undefined ? [message] : [interruption, ...(isInterruption ? [] : [message])];
        return new CallFailure(this.redact(parts.join("\n")));
    }

    /** Runs the body and converts an exception to the gRPC error. */
    async run<T>(body: (call: Call) => Promise<T>): Promise<T> {
        try {
            return await body(this);
        } catch (error) {
            throw this.failure(error);
        } finally {
            clearTimeout(this.timer);
            this.statuses.stop();
            await this.messagesSent();
        }
    }

    /**
     * Waits for messages before the call is answered. The engine drops status messages that arrive later, so that the row of a
     * finished upload would still say "waiting to upload", and after the last answer it ends the provider.
     */
    private async messagesSent(): Promise<void> {
        const pending = [...this.warnings, ...(this.lastStatus === undefined ? [] : [this.lastStatus])];
        if (pending.length === 0) return;
        await Promise.race([Promise.all(pending), sleep(MESSAGE_TIMEOUT_MS, undefined, { ref: false })]);
    }

    private async send(text: string, severity: "debug" | "info" | "warning", ephemeral: boolean): Promise<void> {
        await this.session.engine?.send(this.redact(text), { urn: this.urn, severity, ephemeral });
    }
}

/** `AttachedService hello` of `urn:pulumi:stack::project::portable:index:AttachedService::hello`. */
function labelOf(urn: string): string {
    const [, , types, ...name] = urn.split("::");
    const type = types?.split("$").at(-1)?.split(":").at(-1);
    return type === undefined ? "" : `${type} ${name.join("::")}`;
}
