import { UserError } from "../errors";
import { shapeOf } from "../schema/shape";
import { isRecord } from "../schema/values";
import { type Connection, connection, ENVIRONMENT, OFFERS } from "./connection";

/**
 * The connection of a resource with the provider's defaults filled in, as far as {@link OFFERS} allows; the resource's
 * fields take precedence. A provider connection without a host is used for all hosts.
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
 * `withSecrets` is false for a connection that is stored.
 */
export function connectionWithEnvironment(
    declared: Connection | undefined,
    { environment, withSecrets }: { environment: Readonly<Record<string, string | undefined>>; withSecrets: boolean },
): Connection | undefined {
    const found = (Object.entries(ENVIRONMENT) as [keyof typeof ENVIRONMENT, string][]).flatMap(([field, variable]) => {
        const value = environment[variable];
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
 * Names of the hosts that an object is on, and will be on. Each comes from the resource or from the provider's
 * configuration. Undefined while unknown.
 */
export function hostsOf(
    before: { declared: Connection | undefined; deployed: Connection | undefined },
    now: Connection | undefined,
    defaults: Connection | undefined,
): { before: string; now: string } | undefined {
    const host = now?.host ?? defaults?.host;
    const hostBefore = before.declared?.host ?? before.deployed?.host;
    if (typeof host !== "string" || typeof hostBefore !== "string") return undefined;
    return { before: hostBefore, now: host };
}

/** Whether two connections lead to the same port of the same host through the same proxy. The logins may differ. */
export function isSameAddress(one: Connection, other: Connection): boolean {
    const address = ({ host, port, proxy }: Connection) => fieldsText({ host, port, ...prefixed(proxy ?? {}) });
    return address(one) === address(other);
}

/** Whether two connections are the same except for the limits of dialing. */
export function isSameLogin(one: Connection, other: Connection): boolean {
    const login = ({ dialErrorLimit, perDialTimeout, proxy, ...rest }: Connection) =>
        fieldsText({ ...rest, ...prefixed(proxy ?? {}) });
    return login(one) === login(other);
}

function prefixed(proxy: object): object {
    return Object.fromEntries(Object.entries(proxy).map(([field, value]) => [`proxy.${field}`, value]));
}

/** Text of the fields, which doesn't depend on their order. */
function fieldsText(fields: object): string {
    const present = Object.entries(fields).filter(([, value]) => value !== undefined);
    return JSON.stringify(present.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** A connection, parts of which may be unknown, with defaults filled in, for comparisons. */
export function canonicalConnection(connection: unknown): unknown {
    const defaults = { dialErrorLimit: 10, perDialTimeout: 15, insecureIgnoreHostKey: false, client: "auto" };
    if (connection === undefined) return defaults;
    return isRecord(connection) ? { ...defaults, ...connection } : connection;
}
