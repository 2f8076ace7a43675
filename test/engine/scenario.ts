/**
 * Operations on a stack, and the calls of the provider that they make. Each scenario runs on every engine that is present;
 * calls, results and states must be equal.
 */
export interface Scenario {
    name: string;
    steps: ScenarioStep[];
    /** Configuration by full key; keys with `faulty:` configure the default provider. */
    config?: Record<string, string>;
    secretConfig?: Record<string, string>;
}

export interface ScenarioStep {
    run: "preview" | "up" | "up --refresh" | "preview --refresh" | "refresh" | "destroy";
    /**
     * Statements of the program; `thing(name, inputs, options)` makes a resource, `pair(...)` a component of two. Default:
     * the program of the previous step.
     */
    program?: string;
    /** Faults by operation and resource: see faulty/provider.ts. */
    faults?: Record<string, "before" | "after" | "wait" | "unhealthy" | "stopped">;
    /** Changes of objects outside of the engine, by id: another content, or null for a removed object. */
    drift?: Record<string, string | null>;
    /** The process that gets SIGKILL once an operation waits; `interrupt` is SIGINT for the engine. */
    kill?: "engine" | "provider" | "interrupt";
    /** The expected calls about resources, in this order. */
    calls: string[];
    fails?: boolean;
    /** The expected numbers of operations in the summary. */
    summary?: Record<string, number>;
    /** A text that the output must contain. */
    shows?: string;
}

export const chain = (content: string, key = "0") => `
    const a = thing("a", { content: "${content}", key: "${key}" });
    thing("b", { content: a.content, key: a.id });`;
