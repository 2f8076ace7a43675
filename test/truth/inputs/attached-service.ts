import { ref } from "../program";
import { type Field, type Fields, hostFiles, plainConnection, type World } from "./field";

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

/** An AttachedService of the image of examples/hello. */
export function serviceFields(world: World): Fields {
    const { port } = world;
    return {
        image: { values: [ref("hello-image", "path"), ref("hello-next", "path")] },
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
        files: hostFiles("/etc/truth-service"),
        extensions: { values: [undefined, [ref("hello-extension", "path")]], spellings: [[]] },
        health: {
            values: [
                undefined,
                { tcp: { port } },
                { http: { port } },
                { http: { socket: "/run/truth.sock" } },
                { http: { port: 8443, tls: true, body: "Hello" } },
                { http: { port, path: "/x", status: [200], body: "Hello", headers: { A: "b" } } },
                { command: { command: ["/bin/true"] } },
                { command: { command: ["/usr/bin/hello", "-h"], inside: "hello.service" } },
                { stableSeconds: 1 },
                { tcp: { port }, timeoutSeconds: 10 },
            ],
            spellings: [{}],
        },
        beforeSwitch: {
            values: [undefined, { command: ["/usr/bin/hello", "-h"], unit: "hello.service" }],
        },
        rollback: { values: [undefined, "unlessMigrated"], spellings: ["always"] },
        untilReboot: { values: [undefined, true], spellings: [false] },
        copy: { values: [undefined, "copy"], spellings: ["auto", "symlink"] },
        force: { values: [undefined, true], spellings: [false] },
        connection: plainConnection(world),
    };
}
