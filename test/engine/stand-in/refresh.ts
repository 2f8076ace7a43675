import { type Deployment, settle } from "./deployment";
import type { DetailedDiff, DiffKind } from "./provider";
import { isProviderType } from "./provider-registry";
import type { ResourceState } from "./state";
import { resolveUnknown } from "./step";
import { equal } from "./values";

/**
 * Reads every resource of the state, including those pending deletion, and replaces its state by what was read. A resource
 * that can't be read keeps its state and makes the deployment fail after the others have been read.
 */
export async function refreshResources(deployment: Deployment, reportsResult: boolean) {
    const { state } = deployment.options;
    const before = state.resources;
    for (const { provider } of before) {
        if (provider) await deployment.providers.ensure(provider, before);
    }
    const found = new Map<ResourceState, ResourceState | undefined>();
    await Promise.allSettled(before.map((old) => readResource(deployment, old, found, reportsResult)));
    const after = before.flatMap((old) => (found.has(old) ? (found.get(old) ?? []) : [old]));
    state.rebase(withoutDangling(after));
    if (!deployment.options.preview) state.save();
}

async function readResource(
    deployment: Deployment,
    old: ResourceState,
    found: Map<ResourceState, ResourceState | undefined>,
    reportsResult: boolean,
) {
    const next = { ...old };
    await deployment.perform("refresh", old, next, async () => {
        const same = { op: reportsResult ? ("same" as const) : undefined };
        if (!old.custom || isProviderType(old.type) || old.pendingReplacement) return same;
        const provider = deployment.providers.get(old.provider as string);
        const answer = await provider.read(old).catch((error: Error) => error);
        if (answer instanceof Error) return { failure: answer.message, carryOn: true };
        if (answer.failure) {
            const reasons = answer.failure.join("\n* ");
            const message = `Refreshed resource is in an unhealthy state:\n* ${reasons}`;
            deployment.log({ urn: old.urn, severity: "warning", message });
        }
        if (answer.id === "") {
            found.set(old, undefined);
            return { op: reportsResult ? "delete" : undefined, isGone: true };
        }
        next.id = answer.id;
        next.inputs = answer.inputs ?? old.inputs;
        settle(next, answer);
        found.set(old, next);
        if (!equal([old.inputs, old.outputs], [next.inputs, next.outputs])) next.modified = new Date().toISOString();

        // The inverse of what `up` would change: how the object differs from its declaration.
        const answered = await provider.diff(next, old.inputs, old.ignoreChanges ?? []);
        if (answered === undefined) return same;
        const difference = resolveUnknown(answered, next.inputs, old.inputs);
        const detailed = difference.detailed && inverted(difference.detailed);
        const op = reportsResult ? (difference.changed ? "update" : "same") : undefined;
        return { op, diffs: difference.diffs, detailed };
    });
}

const INVERSE: Record<DiffKind, DiffKind> = {
    add: "delete",
    "add-replace": "delete-replace",
    delete: "add",
    "delete-replace": "add-replace",
    update: "update",
    "update-replace": "update-replace",
};

const inverted = (detailed: DetailedDiff): DetailedDiff =>
    Object.fromEntries(
        Object.entries(detailed).map(([path, diff]) => [path, { ...diff, diffKind: INVERSE[diff.diffKind] }]),
    );

/** Removes references to resources that don't exist any more, including parents. */
function withoutDangling(resources: ResourceState[]): ResourceState[] {
    const there = new Set<string>();
    for (const resource of resources) {
        const remaining = (urns: string[]) => urns.filter((urn) => there.has(urn));
        if (resource.dependencies) resource.dependencies = remaining(resource.dependencies);
        const byProperty = Object.entries(resource.propertyDependencies ?? {});
        if (resource.propertyDependencies) {
            resource.propertyDependencies = Object.fromEntries(byProperty.map(([key, urns]) => [key, remaining(urns)]));
        }
        if (resource.parent && !there.has(resource.parent)) resource.parent = undefined;
        there.add(resource.urn);
    }
    return resources;
}
