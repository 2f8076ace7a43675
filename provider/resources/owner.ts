import { randomBytes } from "node:crypto";
import type { Context } from "../contract";
import { sha256 } from "../digest";
import type { Owner } from "../host/owner";

/**
 * The owner of a service that is being created. In a component the services of a machine have one token, so that a key of
 * `connections` can get another name: the service is taken over from the resource of the old name.
 */
export function newServiceOwner(context: Context, name: string): Owner {
    return { ...newOwner(context, name), token: tokenOf(context.component?.urn ?? context.urn, name) };
}

/** The URN of a resource of the same type and parents under another name. */
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

/** The owner as the output `record` has it: `<token>/<nonce>`. */
export function recordText(owner: Owner): string {
    return `${owner.token}/${owner.nonce}`;
}

/** The owner of the output `record`; of an import, which has none, a new one. */
export function ownerOf(context: Context, record: string | undefined, key: string): Owner {
    const [token = "", nonce = ""] = record?.split("/") ?? [];
    return token === "" ? newOwner(context, key) : { token, nonce, urn: context.urn };
}

/** The token of one object of a resource. A replacement with another key leaves the records of the old object alone. */
function tokenOf(urn: string, key: string): string {
    return sha256(`${urn}\0${key}`).slice(0, 16);
}

/** `hello@<machine id>`: the id names the machine, not the address that leads to it. */
export function objectId(name: string, machineId: string): string {
    return `${name}@${machineId}`;
}
