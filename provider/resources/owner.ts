import { randomBytes } from "node:crypto";
import type { Context } from "../contract";
import { sha256 } from "../digest";
import type { Owner } from "../host/owner";

/** A new creation of the resource's object: its records on the host carry the nonce. */
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

/** One resource can have one object of each key: a replacement by another key doesn't touch the old one's records. */
function tokenOf(urn: string, key: string): string {
    return sha256(`${urn}\0${key}`).slice(0, 16);
}

/** `hello@0123...`: an object is one of its machine, whatever address leads there. */
export function objectId(name: string, machineId: string): string {
    return `${name}@${machineId}`;
}
