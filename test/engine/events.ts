import type { DetailedDiff } from "./stand-in/provider";
import type { Properties } from "./stand-in/values";

/** "refresh" is only seen on its way; what it comes to is same, update or delete. */
export type Op =
    | "same"
    | "create"
    | "update"
    | "delete"
    | "replace"
    | "create-replacement"
    | "delete-replaced"
    | "refresh";

/** One side of a step. Secrets are as on the wire in memory, and `[secret]` in a log. */
export interface StepState {
    urn: string;
    type: string;
    id: string;
    /** False of components and of the stack. */
    custom?: boolean;
    parent: string;
    inputs: Properties;
    outputs: Properties;
}

export interface StepMetadata {
    op: Op;
    urn: string;
    type: string;
    old: StepState | null;
    new: StepState | null;
    /** Top-level properties that differ. */
    diffs?: string[] | null;
    detailedDiff: DetailedDiff | null;
    /** Of no interest to a user: default providers. */
    internal?: boolean;
}

export interface Diagnostic {
    urn?: string;
    severity: "debug" | "info" | "info#err" | "warning" | "error";
    message: string;
    /** A live line, replaced by the next. */
    ephemeral?: boolean;
}

/** The events that an engine emits: Pulumi's own (sdk/go/common/apitype/events.go), as far as used here. */
export interface EngineEvent {
    resourcePreEvent?: { metadata: StepMetadata };
    resOutputsEvent?: { metadata: StepMetadata };
    resOpFailedEvent?: { metadata: StepMetadata };
    diagnosticEvent?: Diagnostic & { prefix?: string };
    summaryEvent?: {
        resourceChanges: Record<string, number>;
        durationSeconds: number;
        isPreview: boolean;
        result: "succeeded" | "failed";
    };
}
