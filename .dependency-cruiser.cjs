/**
 * The directions of imports: plugin -> protocol, resources -> image, transfer, host -> systemd, schema. The interface of
 * a host is in host/; ssh/ implements it, and only plugin/main.ts puts the two together.
 */
const room = (...names) => names.map((name) => `^provider/${name}/`);
const forbid = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });
/** Forbids a room every import of ours but those from itself and the named places. */
const only = (name, comment, from, allowed) =>
    forbid(name, comment, { path: room(from) }, { path: "^provider/", pathNot: [...room(from), ...allowed] });

module.exports = {
    forbidden: [
        forbid("no-circles", "Files that import each other can't be understood one by one.", {}, { circular: true }),
        {
            name: "no-folder-circles",
            comment: "Rooms that import each other can't be understood one by one.",
            severity: "error",
            scope: "folder",
            from: { path: "^provider/" },
            to: { circular: true },
        },
        only("schema-is-ground", "schema/ imports nothing of ours.", "schema", []),
        only("systemd-is-text", "systemd/ is pure text about systemd: it imports nothing of ours.", "systemd", []),
        only("transfer-is-by-itself", "transfer/ plans what is sent: it knows no host.", "transfer", []),
        only("host-is-below-resources", "host/ knows errors, digests, the schema and systemd's texts.", "host", [
            "^provider/(errors|digest)\\.ts$",
            ...room("schema", "systemd"),
        ]),
        only("ssh-implements-host", "ssh/ implements the interface of host/ and knows nothing above it.", "ssh", [
            "^provider/(errors|digest|environment)\\.ts$",
            ...room("schema"),
            "^provider/host/(host|connection|shell)\\.ts$",
        ]),
        forbid(
            "ssh-is-put-in-by-main",
            "Only plugin/main.ts chooses how hosts are reached.",
            { path: "^provider/", pathNot: [...room("ssh"), "^provider/plugin/main\\.ts$"] },
            { path: room("ssh") },
        ),
        forbid(
            "pure-rooms-have-no-effects",
            "systemd/ and host/ make text: no package and, of Node.js, nothing that reads, writes or connects.",
            { path: room("systemd", "host") },
            {
                dependencyTypes: ["core", "npm"],
                dependencyTypesNot: ["type-only"],
                pathNot: ["^(node:)?crypto$", "node_modules/zod/"],
            },
        ),
        only("image-is-below-resources", "image/ makes images: it knows no host.", "image", [
            "^provider/(errors|digest|environment|format|cache-directory)\\.ts$",
            ...room("schema", "systemd"),
        ]),
        ...[
            ["store", ["limits"]],
            ["tree", ["store"]],
            ["pack", ["store", "tree"]],
            ["contents", ["store", "tree", "pack"]],
            ["elf", ["store", "tree"]],
            ["checks", ["store", "tree", "pack", "contents", "elf"]],
            ["sources", ["store", "tree", "pack", "contents", "elf", "checks"]],
        ].map(([name, below]) =>
            forbid(
                `image-${name}-has-its-floor`,
                "store <- tree <- pack, contents, elf <- checks <- sources <- image.ts",
                { path: room(`image/${name}`) },
                {
                    path: "^provider/image/",
                    pathNot: [...room(`image/${name}`), ...below.flatMap((each) => room(`image/${each}`))],
                },
            ),
        ),
        forbid(
            "resources-know-no-grpc",
            "resources/, image/ and functions/ know neither gRPC nor SSH.",
            { path: room("resources", "image", "functions") },
            { path: ["^provider/protocol/", "node_modules/(@grpc|@pulumi|ssh2|ssh2-sftp-client|google-protobuf)/"] },
        ),
        forbid(
            "functions-stand-beside-resources",
            "A function reads the host by itself: what it shares with a resource is in host/.",
            { path: room("functions") },
            { path: room("resources") },
        ),
        forbid(
            "protocol-knows-no-resource",
            "protocol/ gets the resources by injection, and of a host only its interface.",
            { path: room("protocol") },
            {
                path: room("resources", "image", "systemd", "functions", "ssh", "host", "transfer"),
                pathNot: "^provider/host/(host|connection|merge-connection)\\.ts$",
            },
        ),
        forbid(
            "ssh2-stays-in-ssh",
            "Only ssh/ speaks SSH.",
            { pathNot: room("ssh") },
            { path: "node_modules/(ssh2|ssh2-sftp-client)/" },
        ),
        forbid(
            "nothing-imports-upwards",
            "Arrows point one way.",
            { path: room("image", "systemd", "host", "ssh", "schema", "transfer") },
            { path: [...room("resources", "functions", "protocol", "plugin"), "^provider/(package|contract)\\.ts$"] },
        ),
        forbid(
            "tests-stay-outside",
            "The product doesn't import its tests.",
            { path: "^provider/" },
            { path: "^(test|bench|examples|scripts)/" },
        ),
    ],
    options: {
        doNotFollow: { path: "node_modules" },
        exclude: { path: "^provider/dist/" },
        tsPreCompilationDeps: true,
        tsConfig: { fileName: "tsconfig.json" },
    },
};
