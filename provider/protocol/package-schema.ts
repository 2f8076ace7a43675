import type { z } from "zod";
import type { Component, Members, Package, ProviderFunction, Resource } from "../contract";
import { type PropertySpec, propertyOf, TypeTable } from "./type-specs";

interface ObjectSpec {
    properties: Record<string, PropertySpec>;
    required?: string[];
}

/**
 * The package schema that `GetSchema` returns and SDKs are generated from
 * (https://www.pulumi.com/docs/iac/using-pulumi/pulumi-packages/schema/).
 *
 * @throws Error for a zod schema that the package schema has no form for; it names the property
 */
export async function packageSchema(served: Package): Promise<Record<string, unknown>> {
    const [ownResources, components, ownFunctions] = await Promise.all([
        all(served.resources),
        all(served.components),
        all(served.functions),
    ]);
    const examples = await served.examples();
    const withExamples = <T extends { name: string; description: string }>(member: T): T => ({
        ...member,
        description: [member.description, examples[member.name]].filter((text) => text !== undefined).join("\n\n"),
    });
    const types = new TypeTable(served.name);
    const configuration = objectSpec(served.configuration, "the provider's configuration", types);
    const resources = Object.fromEntries([
        ...ownResources.map((member) => [
            `${served.name}:index:${member.name}`,
            resourceSpec(withExamples(member), types),
        ]),
        ...components.map((member) => [
            `${served.name}:index:${member.name}`,
            componentSpec(withExamples(member), types),
        ]),
    ]);
    const functions = Object.fromEntries(
        ownFunctions.map((member) => [
            `${served.name}:index:${member.name}`,
            functionSpec(withExamples(member), types),
        ]),
    );
    return {
        name: served.name,
        displayName: served.displayName,
        version: served.version,
        description: served.description,
        keywords: served.keywords,
        homepage: served.homepage,
        logoUrl: served.logoUrl,
        pluginDownloadURL: served.pluginDownloadUrl,
        license: served.license,
        repository: served.repository,
        publisher: served.publisher,
        meta: { supportPack: true },
        language: languagesOf(served),
        config: { variables: variablesOf(configuration), ...requiredOf("required", configuration) },
        types: types.specs(),
        provider: {
            description: `Configuration of the provider ${served.name}.`,
            inputProperties: configuration.properties,
            ...requiredOf("requiredInputs", configuration),
        },
        resources,
        functions,
    };
}

/**
 * The configuration variables that programs can read. Objects are maps there, since Pulumi's generator for Java fails on a
 * type that a variable and a function share.
 */
function variablesOf({ properties }: ObjectSpec): Record<string, PropertySpec> {
    const variables = Object.entries(properties).map(([name, { $ref, ...spec }]) => [
        name,
        $ref === undefined ? spec : { type: "object", additionalProperties: { $ref: "pulumi.json#/Any" }, ...spec },
    ]);
    return Object.fromEntries(variables);
}

/** Names and generator options of each SDK. */
function languagesOf({ name, repository }: Package): object {
    const respectSchemaVersion = true;
    return {
        nodejs: { packageName: `pulumi-${name}`, respectSchemaVersion },
        python: { packageName: `pulumi_${name}`, pyproject: { enabled: true }, respectSchemaVersion },
        go: {
            importBasePath: `${repository.replace("https://", "")}/sdk/go/${name}`,
            generics: "side-by-side",
            respectSchemaVersion,
        },
        // The prefixes Pulumi. of NuGet and com.pulumi of Maven Central belong to Pulumi.
        csharp: { rootNamespace: "PulumiPortable", respectSchemaVersion },
        java: {
            basePackage: "io.github.pulumiportable",
            buildFiles: "gradle",
            dependencies: { "com.pulumi:pulumi": "1.17.0" },
        },
    };
}

function all<T>(members: Members<T>): Promise<T[]> {
    return Promise.all(Object.values(members).map((load) => load()));
}

function resourceSpec(resource: Resource, types: TypeTable): object {
    const inputs = objectSpec(resource.inputs, resource.name, types);
    const outputs = objectSpec(resource.outputs, resource.name, types);
    // Inputs are also outputs; an input with a default may be absent.
    const properties = { ...inputs.properties, ...outputs.properties };
    const required = new Set([...(inputs.required ?? []), ...(outputs.required ?? [])]);
    return {
        description: resource.description,
        properties,
        ...requiredOf("required", { properties, required: [...required] }),
        inputProperties: inputs.properties,
        ...requiredOf("requiredInputs", inputs),
    };
}

/** A component has no inputs as outputs and no replaceOnChanges: its children have the inputs, and a change replaces those. */
function componentSpec(component: Component, types: TypeTable): object {
    const { properties, ...inputs } = objectSpec(component.inputs, component.name, types);
    const outputs = objectSpec(component.outputs, component.name, types);
    const inputProperties = Object.fromEntries(
        Object.entries(properties).map(([name, { willReplaceOnChanges, ...spec }]) => [name, spec]),
    );
    return {
        isComponent: true,
        description: component.description,
        ...outputs,
        inputProperties,
        ...requiredOf("requiredInputs", { properties, ...inputs }),
    };
}

function functionSpec(called: ProviderFunction, types: TypeTable): object {
    return {
        description: called.description,
        inputs: { type: "object", ...objectSpec(called.inputs, called.name, types) },
        outputs: { type: "object", ...objectSpec(called.outputs, called.name, types) },
    };
}

function objectSpec(schema: z.ZodObject, where: string, types: TypeTable): ObjectSpec {
    const members = Object.entries(schema.shape).map(
        ([name, member]) => [name, propertyOf(member, `${where}.${name}`, types)] as const,
    );
    const required = members.filter(([, { isRequired }]) => isRequired).map(([name]) => name);
    return {
        properties: Object.fromEntries(members.map(([name, { spec }]) => [name, spec])),
        ...(required.length === 0 ? {} : { required }),
    };
}

function requiredOf<K extends string>(key: K, { required }: ObjectSpec): { [P in K]?: string[] } {
    return required === undefined || required.length === 0 ? {} : ({ [key]: required } as { [P in K]?: string[] });
}
