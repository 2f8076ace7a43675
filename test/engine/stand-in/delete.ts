import type { Deployment } from "./deployment";
import { isProviderType, urnOfReference } from "./provider-registry";
import type { ResourceState } from "./state";

/**
 * Deletes resources of the state, each after those that depend on it, with the inputs, outputs and provider in the state.
 * Stops at the first failure.
 */
export async function deleteResources(deployment: Deployment, doomed: ResourceState[]) {
    const { state, preview } = deployment.options;
    const ordered = state.resources;
    for (const { provider } of doomed) {
        if (provider) await deployment.providers.ensure(provider, ordered);
    }
    for (const group of deletionOrder(ordered, doomed)) {
        await Promise.allSettled(
            group.map((old) =>
                deployment.perform(old.delete ? "delete-replaced" : "delete", old, undefined, async () => {
                    if (old.protect && !old.delete) return { failure: protectedText(old), carryOn: true };
                    if (preview) return {};
                    const finish = state.begin("deleting", old);
                    const isAsked = old.custom && !isProviderType(old.type) && !old.retainOnDelete && old.provider;
                    if (isAsked) await deployment.providers.get(isAsked).delete(old).finally(finish);
                    finish();
                    state.replace(old, undefined);
                    return {};
                }),
            ),
        );
        if (deployment.failed) return;
    }
}

const protectedText = ({ urn }: ResourceState) =>
    `resource "${urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, remove the \`protect\` ` +
    "flag from the resource in your Pulumi program and run `pulumi up`";

/**
 * Groups of resources that are deleted one group after the other, those without dependencies last (step_generator.go,
 * ScheduleDeletes).
 */
export function deletionOrder(ordered: ResourceState[], doomed: ResourceState[]): ResourceState[][] {
    const left = new Set(doomed);
    const groups: ResourceState[][] = [];
    while (left.size > 0) {
        const group = [...left].filter((one) => !dependenciesOf(one, ordered).some((other) => left.has(other)));
        for (const one of group) left.delete(one);
        groups.unshift(group);
    }
    return groups;
}

/** Resources that this one depends on. Several states can share a URN: the dependencies are those before it. */
function dependenciesOf(one: ResourceState, ordered: ResourceState[]): ResourceState[] {
    const urns = new Set([...(one.dependencies ?? []), ...Object.values(one.propertyDependencies ?? {}).flat()]);
    if (one.provider) urns.add(urnOfReference(one.provider));
    const earlier = ordered.slice(0, ordered.indexOf(one));
    const children = (parent: string): ResourceState[] =>
        earlier.filter((other) => other.parent === parent).flatMap((other) => [other, ...children(other.urn)]);
    return earlier
        .filter((other) => urns.has(other.urn) || other.urn === one.parent)
        .flatMap((other) => (urns.has(other.urn) && !other.custom ? [other, ...children(other.urn)] : [other]));
}
