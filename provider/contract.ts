import type { z } from "zod";
import type { Failure } from "./errors";
import type { Connection } from "./host/connection";
import type { Host } from "./host/host";
import type { Path, PreviewedObject, Secret, Unknown } from "./schema/values";

/** Everything that an operation may use outside its arguments. The protocol makes one for each call. */
export interface Context {
    /** `urn:pulumi:<stack>::<project>::<type>::<name>` */
    readonly urn: string;
    /** The resource in texts: "AttachedService hello". */
    readonly label: string;
    /** The component that registered the resource; undefined where the program did. */
    readonly component?: Membership;
    /** Aborted when the custom timeout has passed or the engine cancels. */
    readonly signal: AbortSignal;
    /** The custom timeout of the operation; undefined where the user set none. */
    readonly timeoutSeconds?: number;
    /** Shows a live line beside the resource; the next one replaces it. */
    status(text: string): void;
    /** A warning, shown under the resource and under Diagnostics. */
    warn(text: string): void;
    /** A notice that is shown with the diff, on standard output. The engine adds no name: the text names the resource. */
    info(text: string): void;
    /** Directory that relative paths of the program start from. */
    readonly programDirectory: string;
}

/** A resource's place in the component that registered it. */
export interface Membership {
    urn: string;
    /** Names of its other resources of the type that are on the same machine, as far as is known. */
    others: readonly string[];
}

/** A context of an operation that may touch the host. */
export interface HostContext extends Context {
    /** Merges the provider's default connection, then connects (one pooled connection per host). */
    connect(connection: Connection | undefined): Promise<Host>;
    /** Connects with the first of these that works: callers give the last one that worked, then the declared one. */
    connectAny(connections: readonly (Connection | undefined)[]): Promise<Host>;
}

export interface CheckArgs<I> {
    /** The inputs of the program with the schema's defaults, valid by the schema as far as they are known. */
    inputs: PreviewedObject<I>;
    /** Whether the value at the path, or a part of it, is secret. */
    isSecret(path: Path): boolean;
}

export interface CheckResult {
    /**
     * Fields that Check adds to the inputs, so that the diff shows what a source will become
     * (`sourceDigest`, unit texts). A field that derives from a secret is wrapped in {@link Secret}.
     */
    derived?: Record<string, unknown | Secret | Unknown>;
    failures?: Failure[];
}

/** A field that Check adds to the inputs. The output of the same name has its deployed value. */
export interface Derived {
    description: string;
    /** Top-level inputs that the field is made from. Diff leaves it out when all of them are under ignoreChanges. */
    from: readonly string[];
    /** Diff leaves the field out when one of these differs already, as both would show the same change. */
    impliedBy?: readonly string[];
    /**
     * Inputs that reach the host only through this field. If the field is unchanged, Diff treats them, and other fields
     * that derive from them alone, as unchanged even when they are written differently.
     */
    decides?: readonly string[];
    /**
     * The parts of this field that are made from the input at the path alone, as paths within the field; [[]] is all of
     * it. They keep their deployed values while the path is under ignoreChanges.
     */
    partsFrom?(input: Path): Path[];
}

/**
 * A resource as the state has it. Any part may be absent: an import has none, an older provider had fewer. The old
 * inputs hold derived fields, too, with the types of the outputs of their names.
 */
export interface OldState<I extends z.ZodObject, O extends z.ZodObject> {
    inputs: Partial<z.output<I>> & Partial<Omit<z.output<O>, keyof z.output<I>>>;
    outputs: Partial<z.output<O>>;
}

/** The fields that Check adds, with the types of the outputs of their names. */
export type DerivedValues<O extends z.ZodObject> = Partial<z.output<O>>;

export interface ReadResult {
    id: string;
    /** The inputs as found on the host, with the derived fields. */
    inputs: Record<string, unknown>;
    outputs: Record<string, unknown>;
}

