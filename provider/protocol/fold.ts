import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Membership, Resource } from "../contract";
import { sha256 } from "../digest";
import { markedPaths } from "../schema/shape";
import { Archive, Asset, entries, isRecord, type Path, Secret, Unknown } from "../schema/values";
import { type Decoded, decode } from "./decode";
import type { Change } from "./diff";
import { encode } from "./encode";
import { migrated } from "./migrated";
import { SecretPaths } from "./secrets";

/*
 * A component registers resources that differ only in their connection, one for each host. If the CLI printed all of them
 * completely, a preview of fifty hosts wouldn't fit into the comment of a pull request. So only the first one is shown
 * completely, and the others fold the inputs that they share with it: the CLI prints a reference to the first with a digest of
 * the folded inputs, which are in a property whose name begins with two underscores, so that the CLI doesn't print it.
 * Resources get unfolded inputs: they are unfolded when they are decoded.
 */

type Values = Record<string, unknown>;

/** The input by which a component requests folding: the name of the resource that is shown completely. */
export const SHOWN_WITH = "__shownWith";
/** The input by which a resource knows the component that registered it. */
export const COMPONENT = "__component";
const FOLDED = "__shared";
const SAME_AS = "sameAs";
/** The input that differs between the resources. A connection with only a host is shown as one line, `host`. */
const OWN = "connection";
const HOST = "host";
const DIGEST_LENGTH = 8;

/** What a component adds to the inputs of its resources. */
export interface Hidden {
    /** Name of the resource with which the inputs are shown; undefined if they are shown completely. */
    shownWith: string | undefined;
    component?: Membership;
}

/** Decoded, unfolded inputs. */
export interface Unfolded extends Decoded, Hidden {}

export function unfold({ value: { [COMPONENT]: component, ...value }, secrets }: Decoded): Unfolded {
    const unfolded = unfoldShared({ value, secrets });
    return isMembership(component) ? { ...unfolded, component } : unfolded;
}

function isMembership(value: unknown): value is Membership {
    return isRecord(value) && typeof value.urn === "string" && Array.isArray(value.others);
}

function unfoldShared({ value, secrets }: Decoded): Unfolded {
    const { [SHOWN_WITH]: ownShownWith, [FOLDED]: folded, ...visible } = value;
    if (!isRecord(folded))
        return ownShownWith === undefined
            ? { value, secrets, shownWith: undefined }
            : { value: visible, secrets, shownWith: String(ownShownWith) };
    const { [SHOWN_WITH]: shownWith, ...shared } = folded;
    const { [SAME_AS]: _reference, [HOST]: _host, ...own } = visible;
    return {
        value: { ...shared, ...own },
        secrets: new SecretPaths([...secrets].map((path) => (path[0] === FOLDED ? path.slice(1) : path))),
        shownWith: String(shownWith),
    };
}

/** The folded inputs for the engine, and whether a path of them is secret. */
export function fold(
    values: Values,
    isSecret: (path: Path) => boolean,
    shownWith: string | undefined,
): { values: Values; isSecret: (path: Path) => boolean } {
    if (shownWith === undefined) return { values, isSecret };
    const { [OWN]: own, ...shared } = values;
    const host = hostAlone(own);
    const digest = sha256(digestText(shared, [], isSecret)).slice(0, DIGEST_LENGTH);
    return {
        values: {
            ...(host === undefined ? { [OWN]: own } : { [HOST]: host }),
            [SAME_AS]: `${shownWith} ${digest}`,
            [FOLDED]: { [SHOWN_WITH]: shownWith, ...shared, ...(host === undefined ? {} : { [OWN]: own }) },
        },
        isSecret: (path) => isSecret(path[0] === FOLDED ? path.slice(1) : path),
    };
}

/** Decodes inputs; fields that the schema marks as secret are secret, too. */
export function decodeInputs(resource: Pick<Resource, "inputs">, struct: Struct | undefined): Unfolded {
    return withMarkedSecrets(resource, unfold(decode(struct)));
}

/** Decodes the inputs of a state, which an older version may have written. */
export function decodeOldInputs(resource: Resource, struct: Struct | undefined): Unfolded {
    const unfolded = unfold(decode(struct));
    return withMarkedSecrets(resource, { ...unfolded, ...migrated(resource, unfolded) });
}

function withMarkedSecrets(resource: Pick<Resource, "inputs">, { value, secrets, ...hidden }: Unfolded): Unfolded {
    return {
        value,
        ...hidden,
        secrets: new SecretPaths([...secrets, ...markedPaths(resource.inputs, value, "secret")]),
    };
}

/** Encodes inputs for the engine, which stores and prints them. */
export function encodeInputs(
    values: Values,
    isSecret: (path: Path) => boolean,
    { shownWith, component }: Hidden = { shownWith: undefined },
): Struct {
    const folded = fold(values, isSecret, shownWith);
    return encode(
        component === undefined ? folded.values : { ...folded.values, [COMPONENT]: component },
        folded.isSecret,
    );
}

/** The host of a connection without other fields: one word in place of three lines. */
function hostAlone(connection: unknown): string | undefined {
    if (!isRecord(connection) || Object.keys(connection).length !== 1) return undefined;
    return typeof connection.host === "string" ? connection.host : undefined;
}

/** The text that is digested: the same for equal inputs on every machine, and without secrets. */
function digestText(value: unknown, path: Path, isSecret: (path: Path) => boolean): string {
    if (value instanceof Secret || isSecret(path)) return "secret";
    if (value instanceof Unknown) return "unknown";
    if (value instanceof Asset || value instanceof Archive) return `asset ${value.source.hash}`;
    if (!isRecord(value) && !Array.isArray(value)) return JSON.stringify(value) ?? "";
    const members = entries(value)
        .filter(([, member]) => member !== undefined)
        .map(([key, member]) => `${JSON.stringify(key)}:${digestText(member, [...path, key], isSecret)}`);
    return `{${members.sort().join()}}`;
}

/** The changes as shown for folded inputs: changes of folded inputs become one change of the reference. */
export function foldChanges(changes: readonly Change[], news: Unfolded, olds: Unfolded): Change[] {
    if (news.shownWith === undefined) return [...changes];
    const own = changes.filter(({ path }) => path[0] === OWN);
    const folded = changes.filter(({ path }) => path[0] !== OWN);
    const merged = (name: string, parts: readonly Change[], wasThere: boolean): Change[] =>
        parts.length === 0
            ? []
            : [
                  {
                      path: [name],
                      kind: wasThere ? "update" : "add",
                      replaces: parts.some((part) => part.replaces),
                      isInput: true,
                  },
              ];
    const wasFolded = olds.shownWith !== undefined;
    return [
        ...(hostAlone(news.value[OWN]) === undefined
            ? own
            : merged(HOST, own, wasFolded && hostAlone(olds.value[OWN]) !== undefined)),
        ...merged(SAME_AS, folded, wasFolded),
    ];
}
