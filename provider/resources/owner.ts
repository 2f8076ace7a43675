import { randomBytes } from "node:crypto";
import type { Context } from "../contract";
import { sha256 } from "../digest";
import type { Owner } from "../host/owner";

/**
 * The owner of a service that is being created. A component's services on a machine have the same token, so that a key of
 * `connections` can be renamed: the service is taken over from the resource with the old name.
 */
export function newServiceOwner(context: Context, name: string): Owner {
    return { ...newOwner(context, name), token: tokenOf(context.component?.urn ?? context.urn, name) };
}

/** The URN of a resource with the same type and parents and another name. */
export function siblingUrn(urn: string, name: string): string {
    return [...urn.split("::").slice(0, 3), name].join("::");
}

/** What to do as well where the owner may be this very resource, before it got another name or parent in the program. */
export function renamedHint(ownerUrn: string, urn: string): string {
    // urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME
    const [stack, project, types] = ownerUrn.split("::");
    const [ownStack, ownProject, ownTypes] = urn.split("::");
    const isSameType = types?.split("$").at(-1) === ownTypes?.split("$").at(-1);
    if (stack !== ownStack || project !== ownProject || !isSameType) return "";
    return `. If it is the same resource under another name, give it the option \`aliases: ["${ownerUrn}"]\``;
}

/**
 * The owner of an object that is being created. A new nonce distinguishes its records from those of an earlier
 * creation.
 */
export function newOwner(context: Context, key: string): Owner {
    return { token: tokenOf(context.urn, key), nonce: randomBytes(8).toString("hex"), urn: context.urn };
}

/** The output `record`: `<token>/<nonce>`. */
export function recordText(owner: Owner): string {
    return `${owner.token}/${owner.nonce}`;
}

/** The owner in the output `record`; a new one for an import, which has none. */
export function ownerOf(context: Context, record: string | undefined, key: string): Owner {
    const [token = "", nonce = ""] = record?.split("/") ?? [];
    return token === "" ? newOwner(context, key) : { token, nonce, urn: context.urn };
}

/** The token of an object of a resource. It differs by key, so that a replacement leaves the old object's records alone. */
function tokenOf(urn: string, key: string): string {
    return sha256(`${urn}\0${key}`).slice(0, 16);
}

/** `hello@<machine id>`: the id identifies the machine, not its address. */
export function objectId(name: string, machineId: string): string {
    return `${name}@${machineId}`;
}