/** One custom resource. `I` and `O` are zod objects. */
export interface Resource<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
    /** "PortableImage" (token `portable:index:PortableImage`). */
    readonly name: string;
    readonly description: string;
    readonly inputs: I;
    /** The outputs that aren't inputs; inputs are echoed by the protocol. */
    readonly outputs: O;
    /** Each field that Check adds, by its name. */
    readonly derived: Readonly<Record<string, Derived>>;

    /** Local only, never the network: the engine serializes it over the whole deployment. */
    check?(context: Context, args: CheckArgs<z.output<I>>): Promise<CheckResult>;

    /**
     * For inputs that are lists: the identity of an element. Diff compares elements of one identity, wherever they stand.
     * An element has no identity (undefined) while it isn't known.
     */
    readonly identities?: Readonly<Record<string, (element: unknown) => string | undefined>>;

    /**
     * Old inputs or outputs of a state as this version has them, where an older version gave them other names or types.
     * The protocol never calls it with the inputs of a program: there an old name stays an error.
     */
    migrate?(old: Record<string, unknown>): Record<string, unknown>;

    /**
     * The inputs in a form that is the same for all spellings of the same thing: defaults are filled in, and parts without
     * effect are left out. Diff shows a changed input only where this form differs, too. Inputs may be unknown, and assets
     * have their hash only.
     */
    canonical?(urn: string, inputs: PreviewedObject<Partial<z.output<I>>>): Record<string, unknown>;

    /** Decides what the marks of the schema can't, from inputs that may be unknown or assets by hash only. */
    diff?(args: {
        urn: string;
        oldInputs: OldState<I, O>["inputs"];
        oldOutputs: OldState<I, O>["outputs"];
        inputs: PreviewedObject<Partial<z.output<I>>>;
    }): {
        /** Top-level or nested paths that make it a replacement. */
        replaces?: Path[];
        /** Output paths that aren't as declared (drift). */
        drift?: Path[];
        deleteBeforeReplace?: boolean;
    };

    /**
     * The outputs as far as they can be known without the host. An output that is left out is unknown; one that is there
     * and `undefined` will be absent.
     */
    preview(
        context: Context,
        args: {
            inputs: PreviewedObject<z.output<I>>;
            derived: PreviewedObject<DerivedValues<O>>;
            olds?: OldState<I, O> & { id: string };
        },
    ): Promise<Record<string, unknown>>;

    /** Writes the very values of `derived` that the preview showed. */
    create(
        context: HostContext,
        args: { inputs: z.output<I>; derived: DerivedValues<O> },
    ): Promise<{ id: string; outputs: z.output<O> }>;

    update(
        context: HostContext,
        args: { id: string; inputs: z.output<I>; derived: DerivedValues<O>; olds: OldState<I, O> },
    ): Promise<{ outputs: z.output<O> }>;

    /**
     * `undefined` when the object doesn't exist any more; an import has neither inputs nor outputs. Unreachable throws.
     */
    read(context: HostContext, args: OldState<I, O> & { id: string }): Promise<ReadResult | undefined>;

    /** Tolerates absence. */
    delete(context: HostContext, args: OldState<I, O> & { id: string }): Promise<void>;
}

/** A value on its way through a component, with its marks of secrecy and the resources that it comes from. */
export interface CarriedValue {
    /** The value without marks; parts of it may be unknown. It may be secret, so it must not enter a text. */
    readonly value: unknown;
    /** A member, with the marks of the whole: unknown, secret, or `undefined` where there is none. */
    at(key: string): CarriedValue;
}

/** A child of a component, in its current state in the engine. */
export interface Child {
    readonly urn: string;
    /** An output; in a preview it may be unknown. */
    output(name: string): CarriedValue;
}

/** Everything that a component may use outside its arguments: the engine, through which it makes its children. */
export interface ComponentContext {
    /** The name that the user gave the component. */
    readonly name: string;
    /** A warning, shown under the component and under Diagnostics. */
    warn(text: string): void;
    /** The user's value of a property. */
    input(name: string): CarriedValue;
    /**
     * Registers a resource of this package as a child, and resolves when it is as declared. The inputs are plain values
     * and {@link CarriedValue} ones; undefined ones are left out. Throws a UserError when the engine ends the deployment.
     *
     * `shownWith` names another child whose inputs differ in `connection` alone: a preview shows what they share once.
     * Where `others` is given, names of children of the type that are known to be on the same machine, the resource gets
     * them as `component` of its context.
     */
    register(
        resource: Resource,
        name: string,
        inputs: Record<string, unknown>,
        options?: { dependsOn?: readonly Child[]; shownWith?: string; others?: readonly string[] },
    ): Promise<Child>;
}

/** One component resource: children that the provider declares, for programs in every language (Pulumi construct). */
export interface Component<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
    /** "PortableService" (token `portable:index:PortableService`). */
    readonly name: string;
    readonly description: string;
    readonly inputs: I;
    readonly outputs: O;
    /** Registers the children; the outputs are plain values, {@link CarriedValue} and unknown ones. */
    construct(
        context: ComponentContext,
        inputs: PreviewedObject<z.output<I>>,
    ): Promise<{ [K in keyof z.output<O>]: unknown }>;
}

/** One function (Pulumi invoke). */
export interface ProviderFunction<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
    /** "getHost" (token `portable:index:getHost`). */
    readonly name: string;
    readonly description: string;
    readonly inputs: I;
    readonly outputs: O;
    invoke(context: HostContext, inputs: z.output<I>): Promise<z.output<O>>;
}

/** Loaders by name: a start loads only the members that the engine asks for. */
export type Members<T> = Readonly<Record<string, () => Promise<T>>>;

/** Everything that the protocol serves and the package schema describes. */
export interface Package {
    readonly name: string;
    readonly version: string;
    readonly description: string;
    /** "Portable Services" */
    readonly displayName: string;
    readonly publisher: string;
    readonly license: string;
    /** URL of the source; defects are reported at its `/issues`. */
    readonly repository: string;
    readonly homepage: string;
    readonly logoUrl: string;
    /** URL from which the engine downloads the archives of the plugin. */
    readonly pluginDownloadUrl: string;
    readonly keywords: readonly string[];
    /** Provider configuration. */
    readonly configuration: z.ZodObject;
    readonly resources: Members<Resource>;
    readonly components: Members<Component>;
    readonly functions: Members<ProviderFunction>;
    /** Programs that show how a resource, component or function is used, by its name, in Pulumi's markup. */
    examples(): Promise<Readonly<Record<string, string>>>;
}
