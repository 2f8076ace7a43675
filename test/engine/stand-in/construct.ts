import * as pb from "@pulumi/pulumi/proto/provider_pb";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import type { DeploymentOptions } from "./deployment";
import type { Constructed, Goal } from "./monitor";
import { fromStruct, isSecret, type Properties, toStruct, withoutSecrets } from "./values";

/**
 * The engine's request that a provider make a component (sdk/go/common/resource/plugin/provider_plugin.go).
 */
export function constructRequest(
    goal: Goal,
    registration: RegisterResourceRequest,
    { project, stack, preview, config, monitorAddress }: DeploymentOptions,
): pb.ConstructRequest {
    const request = new pb.ConstructRequest();
    request.setProject(project);
    request.setStack(stack);
    request.setOrganization("organization");
    for (const [key, value] of Object.entries(withoutSecrets(config) as Properties))
        request.getConfigMap().set(key, String(value));
    request.setConfigsecretkeysList(Object.keys(config).filter((key) => isSecret(config[key])));
    request.setDryrun(preview);
    request.setMonitorendpoint(monitorAddress());
    request.setType(goal.type);
    request.setName(goal.name);
    request.setParent(goal.parent);
    request.setInputs(toStruct(goal.inputs));
    for (const [name, urns] of Object.entries(goal.propertyDependencies)) {
        const dependencies = new pb.ConstructRequest.PropertyDependencies();
        dependencies.setUrnsList(urns);
        request.getInputdependenciesMap().set(name, dependencies);
    }
    for (const [name, reference] of registration.getProvidersMap().entries())
        request.getProvidersMap().set(name, reference);
    request.setDependenciesList(goal.dependencies);
    if (registration.hasProtect()) request.setProtect(goal.protect);
    if (registration.hasRetainondelete()) request.setRetainondelete(goal.retainOnDelete);
    request.setIgnorechangesList(goal.ignoreChanges);
    request.setAdditionalsecretoutputsList(goal.additionalSecretOutputs);
    const timeouts = registration.getCustomtimeouts();
    if (timeouts !== undefined) {
        const own = new pb.ConstructRequest.CustomTimeouts();
        own.setCreate(timeouts.getCreate());
        own.setUpdate(timeouts.getUpdate());
        own.setDelete(timeouts.getDelete());
        request.setCustomtimeouts(own);
    }
    request.setAcceptsOutputValues(true);
    return request;
}

export function constructed(response: pb.ConstructResponse): Constructed {
    const dependencies = response
        .getStatedependenciesMap()
        .toArray()
        .map(([name]) => [name, response.getStatedependenciesMap().get(name)?.getUrnsList() ?? []]);
    return {
        urn: response.getUrn(),
        outputs: fromStruct(response.getState()),
        dependencies: Object.fromEntries(dependencies),
    };
}
