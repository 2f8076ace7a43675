import pLimit from "p-limit";
import type { Diagnostic, EngineEvent, Op, StepMetadata, StepState } from "../events";
import { DeploymentEnded } from "./monitor";
import type { DetailedDiff } from "./provider";
import { PROVIDER_TYPE } from "./provider-registry";
import type { ResourceState } from "./state";

/** How many operations of providers run at once. */
const PARALLEL = 16;

/** A reason to end that was reported to the user already. */
export class Bail extends Error {}

/** What a step shows of what differs. */
export interface Shown {
    /** Top-level properties. */
    diffs?: string[];
    detailed?: DetailedDiff;
}

export interface Outcome extends Shown {
    /** The operation that was carried out, if it is another one than was planned. */
    op?: Op;
    /** It failed; what there is now has been saved. */
    failure?: string;
    /** The failure doesn't end the deployment. */
    carryOn?: boolean;
    /** The object is no more. */
    isGone?: boolean;
}

/** Steps that only tell of a part of what another one does. */
const PARTIAL: Op[] = ["create-replacement", "delete-replaced", "refresh"];

/**
 * Carries out steps, several at a time, and emits their events. After the first failure running steps are awaited, and
 * no new one begins.
 */
export class StepExecutor {
    failed = false;
    /** How many steps, by what they did. */
    readonly changes: Record<string, number> = {};
    private readonly running = new Set<Promise<unknown>>();
    private readonly operations = pLimit(PARALLEL);
    private hasEnded = false;
    private end!: () => void;
    /** Resolves at the first failure, or when the user cancels. */
    readonly ended = new Promise<void>((resolve) => {
        this.end = resolve;
    });

    constructor(
        private readonly preview: boolean,
        protected readonly emit: (event: EngineEvent) => void,
    ) {}

    log(diagnostic: Diagnostic) {
        this.emit({ diagnosticEvent: diagnostic });
    }

    error(urn: string | undefined, message: string) {
        this.failed = true;
        this.log({ urn, severity: "error", message });
    }

    /** Reports an error, after which no new step begins. */
    fail(urn: string | undefined, message: string) {
        this.error(urn, message);
        this.stop();
    }

    stop() {
        this.hasEnded = true;
        this.end();
    }

    assertRunning() {
        if (this.hasEnded) throw new DeploymentEnded("the deployment has ended");
    }

    /** When all that runs has come to its end. */
    async settled() {
        while (this.running.size > 0) await Promise.allSettled(this.running);
    }

    /** Does one step, in its turn. Throws {@link Bail} when it fails, after telling so. */
    async perform(
        op: Op,
        old: ResourceState | undefined,
        next: ResourceState | undefined,
        work: () => Promise<Outcome>,
        shown: Shown = {},
    ) {
        const task = this.operations(() => this.report(op, old, next, work, shown));
        this.running.add(task);
        await task.finally(() => this.running.delete(task));
    }

    private async report(
        op: Op,
        old: ResourceState | undefined,
        next: ResourceState | undefined,
        work: () => Promise<Outcome>,
        shown: Shown,
    ) {
        this.assertRunning();
        const { urn, type } = (next ?? old) as ResourceState;
        const internal = type.startsWith(PROVIDER_TYPE) && urn.includes("::default");
        this.emit({ resourcePreEvent: { metadata: stepMetadata(op, old, next, shown, internal) } });
        const outcome = await work().catch((error: Error): Outcome => ({ failure: error.message }));
        const result = outcome.op ?? op;
        const now = outcome.isGone ? undefined : next;
        const metadata = stepMetadata(result, old, now, { ...shown, ...outcome }, internal);
        if (outcome.failure !== undefined) {
            const message = this.preview ? `Preview failed: ${outcome.failure}` : outcome.failure;
            this.error(internal ? undefined : urn, message);
            if (!this.preview) this.emit({ resOpFailedEvent: { metadata } });
            if (!outcome.carryOn) this.stop();
            throw new Bail(outcome.failure);
        }
        if (!internal && !PARTIAL.includes(result)) this.changes[result] = (this.changes[result] ?? 0) + 1;
        // A component's outputs come later, with the call that registers them.
        if (next === undefined || next.custom || op === "refresh") this.emit({ resOutputsEvent: { metadata } });
    }
}

export function stepMetadata(
    op: Op,
    old: ResourceState | undefined,
    next: ResourceState | undefined,
    { diffs = [], detailed = {} }: Shown = {},
    internal = false,
): StepMetadata {
    const { urn, type } = (next ?? old) as ResourceState;
    const filled = <T extends object>(value: T) => (Object.keys(value).length > 0 ? value : null);
    return {
        op,
        urn,
        type,
        old: side(old),
        new: side(next),
        diffs: filled(diffs),
        detailedDiff: filled(detailed),
        internal,
    };
}

function side(state: ResourceState | undefined): StepState | null {
    if (state === undefined) return null;
    const { urn, type, id = "", custom, parent = "", inputs, outputs } = state;
    return { urn, type, id, custom, parent, inputs, outputs };
}
