/**
 * The calls of an engine as stacks are deployed, fail and are repaired. Each row runs on every engine that is present;
 * calls, results and state must be equal on all.
 */
export interface Scenario {
    name: string;
    steps: ScenarioStep[];
    /** By full key; `faulty:` ones configure the default provider. */
    config?: Record<string, string>;
    secretConfig?: Record<string, string>;
}

export interface ScenarioStep {
    run: "preview" | "up" | "up --refresh" | "preview --refresh" | "refresh" | "destroy";
    /** Statements of a program; `thing(name, inputs, options)` makes a resource, `pair(...)` a component of two. The one before, where there is none. */
    program?: string;
    /** By operation and resource: see faulty/provider.ts. */
    faults?: Record<string, "before" | "after" | "wait" | "unhealthy" | "stopped">;
    /** Changes made behind the engine's back, by id: another content, or null for a removed object. */
    drift?: Record<string, string | null>;
    /** The process that gets SIGKILL once an operation waits; or the engine gets SIGINT. */
    kill?: "engine" | "provider" | "interrupt";
    /** The calls about resources, in their order. */
    calls: string[];
    fails?: boolean;
    /** Numbers of operations, as the summary has them. */
    summary?: Record<string, number>;
    /** A piece of what a user sees. */
    shows?: string;
}

export const chain = (content: string, key = "0") => `
    const a = thing("a", { content: "${content}", key: "${key}" });
    thing("b", { content: a.content, key: a.id });`;
