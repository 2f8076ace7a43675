import type { Diagnostic, Op } from "./events";
import { pulumiCli } from "./pulumi-cli";
import type { DetailedDiff } from "./stand-in/provider";
import type { Properties } from "./stand-in/values";
import { standIn } from "./stand-in-engine";

export interface Project {
    /** Directory of Pulumi.yaml, whose plugins.providers has the provider's directory. */
    directory: string;
    stack: string;
    config?: Record<string, string>;
    secretConfig?: Record<string, string>;
    /** Further environment variables of the engine, and so of the program and the provider. */
    env?: Record<string, string>;
}

export type Operation = "preview" | "up" | "refresh" | "destroy";

export interface OperationOptions {
    /** The option --diff. */
    diff?: boolean;
    /** The option --refresh. */
    refresh?: boolean;
}

export interface EngineStep {
    op: Op;
    urn: string;
    detailedDiff?: DetailedDiff;
    failed?: boolean;
}

export interface Result {
    /** Exit code; `undefined` if the engine was killed. */
    code?: number;
    /** Standard output and standard error. */
    stdout: string;
    /** Number of resources by operation: `{create: 2, same: 1}`. */
    summary: Record<string, number>;
    /** Steps in the order in which they ended, without those of default providers. */
    steps: EngineStep[];
    /** Outputs of the stack; secrets are masked. */
    outputs: Properties;
    /** Known outputs of the resources of the operation, by URN; secrets are masked. */
    resourceOutputs: Record<string, Properties>;
    /** Diagnostics without ephemeral and debug ones. */
    diagnostics: Diagnostic[];
}

/** A running operation. */
export interface Running {
    pid: number;
    result: Promise<Result>;
    /** Sends SIGKILL to the engine, not to its children. */
    kill(): void;
}

export interface Engine {
    name: "stand-in" | "pulumi";
    preview(project: Project, options?: OperationOptions): Promise<Result>;
    up(project: Project, options?: OperationOptions): Promise<Result>;
    refresh(project: Project, options?: OperationOptions): Promise<Result>;
    destroy(project: Project, options?: OperationOptions): Promise<Result>;
    start(operation: Operation, project: Project, options?: OperationOptions): Promise<Running>;
    /** Exports the state in Pulumi's format, with encrypted or marked secrets. */
    exportState(project: Project): Promise<{ version: number; deployment: Record<string, unknown[] | undefined> }>;
    /** Imports a state of another engine. Only the Pulumi CLI can. */
    importState?(project: Project, state: unknown): Promise<void>;
    /** Removes the engine's files of the project. */
    forget(project: Project): Promise<void>;
}

/** The stand-in engine, and the Pulumi CLI if it is on PATH. */
export async function engines(): Promise<Engine[]> {
    const cli = await pulumiCli();
    return cli ? [standIn(), cli] : [standIn()];
}
