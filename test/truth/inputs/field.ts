import type { Inputs } from "../program";

/** An input of a resource, with the values that the rows of the table change it between. */
export interface Field {
    /** Name of the input; by default the field's own. */
    input?: string;
    /** Values with different effects on the host. The first is the base value; undefined means unset. */
    values: unknown[];
    /** Other forms of the first value with the same effect. */
    spellings?: unknown[];
    /** Further inputs that these values need. */
    beside?: Inputs;
    /**
     * Which changes between the values have rows. `star`: from the base to each value, from each value to the next, and
     * back to the base. `ring`, a third as many: from each value to the next, and from the last to the base.
     */
    walk?: "star" | "ring";
    /** Whether it can't be under ignoreChanges. */
    isNeverIgnored?: boolean;
    /** Whether its rows download or compile programs; they run with PORTABLE_TRUTH only. */
    isSlow?: boolean;
}

export type Fields = Record<string, Field>;

/** Hosts, keys and servers whose addresses are part of the values. */
export interface World {
    connection: Inputs;
    /** Another address of the same machine. */
    secondAddress: string;
    /** The connection to a second host, which is booted if a row needs it. */
    second: Inputs;
    /** The fingerprint of the host's key. */
    fingerprint: string;
    /** The private key of `connection`, encrypted with the passphrase `truth`. */
    encryptedKey: string;
    agentSocketPath: string;
    /** Port of hello.socket. */
    port: number;
    /** `localhost:PORT` of a server that has images at `/one.raw` and `/two.raw`, and is a container registry. */
    origin: string;
    /** SHA-256 of these images, and of the manifests of its container images. */
    raw: { one: string; two: string };
    oci: { one: string; two: string };
}

/** Placeholders, with which rows can be counted before a host is booted. */
export const NO_WORLD: World = {
    connection: { host: "one", hostKey: "", privateKey: "" },
    secondAddress: "",
    second: { host: "two" },
    fingerprint: "",
    encryptedKey: "",
    agentSocketPath: "",
    port: 80,
    origin: "",
    raw: { one: "", two: "" },
    oci: { one: "", two: "" },
};

const connectionSpellings = (base: Inputs): unknown[] => [
    { ...base, perDialTimeout: 15 },
    { ...base, insecureIgnoreHostKey: false },
    { ...base, client: "auto" },
];

/** A change of a dial limit, and other spellings of the connection. */
export const plainConnection = ({ connection }: World): Field => ({
    values: [connection, { ...connection, dialErrorLimit: 5 }],
    spellings: connectionSpellings(connection),
});

/** Values for `files`: host files that differ in content, mode and so on. */
export function hostFiles(directory: string): Field {
    const one = `${directory}/one.txt`;
    const base = { [one]: { content: "one\n" } };
    return {
        values: [
            base,
            undefined,
            { [one]: { content: "two\n" } },
            { [one]: { content: "one\n", mode: "0600" } },
            { [one]: { content: "one\n", owner: "daemon" } },
            { [one]: { content: "one\n", group: "daemon" } },
            { ...base, [`${directory}/deep/er/two.txt`]: { asset: { $file: "mark.txt" } } },
            { [`${directory}/other.txt`]: { content: "one\n" } },
        ],
        spellings: [
            { [one]: { content: "one\n", mode: "0644" } },
            { [one]: { content: "one\n", owner: "root", group: "root" } },
            { [one]: { asset: { $text: "one\n" } } },
            { [one]: { asset: { $file: "one.txt" } } },
        ],
    };
}
