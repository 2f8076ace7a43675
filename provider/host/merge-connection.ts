import { UserError } from "../errors";
import type { Connection } from "./connection";

/** About this side of the connection, hence good for any host. */
const LOCAL_FIELDS = ["agentSocketPath", "dialErrorLimit", "perDialTimeout"] as const satisfies (keyof Connection)[];

/**
 * The connection of a resource with the provider's defaults filled in; the resource's fields win. What logs in to one
 * host, or vouches for it, is not offered to another: when both name a host and the names differ, only the fields
 * about this side are taken over. A provider connection without a host is meant for all.
 *
 * @throws UserError when neither names a host.
 */
export function mergeConnection(
    declared: Connection | undefined = {},
    defaults: Connection | undefined = {},
): Connection & { host: string } {
    const host = declared.host ?? defaults.host;
    if (host === undefined) {
        throw new UserError({
            property: "connection.host",
            what: "no host is given",
            todo: "Set it on the resource, or for all resources in the provider's `connection`",
        });
    }
    const isOtherHost = defaults.host !== undefined && defaults.host !== host;
    return { ...(isOtherHost ? localOf(defaults) : offered(defaults, declared)), ...declared, host };
}

function localOf(defaults: Connection): Connection {
    return Object.fromEntries(
        LOCAL_FIELDS.filter((field) => field in defaults).map((field) => [field, defaults[field]]),
    );
}

/** Without what would be offered for something it doesn't belong to. */
function offered(defaults: Connection, declared: Connection): Connection {
    const { password, privateKeyPassword, insecureIgnoreHostKey, ...rest } = defaults;
    const isOtherUser = declared.user !== undefined && declared.user !== defaults.user;
    return {
        ...rest,
        ...(isOtherUser ? {} : { password }),
        ...(declared.privateKey === undefined ? { privateKeyPassword } : {}),
        ...(declared.hostKey === undefined ? { insecureIgnoreHostKey } : {}),
    };
}
