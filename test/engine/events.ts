import type { DetailedDiff } from "./stand-in/provider";
import type { Properties } from "./stand-in/values";

/** "refresh" is only in the event before a step; the event after it has same, update or delete. */
export type Op =
    | "same"
    | "create"
    | "update"
    | "delete"
    | "replace"
    | "create-replacement"
    | "delete-replaced"
    | "refresh";

/** The old or new side of a step. Secrets have the form of the wire in memory, and are `[secret]` in a log. */
export interface StepState {
    urn: string;
    type: string;
    id: string;
    /** False for components and for the stack. */
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
    /** Names of top-level properties that differ. */
    diffs?: string[] | null;
    detailedDiff: DetailedDiff | null;
    /** True for default providers, which aren't shown to users. */
    internal?: boolean;
}

export interface Diagnostic {
    urn?: string;
    severity: "debug" | "info" | "info#err" | "warning" | "error";
    message: string;
    /** Whether it is a status message, which the next one replaces. */
    ephemeral?: boolean;
}

/** Engine events in Pulumi's form (sdk/go/common/apitype/events.go), with the fields that are used here. */
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
