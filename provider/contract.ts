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
    /** The component that registered the resource; undefined if the program did. */
    readonly component?: Membership;
    /** Aborted when the custom timeout has passed or the engine cancels. */
    readonly signal: AbortSignal;
    /** The custom timeout of the operation; undefined if the user set none. */
    readonly timeoutSeconds?: number;
    /** Shows a status message in the resource's row; the next one replaces it. */
    status(text: string): void;
    /** Shows a warning under the resource and under Diagnostics. */
    warn(text: string): void;
    /** Shows a notice with the diff, on standard output. The engine adds no name, so the text must name the resource. */
    info(text: string): void;
    /** Directory that relative paths in the program refer to. */
    readonly programDirectory: string;
}

/** A resource's place in the component that registered it. */
export interface Membership {
    urn: string;
    /** Names of the component's other resources of the type that are known to be on the same machine. */
    others: readonly string[];
}

/** A context of an operation that may touch the host. */
export interface HostContext extends Context {
    /** Connects with the connection merged with the provider's default (one pooled connection for each login). */
    connect(connection: Connection | undefined): Promise<Host>;
    /** Connects with the first of these that works. Callers give the last one that worked, then the declared one. */
    connectAny(connections: readonly (Connection | undefined)[]): Promise<Host>;
}

export interface CheckArgs<I> {
    /** The inputs of the program with the schema's defaults, valid by the schema as far as they are known. */
    inputs: PreviewedObject<I>;
    /** The inputs that the state has; empty for a new resource. */
    oldInputs: Partial<I>;
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
    /** Top-level inputs that the field is made from. Diff leaves it out if all of them are under ignoreChanges. */
    from: readonly string[];
    /** Diff leaves the field out if one of these differs, as both would show the same change. */
    impliedBy?: readonly string[];
    /**
     * Inputs that reach the host only through this field. If the field is unchanged, Diff treats them, and other fields
     * that derive from them alone, as unchanged even when they are written differently.
     */
    decides?: readonly string[];
    /**
     * Paths within the field of the parts that are only made from the input at this path; [[]] is the whole field. They keep
     * their deployed values while the input is under ignoreChanges.
     */
    partsFrom?(input: Path): Path[];
}

/**
 * A resource's state. Any part may be absent: an import has none, and an older provider stored fewer. The old inputs include
 * derived fields, with the types of the outputs of the same name.
 */
export interface OldState<I extends z.ZodObject, O extends z.ZodObject> {
    inputs: Partial<z.output<I>> & Partial<Omit<z.output<O>, keyof z.output<I>>>;
    outputs: Partial<z.output<O>>;
}

/** The fields that Check adds, with the types of the outputs of the same name. */
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
    /** Outputs that aren't inputs; the protocol adds the inputs to the outputs. */
    readonly outputs: O;
    /** Each field that Check adds, by its name. */
    readonly derived: Readonly<Record<string, Derived>>;

    /** Must not use the network, as the engine makes one call of it at a time. */
    check?(context: Context, args: CheckArgs<z.output<I>>): Promise<CheckResult>;

    /**
     * By name of an input that is a list: the identity of an element. Diff compares elements with the same identity, in any
     * position. An unknown element has no identity (undefined).
     */
    readonly identities?: Readonly<Record<string, (element: unknown) => string | undefined>>;

    /**
     * Converts inputs or outputs of a state that an older version wrote with other names or types. It is never called with
     * the inputs of a program, where an old name is an error.
     */
    migrate?(old: Record<string, unknown>): Record<string, unknown>;

    /**
     * A canonical form of the inputs, with defaults filled in and without parts that have no effect. Diff shows a changed
     * input only if its canonical form differs, too. Inputs may be unknown, and assets only have their hash.
     */
    canonical?(urn: string, inputs: PreviewedObject<Partial<z.output<I>>>): Record<string, unknown>;

    /** Finds replacements and drift that the schema's marks can't express. Inputs may be unknown; assets only have their hash. */
    diff?(args: {
        urn: string;
        oldInputs: OldState<I, O>["inputs"];
        oldOutputs: OldState<I, O>["outputs"];
        inputs: PreviewedObject<Partial<z.output<I>>>;
    }): {
        /** Paths of inputs whose change is a replacement. */
        replaces?: Path[];
        /** Paths of outputs that differ from the declaration (drift). */
        drift?: Path[];
        deleteBeforeReplace?: boolean;
    };

    /**
     * The outputs that are known without the host. An absent output is unknown; one with the value `undefined` will be
     * absent.
     */
    preview(
        context: Context,
        args: {
            inputs: PreviewedObject<z.output<I>>;
            derived: PreviewedObject<DerivedValues<O>>;
            olds?: OldState<I, O> & { id: string };
        },
    ): Promise<Record<string, unknown>>;

    /** Creates the object with the values of `derived` that the preview showed. */
    create(
        context: HostContext,
        args: { inputs: z.output<I>; derived: DerivedValues<O> },
    ): Promise<{ id: string; outputs: z.output<O> }>;

    update(
        context: HostContext,
        args: { id: string; inputs: z.output<I>; derived: DerivedValues<O>; olds: OldState<I, O> },
    ): Promise<{ outputs: z.output<O> }>;

    /**
     * Resolves to `undefined` if the object doesn't exist. An import has neither inputs nor outputs. Throws if the host can't
     * be reached.
     */
    read(context: HostContext, args: OldState<I, O> & { id: string }): Promise<ReadResult | undefined>;

    /** Deletes the object; succeeds if it doesn't exist. */
    delete(context: HostContext, args: OldState<I, O> & { id: string }): Promise<void>;
}

