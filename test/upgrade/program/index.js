// The program that the recordings are of (0.1.0/program.yaml), as a user of this version writes it.
const pulumi = require("@pulumi/pulumi");
const portable = require("pulumi-portable");

const config = new pulumi.Config();
const connection = {
    host: "198.19.77.11",
    user: "root",
    privateKey: config.requireSecret("privateKey"),
    hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJnLGFCjL68mHUiKe+du22G1Oirt8yrSWPXE0H7cvWvx",
};
const tree = { "/usr/bin/pause": { asset: new pulumi.asset.FileAsset("bin/pause"), mode: "0755" } };
const source = (unit) => ({ files: { units: [unit], tree } });

const image = new portable.PortableImage("pause", {
    version: "1.0",
    source: source("units/pause.service"),
    connection,
});
const service = new portable.AttachedService("pause", {
    image: image.path,
    untilReboot: true,
    dropIns: [
        { unit: "pause.service", sections: { Service: { Environment: { NAME: "User" }, Nice: 5 } } },
        { unit: "pause.service", name: "greeting.conf", text: "[Service]\nEnvironment=GREETING=Hello\n" },
    ],
    files: {
        "/etc/pause.token": { content: config.requireSecret("greeting"), mode: "0600" },
        "/etc/pause.conf": { content: "wait = 1\n", mode: "0640", owner: "root", group: "root" },
    },
    health: { stableSeconds: 1 },
    connection,
});
new portable.DropIn(
    "pause-page",
    {
        unit: "pause.service",
        sections: { Unit: { Documentation: ["https://example.com/a", "https://example.com/b"] } },
        files: { "/etc/pause.d/page.html": { content: "<h1>Wait</h1>\n" } },
        connection,
    },
    { dependsOn: service },
);

const imageTwo = new portable.PortableImage("pause-two", {
    version: "1.0",
    source: source("units/pause-two.service"),
    connection,
});
new portable.AttachedService("pause-two", { image: imageTwo.path, connection });
new portable.DropIn("pause-two-page", {
    unit: "ssh.service",
    sections: { Unit: { Documentation: ["https://example.com/c"] } },
    connection,
});

new portable.PortableService("pause-all", {
    version: "1.0",
    source: source("units/pause-all.service"),
    dropIns: [{ unit: "pause-all.service", sections: { Service: { Nice: 3 } } }],
    connections: { web1: connection },
});
