import type { Diagnostic, Op } from "./events";
import { pulumiCli } from "./pulumi-cli";
import type { DetailedDiff } from "./stand-in/provider";
import type { Properties } from "./stand-in/values";
import { standIn } from "./stand-in-engine";

export interface Project {
    /** Where Pulumi.yaml is; its plugins.providers say where the provider is. */
    directory: string;
    stack: string;
    config?: Record<string, string>;
    secretConfig?: Record<string, string>;
    /** Added to the environment of the engine, and so of the program and of the provider. */
    env?: Record<string, string>;
}

export type Operation = "preview" | "up" | "refresh" | "destroy";

export interface OperationOptions {
    /** Prints each change in full. */
    diff?: boolean;
    /** Reads what there is before a preview or an update. */
    refresh?: boolean;
}

export interface EngineStep {
    op: Op;
    urn: string;
    detailedDiff?: DetailedDiff;
    failed?: boolean;
}

export interface Result {
    /** Exit code; `undefined` when the engine was killed. */
    code?: number;
    /** All that a user sees. */
    stdout: string;
    /** Numbers of resources by operation: `{create: 2, same: 1}`. */
    summary: Record<string, number>;
    /** Without default providers, in the order of their ends. */
    steps: EngineStep[];
    /** Of the stack; secrets are masked. */
    outputs: Properties;
    /** Of each resource that the operation comes to, by its URN, as far as they are known; secrets are masked. */
    resourceOutputs: Record<string, Properties>;
    /** Without ephemeral and debugging ones. */
    diagnostics: Diagnostic[];
}

/** An operation under way. */
export interface Running {
    pid: number;
    result: Promise<Result>;
    /** SIGKILL to the engine alone. */
    kill(): void;
}

export interface Engine {
    name: "stand-in" | "pulumi";
    preview(project: Project, options?: OperationOptions): Promise<Result>;
    up(project: Project, options?: OperationOptions): Promise<Result>;
    refresh(project: Project, options?: OperationOptions): Promise<Result>;
    destroy(project: Project, options?: OperationOptions): Promise<Result>;
    start(operation: Operation, project: Project, options?: OperationOptions): Promise<Running>;
    /** Pulumi's state format, without the secrets in clear. */
    exportState(project: Project): Promise<{ version: number; deployment: Record<string, unknown[] | undefined> }>;
    /** Takes over a state that another engine exported; only the pulumi CLI does. */
    importState?(project: Project, state: unknown): Promise<void>;
    /** Takes away what the engine keeps for the project. */
    forget(project: Project): Promise<void>;
}

/** The stand-in always; the pulumi CLI too where it is on PATH. */
export async function engines(): Promise<Engine[]> {
    const cli = await pulumiCli();
    return cli ? [standIn(), cli] : [standIn()];
}
