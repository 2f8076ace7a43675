import { UserError } from "../errors";
import { shapeOf } from "../schema/shape";
import { isRecord } from "../schema/values";
import { type Connection, connection, ENVIRONMENT, OFFERS } from "./connection";

/**
 * The connection of a resource with the provider's defaults filled in, as far as {@link OFFERS} allows; the resource's
 * fields win. A provider connection without a host is meant for all hosts.
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
    return { ...offered(declared, defaults), ...declared, host };
}

/**
 * The provider's connection with the fields that {@link ENVIRONMENT} has values for, as far as {@link OFFERS} allows.
 * Secrets are filled in where `withSecrets`: what is to be stored is asked for without them.
 */
export function connectionWithEnvironment(
    declared: Connection | undefined,
    { withSecrets }: { withSecrets: boolean },
): Connection | undefined {
    const found = (Object.entries(ENVIRONMENT) as [keyof typeof ENVIRONMENT, string][]).flatMap(([field, variable]) => {
        const value = process.env[variable];
        if (!value || (!withSecrets && shapeOf(connection.shape[field]).secret)) return [];
        return [[field, field === "port" && /^\d+$/.test(value) ? Number(value) : value]];
    });
    if (found.length === 0) return declared;
    return { ...offered(declared ?? {}, Object.fromEntries(found)), ...declared };
}

function offered(declared: Connection, defaults: Connection): Connection {
    const host = declared.host ?? defaults.host;
    const isOtherHost = defaults.host !== undefined && defaults.host !== host;
    const isOffered = (field: string): boolean => {
        const offer = OFFERS[field as keyof Connection];
        if (offer === "any host") return true;
        return !isOtherHost && offer?.(declared, defaults) === true;
    };
    return Object.fromEntries(Object.entries(defaults).filter(([field]) => isOffered(field)));
}

/**
 * Whether an object is to be on another host than it is deployed on, by the names of the hosts. Each may be named by the
 * resource or by the provider's configuration. Undefined while that isn't known.
 */
export function isAnotherHost(
    before: { declared: Connection | undefined; deployed: Connection | undefined },
    now: Connection | undefined,
    defaults: Connection | undefined,
): boolean | undefined {
    const host = now?.host ?? defaults?.host;
    const hostBefore = before.declared?.host ?? before.deployed?.host;
    if (typeof host !== "string" || typeof hostBefore !== "string") return undefined;
    return host !== hostBefore;
}

/** A connection, parts of which may be unknown, with the defaults of those fields that have one: for comparisons. */
export function canonicalConnection(connection: unknown): unknown {
    const defaults = { dialErrorLimit: 10, perDialTimeout: 15, insecureIgnoreHostKey: false };
    if (connection === undefined) return defaults;
    return isRecord(connection) ? { ...defaults, ...connection } : connection;
}
