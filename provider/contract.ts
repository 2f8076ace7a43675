import type { z } from "zod";
import type { Failure } from "./errors";
import type { Connection } from "./host/connection";
import type { Host } from "./host/host";
import type { Path, PreviewedObject, Secret, Unknown } from "./schema/values";

/** What an operation may use of the world. The protocol makes one for each call. */
export interface Context {
    /** `urn:pulumi:<stack>::<project>::<type>::<name>` */
    readonly urn: string;
    /** For texts: "AttachedService hello". */
    readonly label: string;
    /** Aborted when the custom timeout has passed or the engine cancels. */
    readonly signal: AbortSignal;
    /** The custom timeout of the operation; undefined where the user gave none. */
    readonly timeoutSeconds?: number;
    /** Live line beside the resource, replaced by the next one. */
    status(text: string): void;
    /** Stays: under the resource and under Diagnostics. */
    warn(text: string): void;
    /** Directory that relative paths of the program start from. */
    readonly programDirectory: string;
}

/** A context of an operation that may touch the host. */
export interface HostContext extends Context {
    /** Merges the provider's default connection, then connects (one pooled connection per host). */
    connect(connection: Connection | undefined): Promise<Host>;
    /** The first of these that answers: the last one that worked, then the one that is declared. */
    connectAny(connections: readonly (Connection | undefined)[]): Promise<Host>;
}

export interface CheckArgs<I> {
    /** As the user wrote them, valid by the schema where known. */
    inputs: PreviewedObject<I>;
    /** Whether the value at the path, or a part of it, is secret. */
    isSecret(path: Path): boolean;
}

export interface CheckResult {
    /**
     * Fields that Check adds to the inputs, so that the diff shows what a source will become
     * (`sourceDigest`, unit texts). Wrap in {@link Secret} what derives from a secret.
     */
    derived?: Record<string, unknown | Secret | Unknown>;
    failures?: Failure[];
}

export interface Derived {
    description: string;
    from: readonly string[];
    impliedBy?: readonly string[];
    decides?: boolean;
}

export interface ReadResult {
    id: string;
    /** As found on the host, derived fields too. */
    inputs: Record<string, unknown>;
    outputs: Record<string, unknown>;
}

/** One custom resource. `I` and `O` are zod objects; `D` names the fields that Check adds. */
export interface Resource<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
    /** "PortableImage" (token `portable:index:PortableImage`). */
    readonly name: string;
    readonly description: string;
    readonly inputs: I;
    /** The outputs that aren't inputs; inputs are echoed by the protocol. */
    readonly outputs: O;
    /**
     * Each field that Check adds, with its description and the top-level inputs it derives from: Diff leaves it out when
     * all of these are under ignoreChanges, and where one of `impliedBy` differs already, since it says the same. One
     * that `decides` says all that matters of its sources: where it is the same, they are, however they are written,
     * and so is all else that derives from them.
     */
    readonly derived: Readonly<Record<string, Derived>>;

    /** Local only, never the network: the engine serializes it over the whole deployment. */
    check?(context: Context, args: CheckArgs<z.output<I>>): Promise<CheckResult>;

    /** What the schema's marks can't decide, from inputs that may be unknown or assets by hash only. */
    diff?(args: {
        urn: string;
        oldInputs: Record<string, unknown>;
        oldOutputs: Record<string, unknown>;
        inputs: Record<string, unknown>;
    }): {
        /** Top-level or nested paths that make it a replacement. */
        replaces?: Path[];
        /** Output paths that aren't as declared (drift). */
        drift?: Path[];
        deleteBeforeReplace?: boolean;
        /** Top-level names whose marks don't count: what was a default is written out now, or the other way round. */
        kept?: string[];
    };

    /**
     * The outputs as far as they can be known without the host. What is left out is unknown; what is there and
     * `undefined` will be absent.
     */
    preview(
        context: Context,
        args: {
            inputs: PreviewedObject<z.output<I>>;
            derived: Record<string, unknown>;
            olds?: { id: string; inputs: Record<string, unknown>; outputs: Record<string, unknown> };
        },
    ): Promise<Record<string, unknown>>;

    create(
        context: HostContext,
        args: { inputs: z.output<I>; derived: Record<string, unknown> },
    ): Promise<{ id: string; outputs: z.output<O> }>;

    update(
        context: HostContext,
        args: {
            id: string;
            inputs: z.output<I>;
            derived: Record<string, unknown>;
            olds: { inputs: Record<string, unknown>; outputs: Record<string, unknown> };
        },
    ): Promise<{ outputs: z.output<O> }>;

    /** `undefined` when the object is gone; an import has neither inputs nor outputs. Unreachable throws. */
    read(
        context: HostContext,
        args: { id: string; inputs: Record<string, unknown>; outputs: Record<string, unknown> },
    ): Promise<ReadResult | undefined>;

    /** Tolerates absence. */
    delete(
        context: HostContext,
        args: { id: string; inputs: Record<string, unknown>; outputs: Record<string, unknown> },
    ): Promise<void>;
}

