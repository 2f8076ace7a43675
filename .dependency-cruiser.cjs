/** The directions of imports: main -> protocol -> resources -> {image, transfer, systemd} -> (types of) target. */
const room = (name) => `^provider/${name}/`;
const forbid = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

module.exports = {
    forbidden: [
        forbid("no-circles", "What imports in a circle can't be understood by itself.", {}, { circular: true }),
        forbid(
            "systemd-is-pure",
            "systemd/ is text: it imports nothing of ours but errors and shell quoting.",
            { path: room("systemd") },
            { path: "^provider/", pathNot: [room("systemd"), "^provider/(errors|shell)\\.ts$"] },
        ),
        forbid(
            "systemd-has-no-effects",
            "systemd/ only makes text: nothing that reads, writes or connects.",
            { path: room("systemd") },
            { dependencyTypes: ["npm"] },
        ),
        forbid(
            "transfer-is-by-itself",
            "transfer/ plans what is sent: it knows no host.",
            { path: room("transfer") },
            { path: "^provider/", pathNot: room("transfer") },
        ),
        forbid(
            "resources-know-no-grpc",
            "resources/ and image/ know neither gRPC nor SSH.",
            { path: [room("resources"), room("image"), room("functions")] },
            { path: ["^provider/protocol/", "node_modules/(@grpc|@pulumi|ssh2|ssh2-sftp-client|google-protobuf)/"] },
        ),
        forbid(
            "resources-see-targets-by-type",
            "resources/ get a Target from their context: of target/ they import types, and the schema of a connection.",
            { path: [room("resources"), room("image")] },
            { path: room("target"), pathNot: "^provider/target/(target|connection)\\.ts$" },
        ),
        forbid(
            "protocol-knows-no-resource",
            "protocol/ gets the resources by injection.",
            { path: room("protocol") },
            {
                path: [room("resources"), room("image"), room("systemd"), room("functions"), room("target")],
                pathNot: "^provider/target/(target|connection)\\.ts$",
            },
        ),
        forbid(
            "ssh2-stays-in-target",
            "Only target/ speaks SSH.",
            { pathNot: room("target") },
            { path: "node_modules/(ssh2|ssh2-sftp-client)/" },
        ),
        forbid(
            "image-and-systemd-below-resources",
            "Arrows point one way.",
            { path: [room("image"), room("systemd"), room("target"), room("schema")] },
            { path: [room("resources"), room("functions"), "^provider/(portable|main)\\.ts$"] },
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
