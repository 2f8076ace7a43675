import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Inputs } from "./program";

/* Every input of the schema with its values, from which the rows of the table are made. */

/** Resources that are deployed together, so that one run of an engine tests a change of each. */
export type Lane = "dropIn" | "image" | "service";

export const RESOURCES: Record<Lane, string> = { dropIn: "DropIn", image: "PortableImage", service: "AttachedService" };

interface Field {
    /** Values with different effects on the host. The first is the base value; undefined means unset. */
    values: unknown[];
    /** Other forms of the first value with the same effect. */
    spellings?: unknown[];
    /** Further inputs that these values need. */
    beside?: Inputs;
    /** Whether a change replaces the object, so that nothing of the old one is read back. */
    replaces?: boolean;
}

const connectionSpellings = (base: Inputs): unknown[] => [
    { ...base, perDialTimeout: 15 },
    { ...base, insecureIgnoreHostKey: false },
    { ...base, client: "auto" },
];

/** Values for `files`: host files that differ in content, mode and so on. */
const files = (directory: string) => {
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
};

const binaries = { "/usr/bin/hello": { asset: { $file: "bin/hello" }, mode: "0755" } };
const source = (more: Inputs = {}, tree: Inputs = {}): Inputs => ({
    files: {
        units: ["units/spare-x.service"],
        tree: { ...binaries, "/usr/share/mark": { content: "mark" }, ...tree },
        substitutions: { helloExe: "/usr/bin/hello" },
        ...more,
    },
});

/** Text of a unit of the image `spare`. */
export const UNIT =
    "[Unit]\nDescription=Spare\n[Service]\nExecStart=@helloExe@\n[Install]\nWantedBy=multi-user.target\n";

function dropInFields(connection: Inputs): Record<string, Field> {
    return {
        unit: { values: ["toy.service", "toy-two.service"], replaces: true },
        name: { values: ["50-truth.conf", "60-truth.conf", undefined], replaces: true },
        sections: {
            values: [
                { Service: { Nice: 1, Environment: ["A=1"] } },
                { Service: { Nice: 2, Environment: ["A=1"] } },
                { Service: { Nice: 1 } },
                { Service: { Nice: 1, Environment: ["A=1", "B=2"] } },
                { Service: { Nice: 1, Environment: { A: "1" } } },
                { Service: { Nice: 1, Environment: ["A=1"], NoNewPrivileges: true } },
            ],
            spellings: [
                { Service: { Nice: "1", Environment: ["A=1"] } },
                { Service: { Nice: [1], Environment: "A=1" } },
            ],
        },
        text: {
            values: ["[Service]\nNice=3\n", "[Service]\nNice=4\n", "[Service]\nNice=3\n# why\n"],
            spellings: ["[Service]\nNice=3"],
            beside: { sections: undefined },
        },
        files: files("/etc/truth-drop-in"),
        onChange: { values: ["restart", "reload", "none"], spellings: [undefined] },
        connection: {
            values: [connection, { ...connection, dialErrorLimit: 5 }],
            spellings: connectionSpellings(connection),
        },
    };
}

function imageFields(connection: Inputs): Record<string, Field> {
    return {
        name: { values: ["spare", "spare-x"], replaces: true },
        instance: { values: [undefined, "staging"], replaces: true },
        version: { values: ["1.0", "1.1"] },
        source: {
            values: [
                source(),
                source({}, { "/usr/share/mark": { content: "other" } }),
                source({}, { "/usr/share/more": { content: "more" } }),
                source({}, { "/usr/share/mark": { content: "mark", mode: "0755" } }),
                source({ units: [{ name: "spare-x.service", text: UNIT }] }),
                source({ units: ["units/spare-x.service", "units/spare-x-more.service"] }),
            ],
            spellings: [
                source({}, { "/usr/share/mark": { content: "mark", mode: "0644" } }),
                source({}, { "/usr/share/mark": { asset: { $text: "mark" } } }),
                source({}, { "/usr/share/mark": { asset: { $file: "mark.txt" } } }),
            ],
        },
        format: { values: ["squashfs", "erofs"], spellings: [undefined] },
        retain: { values: [undefined, 1, 3], spellings: [2] },
        connection: {
            values: [connection, { ...connection, dialErrorLimit: 5 }],
            spellings: connectionSpellings(connection),
        },
    };
}

const DROP_INS: Field = {
    values: [
        [
            { unit: "hello.service", sections: { Service: { Environment: { NAME: "Truth" } } } },
            { unit: "hello.service", name: "60-nice.conf", sections: { Service: { Nice: 1 } } },
        ],
        undefined,
        [{ unit: "hello.service", name: "60-nice.conf", sections: { Service: { Nice: 1 } } }],
        [
            { unit: "hello.service", sections: { Service: { Environment: { NAME: "Other" } } } },
            { unit: "hello.service", name: "60-nice.conf", sections: { Service: { Nice: 1 } } },
        ],
        [
            { unit: "hello.socket", sections: { Socket: { Backlog: 64 } } },
            { unit: "hello.service", sections: { Service: { Environment: { NAME: "Truth" } } } },
            { unit: "hello.service", name: "60-nice.conf", sections: { Service: { Nice: 1 } } },
        ],
        [
            {
                unit: "hello.service",
                name: "70-name.conf",
                sections: { Service: { Environment: { NAME: "Truth" } } },
            },
            { unit: "hello.service", name: "60-nice.conf", sections: { Service: { Nice: 1 } } },
        ],
    ],
    spellings: [
        [
            { unit: "hello.service", name: "60-nice.conf", sections: { Service: { Nice: 1 } } },
            { unit: "hello.service", sections: { Service: { Environment: { NAME: "Truth" } } } },
        ],
        [
            { unit: "hello.service", sections: { Service: { Environment: { NAME: "Truth" } } } },
            { unit: "hello.service", name: "60-nice.conf", text: "[Service]\nNice=1" },
        ],
        [
            {
                unit: "hello.service",
                name: "50-portable.conf",
                sections: { Service: { Environment: { NAME: "Truth" } } },
            },
            { unit: "hello.service", name: "60-nice.conf", sections: { Service: { Nice: "1" } } },
        ],
    ],
};