/** A value on its way through a component, with what is secret in it and the resources that it comes from. */
export interface Carried {
    /** Without marks; parts of it may be unknown. Not for texts: it could be secret. */
    readonly value: unknown;
    /** A member: unknown of what is unknown, secret of what is secret, `undefined` where there is none. */
    at(key: string): Carried;
}

/** A child of a component, as the engine has it now. */
export interface Child {
    readonly urn: string;
    /** In a preview it may be unknown. */
    output(name: string): Carried;
}

/** What a component may use of the world: the engine, through which it makes its children. */
export interface ComponentContext {
    /** As the user named the component. */
    readonly name: string;
    /** Stays: under the component and under Diagnostics. */
    warn(text: string): void;
    /** What the user gave for a property. */
    input(name: string): Carried;
    /**
     * Registers a resource of this package as a child, and resolves when it is as declared. The inputs are plain values
     * and {@link Carried} ones; what is undefined is left out. Throws a UserError when the engine goes no further.
     */
    register(
        resource: Resource,
        name: string,
        inputs: Record<string, unknown>,
        options?: { dependsOn?: readonly Child[] },
    ): Promise<Child>;
}

/** One component resource: children that the provider declares, for programs in every language (Pulumi construct). */
export interface Component<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
    /** "PortableService" (token `portable:index:PortableService`). */
    readonly name: string;
    readonly description: string;
    readonly inputs: I;
    readonly outputs: O;
    /** Registers the children; the outputs are plain values, {@link Carried} and unknown ones. */
    construct(
        context: ComponentContext,
        inputs: PreviewedObject<z.output<I>>,
    ): Promise<{ [K in keyof z.output<O>]: unknown }>;
}

/** One function (Pulumi invoke). */
export interface ProviderFunction<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
    /** "getTarget" (token `portable:index:getTarget`). */
    readonly name: string;
    readonly description: string;
    readonly inputs: I;
    readonly outputs: O;
    invoke(context: HostContext, inputs: z.output<I>): Promise<z.output<O>>;
}

/** Connections to hosts, kept open while the provider lives: one for each login. */
export interface HostPool {
    /** Throws a UserError that names the host when it can't be reached, isn't the one expected, or refuses the login. */
    connect(connection: Connection, options: ConnectOptions): Promise<Host>;
    /** Ends all connections at once. */
    close(): void;
}

export interface ConnectOptions {
    signal: AbortSignal;
    warn(text: string): void;
    /** Live line: "connecting to 10.0.0.5 (try 2 of 10)". */
    status(text: string): void;
}

/** By its name, what loads it: a start waits for no more than what is asked for. */
export type Members<T> = Readonly<Record<string, () => Promise<T>>>;

/** The package at a glance, as the protocol and the schema take it. */
export interface Package {
    readonly name: string;
    readonly version: string;
    readonly description: string;
    /** "Portable Services" */
    readonly displayName: string;
    readonly publisher: string;
    readonly license: string;
    /** Where the source is; defects are reported at its `/issues`. */
    readonly repository: string;
    readonly homepage: string;
    readonly keywords: readonly string[];
    /** Provider configuration. */
    readonly configuration: z.ZodObject;
    readonly resources: Members<Resource>;
    readonly components: Members<Component>;
    readonly functions: Members<ProviderFunction>;
}