/** A value that a component passes on, with its secret marks and its dependencies. */
export interface CarriedValue {
    /** The value without marks; parts of it may be unknown. It may be secret, so it must not be used in a text. */
    readonly value: unknown;
    /** A member, with the marks of the whole: unknown, secret, or `undefined` if there is none. */
    at(key: string): CarriedValue;
}

/** A registered child of a component. */
export interface Child {
    readonly urn: string;
    /** An output, which may be unknown in a preview. */
    output(name: string): CarriedValue;
}

/** Everything that a component may use outside its arguments, such as the engine, which registers its children. */
export interface ComponentContext {
    /** The name that the user gave the component. */
    readonly name: string;
    /** Shows a warning under the component and under Diagnostics. */
    warn(text: string): void;
    /** The user's value of a property. */
    input(name: string): CarriedValue;
    /**
     * Registers a resource of this package as a child, and resolves when the engine has created or updated it. Inputs are plain
     * values and {@link CarriedValue}; undefined ones are left out. Throws a UserError if the engine ends the deployment.
     *
     * `shownWith` names another child whose inputs only differ in `connection`: a preview shows shared inputs once. `others`
     * are names of children of the type that are known to be on the same machine; the resource gets them as `component` of its
     * context. `members` are inputs of the child that are members of an input of the component, by their path there.
     */
    register(resource: Resource, name: string, inputs: Record<string, unknown>, options?: ChildOptions): Promise<Child>;
}

export interface ChildOptions {
    dependsOn?: readonly Child[];
    shownWith?: string;
    others?: readonly string[];
    members?: Readonly<Record<string, Path>>;
}

/** One component resource: children that the provider declares, for programs in every language (Pulumi construct). */
export interface Component<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
    /** "PortableService" (token `portable:index:PortableService`). */
    readonly name: string;
    readonly description: string;
    readonly inputs: I;
    readonly outputs: O;
    /**
     * Inputs that no child has, which ignoreChanges and replaceOnChanges are refused for; with the path of a member that a
     * child has, if there are any.
     */
    readonly ownInputs?: Readonly<Record<string, string | undefined>>;
    /** Registers the children. Outputs are plain values, {@link CarriedValue} and unknown values. */
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

/** Loaders by name, so that a process only loads the members that the engine uses. */
export type Members<T> = Readonly<Record<string, () => Promise<T>>>;

/** The members of the package, which the protocol serves and the package schema describes. */
export interface Package {
    readonly name: string;
    readonly version: string;
    readonly description: string;
    /** "Portable Services" */
    readonly displayName: string;
    readonly publisher: string;
    readonly license: string;
    /** URL of the repository; defects are reported at its `/issues`. */
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
    /** Example programs in Pulumi's markup, by the name of the resource, component or function. */
    examples(): Promise<Readonly<Record<string, string>>>;
}
