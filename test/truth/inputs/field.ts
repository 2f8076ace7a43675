import type { Inputs } from "../program";

/** An input of a resource, with the values that the rows of the table change it between. */
export interface Field {
    /** Name of the input; by default the field's own. */
    input?: string;
    /** Values that differ in what the host gets; the first is that of the base. Undefined is left out. */
    values: unknown[];
    /** Other ways to write the first value. */
    spellings?: unknown[];
    /** Inputs that the base has only beside these values. */
    beside?: Inputs;
    /**
     * `star`: each value from the base, on to the next and back; `ring`, a third as many rows: each value from the one
     * before, and the base from the last.
     */
    walk?: "star" | "ring";
    /** Whether its rows download programs or compile: they are left to the run of all rows. */
    isSlow?: boolean;
}

export type Fields = Record<string, Field>;

/** What the rows need beside the program: hosts, and what sources are fetched from. */
export interface World {
    connection: Inputs;
    /** Another address of the same machine. */
    secondAddress: string;
    /** A second host, booted where a row needs it. */
    second: Inputs;
    /** The fingerprint of the host's key. */
    fingerprint: string;
    /** The private key of `connection`, encrypted with the passphrase `truth`. */
    encryptedKey: string;
    agentSocketPath: string;
    /** Port of hello.socket. */
    port: number;
    /** `localhost:1234` of a server with images at `/one.raw` and `/two.raw`, which is a registry, too. */
    origin: string;
    /** SHA-256 of the images there, and of the manifests of the container images. */
    raw: { one: string; two: string };
    oci: { one: string; two: string };
}

/** A world for counting rows: nothing of it is there. */
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

/** A change of the login alone, and spellings of it. */
export const plainConnection = ({ connection }: World): Field => ({
    values: [connection, { ...connection, dialErrorLimit: 5 }],
    spellings: connectionSpellings(connection),
});

/** Files of a host below a directory. */
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