function serviceFields(connection: Inputs, port: number): Record<string, Field> {
    return {
        profile: { values: [undefined, "trusted", "strict"], spellings: ["default"] },
        units: {
            values: [
                undefined,
                { "hello.socket": { enable: false } },
                { "hello.service": { start: false }, "hello.socket": { start: false } },
                { "hello.service": { presets: ["jit"] } },
            ],
            spellings: [{}, { "hello.socket": {} }, { "hello.service": { presets: [] } }],
        },
        dropIns: DROP_INS,
        files: files("/etc/truth-service"),
        extensions: { values: [undefined], spellings: [[]] },
        health: {
            values: [
                undefined,
                { tcp: { port } },
                { http: { port } },
                { http: { port, path: "/x", status: [200], body: "Hello", headers: { A: "b" } } },
                { command: { command: ["/bin/true"] } },
                { stableSeconds: 1 },
                { tcp: { port }, timeoutSeconds: 10 },
            ],
            spellings: [{}],
        },
        beforeSwitch: {
            values: [undefined, { command: ["/usr/bin/hello", "-h"], unit: "hello.service" }],
        },
        rollback: { values: [undefined, "unlessMigrated"], spellings: ["always"] },
        untilReboot: { values: [undefined, true], spellings: [false], replaces: true },
        copy: { values: [undefined, "copy"], spellings: ["auto", "symlink"] },
        force: { values: [undefined, true], spellings: [false] },
        connection: {
            values: [connection, { ...connection, dialErrorLimit: 5 }],
            spellings: connectionSpellings(connection),
        },
    };
}

export function fieldsOf(connection: Inputs, port: number): Record<Lane, Record<string, Field>> {
    return {
        dropIn: dropInFields(connection),
        image: imageFields(connection),
        service: serviceFields(connection, port),
    };
}

/** Inputs that no row changes, with the reason. */
export const LEFT_OUT: Record<string, string> = {
    "PortableImage.extends": "an extension is attached together with another image: test/image/pack/extension.test.ts",
    "AttachedService.image": "it is the output of the image: the row of a source changes both",
};

export interface Row {
    lane: Lane;
    /** `dropIns: [0] -> [2]`, `format: squashfs said otherwise`, ... */
    name: string;
    kind: "change" | "spelling" | "ignored";
    from: Inputs;
    to: Inputs;
    ignoreChanges?: string[];
}

/** All rows: changes between values, other spellings of the base value, and changes of it under ignoreChanges. */
export function rowsOf(connection: Inputs, port: number): Row[] {
    const fields = fieldsOf(connection, port);
    return (Object.keys(fields) as Lane[]).flatMap((lane) =>
        Object.entries(fields[lane]).flatMap(([name, { values, spellings = [], beside = {} }]) => {
            const inputs = (value: unknown): Inputs => ({ ...beside, [name]: value });
            const row = (
                kind: Row["kind"],
                what: string,
                from: unknown,
                to: unknown,
                ignoreChanges?: string[],
            ): Row => ({
                lane,
                kind,
                name: `${RESOURCES[lane]}.${name}: ${what}`,
                from: inputs(from),
                to: inputs(to),
                ignoreChanges,
            });
            // From the base to each value, from each value to the next, and back to the base.
            const pairs = values.flatMap((_, index) =>
                index === 0 ? [] : [[0, index], ...(index > 1 ? [[index - 1, index]] : []), [index, 0]],
            ) as [number, number][];
            const changes = pairs.map(([from, to]) => row("change", `${from} -> ${to}`, values[from], values[to]));
            const respelled = spellings.map((spelling, index) =>
                row("spelling", `spelling ${index}`, values[0], spelling),
            );
            const ignored = values
                .slice(1)
                .map((to, index) => row("ignored", `ignored ${index + 1}`, values[0], to, [name]));
            return [...changes, ...respelled, ...ignored];
        }),
    );
}

/** Inputs of the schema that have neither rows nor a reason in LEFT_OUT. */
export function uncoveredInputs(): string[] {
    const schema = JSON.parse(readFileSync(join(__dirname, "../../provider/schema.json"), "utf8"));
    const fields = fieldsOf({}, 80);
    return (Object.keys(fields) as Lane[]).flatMap((lane) => {
        const resource = RESOURCES[lane];
        const inputs = Object.keys(schema.resources[`portable:index:${resource}`].inputProperties);
        return inputs
            .filter((input) => !(input in fields[lane]) && !(`${resource}.${input}` in LEFT_OUT))
            .map((input) => `${resource}.${input}`);
    });
}
