import { UserError } from "../../errors";
import { ownerValues } from "../../host/files";
import type { Owner } from "../../host/owner";
import type { InspectedService } from "../../host/service/inspect";
import { renamedHint, siblingUrn } from "../owner";

interface Claim {
    inspection: Pick<InspectedService, "owner" | "facts">;
    owner: Owner;
    /** Name of the portable service. */
    name: string;
    /** Machine id in the state; undefined for a new service. */
    machineId: string | undefined;
    /** Names of the component's other services on the same machine. */
    others: readonly string[];
}

/**
 * Throws if the service on the host belongs to another resource. Resources of a component have the same token: a service is
 * taken over from one of them, unless that is still declared for the machine. It isn't taken over either if the resource's
 * address now leads to another machine than at the last update.
 */
export function refuseOwner({ inspection, owner, name, machineId, others }: Claim): void {
    const { owner: found, facts } = inspection;
    if (found === undefined) return;
    const urnOf = (urn: string) => ownerValues({ ...owner, urn }).urn;
    const isOwn = found.token === owner.token;
    if (isOwn && (found.urn === urnOf(owner.urn) || found.nonce === owner.nonce)) return;
    const isDeclared = others.some((other) => urnOf(siblingUrn(owner.urn, other)) === found.urn);
    const isElsewhere = machineId !== undefined && machineId !== facts.machineId;
    if (isOwn && !isDeclared && !isElsewhere) return;
    throw new UserError({
        property: isOwn ? "connection" : "image",
        what: `the service ${name} belongs to ${found.urn}`,
        todo: isOwn
            ? "Both names of the component lead to this machine: leave one of them out, or correct its connection; nothing was changed"
            : `One service has one owner: destroy it there, or give the image another name${renamedHint(found.urn, owner.urn)}`,
    });
}
