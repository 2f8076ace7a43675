import pLimit from "p-limit";
import type { Diagnostic, EngineEvent, Op, StepMetadata, StepState } from "../events";
import { DeploymentEnded } from "./monitor";
import type { DetailedDiff } from "./provider";
import { PROVIDER_TYPE } from "./provider-registry";
import type { ResourceState } from "./state";

/** Maximum number of concurrent operations of providers. */
const PARALLEL = 16;

/** Ends the deployment after an error that was already reported to the user. */
export class Bail extends Error {}

/** The differences that a step shows. */
export interface Shown {
    /** Names of top-level properties that differ. */
    diffs?: string[];
    detailed?: DetailedDiff;
}

export interface Outcome extends Shown {
    /** The operation that was executed, if it differs from the planned one. */
    op?: Op;
    /** Message of a failure; the state of the object was saved. */
    failure?: string;
    /** Whether the deployment goes on after the failure. */
    carryOn?: boolean;
    /** Whether the object doesn't exist any more. */
    isGone?: boolean;
}

/** Operations that are parts of another step and aren't counted. */
const PARTIAL: Op[] = ["create-replacement", "delete-replaced", "refresh"];

/**
 * Executes steps concurrently and emits their events. After the first failure no new step begins, and running ones are
 * awaited.
 */
export class StepExecutor {
    failed = false;
    /** Number of steps by operation. */
    readonly changes: Record<string, number> = {};
    private readonly running = new Set<Promise<unknown>>();
    private readonly operations = pLimit(PARALLEL);
    private hasEnded = false;
    private end!: () => void;
    /** Resolves at the first failure or when the user cancels. */
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

    /** Resolves when all running steps have ended. */
    async settled() {
        while (this.running.size > 0) await Promise.allSettled(this.running);
    }

    /** Executes one step when its turn comes. If it fails, reports the error and throws {@link Bail}. */
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
        // A component's outputs are emitted when they are registered.
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
