import type { Deployment } from "./deployment";
import type { Goal } from "./monitor";
import type { Difference } from "./provider";
import { type Handler, isProviderType, urnOfReference } from "./provider-registry";
import type { ResourceState } from "./state";
import { Bail, type Shown } from "./step-executor";
import { canonical, equal, isSecret, type Properties, resetPaths, withoutSecrets } from "./values";

/** The planned operation on one resource (pkg/resource/deploy/step_generator.go). */
export interface Step extends Shown {
    op: "same" | "create" | "update" | "replace";
    old?: ResourceState;
    /** The new state; id and outputs are set when the step is executed. */
    next: ResourceState;
    /** Undefined for components. */
    handler?: Handler;
    deleteFirst?: boolean;
}

/** Checks the inputs, compares them with the old state, and decides the operation. Throws {@link Bail} if a check fails. */
export async function planStep(
    goal: Goal,
    urn: string,
    old: ResourceState | undefined,
    deployment: Deployment,
): Promise<Step> {
    const handler = !goal.custom
        ? undefined
        : isProviderType(goal.type)
          ? deployment.providers
          : deployment.providers.get(goal.provider);
    const check = async (olds: Properties, news: Properties) => {
        if (handler === undefined) return news;
        const { inputs, failures } = await handler.check(urn, goal.type, olds, news);
        for (const { property, reason } of failures) {
            const where = property === "" ? "" : `: property ${property} value ${shownValue(news[property])}`;
            deployment.error(urn, `${goal.type} resource '${goal.name}'${where} has a problem: ${reason}`);
        }
        if (failures.length > 0) throw new Bail();
        return inputs;
    };

    const inputs = old ? resetPaths(goal.inputs, old.inputs, goal.ignoreChanges) : goal.inputs;
    const next = stateOf(goal, urn, await check(old?.inputs ?? {}, inputs));
    if (old === undefined) return { op: "create", next, handler };

    const difference = await compare(old, next, goal, deployment, handler);
    const { changed, diffs, detailed } = difference;
    const step = { old, next, handler, diffs, detailed };
    if ((changed && isReplacement(difference)) || old.pendingReplacement) {
        if (old.protect && next.protect) {
            deployment.fail(
                urn,
                `unable to replace resource "${urn}"\nas it is currently marked for protection. To unprotect the resource, remove the \`protect\` flag from the resource in your Pulumi program and run \`pulumi up\``,
            );
            throw new Bail();
        }
        // Values that Check took over from the old object must not be used for the new one.
        next.inputs = await check({}, goal.inputs);
        return { ...step, op: "replace", deleteFirst: goal.deleteBeforeReplace ?? difference.deleteBeforeReplace };
    }
    // An object with initErrors is updated even if nothing has changed.
    if (changed || (old.initErrors ?? []).length > 0) return { ...step, op: "update" };
    return { ...step, op: "same" };
}

export const isReplacement = ({ replaces, detailed }: Difference) =>
    replaces.length > 0 || Object.values(detailed ?? {}).some(({ diffKind }) => diffKind.endsWith("-replace"));

async function compare(
    old: ResourceState,
    next: ResourceState,
    goal: Goal,
    deployment: Deployment,
    handler: Handler | undefined,
): Promise<Difference> {
    const none = { replaces: [], diffs: [], deleteBeforeReplace: false };
    if (handler === undefined) return { ...none, changed: !equal(old.inputs, next.inputs) };
    if (next.provider && old.provider && next.provider !== old.provider) {
        const before = deployment.olds.get(urnOfReference(old.provider));
        const after = deployment.visited.get(urnOfReference(next.provider));
        const { inputs, outputs } = before ?? { inputs: {}, outputs: {} };
        const config = await deployment.providers.get(next.provider).diffConfig(inputs, outputs, after?.inputs ?? {});
        if (isReplacement(config)) return { ...none, changed: true, replaces: ["provider"], diffs: ["provider"] };
    }
    const difference = await handler.diff(old, next.inputs, goal.ignoreChanges);
    if (difference === undefined) {
        const message =
            "The provider for this resource has inputs that are not known during preview.\n" +
            "This preview may not correctly represent the changes that will be applied during an update.";
        deployment.log({ urn: old.urn, severity: "warning", message });
        return { ...none, changed: true };
    }
    return resolveUnknown(difference, old.inputs, resetPaths(next.inputs, old.inputs, goal.ignoreChanges));
}

/** Compares the inputs if the provider doesn't know whether something changed. */
export function resolveUnknown(difference: Difference, olds: Properties, news: Properties): Difference {
    if (difference.changed !== undefined) return difference;
    const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
    const differs = (key: string) =>
        canonical(withoutSecrets(olds[key] ?? null)) !== canonical(withoutSecrets(news[key] ?? null));
    const diffs = keys.filter(differs);
    return { ...difference, changed: diffs.length > 0, diffs };
}

function stateOf(goal: Goal, urn: string, inputs: Properties): ResourceState {
    const filled = <T extends object>(value: T) => (Object.keys(value).length > 0 ? value : undefined);
    return {
        urn,
        custom: goal.custom,
        type: goal.type,
        inputs,
        outputs: {},
        parent: goal.parent || undefined,
        protect: goal.protect || undefined,
        dependencies: filled(goal.dependencies),
        provider: goal.provider || undefined,
        propertyDependencies: filled(goal.propertyDependencies),
        additionalSecretOutputs: filled(goal.additionalSecretOutputs),
        customTimeouts: filled(goal.customTimeouts),
        retainOnDelete: goal.retainOnDelete || undefined,
        ignoreChanges: filled(goal.ignoreChanges),
    };
}

const shownValue = (value: Properties[string] | undefined) =>
    `{${isSecret(value) ? "[secret]" : typeof value === "string" ? value : JSON.stringify(value)}}`;
